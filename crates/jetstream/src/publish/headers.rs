//! The headers that publishing into a stream gives a meaning to.

use super::batch::AtomicBatch;
use super::block;
use super::counter::Integer;
use super::ttl::{self, Ttl};
use crate::error::{self, ApiError};

/// What a publisher asks for. A header without a value is not there, save where that says more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishHeaders<'a> {
    /// `Nats-Msg-Id`: identifies the message within the stream's duplicate window.
    pub msg_id: Option<&'a [u8]>,
    /// `Nats-Expected-Stream`: the name that the stream must have.
    pub expected_stream: Option<&'a [u8]>,
    /// `Nats-Expected-Last-Sequence`. What is no number is [`u64::MAX`], which no stream reaches.
    pub expected_last_seq: Option<u64>,
    /// `Nats-Expected-Last-Subject-Sequence`; as above.
    pub expected_last_subject_seq: Option<u64>,
    /// `Nats-Expected-Last-Subject-Sequence-Subject`: whose last sequence, when not its own.
    pub expected_last_subject: Option<&'a [u8]>,
    /// `Nats-Expected-Last-Msg-Id`: the identifier of the message before.
    pub expected_last_msg_id: Option<&'a [u8]>,
    /// `Nats-Rollup`; an error holds a value that is none, in small letters.
    pub rollup: Option<Result<Rollup, String>>,
    /// `Nats-TTL`; an error is 10165.
    pub ttl: Option<Result<Ttl, ApiError>>,
    /// `Nats-Incr`; an error is 10171.
    pub increment: Option<Result<Integer, ApiError>>,
    /// `Nats-Stream-Source`, which only servers may write.
    pub stream_source: Option<&'a [u8]>,
    /// `Nats-Counter-Sources`, which only servers write.
    pub counter_sources: Option<&'a [u8]>,
    /// `Nats-Marker-Reason`: the message marks the end of its subject.
    pub marker_reason: Option<&'a [u8]>,
    /// `KV-Operation: PURGE`: so does it.
    pub is_kv_purge: bool,
    /// `Nats-Request-Info`, which is not kept.
    pub client_info: Option<&'a [u8]>,
    /// `Nats-Required-Api-Level`; of the messages of atomic batches only.
    pub required_api_level: Option<&'a [u8]>,
    /// `Nats-Batch-…`.
    pub batch: BatchHeaders<'a>,
    /// `Nats-Schedule…`.
    pub schedule: ScheduleHeaders<'a>,
}

/// Which earlier messages a message replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rollup {
    /// Those of its subject.
    Subject,
    /// All.
    All,
}

/// Headers of atomic batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeaders<'a> {
    /// `Nats-Batch-Id`
    pub id: Option<&'a [u8]>,
    /// `Nats-Batch-Sequence`, when it is a number.
    pub seq: Option<u64>,
    /// `Nats-Batch-Commit`, empty or not.
    pub commit: Option<&'a [u8]>,
}

/// Headers of schedules, unread: see [`super::schedule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScheduleHeaders<'a> {
    /// `Nats-Schedule`
    pub pattern: Option<&'a [u8]>,
    /// `Nats-Schedule-Time-Zone`, which is wrong when it is empty.
    pub time_zone: Option<&'a [u8]>,
    /// `Nats-Schedule-TTL`
    pub ttl: Option<&'a [u8]>,
    /// `Nats-Schedule-Rollup`
    pub rollup: Option<&'a [u8]>,
    /// `Nats-Schedule-Target`
    pub target: Option<&'a [u8]>,
    /// `Nats-Schedule-Source`
    pub source: Option<&'a [u8]>,
    /// `Nats-Schedule-Next`
    pub next: Option<&'a [u8]>,
    /// `Nats-Scheduler`
    pub scheduler: Option<&'a [u8]>,
}

impl<'a> PublishHeaders<'a> {
    /// What a message without headers asks for.
    pub const NONE: Self = PublishHeaders {
        msg_id: None,
        expected_stream: None,
        expected_last_seq: None,
        expected_last_subject_seq: None,
        expected_last_subject: None,
        expected_last_msg_id: None,
        rollup: None,
        ttl: None,
        increment: None,
        stream_source: None,
        counter_sources: None,
        marker_reason: None,
        is_kv_purge: false,
        client_info: None,
        required_api_level: None,
        batch: BatchHeaders { id: None, seq: None, commit: None },
        schedule: ScheduleHeaders {
            pattern: None,
            time_zone: None,
            ttl: None,
            rollup: None,
            target: None,
            source: None,
            next: None,
            scheduler: None,
        },
    };

