//! What happens because time passes.

use super::super::config::AckPolicy;
use super::super::state::Unacked;
use super::waiting::Messages;
use super::{Effect, Mode, Session, Source};

/// Messages whose wait ended that are handled in one turn at most.
const ENDED_MAX: usize = 1024;

/// How long after the first of them waits are looked at: those that end at nearly one time are
/// handled together. nats-server's `ackWaitDelay`.
const GATHER_NS: i64 = 1_000_000;

impl Session {
    /// Carries out what is due at `now`. More may be due afterwards: see
    /// [`Session::next_deadline`]. Then [`Session::next`] is asked.
    pub fn tick(&mut self, now: i64, source: &mut dyn Source) {
        self.end_waits(now);
        if self.paused_until.is_some_and(|end| end <= now) {
            self.paused_until = None;
            self.effects.push(Effect::Resumed);
        }
        self.end_pin(now);
        if let Some(pace) = &mut self.pace {
            pace.pass(now);
        }
        match &self.mode {
            Mode::Pull(pull) if pull.requests.due().is_some_and(|due| due <= now) => {
                self.scan(now, Messages::More, source);
            }
            Mode::Pull(_) => {}
            Mode::Push(_) => self.beat(now),
        }
        self.check_activity(now, source);
    }

    /// When something is due next, in nanoseconds since 1970; in the past when something is due
    /// already.
    #[must_use]
    pub fn next_deadline(&self) -> Option<i64> {
        if self.is_unfinished {
            return Some(0);
        }
        let of_mode = match &self.mode {
            Mode::Pull(pull) => pull.requests.due(),
            Mode::Push(push) => push.beat_due(),
        };
        let waits = self.redelivery.first_end().map(|end| end.saturating_add(GATHER_NS));
        let pace = self.pace.as_ref().and_then(|pace| pace.due());
        let rest = [self.paused_until, self.pin_end(), self.activity_due()];
        [of_mode, waits, pace].into_iter().chain(rest).flatten().min()
    }

    /// Waits for the acknowledgement of a message that was delivered, if there is an end to that.
    pub(super) fn start_waiting(&mut self, seq: u64) {
        if let Some(end) = self.state.unacked.get(&seq).and_then(|unacked| self.wait_end(unacked)) {
            self.redelivery.wait(seq, end);
        }
    }

    /// Does not wait for it any more. To be called before anything changes from which the end of
    /// the wait follows.
    pub(super) fn stop_waiting(&mut self, seq: u64) {
        if let Some(end) = self.state.unacked.get(&seq).and_then(|unacked| self.wait_end(unacked)) {
            self.redelivery.stop_waiting(seq, end);
        }
    }

    /// Waits for all that is unacknowledged and not queued, by the configuration as it is now.
    pub(super) fn time_all(&mut self) {
        self.redelivery.clear_waits();
        if self.config.ack_policy == AckPolicy::None {
            return;
        }
        for (&seq, unacked) in &self.state.unacked {
            if let Some(end) = self.wait_end(unacked)
                && !self.redelivery.is_queued(seq)
            {
                self.redelivery.wait(seq, end);
            }
        }
    }

    fn wait_end(&self, unacked: &Unacked) -> Option<i64> {
        let wait = match self.config.backoff.as_slice() {
            [] => self.config.ack_wait,
            backoff => {
                let index = usize::try_from(unacked.deliveries.saturating_sub(1)).ok()?;
                backoff[index.min(backoff.len() - 1)]
            }
        };
        (self.config.ack_wait.0 > 0).then(|| unacked.time.saturating_add(wait.0))
    }

    /// Queues messages whose acknowledgement did not come, and gives those up that were delivered
    /// often enough.
    fn end_waits(&mut self, now: i64) {
        let is_due = |end: i64| end.saturating_add(GATHER_NS) <= now;
        if !self.redelivery.first_end().is_some_and(is_due) {
            return;
        }
        for seq in self.redelivery.take_ended(now, ENDED_MAX) {
            let Some(unacked) = self.state.unacked.get(&seq) else {
                continue;
            };
            if self.is_beyond(unacked.deliveries.saturating_add(1)) {
                self.give_up(seq);
            } else {
                self.redelivery.push(seq);
            }
        }
    }
}
