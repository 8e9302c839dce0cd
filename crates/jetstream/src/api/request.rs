//! Bodies of requests.
//!
//! Some calls take no body, some take one if it looks like JSON, some need one: nats-server's
//! handlers in `server/jetstream_api.go` differ, and so do these.

use anabranch_subject::grammar::{is_literal, is_valid_subject};

use super::info::StreamState;
use crate::StreamConfig;
use crate::error::{self, ApiError};
use crate::json::{self, Document, Field, Strictness};
use crate::time::Timestamp;

/// Refuses a body where none belongs; an empty object is as good as none.
///
/// # Errors
/// 10038 when there is one.
pub fn require_empty(body: &[u8]) -> Result<(), ApiError> {
    if is_empty(body) { Ok(()) } else { Err(error::REQUEST_NOT_EMPTY) }
}

fn is_empty(body: &[u8]) -> bool {
    body.is_empty() || json::is_empty_object(body)
}

pub(super) fn decode<T: Document + Default>(
    body: &[u8],
    strictness: Strictness,
) -> Result<T, ApiError> {
    let mut request = T::default();
    json::decode(body, strictness, &mut request).map_err(error::invalid_json)?;
    Ok(request)
}

/// Anything but an object or a list is passed over.
pub(super) fn decode_if_any<T: Document + Default>(
    body: &[u8],
    strictness: Strictness,
) -> Result<T, ApiError> {
    match body.trim_ascii_start().first() {
        Some(b'{' | b'[') => decode(body, strictness),
        _ => Ok(T::default()),
    }
}

/// An empty body is refused with 10003.
fn decode_required<T: Document + Default>(
    body: &[u8],
    strictness: Strictness,
) -> Result<T, ApiError> {
    if is_empty(body) { Err(error::BAD_REQUEST) } else { decode(body, strictness) }
}

pub(super) fn offset(value: i64) -> u64 {
    u64::try_from(value).unwrap_or_default()
}

/// Asks for a stream's info.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InfoRequest {
    offset: i64,
    /// Whether to list sequences that are gone.
    pub deleted_details: bool,
    /// Which subjects to count; empty for none.
    pub subjects_filter: String,
}

impl InfoRequest {
    /// Reads a body that need not be there.
    ///
    /// # Errors
    /// 10025.
    pub fn parse(body: &[u8], strictness: Strictness) -> Result<Self, ApiError> {
        decode_if_any(body, strictness)
    }

    /// How many subjects to leave out.
    #[must_use]
    pub fn offset(&self) -> u64 {
        offset(self.offset)
    }
}

impl Document for InfoRequest {
    const GO_TYPE: &'static str = "JSApiStreamInfoRequest";
    const FIELDS: &'static [Field<Self>] = &[
        ("offset", |r, j| j.integer(&mut r.offset, "int")),
        ("deleted_details", |r, j| j.boolean(&mut r.deleted_details)),
        ("subjects_filter", |r, j| j.string(&mut r.subjects_filter)),
    ];
}

/// Asks for names of streams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamesRequest {
    offset: i64,
    /// Only streams that listen to something that this matches; empty for all.
    pub subject: String,
}

impl NamesRequest {
    /// Reads a body that need not be there.
    ///
    /// # Errors
    /// 10025.
    pub fn parse(body: &[u8], strictness: Strictness) -> Result<Self, ApiError> {
        decode_if_any(body, strictness)
    }

    /// How many names to leave out.
    #[must_use]
    pub fn offset(&self) -> u64 {
        offset(self.offset)
    }
}

impl Document for NamesRequest {
    const GO_TYPE: &'static str = "JSApiStreamNamesRequest";
    const FIELDS: &'static [Field<Self>] = &[
        ("offset", |r, j| j.integer(&mut r.offset, "int")),
        ("subject", |r, j| j.string(&mut r.subject)),
    ];
}

/// Asks for infos of streams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListRequest {
    offset: i64,
    /// Only streams that listen to something that this matches; empty for all.
    pub subject: String,
}

impl ListRequest {
    /// Reads a body that need not be there.
    ///
    /// # Errors
    /// 10025.
    pub fn parse(body: &[u8], strictness: Strictness) -> Result<Self, ApiError> {
        decode_if_any(body, strictness)
    }

