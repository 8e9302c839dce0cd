//! The configuration of a stream: its document, its defaults and rules.
//!
//! The document's fields are those of nats-server's `StreamConfig` in their order, so that what
//! is written is the same bytes. A configuration that came from a client is not to be trusted
//! before [`check()`] gave it back.

mod change;
mod check;
mod document;
mod limits;
pub(crate) mod metadata;
mod source;
mod surroundings;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::time::Nanos;

pub use change::{Creation, create, obstacle, restore, update};
pub use check::{Mode, check};
pub use document::StreamConfigRequest;
pub use metadata::{API_LEVEL, exceeds_api_level};
pub use source::{ExternalStream, SourceConsumer, StreamSource};
pub use surroundings::{AccountLimits, ServerStorage, Streams, Surroundings, Topology};

/// When messages leave a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Retention {
    /// When a limit is reached.
    #[default]
    Limits,
    /// When every consumer acknowledged them.
    Interest,
    /// When one consumer acknowledged them.
    WorkQueue,
}

/// What gives way when a limit is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Discard {
    /// The oldest message.
    #[default]
    Old,
    /// The new message.
    New,
}

/// Where messages are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Storage {
    /// On disk.
    #[default]
    File,
    /// In memory.
    Memory,
}

/// How stored messages are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// With S2.
    S2,
}

/// When an acknowledgement is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PersistMode {
    /// When the message is durable.
    #[default]
    Default,
    /// At once; a crash may lose what was acknowledged.
    Async,
}

/// Where a stream wants to live in a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Placement {
    /// A cluster's name, or empty for any.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cluster: String,
    /// Tags that the servers must have, all of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The leader that is wished for; refused in a stream's configuration.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub preferred: String,
}

/// How subjects change on their way into a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SubjectTransform {
    /// The subjects that change; empty for all.
    #[serde(rename = "src")]
    pub source: String,
    /// What they become; empty to leave them.
    #[serde(rename = "dest")]
    pub destination: String,
}

/// Which stored messages are published again, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Republish {
    /// The subjects that are published again; a checked one is not empty.
    #[serde(rename = "src", skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Where to.
    #[serde(rename = "dest")]
    pub destination: String,
    /// Whether payloads are left out.
    #[serde(skip_serializing_if = "is_false")]
    pub headers_only: bool,
}

/// What consumers of a stream may at most ask for, and get by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ConsumerLimits {
    /// How long a consumer may be unused; zero for no limit.
    #[serde(skip_serializing_if = "Nanos::is_zero")]
    pub inactive_threshold: Nanos,
    /// How many messages may wait for their acknowledgement; zero for no limit.
    #[serde(skip_serializing_if = "is_zero")]
    pub max_ack_pending: i64,
}

/// The configuration of a stream. Limits are -1 when there is none; in a request 0 means the
/// same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StreamConfig {
    /// See [`StreamName`](crate::StreamName); immutable.
    pub name: String,
    /// For people; at most 4 KiB.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What the stream listens to; empty in mirrors, and allowed to be with sources.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    /// When messages leave.
    pub retention: Retention,
    /// How many consumers there may be.
    pub max_consumers: i64,
    /// How many messages are kept.
    pub max_msgs: i64,
    /// How many bytes are kept, counted as nats-server counts them.
    pub max_bytes: i64,
    /// How old messages may become; zero for no limit, else at least 100 ms.
    pub max_age: Nanos,
    /// How many messages of one subject are kept.
    pub max_msgs_per_subject: i64,
    /// How many bytes a message may have, headers included.
    #[serde(skip_serializing_if = "is_zero_i32")]
    pub max_msg_size: i32,
    /// What gives way at a limit.
    pub discard: Discard,
    /// Where messages are kept; immutable.
    pub storage: Storage,
    /// 1 to 5.
    pub num_replicas: i64,
    /// Whether publishes stay unanswered.
    #[serde(skip_serializing_if = "is_false")]
    pub no_ack: bool,
    /// How long message identifiers are remembered; zero for not at all.
    #[serde(skip_serializing_if = "Nanos::is_zero")]
    pub duplicate_window: Nanos,
    /// Where in a cluster; nothing for anywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement: Option<Placement>,
    /// The stream of which this is a copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror: Option<StreamSource>,
    /// Streams whose messages are taken in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<StreamSource>,
    /// How stored messages are compressed.
    pub compression: Compression,
    /// The sequence of the first message; zero for 1.
    #[serde(skip_serializing_if = "is_zero_u64")]
    pub first_seq: u64,
    /// How subjects change on the way in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_transform: Option<SubjectTransform>,
    /// What is published again once stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub republish: Option<Republish>,
    /// Whether single messages can be had by direct get.
    pub allow_direct: bool,
    /// Whether a mirror answers direct gets of its origin.
    pub mirror_direct: bool,
    /// Whether `discard: new` holds for the limit per subject too.
    #[serde(skip_serializing_if = "is_false")]
    pub discard_new_per_subject: bool,
    /// Whether nothing may come in or leave any more; never taken back.
    pub sealed: bool,
    /// Whether messages cannot be deleted; never taken back.
    pub deny_delete: bool,
    /// Whether the stream cannot be purged; never taken back.
    pub deny_purge: bool,
    /// Whether a message may purge those before it.
    pub allow_rollup_hdrs: bool,
    /// What consumers may ask for.
    pub consumer_limits: ConsumerLimits,
    /// Whether messages may have a time to live; never taken back.
    pub allow_msg_ttl: bool,
    /// How long markers of deleted subjects live; zero for no markers.
    #[serde(skip_serializing_if = "Nanos::is_zero")]
    pub subject_delete_marker_ttl: Nanos,
    /// Whether messages are increments of counters; immutable.
    #[serde(skip_serializing_if = "is_false")]
    pub allow_msg_counter: bool,
    /// Whether batches may be published that become visible at once or not at all.
    #[serde(skip_serializing_if = "is_false")]
    pub allow_atomic: bool,
    /// Whether messages may be schedules; never taken back.
    #[serde(skip_serializing_if = "is_false")]
    pub allow_msg_schedules: bool,
    /// When an acknowledgement is sent; immutable.
    #[serde(skip_serializing_if = "is_default_mode")]
    pub persist_mode: PersistMode,
    /// Whether fast batches may be published.
    #[serde(skip_serializing_if = "is_false")]
    pub allow_batched: bool,
    /// Anything; keys and values together at most 128 KiB.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

// serde calls these with references.

fn is_false(value: &bool) -> bool {
    !*value
}

fn is_zero(value: &i64) -> bool {
    *value == 0
}

fn is_zero_i32(value: &i32) -> bool {
    *value == 0
}

fn is_zero_u64(value: &u64) -> bool {
    *value == 0
}

fn is_default_mode(value: &PersistMode) -> bool {
    *value == PersistMode::Default
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_fields_in_order_and_leaves_out_what_is_empty() {
        let config = StreamConfig { name: "S".to_owned(), ..StreamConfig::default() };
        let expected = concat!(
            r#"{"name":"S","retention":"limits","max_consumers":0,"max_msgs":0,"max_bytes":0,"#,
            r#""max_age":0,"max_msgs_per_subject":0,"discard":"old","storage":"file","#,
            r#""num_replicas":0,"compression":"none","allow_direct":false,"mirror_direct":false,"#,
            r#""sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"#,
            r#""consumer_limits":{},"allow_msg_ttl":false}"#
        );
        assert_eq!(String::from_utf8(crate::json::to_vec(&config)).unwrap(), expected);
    }
}
