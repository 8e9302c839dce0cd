//! What is durable of a consumer: how far it delivered, and what is not acknowledged yet.
//!
//! Not here: who waits for messages, and when one is delivered again (`session`).

mod encoding;

use std::collections::BTreeMap;

use super::change::Change;
use super::config::AckPolicy;

/// A place in both counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Deliveries of the consumer, beginning with 1.
    pub consumer: u64,
    /// Sequence of the stream.
    pub stream: u64,
}

/// A message that was delivered and not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unacked {
    /// The consumer sequence of its first delivery.
    pub consumer: u64,
    /// From when its acknowledgement is waited for, in nanoseconds since 1970: its last delivery,
    /// or what its client moved that to.
    pub time: i64,
    /// How often it was delivered; at least once.
    pub deliveries: u32,
}

/// How far a consumer is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// What was delivered.
    pub delivered: Position,
    /// Everything up to here is acknowledged; never beyond `delivered`.
    pub floor: Position,
    /// What is not acknowledged, by sequence of the stream; none beyond `delivered.stream`.
    pub unacked: BTreeMap<u64, Unacked>,
    /// What was delivered as often as it may be and is not waited for any more, with the number
    /// of its deliveries. Disjoint from `unacked`.
    pub exhausted: BTreeMap<u64, u32>,
}

impl State {
    /// The state of a consumer that looks at the sequence `first` next, and delivered nothing.
    #[must_use]
    pub fn starting_at(first: u64) -> Self {
        let start = Position { consumer: 0, stream: first.saturating_sub(1) };
        Self { delivered: start, floor: start, ..Self::default() }
    }

    /// Carries a change out. One that was carried out before changes nothing.
    pub fn apply(&mut self, change: &Change, policy: AckPolicy) {
        match *change {
            Change::Delivered { stream, consumer, deliveries, time } => {
                self.deliver(Position { consumer, stream }, deliveries, time, policy);
            }
            Change::Acked(seq) => self.acknowledge(seq),
            Change::AckedTo { stream, consumer } => {
                self.acknowledge_to(Position { consumer, stream });
            }
            Change::Touched { stream, time } => {
                if let Some(unacked) = self.unacked.get_mut(&stream) {
                    unacked.time = time;
                }
            }
            Change::GaveUp(seq) => {
                // As in nats-server the floor stays until the next acknowledgement.
                if let Some(unacked) = self.unacked.remove(&seq) {
                    self.exhausted.insert(seq, unacked.deliveries);
                }
            }
            Change::Purged(first) => self.purged(first),
            Change::Reset(first) => *self = Self::starting_at(first),
        }
    }

    /// Whether the stream has to keep the message `seq`, which the consumer's filters match.
    #[must_use]
    pub fn needs(&self, seq: u64) -> bool {
        seq > self.delivered.stream
            || self.unacked.contains_key(&seq)
            || self.exhausted.contains_key(&seq)
    }

    /// Nothing up to this sequence of the stream is waited for.
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.unacked.first_key_value().map_or(self.delivered.stream, |(&first, _)| first - 1)
    }

    /// The message `seq` left the stream.
    pub fn gone(&mut self, seq: u64) {
        self.acknowledge(seq);
    }

    /// All messages before `first` left the stream.
    pub fn purged(&mut self, first: u64) {
        if self.floor.stream >= first.saturating_sub(1) {
            self.exhausted = self.exhausted.split_off(&first);
            return;
        }
        let kept = self.unacked.split_off(&first);
        let purged = std::mem::replace(&mut self.unacked, kept);
        self.exhausted = self.exhausted.split_off(&first);
        self.delivered.stream = self.delivered.stream.max(first - 1);
        self.floor.stream = first - 1;
        match (purged.is_empty(), self.unacked.first_key_value()) {
            (_, None) => self.floor = self.delivered,
            (false, Some((&first, next))) => self.floor = before(first, next),
            (true, Some(_)) => {}
        }
    }

    /// Messages that were delivered more than once and are not acknowledged.
    #[must_use]
    pub fn num_redelivered(&self) -> usize {
        let again = self.unacked.values().filter(|unacked| unacked.deliveries > 1).count();
        again + self.exhausted.len()
    }

    fn deliver(&mut self, at: Position, deliveries: u32, time: i64, policy: AckPolicy) {
        // Each delivery has a number of its own, so a known one was carried out.
        if at.consumer <= self.delivered.consumer {
            return;
        }
        let is_new = at.stream > self.delivered.stream;
        self.delivered.consumer = at.consumer;
        self.delivered.stream = self.delivered.stream.max(at.stream);
        if policy == AckPolicy::None {
            self.floor = self.delivered;
        } else if let Some(unacked) = self.unacked.get_mut(&at.stream) {
            unacked.time = time;
            unacked.deliveries = deliveries.max(1);
        } else if is_new {
            let deliveries = deliveries.max(1);
            let unacked = Unacked { consumer: at.consumer, time, deliveries };
            self.unacked.insert(at.stream, unacked);
        }
    }

    fn acknowledge(&mut self, seq: u64) {
        if self.remove(seq).is_none() {
            self.exhausted.remove(&seq);
        }
    }

    /// Takes a message out of those that are waited for, and moves the floor: over it if it is the
    /// next one there, and over what was never delivered behind it.
    fn remove(&mut self, seq: u64) -> Option<Unacked> {
        let removed = self.unacked.remove(&seq)?;
        let is_next = removed.consumer == self.floor.consumer + 1;
        match self.unacked.range(seq..).next() {
            _ if self.unacked.is_empty() => self.floor = self.delivered,
            Some((&behind, next)) if is_next => self.floor = before(behind, next),
            _ => {}
        }
        Some(removed)
    }

    fn acknowledge_to(&mut self, acked: Position) {
        let seq = acked.stream.min(self.delivered.stream);
        if seq <= self.floor.stream {
            return;
        }
        self.unacked = split_behind(&mut self.unacked, seq);
        self.exhausted = split_behind(&mut self.exhausted, seq);
        let consumer = acked.consumer.min(self.delivered.consumer).max(self.floor.consumer);
        self.floor = Position { consumer, stream: seq };
    }
}

/// The place before an unacknowledged message. Both of its sequences are above zero.
fn before(seq: u64, unacked: &Unacked) -> Position {
    Position { consumer: unacked.consumer - 1, stream: seq - 1 }
}

/// Takes out what lies behind `seq`.
fn split_behind<T>(of: &mut BTreeMap<u64, T>, seq: u64) -> BTreeMap<u64, T> {
    seq.checked_add(1).map_or_else(BTreeMap::new, |behind| of.split_off(&behind))
}