    /// How many infos to leave out.
    #[must_use]
    pub fn offset(&self) -> u64 {
        offset(self.offset)
    }
}

impl Document for ListRequest {
    const GO_TYPE: &'static str = "JSApiStreamListRequest";
    const FIELDS: &'static [Field<Self>] = &[
        ("offset", |r, j| j.integer(&mut r.offset, "int")),
        ("subject", |r, j| j.string(&mut r.subject)),
    ];
}

/// Asks for messages to be removed: all, or those of some subjects, up to a sequence or but for
/// the last few.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PurgeRequest {
    /// Messages below this sequence; zero for all.
    pub seq: u64,
    /// Which subjects; empty for all.
    pub filter: String,
    /// How many to keep.
    pub keep: u64,
}

impl PurgeRequest {
    /// Reads a body that need not be there.
    ///
    /// # Errors
    /// 10025, and 10003 with both a sequence and a number to keep.
    pub fn parse(body: &[u8], strictness: Strictness) -> Result<Self, ApiError> {
        let request: Self = decode_if_any(body, strictness)?;
        let both = request.seq > 0 && request.keep > 0;
        if both { Err(error::BAD_REQUEST) } else { Ok(request) }
    }
}

impl Document for PurgeRequest {
    const GO_TYPE: &'static str = "JSApiStreamPurgeRequest";
    const FIELDS: &'static [Field<Self>] = &[
        ("seq", |r, j| j.integer(&mut r.seq, "uint64")),
        ("filter", |r, j| j.string(&mut r.filter)),
        ("keep", |r, j| j.integer(&mut r.keep, "uint64")),
    ];
}

/// Asks for a message. The same document is a direct get's, which has more rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageGetRequest {
    /// Its sequence, or with `next_by_subj` the least it may have; zero for none.
    pub seq: u64,
    /// The last message of this subject; empty for none.
    pub last_by_subj: String,
    /// The next message that this matches; empty for none.
    pub next_by_subj: String,
    /// How many messages; direct gets only.
    pub batch: i64,
    /// How many bytes; direct gets only.
    pub max_bytes: i64,
    /// The first message at or after this time.
    pub start_time: Option<Timestamp>,
    /// The last message of each subject that these match; direct gets only.
    pub multi_last: Vec<String>,
    /// `multi_last` as of this sequence; zero for now.
    pub up_to_seq: u64,
    /// `multi_last` as of this time.
    pub up_to_time: Option<Timestamp>,
    /// Whether the message's own headers are left out.
    pub no_hdr: bool,
}

impl MessageGetRequest {
    /// Reads the body of `STREAM.MSG.GET`.
    ///
    /// # Errors
    /// 10025, and 10003 when what is asked for is nothing or contradictory.
    pub fn parse(body: &[u8], strictness: Strictness) -> Result<Self, ApiError> {
        let request: Self = decode_required(body, strictness)?;
        let unsupported = request.batch > 0 || request.max_bytes > 0;
        if unsupported || !request.is_consistent() || request.is_nothing() {
            return Err(error::BAD_REQUEST);
        }
        Ok(request)
    }

    /// Whether sequence, time and last message exclude each other, and last and next do.
    #[must_use]
    pub(crate) fn is_consistent(&self) -> bool {
        let (seq, time) = (self.seq > 0, self.start_time.is_some());
        let (last, next) = (!self.last_by_subj.is_empty(), !self.next_by_subj.is_empty());
        let exclusive = [(seq, last), (seq, time), (time, last), (last, next)];
        exclusive.into_iter().all(|(one, other)| !one || !other)
    }

    pub(crate) fn is_nothing(&self) -> bool {
        self.seq == 0
            && self.last_by_subj.is_empty()
            && self.next_by_subj.is_empty()
            && self.start_time.is_none()
    }
}

impl Document for MessageGetRequest {
    const GO_TYPE: &'static str = "JSApiMsgGetRequest";
    const FIELDS: &'static [Field<Self>] = &[
        ("seq", |r, j| j.integer(&mut r.seq, "uint64")),
        ("last_by_subj", |r, j| j.string(&mut r.last_by_subj)),
        ("next_by_subj", |r, j| j.string(&mut r.next_by_subj)),
        ("batch", |r, j| j.integer(&mut r.batch, "int")),
        ("max_bytes", |r, j| j.integer(&mut r.max_bytes, "int")),
        ("start_time", |r, j| j.time(&mut r.start_time)),
        ("multi_last", |r, j| j.strings(&mut r.multi_last)),
        ("up_to_seq", |r, j| j.integer(&mut r.up_to_seq, "uint64")),
        ("up_to_time", |r, j| j.time(&mut r.up_to_time)),
        ("no_hdr", |r, j| j.boolean(&mut r.no_hdr)),
    ];
}

