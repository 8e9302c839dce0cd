//! What is delivered again: when the wait for an acknowledgement ends, and in which order.

use std::collections::{BTreeMap, BTreeSet};

/// Every unacknowledged message is either waited for or queued, or neither when its wait has no
/// end; never both.
#[derive(Default)]
pub(super) struct Redelivery {
    /// Ends of waits with sequences.
    waits: BTreeSet<(i64, u64)>,
    /// Sequences in the order in which they are delivered again.
    queue: BTreeMap<u64, u64>,
    /// The places of sequences in the queue.
    places: BTreeMap<u64, u64>,
    /// The place of whatever is queued next.
    next_place: u64,
}

impl Redelivery {
    /// Waits for `seq` until `end`.
    pub(super) fn wait(&mut self, seq: u64, end: i64) {
        self.waits.insert((end, seq));
    }

    /// Does not wait for `seq` any more, for which it waited until `end`.
    pub(super) fn stop_waiting(&mut self, seq: u64, end: i64) {
        self.waits.remove(&(end, seq));
    }

    /// The earliest end of a wait.
    pub(super) fn first_end(&self) -> Option<i64> {
        self.waits.first().map(|&(end, _)| end)
    }

    /// The latest end of a wait.
    pub(super) fn last_end(&self) -> Option<i64> {
        self.waits.last().map(|&(end, _)| end)
    }

    /// Takes at most `max` sequences whose wait ended by `now`, in ascending order.
    pub(super) fn take_ended(&mut self, now: i64, max: usize) -> Vec<u64> {
        let mut ended = Vec::new();
        while ended.len() < max {
            let Some(&(end, seq)) = self.waits.first().filter(|(end, _)| *end <= now) else {
                break;
            };
            self.waits.remove(&(end, seq));
            ended.push(seq);
        }
        ended.sort_unstable();
        ended
    }

    /// Forgets all ends of waits.
    pub(super) fn clear_waits(&mut self) {
        self.waits.clear();
    }

    /// Puts `seq` at the end of the queue; one that is queued stays where it is.
    pub(super) fn push(&mut self, seq: u64) {
        if self.places.contains_key(&seq) {
            return;
        }
        self.queue.insert(self.next_place, seq);
        self.places.insert(seq, self.next_place);
        self.next_place += 1;
    }

    pub(super) fn is_queued(&self, seq: u64) -> bool {
        self.places.contains_key(&seq)
    }

    /// The first of the queue.
    pub(super) fn first(&self) -> Option<u64> {
        self.queue.first_key_value().map(|(_, &seq)| seq)
    }

    /// How many are queued.
    pub(super) fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Takes `seq` out of the queue.
    pub(super) fn unqueue(&mut self, seq: u64) {
        if let Some(place) = self.places.remove(&seq) {
            self.queue.remove(&place);
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.waits.clear();
        self.queue.clear();
        self.places.clear();
    }
}