    /// Reads a header block, which may be empty. Headers that mean nothing to a stream are passed
    /// over, and nothing is an error yet: that depends on the stream.
    #[must_use]
    pub fn parse(block: &'a [u8]) -> Self {
        let mut raw = Raw::default();
        let mut operation = None;
        for (key, value) in block::entries(block) {
            if key == b"KV-Operation" {
                operation.get_or_insert(value);
            }
            if let Some(name) = key.strip_prefix(b"Nats-")
                && let Some(at) = KEYS.iter().position(|known| known.as_bytes() == name)
            {
                raw.0[at].get_or_insert(value);
            }
        }
        Self { is_kv_purge: operation == Some(b"PURGE"), ..raw.headers() }
    }

    /// The message marks that the others of its subject are gone.
    #[must_use]
    pub fn marks_deletion(&self) -> bool {
        self.marker_reason.is_some() || self.is_kv_purge
    }

    /// The atomic batch that the message belongs to.
    ///
    /// # Errors
    /// 10179 for its identifier, then 10175 without a sequence.
    #[must_use]
    pub fn atomic_batch(&self) -> Option<Result<AtomicBatch<'a>, ApiError>> {
        self.batch.id.map(|id| AtomicBatch::new(id, &self.batch))
    }

    /// The values of `Nats-Rollup` that mean something.
    ///
    /// # Errors
    /// 10111 with the value.
    pub fn rollup(&self) -> Result<Option<Rollup>, ApiError> {
        match &self.rollup {
            None => Ok(None),
            Some(Ok(rollup)) => Ok(Some(*rollup)),
            Some(Err(value)) => {
                let quoted = crate::json::go_quoted(value);
                Err(error::rollup_failed(format!("rollup value invalid: {quoted}")))
            }
        }
    }
}

/// The keys behind `Nats-`; their places are those in [`Raw`].
const KEYS: [&str; 25] = [
    "Msg-Id",
    "Expected-Stream",
    "Expected-Last-Sequence",
    "Expected-Last-Subject-Sequence",
    "Expected-Last-Subject-Sequence-Subject",
    "Expected-Last-Msg-Id",
    "Rollup",
    "TTL",
    "Incr",
    "Stream-Source",
    "Counter-Sources",
    "Marker-Reason",
    "Required-Api-Level",
    "Batch-Id",
    "Batch-Sequence",
    "Batch-Commit",
    "Schedule",
    "Schedule-Time-Zone",
    "Schedule-TTL",
    "Schedule-Rollup",
    "Schedule-Target",
    "Schedule-Source",
    "Schedule-Next",
    "Scheduler",
    "Request-Info",
];

/// The first value of each key.
#[derive(Default)]
struct Raw<'a>([Option<&'a [u8]>; KEYS.len()]);

impl<'a> Raw<'a> {
    fn headers(&self) -> PublishHeaders<'a> {
        let given = |at: usize| self.0[at].filter(|value| !value.is_empty());
        PublishHeaders {
            msg_id: given(0),
            expected_stream: given(1),
            expected_last_seq: given(2).map(expected_number),
            expected_last_subject_seq: given(3).map(expected_number),
            expected_last_subject: given(4),
            expected_last_msg_id: given(5),
            rollup: given(6).map(read_rollup),
            ttl: given(7).and_then(|value| ttl::parse(value).transpose()),
            increment: given(8)
                .map(|value| Integer::parse(value).ok_or(error::COUNTER_INCREMENT_INVALID)),
            stream_source: given(9),
            counter_sources: given(10),
            marker_reason: given(11),
            is_kv_purge: false,
            client_info: self.0[24],
            required_api_level: given(12),
            batch: BatchHeaders {
                id: given(13),
                seq: given(14).and_then(number),
                commit: self.0[15],
            },
            schedule: ScheduleHeaders {
                pattern: given(16),
                time_zone: self.0[17],
                ttl: given(18),
                rollup: given(19),
                target: given(20),
                source: given(21),
                next: given(22),
                scheduler: given(23),
            },
        }
    }
}

