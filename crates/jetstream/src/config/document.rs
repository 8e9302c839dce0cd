//! Reading a configuration from JSON: the fields by their keys.

use super::{
    Compression, ConsumerLimits, Discard, ExternalStream, PersistMode, Placement, Republish,
    Retention, SourceConsumer, Storage, StreamConfig, StreamSource, SubjectTransform,
};
use crate::error::{ApiError, invalid_json};
use crate::json::{self, Document, Field, Reader, Strictness, Words};

/// What a client sends to create or update a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamConfigRequest {
    /// As it was sent, unchecked.
    pub config: StreamConfig,
    /// Whether defaults that the client did not ask for are errors.
    pub pedantic: bool,
    /// Whether it says where to keep messages; what follows from that is checked earlier then.
    pub names_storage: bool,
}

impl StreamConfigRequest {
    /// Reads the body of a request; an empty one is a configuration without a name.
    ///
    /// # Errors
    /// 10025 with the words of nats-server.
    pub fn parse(body: &[u8], strictness: Strictness) -> Result<Self, ApiError> {
        let mut request = Self::default();
        json::decode(body, strictness, &mut request).map_err(invalid_json)?;
        Ok(request)
    }
}

impl StreamConfig {
    /// Reads a configuration, as from storage or a backup. It is not checked.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &[u8], strictness: Strictness) -> Result<Self, String> {
        let mut config = Self::default();
        json::decode(text, strictness, &mut config).map(|()| config)
    }
}

impl Document for StreamConfigRequest {
    const GO_TYPE: &'static str = "StreamConfigRequest";
    const FIELDS: &'static [Field<Self>] = &[("pedantic", |r, j| j.boolean(&mut r.pedantic))];

    fn read_field(&mut self, key: &str, reader: &mut Reader<'_>) -> bool {
        self.names_storage |= key.eq_ignore_ascii_case("storage");
        self.config.read_field(key, reader) || json::read_listed(self, key, reader)
    }
}

impl Document for StreamConfig {
    const GO_TYPE: &'static str = "StreamConfig";
    const FIELDS: &'static [Field<Self>] = &[
        ("name", |c, j| j.string(&mut c.name)),
        ("description", |c, j| j.string(&mut c.description)),
        ("subjects", |c, j| j.strings(&mut c.subjects)),
        ("retention", |c, j| j.word(&mut c.retention)),
        ("max_consumers", |c, j| j.integer(&mut c.max_consumers, "int")),
        ("max_msgs", |c, j| j.integer(&mut c.max_msgs, "int64")),
        ("max_bytes", |c, j| j.integer(&mut c.max_bytes, "int64")),
        ("max_age", |c, j| j.nanos(&mut c.max_age)),
        ("max_msgs_per_subject", |c, j| j.integer(&mut c.max_msgs_per_subject, "int64")),
        ("max_msg_size", |c, j| j.integer(&mut c.max_msg_size, "int32")),
        ("discard", |c, j| j.word(&mut c.discard)),
        ("storage", |c, j| j.word(&mut c.storage)),
        ("num_replicas", |c, j| j.integer(&mut c.num_replicas, "int")),
        ("no_ack", |c, j| j.boolean(&mut c.no_ack)),
        ("duplicate_window", |c, j| j.nanos(&mut c.duplicate_window)),
        ("placement", |c, j| j.optional(&mut c.placement)),
        ("mirror", |c, j| j.optional(&mut c.mirror)),
        ("sources", |c, j| j.objects(&mut c.sources, "[]*")),
        ("compression", |c, j| j.word(&mut c.compression)),
        ("first_seq", |c, j| j.integer(&mut c.first_seq, "uint64")),
        ("subject_transform", |c, j| j.optional(&mut c.subject_transform)),
        ("republish", |c, j| j.optional(&mut c.republish)),
        ("allow_direct", |c, j| j.boolean(&mut c.allow_direct)),
        ("mirror_direct", |c, j| j.boolean(&mut c.mirror_direct)),
        ("discard_new_per_subject", |c, j| j.boolean(&mut c.discard_new_per_subject)),
        ("sealed", |c, j| j.boolean(&mut c.sealed)),
        ("deny_delete", |c, j| j.boolean(&mut c.deny_delete)),
        ("deny_purge", |c, j| j.boolean(&mut c.deny_purge)),
        ("allow_rollup_hdrs", |c, j| j.boolean(&mut c.allow_rollup_hdrs)),
        ("consumer_limits", |c, j| j.object(&mut c.consumer_limits)),
        ("allow_msg_ttl", |c, j| j.boolean(&mut c.allow_msg_ttl)),
        ("subject_delete_marker_ttl", |c, j| j.nanos(&mut c.subject_delete_marker_ttl)),
        ("allow_msg_counter", |c, j| j.boolean(&mut c.allow_msg_counter)),
        ("allow_atomic", |c, j| j.boolean(&mut c.allow_atomic)),
        ("allow_msg_schedules", |c, j| j.boolean(&mut c.allow_msg_schedules)),
        ("persist_mode", |c, j| j.word(&mut c.persist_mode)),
        ("allow_batched", |c, j| j.boolean(&mut c.allow_batched)),
        ("metadata", |c, j| j.map(&mut c.metadata)),
    ];
}

