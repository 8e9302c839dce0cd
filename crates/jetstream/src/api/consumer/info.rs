//! What is told of a consumer.

use serde::Serialize;

use crate::api::info::ClusterInfo;
use crate::consumer::{ConsumerConfig, Position};
use crate::time::{Nanos, Timestamp};

/// A consumer with its state. The fields are in nats-server's order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConsumerInfo {
    /// Its stream.
    #[serde(rename = "stream_name")]
    pub stream: String,
    /// Its name.
    pub name: String,
    /// When it was created.
    pub created: Timestamp,
    /// Its configuration; but for lists, [`ConsumerConfig::answered`]. Monitoring may leave it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<ConsumerConfig>,
    /// What was delivered last.
    pub delivered: SequenceInfo,
    /// Everything up to here is acknowledged.
    pub ack_floor: SequenceInfo,
    /// Messages that were delivered and not acknowledged.
    pub num_ack_pending: u64,
    /// Messages that were delivered more than once; zero when none may be.
    pub num_redelivered: u64,
    /// Requests that wait.
    pub num_waiting: u64,
    /// Messages that were not delivered yet.
    pub num_pending: u64,
    /// Who leads it; nothing on a server on its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterInfo>,
    /// Whether somebody listens where it sends to.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub push_bound: bool,
    /// Whether it delivers nothing now; see [`ConsumerInfo::set_pause`].
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
    /// For how long.
    #[serde(skip_serializing_if = "Nanos::is_zero")]
    pub pause_remaining: Nanos,
    /// When this was gathered.
    #[serde(rename = "ts")]
    pub time: Timestamp,
    /// Groups of requests; nats-server tells of the first one alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub priority_groups: Vec<GroupState>,
}

/// A place in both counts, with the time of the last change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SequenceInfo {
    /// Deliveries of the consumer.
    #[serde(rename = "consumer_seq")]
    pub consumer: u64,
    /// Sequence of the stream.
    #[serde(rename = "stream_seq")]
    pub stream: u64,
    /// When it changed last, since the server started.
    #[serde(rename = "last_active", skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
}

impl SequenceInfo {
    /// A place that changed at a time.
    #[must_use]
    pub fn new(position: Position, last: Option<Timestamp>) -> Self {
        Self { consumer: position.consumer, stream: position.stream, last }
    }
}

/// How a group of requests stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupState {
    /// Its name.
    pub group: String,
    /// What the pinned client has to show; empty for no such client.
    #[serde(rename = "pinned_client_id", skip_serializing_if = "String::is_empty")]
    pub pin_id: String,
    /// Since when it is pinned, or [`Timestamp::ZERO`].
    #[serde(rename = "pinned_ts")]
    pub pinned: Timestamp,
}

/// Whether there is a pause at `now` that ends at `until`, and for how long.
pub(super) fn pause(until: Option<Timestamp>, now: &Timestamp) -> (bool, Nanos) {
    let remaining = until.map_or(Nanos::ZERO, |until| now.until(&until));
    if remaining > Nanos::ZERO { (true, remaining) } else { (false, Nanos::ZERO) }
}

impl ConsumerInfo {
    /// Sets what follows from the configuration's pause and the time of this info.
    pub fn set_pause(&mut self) {
        let until = self.config.as_ref().and_then(|config| config.pause_until);
        (self.paused, self.pause_remaining) = pause(until, &self.time);
    }
}
