//! How fast messages come: not faster than a limit, and stored ones at the pace at which they were
//! published.

use super::super::config::{ConsumerConfig, ReplayPolicy};

const SECOND_NS: u128 = 1_000_000_000;

/// A shorter distance of two messages is not waited for.
const DISTANCE_MIN_NS: i64 = 1_000_000;

pub(super) struct Pace {
    /// Bytes per second; zero for no limit.
    rate: u64,
    /// Bytes that pass at once.
    burst: u64,
    /// When all that was sent would be through at that rate.
    paid: i64,
    /// The last message that comes at the pace of its publication.
    replay_to: u64,
    /// The message before: when it was published, and when it was delivered.
    before: Option<(i64, i64)>,
    /// What the message that was allowed last costs, in nanoseconds.
    cost: i64,
    /// Before this, nothing more is allowed.
    due: Option<i64>,
}

impl Pace {
    pub(super) fn new(config: &ConsumerConfig, last_seq: u64, burst: u64) -> Option<Box<Self>> {
        let replay_to = match config.replay_policy {
            ReplayPolicy::Original => last_seq,
            ReplayPolicy::Instant => 0,
        };
        let rate = config.rate_limit / 8;
        let pace =
            Self { rate, burst, paid: i64::MIN, replay_to, before: None, cost: 0, due: None };
        (rate > 0 || replay_to > 0).then(|| Box::new(pace))
    }

    /// Whether the message may be delivered now; if not, [`Pace::due`] says when.
    pub(super) fn allows(&mut self, time: i64, size: usize, now: i64) -> bool {
        let size = u64::try_from(size).unwrap_or(u64::MAX);
        self.cost = self.duration(size);
        let replayed = self.before.map(|(published, delivered)| {
            let distance = time.saturating_sub(published);
            if distance > DISTANCE_MIN_NS { delivered.saturating_add(distance) } else { now }
        });
        let limited = (self.rate > 0).then(|| {
            let paid = self.paid.max(now).saturating_add(self.cost);
            // A message that is larger than what passes at once waits for the rest of it.
            paid.saturating_sub(self.duration(self.burst))
        });
        let at = replayed.into_iter().chain(limited).max().unwrap_or(now);
        self.due = (at > now).then_some(at);
        self.due.is_none()
    }

    /// The message that was allowed last is delivered.
    pub(super) fn delivered(&mut self, seq: u64, time: i64, now: i64) {
        self.paid = self.paid.max(now).saturating_add(self.cost);
        self.before = (seq < self.replay_to).then_some((time, now));
    }

    /// It is `now`: what was not to be sent before that may be.
    pub(super) fn pass(&mut self, now: i64) {
        self.due = self.due.filter(|&due| due > now);
    }

    /// When the message that was not allowed will be.
    pub(super) fn due(&self) -> Option<i64> {
        self.due
    }

    fn duration(&self, bytes: u64) -> i64 {
        if self.rate == 0 {
            return 0;
        }
        let nanos = u128::from(bytes) * SECOND_NS / u128::from(self.rate);
        i64::try_from(nanos).unwrap_or(i64::MAX)
    }
}
