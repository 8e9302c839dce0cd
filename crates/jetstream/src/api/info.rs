//! What is told of accounts, streams and messages.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::config::{ExternalStream, SubjectTransform};
use crate::json::{Document, Field};
use crate::time::{Nanos, Timestamp};
use crate::{ApiError, StreamConfig};

/// A stream with its state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StreamInfo {
    /// Its configuration; but for lists and snapshots, [`StreamConfig::answered`].
    pub config: StreamConfig,
    /// When it was created.
    pub created: Timestamp,
    /// What is in it.
    pub state: StreamState,
    /// The server's domain; empty for none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub domain: String,
    /// Who leads it; told by `STREAM.INFO` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterInfo>,
    /// How a mirror stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror: Option<SourceInfo>,
    /// How sources stand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceInfo>,
    /// When this was gathered.
    #[serde(rename = "ts")]
    pub time: Timestamp,
}

/// The leader of a stream; on a server on its own that server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClusterInfo {
    /// The server's name.
    pub leader: String,
}

/// What is in a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StreamState {
    /// Messages.
    pub messages: u64,
    /// Bytes, counted as nats-server counts them.
    pub bytes: u64,
    /// The first message's sequence; one above the last when a stream became empty.
    pub first_seq: u64,
    /// The first message's time, or [`Timestamp::ZERO`].
    #[serde(rename = "first_ts")]
    pub first_time: Timestamp,
    /// The last sequence that was given.
    pub last_seq: u64,
    /// The last message's time, or [`Timestamp::ZERO`].
    #[serde(rename = "last_ts")]
    pub last_time: Timestamp,
    /// How many subjects messages have.
    #[serde(skip_serializing_if = "is_zero")]
    pub num_subjects: u64,
    /// Messages by subject, when that was asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub subjects: BTreeMap<String, u64>,
    /// How many sequences between first and last are gone.
    #[serde(skip_serializing_if = "is_zero")]
    pub num_deleted: u64,
    /// Which are gone, when that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deleted: Vec<u64>,
    /// What was lost to damage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<Lost>,
    /// Consumers.
    pub consumer_count: u64,
}

impl Default for StreamState {
    fn default() -> Self {
        Self {
            messages: 0,
            bytes: 0,
            first_seq: 0,
            first_time: Timestamp::ZERO,
            last_seq: 0,
            last_time: Timestamp::ZERO,
            num_subjects: 0,
            subjects: BTreeMap::new(),
            num_deleted: 0,
            deleted: Vec::new(),
            lost: None,
            consumer_count: 0,
        }
    }
}

/// Messages that damage took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Lost {
    /// Their sequences.
    #[serde(rename = "msgs")]
    pub messages: Vec<u64>,
    /// Their bytes.
    pub bytes: u64,
}

/// How a mirror or a source stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SourceInfo {
    /// The origin's name.
    pub name: String,
    /// Where it is reached, when it is elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalStream>,
    /// How many messages are behind.
    pub lag: u64,
    /// The origin's sequence that was taken last; told of sources.
    #[serde(skip_serializing_if = "is_zero")]
    pub seq: u64,
    /// Time since something came from it; -1 for never.
    pub active: Nanos,
    /// Why nothing comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ApiError>,
    /// Which subjects are taken; empty for all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub filter_subject: String,
    /// Filters with transforms.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subject_transforms: Vec<SubjectTransform>,
}

/// A message as `STREAM.MSG.GET` gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredMessage<'a> {
    /// Its subject.
    pub subject: &'a str,
    /// Its sequence.
    pub seq: u64,
    /// Its header block; empty for none.
    #[serde(rename = "hdrs", skip_serializing_if = "is_empty", serialize_with = "base64")]
    pub headers: &'a [u8],
    /// Its payload.
    #[serde(skip_serializing_if = "is_empty", serialize_with = "base64")]
    pub data: &'a [u8],
    /// When it was stored.
    pub time: Timestamp,
}

/// What an account uses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AccountUse {
    /// Bytes in memory.
    pub memory: u64,
    /// Bytes in files.
    pub storage: u64,
    /// Bytes that memory streams may grow to.
    pub reserved_memory: u64,
    /// Bytes that file streams may grow to.
    pub reserved_storage: u64,
    /// Streams.
    pub streams: u64,
    /// Consumers.
    pub consumers: u64,
    /// What it may use.
    pub limits: ShownLimits,
    /// The server's domain; empty for none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub domain: String,
    /// Requests to the API.
    pub api: ApiUse,
}

/// What an account may use, as it is shown: -1 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ShownLimits {
    /// Bytes in memory.
    pub max_memory: i64,
    /// Bytes in files.
    pub max_storage: i64,
    /// Streams.
    pub max_streams: i64,
    /// Consumers of one stream.
    pub max_consumers: i64,
    /// Unacknowledged messages of one consumer.
    pub max_ack_pending: i64,
    /// `max_bytes` of one memory stream.
    pub memory_max_stream_bytes: i64,
    /// `max_bytes` of one file stream.
    pub storage_max_stream_bytes: i64,
    /// Whether streams need `max_bytes`.
    pub max_bytes_required: bool,
}

impl Default for ShownLimits {
    /// Without limits.
    fn default() -> Self {
        Self {
            max_memory: -1,
            max_storage: -1,
            max_streams: -1,
            max_consumers: -1,
            max_ack_pending: -1,
            memory_max_stream_bytes: -1,
            storage_max_stream_bytes: -1,
            max_bytes_required: false,
        }
    }
}

/// Requests to the API since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ApiUse {
    /// The API level.
    pub level: u32,
    /// Requests.
    pub total: u64,
    /// Those that were answered with an error.
    pub errors: u64,
    /// Those that are being answered.
    #[serde(skip_serializing_if = "is_zero")]
    pub inflight: u64,
}

// serde calls these with references.

fn is_zero(value: &u64) -> bool {
    *value == 0
}

fn is_empty(value: &&[u8]) -> bool {
    value.is_empty()
}

fn base64<S: Serializer>(bytes: &&[u8], serializer: S) -> Result<S::Ok, S::Error> {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(bytes);
    serializer.serialize_str(&text)
}

impl Document for StreamState {
    const GO_TYPE: &'static str = "StreamState";
    const FIELDS: &'static [Field<Self>] = &[
        ("messages", |s, j| j.integer(&mut s.messages, "uint64")),
        ("bytes", |s, j| j.integer(&mut s.bytes, "uint64")),
        ("first_seq", |s, j| j.integer(&mut s.first_seq, "uint64")),
        ("first_ts", |s, j| j.set_time(&mut s.first_time)),
        ("last_seq", |s, j| j.integer(&mut s.last_seq, "uint64")),
        ("last_ts", |s, j| j.set_time(&mut s.last_time)),
        ("num_subjects", |s, j| j.integer(&mut s.num_subjects, "int")),
        ("subjects", |s, j| j.counts(&mut s.subjects)),
        ("num_deleted", |s, j| j.integer(&mut s.num_deleted, "int")),
        ("deleted", |s, j| j.integers(&mut s.deleted)),
        ("lost", |s, j| j.optional(&mut s.lost)),
        ("consumer_count", |s, j| j.integer(&mut s.consumer_count, "int")),
    ];
}

impl Document for Lost {
    const GO_TYPE: &'static str = "LostStreamData";
    const FIELDS: &'static [Field<Self>] = &[
        ("msgs", |l, j| j.integers(&mut l.messages)),
        ("bytes", |l, j| j.integer(&mut l.bytes, "uint64")),
    ];
}
