//! What is durable of a consumer: how far it delivered, and what is not acknowledged yet.

use std::collections::BTreeMap;

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
    /// When it was delivered last, in nanoseconds since 1970.
    pub time: i64,
    /// How often it was delivered.
    pub deliveries: u32,
}

/// How far a consumer is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// What was delivered.
    pub delivered: Position,
    /// Everything up to here is acknowledged.
    pub floor: Position,
    /// What is not acknowledged, by sequence of the stream.
    pub unacked: BTreeMap<u64, Unacked>,
}

/// A change of it, as it stands in the log. Each may come twice, and then changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A message was delivered, for the first time or again.
    Delivered {
        /// Sequence of the stream.
        stream: u64,
        /// Sequence of the delivery.
        consumer: u64,
        /// How often by now.
        deliveries: u32,
        /// When, in nanoseconds since 1970.
        time: i64,
    },
    /// A message was acknowledged, or given up by its client.
    Acked(u64),
    /// All messages up to this one were.
    AckedTo(u64),
}

impl State {
    /// Carries a change out.
    pub fn apply(&mut self, _change: &Change, _policy: AckPolicy) {}
}