impl Document for StreamSource {
    const GO_TYPE: &'static str = "StreamSource";
    const FIELDS: &'static [Field<Self>] = &[
        ("name", |s, j| j.string(&mut s.name)),
        ("opt_start_seq", |s, j| j.integer(&mut s.opt_start_seq, "uint64")),
        ("opt_start_time", |s, j| j.time(&mut s.opt_start_time)),
        ("filter_subject", |s, j| j.string(&mut s.filter_subject)),
        ("subject_transforms", |s, j| j.objects(&mut s.subject_transforms, "[]")),
        ("external", |s, j| j.optional(&mut s.external)),
        ("consumer", |s, j| j.optional(&mut s.consumer)),
    ];
}

impl Document for SubjectTransform {
    const GO_TYPE: &'static str = "SubjectTransformConfig";
    const FIELDS: &'static [Field<Self>] =
        &[("src", |t, j| j.string(&mut t.source)), ("dest", |t, j| j.string(&mut t.destination))];
}

impl Document for ExternalStream {
    const GO_TYPE: &'static str = "ExternalStream";
    const FIELDS: &'static [Field<Self>] = &[
        ("api", |e, j| j.string(&mut e.api_prefix)),
        ("deliver", |e, j| j.string(&mut e.deliver_prefix)),
    ];
}

impl Document for SourceConsumer {
    const GO_TYPE: &'static str = "StreamConsumerSource";
    const FIELDS: &'static [Field<Self>] = &[
        ("name", |c, j| j.string(&mut c.name)),
        ("deliver_subject", |c, j| j.string(&mut c.deliver_subject)),
    ];
}

impl Document for Placement {
    const GO_TYPE: &'static str = "Placement";
    const FIELDS: &'static [Field<Self>] = &[
        ("cluster", |p, j| j.string(&mut p.cluster)),
        ("tags", |p, j| j.strings(&mut p.tags)),
        ("preferred", |p, j| j.string(&mut p.preferred)),
    ];
}

impl Document for Republish {
    const GO_TYPE: &'static str = "RePublish";
    const FIELDS: &'static [Field<Self>] = &[
        ("src", |r, j| j.string(&mut r.source)),
        ("dest", |r, j| j.string(&mut r.destination)),
        ("headers_only", |r, j| j.boolean(&mut r.headers_only)),
    ];
}

impl Document for ConsumerLimits {
    const GO_TYPE: &'static str = "StreamConsumerLimits";
    const FIELDS: &'static [Field<Self>] = &[
        ("inactive_threshold", |l, j| j.nanos(&mut l.inactive_threshold)),
        ("max_ack_pending", |l, j| j.integer(&mut l.max_ack_pending, "int")),
    ];
}

impl Words for Retention {
    const WORDS: &'static [(&'static str, Self)] =
        &[("limits", Self::Limits), ("interest", Self::Interest), ("workqueue", Self::WorkQueue)];
}

impl Words for Discard {
    const WORDS: &'static [(&'static str, Self)] = &[("old", Self::Old), ("new", Self::New)];

    fn is_word(text: &[u8], word: &str) -> bool {
        text.eq_ignore_ascii_case(word.as_bytes())
    }
}

impl Words for Storage {
    const WORDS: &'static [(&'static str, Self)] =
        &[("file", Self::File), ("memory", Self::Memory)];
}

impl Words for Compression {
    const WORDS: &'static [(&'static str, Self)] = &[("none", Self::None), ("s2", Self::S2)];

    fn refusal(raw: &[u8]) -> String {
        let kind = match raw.first() {
            Some(b'-' | b'0'..=b'9') => "number",
            Some(b't' | b'f') => "bool",
            Some(b'[') => "array",
            Some(b'{') => "object",
            _ => return "unknown compression algorithm".to_owned(),
        };
        format!("json: cannot unmarshal {kind} into Go value of type string")
    }
}

impl Words for PersistMode {
    const WORDS: &'static [(&'static str, Self)] =
        &[("default", Self::Default), ("async", Self::Async), ("", Self::Default)];
}