fn read_rollup(value: &[u8]) -> Result<Rollup, String> {
    let value = String::from_utf8_lossy(value).to_lowercase();
    match value.as_str() {
        "sub" => Ok(Rollup::Subject),
        "all" => Ok(Rollup::All),
        _ => Err(value),
    }
}

/// A decimal number that fits.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    digits.then(|| str::from_utf8(text).ok()?.parse().ok()).flatten()
}

/// A decimal number; what is none is the greatest, what is too great wraps, as in nats-server.
pub(super) fn expected_number(text: &[u8]) -> u64 {
    if !text.iter().all(u8::is_ascii_digit) {
        return u64::MAX;
    }
    let append =
        |value: u64, digit: &u8| value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
    text.iter().fold(0, append)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(lines: &str) -> PublishHeaders<'static> {
        let block = format!("NATS/1.0\r\n{lines}\r\n");
        PublishHeaders::parse(Box::leak(block.into_bytes().into_boxed_slice()))
    }

    #[test]
    fn every_header_finds_its_field() {
        let headers = parse(concat!(
            "Nats-Msg-Id: id\r\nNats-Expected-Stream: S\r\nNats-Expected-Last-Sequence: 1\r\n",
            "Nats-Expected-Last-Subject-Sequence: 2\r\n",
            "Nats-Expected-Last-Subject-Sequence-Subject: a.b\r\n",
            "Nats-Expected-Last-Msg-Id: before\r\nNats-Rollup: SUB\r\nNats-TTL: 1h\r\n",
            "Nats-Incr: -7\r\nNats-Batch-Id: b\r\nNats-Batch-Sequence: 3\r\n",
            "Nats-Batch-Commit: eob\r\nNats-Schedule: @hourly\r\nNats-Scheduler: s\r\n",
        ));
        assert_eq!(headers.msg_id, Some(&b"id"[..]));
        assert_eq!(headers.expected_stream, Some(&b"S"[..]));
        assert_eq!(headers.expected_last_seq, Some(1));
        assert_eq!(headers.expected_last_subject_seq, Some(2));
        assert_eq!(headers.expected_last_subject, Some(&b"a.b"[..]));
        assert_eq!(headers.expected_last_msg_id, Some(&b"before"[..]));
        assert_eq!(headers.rollup, Some(Ok(Rollup::Subject)));
        assert_eq!(headers.ttl, Some(Ok(Ttl::Seconds(3600))));
        assert_eq!(headers.increment.unwrap().unwrap().to_string(), "-7");
        let commit = Some(&b"eob"[..]);
        assert_eq!(headers.batch, BatchHeaders { id: Some(b"b"), seq: Some(3), commit });
        assert_eq!(headers.schedule.pattern, Some(&b"@hourly"[..]));
        assert_eq!(headers.schedule.scheduler, Some(&b"s"[..]));
    }

    #[test]
    fn keys_are_exact_and_empty_values_are_absent() {
        let headers = parse(concat!(
            "nats-msg-id: a\r\nNats-Msg-Idx: b\r\nNats-Msg-Id : c\r\nNats-Rollup:  \r\n",
            "Nats-Expected-Last-Sequence: \r\nNats-Batch-Commit:\r\nNats-TTL:\r\n"
        ));
        let commit = Some(&b""[..]);
        let batch = BatchHeaders { commit, ..PublishHeaders::NONE.batch };
        assert_eq!(headers, PublishHeaders { batch, ..PublishHeaders::NONE });
        assert_eq!(PublishHeaders::parse(b""), PublishHeaders::NONE);
    }

    #[test]
    fn expected_sequences_that_are_none_can_never_be_met() {
        let expected = |value: &str| {
            parse(&format!("Nats-Expected-Last-Sequence: {value}\r\n")).expected_last_seq
        };
        assert_eq!(expected("x"), Some(u64::MAX));
        assert_eq!(expected("-1"), Some(u64::MAX));
        assert_eq!(expected("18446744073709551617"), Some(1));
    }

    #[test]
    fn a_rollup_that_is_none_is_quoted() {
        let error = parse("Nats-Rollup: X\r\n").rollup().unwrap_err();
        assert_eq!(error, error::rollup_failed("rollup value invalid: \"x\""));
    }
}