/// Asks for a message to be deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageDeleteRequest {
    /// Its sequence.
    pub seq: u64,
    /// Whether its bytes may stay where they are.
    pub no_erase: bool,
}

impl MessageDeleteRequest {
    /// Reads a body.
    ///
    /// # Errors
    /// 10025, and 10003 when there is none.
    pub fn parse(body: &[u8], strictness: Strictness) -> Result<Self, ApiError> {
        decode_required(body, strictness)
    }
}

impl Document for MessageDeleteRequest {
    const GO_TYPE: &'static str = "JSApiMsgDeleteRequest";
    const FIELDS: &'static [Field<Self>] = &[
        ("seq", |r, j| j.integer(&mut r.seq, "uint64")),
        ("no_erase", |r, j| j.boolean(&mut r.no_erase)),
    ];
}

/// Asks for a backup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SnapshotRequest {
    /// Where the chunks go.
    pub deliver_subject: String,
    /// Whether consumers are left out.
    pub no_consumers: bool,
    /// Bytes of a chunk; zero for the default.
    pub chunk_size: i64,
    /// Bytes that may be under way; zero for the default.
    pub window_size: i64,
    /// Whether all messages are verified first.
    pub check_messages: bool,
}

impl SnapshotRequest {
    /// Reads a body for a stream of which the caller knows whether it exists.
    ///
    /// # Errors
    /// 10003 when there is none, then 10059 without the stream, 10025, 10015.
    pub fn parse(
        body: &[u8],
        strictness: Strictness,
        stream_exists: impl FnOnce() -> bool,
    ) -> Result<Self, ApiError> {
        if is_empty(body) {
            return Err(error::BAD_REQUEST);
        }
        if !stream_exists() {
            return Err(error::STREAM_NOT_FOUND);
        }
        let request: Self = decode(body, strictness)?;
        let subject = request.deliver_subject.as_bytes();
        let valid = is_valid_subject(subject) && is_literal(subject);
        if valid { Ok(request) } else { Err(error::DELIVER_SUBJECT_INVALID) }
    }
}

impl Document for SnapshotRequest {
    const GO_TYPE: &'static str = "JSApiStreamSnapshotRequest";
    const FIELDS: &'static [Field<Self>] = &[
        ("deliver_subject", |r, j| j.string(&mut r.deliver_subject)),
        ("no_consumers", |r, j| j.boolean(&mut r.no_consumers)),
        ("chunk_size", |r, j| j.integer(&mut r.chunk_size, "int")),
        ("window_size", |r, j| j.integer(&mut r.window_size, "int")),
        ("jsck", |r, j| j.boolean(&mut r.check_messages)),
    ];
}

/// Announces a backup that is to become a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RestoreRequest {
    /// The stream's configuration, unchecked.
    pub config: StreamConfig,
    /// What the backup holds.
    pub state: StreamState,
}

impl RestoreRequest {
    /// Reads a body for the stream that the subject names, which is the name when there is none.
    ///
    /// # Errors
    /// 10003 without a body, 10025, 10056 when it names another stream, 10128.
    pub fn parse(body: &[u8], name: &str, strictness: Strictness) -> Result<Self, ApiError> {
        let mut request: Self = decode_required(body, strictness)?;
        if request.config.name.is_empty() {
            name.clone_into(&mut request.config.name);
        }
        if request.config.name != name {
            return Err(error::STREAM_NAME_MISMATCH);
        }
        if name.contains(['\\', '/']) {
            return Err(error::STREAM_NAME_WITH_SEPARATORS);
        }
        Ok(request)
    }
}

impl Document for RestoreRequest {
    const GO_TYPE: &'static str = "JSApiStreamRestoreRequest";
    const FIELDS: &'static [Field<Self>] =
        &[("config", |r, j| j.object(&mut r.config)), ("state", |r, j| j.object(&mut r.state))];
}
