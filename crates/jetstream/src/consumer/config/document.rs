//! Reading a configuration from JSON: the fields by their keys.

use super::{AckPolicy, ConsumerConfig, DeliverPolicy, PriorityPolicy, ReplayPolicy};
use crate::error::{ApiError, invalid_json};
use crate::json::{self, Document, Field, Strictness, Words};

/// Whether a consumer may, or must, exist already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// It is made, or changed when it is there.
    #[default]
    CreateOrUpdate,
    /// It is changed.
    Update,
    /// It is made; one that is equal may be there.
    Create,
}

/// What a client sends to create or update a consumer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsumerRequest {
    /// The name of the stream.
    pub stream: String,
    /// As it was sent, unchecked.
    pub config: ConsumerConfig,
    /// What is to be done.
    pub action: Action,
    /// Whether defaults that the client did not ask for are errors.
    pub pedantic: bool,
}

impl ConsumerRequest {
    /// Reads the body of a request; an empty one asks for nothing in no stream.
    ///
    /// # Errors
    /// 10025 with the words of nats-server.
    pub fn parse(body: &[u8], strictness: Strictness) -> Result<Self, ApiError> {
        let mut request = Self::default();
        json::decode(body, strictness, &mut request).map_err(invalid_json)?;
        Ok(request)
    }
}

impl ConsumerConfig {
    /// Reads a configuration, as from storage or a backup. It is not checked.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &[u8], strictness: Strictness) -> Result<Self, String> {
        let mut config = Self::default();
        json::decode(text, strictness, &mut config).map(|()| config)
    }
}

impl Document for ConsumerRequest {
    const GO_TYPE: &'static str = "CreateConsumerRequest";
    const FIELDS: &'static [Field<Self>] = &[
        ("stream_name", |r, j| j.string(&mut r.stream)),
        ("config", |r, j| j.object(&mut r.config)),
        ("action", |r, j| j.word(&mut r.action)),
        ("pedantic", |r, j| j.boolean(&mut r.pedantic)),
    ];
}

impl Document for ConsumerConfig {
    const GO_TYPE: &'static str = "ConsumerConfig";
    const FIELDS: &'static [Field<Self>] = &[
        ("durable_name", |c, j| j.string(&mut c.durable)),
        ("name", |c, j| j.string(&mut c.name)),
        ("description", |c, j| j.string(&mut c.description)),
        ("deliver_policy", |c, j| j.word(&mut c.deliver_policy)),
        ("opt_start_seq", |c, j| j.integer(&mut c.opt_start_seq, "uint64")),
        ("opt_start_time", |c, j| j.time(&mut c.opt_start_time)),
        ("ack_policy", |c, j| j.word(&mut c.ack_policy)),
        ("ack_wait", |c, j| j.nanos(&mut c.ack_wait)),
        ("max_deliver", |c, j| j.integer(&mut c.max_deliver, "int")),
        ("backoff", |c, j| j.durations(&mut c.backoff)),
        ("filter_subject", |c, j| j.string(&mut c.filter_subject)),
        ("filter_subjects", |c, j| j.strings(&mut c.filter_subjects)),
        ("replay_policy", |c, j| j.word(&mut c.replay_policy)),
        ("rate_limit_bps", |c, j| j.integer(&mut c.rate_limit, "uint64")),
        ("sample_freq", |c, j| j.string(&mut c.sample_frequency)),
        ("max_waiting", |c, j| j.integer(&mut c.max_waiting, "int")),
        ("max_ack_pending", |c, j| j.integer(&mut c.max_ack_pending, "int")),
        ("flow_control", |c, j| j.boolean(&mut c.flow_control)),
        ("headers_only", |c, j| j.boolean(&mut c.headers_only)),
        ("max_batch", |c, j| j.integer(&mut c.max_request_batch, "int")),
        ("max_expires", |c, j| j.nanos(&mut c.max_request_expires)),
        ("max_bytes", |c, j| j.integer(&mut c.max_request_bytes, "int")),
        ("deliver_subject", |c, j| j.string(&mut c.deliver_subject)),
        ("deliver_group", |c, j| j.string(&mut c.deliver_group)),
        ("idle_heartbeat", |c, j| j.nanos(&mut c.heartbeat)),
        ("inactive_threshold", |c, j| j.nanos(&mut c.inactive_threshold)),
        ("num_replicas", |c, j| j.integer(&mut c.num_replicas, "int")),
        ("mem_storage", |c, j| j.boolean(&mut c.memory_storage)),
        ("direct", |c, j| j.boolean(&mut c.direct)),
        ("sourcing", |c, j| j.boolean(&mut c.sourcing)),
        ("metadata", |c, j| j.map(&mut c.metadata)),
        ("pause_until", |c, j| j.time(&mut c.pause_until)),
        ("priority_groups", |c, j| j.strings(&mut c.priority_groups)),
        ("priority_policy", |c, j| j.word(&mut c.priority_policy)),
        ("priority_timeout", |c, j| j.nanos(&mut c.priority_timeout)),
    ];
}

impl Words for Action {
    const WORDS: &'static [(&'static str, Self)] =
        &[("", Self::CreateOrUpdate), ("update", Self::Update), ("create", Self::Create)];

    fn refusal(raw: &[u8]) -> String {
        format!("unknown consumer action: {}", String::from_utf8_lossy(raw))
    }
}

impl Words for DeliverPolicy {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("all", Self::All),
        ("undefined", Self::All),
        ("last", Self::Last),
        ("last_per_subject", Self::LastPerSubject),
        ("new", Self::New),
        ("by_start_sequence", Self::ByStartSequence),
        ("by_start_time", Self::ByStartTime),
    ];
}

impl Words for AckPolicy {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("none", Self::None),
        ("all", Self::All),
        ("explicit", Self::Explicit),
        ("flow_control", Self::FlowControl),
    ];
}

impl Words for ReplayPolicy {
    const WORDS: &'static [(&'static str, Self)] =
        &[("instant", Self::Instant), ("original", Self::Original)];
}

impl Words for PriorityPolicy {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("none", Self::None),
        ("overflow", Self::Overflow),
        ("pinned_client", Self::PinnedClient),
        ("prioritized", Self::Prioritized),
    ];

    fn refusal(raw: &[u8]) -> String {
        format!("unknown priority policy: {}", String::from_utf8_lossy(raw))
    }
}
