//! The configuration of a consumer. The fields are those of nats-server's `ConsumerConfig` in
//! their order, so that what is written is the same bytes. One that came from a client is not to
//! be trusted before [`create`] gave it back.

mod change;
mod check;
mod defaults;
mod document;
mod metadata;
mod surroundings;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::time::{Nanos, Timestamp};

pub use change::{Creation, create, pause, reset, restore};
pub(crate) use check::group_name;
pub use document::{Action, ConsumerRequest};
pub use surroundings::{Consumers, Limits, Surroundings};

/// Where a consumer begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliverPolicy {
    /// With the first message.
    #[default]
    All,
    /// With the last one.
    Last,
    /// With what comes from now on.
    New,
    /// With a sequence.
    ByStartSequence,
    /// With the first message that is not older than a time.
    ByStartTime,
    /// With the last message of each subject.
    LastPerSubject,
}

/// What is to be acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AckPolicy {
    /// Nothing: what is sent counts as acknowledged.
    #[default]
    None,
    /// Messages in their order: each stands for those before it.
    All,
    /// Every message.
    Explicit,
    /// By what answers flow control.
    FlowControl,
}

/// How fast stored messages come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplayPolicy {
    /// At once.
    #[default]
    Instant,
    /// At the pace at which they were published.
    Original,
}

/// Which of several requests gets a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PriorityPolicy {
    /// The oldest one.
    #[default]
    None,
    /// Those that ask for less only when much waits.
    Overflow,
    /// One client, as long as it is there.
    PinnedClient,
    /// The one with the least number.
    Prioritized,
}

/// The configuration of a consumer. Limits are -1 when there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ConsumerConfig {
    /// The name of one that outlives its clients; equal to `name` then.
    #[serde(rename = "durable_name", skip_serializing_if = "String::is_empty")]
    pub durable: String,
    /// Its name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// For people; at most 4 KiB.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Where it begins; immutable.
    pub deliver_policy: DeliverPolicy,
    /// The sequence to begin with; zero for none.
    #[serde(skip_serializing_if = "is_zero_u64")]
    pub opt_start_seq: u64,
    /// The time to begin with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opt_start_time: Option<Timestamp>,
    /// What is to be acknowledged; immutable.
    pub ack_policy: AckPolicy,
    /// How long an acknowledgement is waited for.
    #[serde(skip_serializing_if = "Nanos::is_zero")]
    pub ack_wait: Nanos,
    /// How often a message is delivered at most.
    #[serde(skip_serializing_if = "is_zero")]
    pub max_deliver: i64,
    /// How long each delivery's acknowledgement is waited for; the last one repeats.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub backoff: Vec<Nanos>,
    /// The only subjects that count; empty for all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub filter_subject: String,
    /// The same, several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub filter_subjects: Vec<String>,
    /// How fast stored messages come; immutable.
    pub replay_policy: ReplayPolicy,
    /// Bits per second; zero for no limit.
    #[serde(rename = "rate_limit_bps", skip_serializing_if = "is_zero_u64")]
    pub rate_limit: u64,
    /// How many acknowledgements in a hundred are reported; `n%` or `n`.
    #[serde(rename = "sample_freq", skip_serializing_if = "String::is_empty")]
    pub sample_frequency: String,
    /// How many requests may wait; immutable.
    #[serde(skip_serializing_if = "is_zero")]
    pub max_waiting: i64,
    /// How many messages may wait for their acknowledgement.
    #[serde(skip_serializing_if = "is_zero")]
    pub max_ack_pending: i64,
    /// Whether the client says when it can take more; immutable.
    #[serde(skip_serializing_if = "is_false")]
    pub flow_control: bool,
    /// Whether payloads are left out.
    #[serde(skip_serializing_if = "is_false")]
    pub headers_only: bool,
    /// Messages that a request may ask for; zero for no limit.
    #[serde(rename = "max_batch", skip_serializing_if = "is_zero")]
    pub max_request_batch: i64,
    /// How long a request may wait; zero for no limit.
    #[serde(rename = "max_expires", skip_serializing_if = "Nanos::is_zero")]
    pub max_request_expires: Nanos,
    /// Bytes that a request may ask for; zero for no limit.
    #[serde(rename = "max_bytes", skip_serializing_if = "is_zero")]
    pub max_request_bytes: i64,
    /// Where messages are sent to; empty: they are asked for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub deliver_subject: String,
    /// The queue group that gets them.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub deliver_group: String,
    /// After how much silence something is sent; immutable; zero: never.
    #[serde(rename = "idle_heartbeat", skip_serializing_if = "Nanos::is_zero")]
    pub heartbeat: Nanos,
    /// How long it may be unused; zero for no limit.
    #[serde(skip_serializing_if = "Nanos::is_zero")]
    pub inactive_threshold: Nanos,
    /// 0 for as many as the stream has.
    pub num_replicas: i64,
    /// Whether its state is never written to disk; immutable.
    #[serde(rename = "mem_storage", skip_serializing_if = "is_false")]
    pub memory_storage: bool,
    /// It serves a mirror or source.
    #[serde(skip_serializing_if = "is_false")]
    pub direct: bool,
    /// It serves a source.
    #[serde(skip_serializing_if = "is_false")]
    pub sourcing: bool,
    /// Anything; keys and values together at most 128 KiB.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Until when nothing is delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause_until: Option<Timestamp>,
    /// Groups of requests.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub priority_groups: Vec<String>,
    /// Which of the requests gets a message.
    #[serde(skip_serializing_if = "is_no_priority")]
    pub priority_policy: PriorityPolicy,
    /// How long the pinned client may be silent.
    #[serde(rename = "priority_timeout", skip_serializing_if = "Nanos::is_zero")]
    pub priority_timeout: Nanos,
}

// serde calls these with references.

fn is_false(value: &bool) -> bool {
    !*value
}

fn is_zero(value: &i64) -> bool {
    *value == 0
}

fn is_zero_u64(value: &u64) -> bool {
    *value == 0
}

fn is_no_priority(value: &PriorityPolicy) -> bool {
    *value == PriorityPolicy::None
}

impl ConsumerConfig {
    /// The subjects that count; none for all.
    #[must_use]
    pub fn filters(&self) -> &[String] {
        if self.filter_subject.is_empty() {
            &self.filter_subjects
        } else {
            std::slice::from_ref(&self.filter_subject)
        }
    }

    /// Messages are sent, not asked for.
    #[must_use]
    pub fn is_push(&self) -> bool {
        !self.deliver_subject.is_empty()
    }

    /// It outlives its clients.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        !self.durable.is_empty()
    }
}
