//! When a consumer was used last, and when it is deleted because it is not.

use super::super::config::ConsumerConfig;
use super::random::Random;
use super::waiting::Messages;
use super::{Effect, Mode, Session, Source};

/// What nobody uses ends after this time when nothing else was said, unless it is durable.
const DEFAULT_NS: i64 = 5_000_000_000;

/// Consumers that began at one time do not all end at one time.
const JITTER_MIN_NS: i64 = 100_000_000;
const JITTER_STEPS_MS: u64 = 900;

pub(super) struct Activity {
    /// How long it may be unused; zero for ever.
    threshold: i64,
    /// When it is looked at whether it was unused for so long.
    due: Option<i64>,
}

impl Activity {
    pub(super) fn new(config: &ConsumerConfig, now: i64, random: &mut Random) -> Self {
        let steps = i64::try_from(random.below(JITTER_STEPS_MS)).unwrap_or(0);
        let jitter = JITTER_MIN_NS + steps * 1_000_000;
        let configured = config.inactive_threshold.0;
        let threshold = if configured <= 0 {
            if config.is_durable() { 0 } else { DEFAULT_NS + jitter }
        } else if config.is_push() {
            configured
        } else {
            configured.saturating_add(jitter)
        };
        let mut activity = Self { threshold, due: None };
        activity.begin(now);
        activity
    }

    /// It is unused from now on.
    fn begin(&mut self, now: i64) {
        self.due = (self.threshold > 0).then(|| now.saturating_add(self.threshold));
    }
}

impl Session {
    /// Somebody does something with the consumer.
    pub(super) fn note_activity(&mut self, now: i64) {
        if self.activity.due.is_some() {
            self.activity.begin(now);
        }
    }

    /// Somebody listens to what is sent, or nobody does any more.
    pub(super) fn note_interest(&mut self, is_active: bool, now: i64) {
        if is_active {
            self.activity.due = None;
        } else if self.activity.due.is_none() {
            self.activity.begin(now);
        }
    }

    pub(super) fn activity_due(&self) -> Option<i64> {
        self.activity.due
    }

    /// The threshold changed.
    pub(super) fn restart_activity(&mut self, now: i64) {
        self.activity = Activity::new(&self.config, now, &mut self.random);
        if self.is_bound() {
            self.activity.due = None;
        }
    }

    /// Asks to be deleted when nobody used the consumer for so long. One that is asked for
    /// messages is used as long as requests wait, and as long as a client may still be at work.
    pub(super) fn check_activity(&mut self, now: i64, source: &mut dyn Source) {
        if self.activity.due.is_none_or(|due| now < due) {
            return;
        }
        if let Mode::Pull(_) = &self.mode {
            self.scan(now, Messages::End, source);
            if self.waiting() > 0 {
                return self.activity.begin(now);
            }
            let last = self.redelivery.last_end();
            let until = last.map_or(now, |end| end.saturating_add(self.activity.threshold));
            if until > now {
                self.activity.due = Some(until);
                return;
            }
        }
        // If it cannot be deleted now, it is to be later.
        self.activity.begin(now);
        self.effects.push(Effect::Inactive);
    }
}
