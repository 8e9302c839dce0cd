//! Batches: atomic ones by headers, fast ones by the reply subject.

use serde::Serialize;

use super::headers::{BatchHeaders, expected_number, number};
use crate::error::{self, ApiError};
use crate::json;

/// Longest identifier of a batch, in bytes.
const ID_BYTES_MAX: usize = 64;

/// A message of an atomic batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtomicBatch<'a> {
    /// The batch's identifier.
    pub id: &'a [u8],
    /// The message's place in it, from 1.
    pub seq: u64,
    /// Whether the batch ends.
    pub commit: Commit,
}

/// Whether a batch ends with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// There is more to come.
    No,
    /// It ends with this message.
    Included,
    /// It ended with the message before; this one is not stored.
    Excluded,
    /// The header has another value: 10200, and the batch is over.
    Invalid,
}

impl<'a> AtomicBatch<'a> {
    pub(super) fn new(id: &'a [u8], headers: &BatchHeaders<'a>) -> Result<Self, ApiError> {
        if id.len() > ID_BYTES_MAX {
            return Err(error::ATOMIC_ID_INVALID);
        }
        let seq = headers.seq.ok_or(error::ATOMIC_SEQUENCE_MISSING)?;
        let commit = match headers.commit {
            None => Commit::No,
            Some(b"1") => Commit::Included,
            Some(b"eob") => Commit::Excluded,
            Some(_) => Commit::Invalid,
        };
        Ok(Self { id, seq, commit })
    }
}

/// A message of a fast batch, whose reply subject is
/// `<prefix>.<id>.<flow>.<gap mode>.<seq>.<operation>.$FI`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FastBatch<'a> {
    /// The batch's identifier.
    pub id: &'a str,
    /// After how many messages the publisher wants to hear of them.
    pub flow: u16,
    /// Whether messages may be missing.
    pub gap: Gap,
    /// The message's place in the batch, from 1.
    pub seq: u64,
    /// What the message does.
    pub operation: Operation,
}

/// What a gap between messages means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// Nothing: the batch goes on.
    Ok,
    /// The batch ends.
    Fail,
}

/// What a message of a fast batch does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// It begins the batch.
    Start,
    /// It belongs to it.
    Append,
    /// It belongs to it and ends it.
    Commit,
    /// It ends it and is not stored.
    CommitExcluded,
    /// It asks where the batch stands.
    Ping,
}

/// Flow when the publisher names none.
const FLOW_DEFAULT: u16 = 10;

impl<'a> FastBatch<'a> {
    /// Reads a reply subject; nothing when it is not one of a fast batch.
    ///
    /// # Errors
    /// 10206 when it looks like one and is none, 10207 for its identifier.
    #[must_use]
    pub fn parse(reply: &'a str) -> Option<Result<Self, ApiError>> {
        let fields = reply.strip_suffix(".$FI").filter(|fields| !fields.is_empty())?;
        let batch = Self::read(fields).ok_or(error::BATCH_PATTERN_INVALID);
        Some(batch.and_then(|batch| {
            if batch.id.len() > ID_BYTES_MAX { Err(error::BATCH_ID_INVALID) } else { Ok(batch) }
        }))
    }

    fn read(fields: &'a str) -> Option<Self> {
        let mut fields = fields.rsplit('.');
        let operation = match expected_number(fields.next().filter(|op| !op.is_empty())?.as_bytes())
        {
            0 => Operation::Start,
            1 => Operation::Append,
            2 => Operation::Commit,
            3 => Operation::CommitExcluded,
            4 => Operation::Ping,
            _ => return None,
        };
        let seq = number(fields.next()?.as_bytes()).filter(|seq| (1..u64::MAX).contains(seq))?;
        let fits = match operation {
            Operation::Start => seq == 1,
            Operation::Append | Operation::CommitExcluded => seq > 1,
            Operation::Commit | Operation::Ping => true,
        };
        let gap = match fields.next()? {
            "ok" => Gap::Ok,
            "fail" => Gap::Fail,
            _ => return None,
        };
        let flow = flow(fields.next()?);
        let id = fields.next()?;
        // What stands before the identifier is the publisher's, and has to be there.
        fields.next()?;
        fits.then_some(Self { id, flow, gap, seq, operation })
    }
}

fn flow(text: &str) -> u16 {
    let value = expected_number(text.as_bytes());
    match i64::from_ne_bytes(value.to_ne_bytes()) {
        ..=0 => FLOW_DEFAULT,
        value => u16::try_from(value).unwrap_or(u16::MAX),
    }
}

/// What a publisher of a fast batch is told on the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum FlowMessage<'a> {
    /// Messages up to here have arrived.
    Ack {
        /// The message that this is about.
        seq: u64,
        /// After how many messages the next one comes.
        #[serde(rename = "msgs")]
        messages: u16,
    },
    /// Messages are missing.
    Gap {
        /// The first that is missing.
        #[serde(rename = "last_seq")]
        expected: u64,
        /// The one that came.
        seq: u64,
    },
    /// A message was refused.
    Err {
        /// The message.
        seq: u64,
        /// Why.
        error: &'a ApiError,
    },
}

impl FlowMessage<'_> {
    /// The payload.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        json::to_vec(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reply_subjects_of_fast_batches_are_read_from_behind() {
        let batch = FastBatch::parse("_INBOX.x.y.id.500.ok.1.0.$FI").unwrap().unwrap();
        let expected =
            FastBatch { id: "id", flow: 500, gap: Gap::Ok, seq: 1, operation: Operation::Start };
        assert_eq!(batch, expected);
        for (flow, read) in [("0", 10), ("x", 10), ("70000", 65_535)] {
            let reply = format!("p.id.{flow}.fail.7.1.$FI");
            let batch = FastBatch::parse(&reply).unwrap().unwrap();
            assert_eq!((batch.flow, batch.gap), (read, Gap::Fail));
        }
        for other in ["", "_INBOX.a", ".$FI", "a.$FIX"] {
            assert_eq!(FastBatch::parse(other), None, "{other}");
        }
    }

    #[test]
    fn patterns_that_do_not_fit_are_refused() {
        for fields in [
            "a",
            "p.id.1.ok.0.0",
            "p.id.1.ok.2.0",
            "p.id.1.ok.1.1",
            "p.id.1.ok.1.3",
            "p.id.1.ok.1.5",
            "p.id.1.ok.1.",
            "p.id.1.yes.1.0",
            "p.id.1.ok.18446744073709551615.1",
            "id.1.ok.1.0",
        ] {
            let reply = format!("{fields}.$FI");
            assert_eq!(
                FastBatch::parse(&reply),
                Some(Err(error::BATCH_PATTERN_INVALID)),
                "{reply}"
            );
        }
        let long = format!("p.{}.1.ok.1.0.$FI", "i".repeat(65));
        assert_eq!(FastBatch::parse(&long), Some(Err(error::BATCH_ID_INVALID)));
    }

    #[test]
    fn headers_of_atomic_batches_are_checked_in_order() {
        let read = |id: &'static [u8], seq, commit| {
            AtomicBatch::new(id, &BatchHeaders { id: Some(id), seq, commit })
        };
        assert_eq!(read(&[b'i'; 65], None, None), Err(error::ATOMIC_ID_INVALID));
        assert_eq!(read(b"i", None, Some(b"2")), Err(error::ATOMIC_SEQUENCE_MISSING));
        for (value, commit) in [
            (None, Commit::No),
            (Some(&b"1"[..]), Commit::Included),
            (Some(b"eob"), Commit::Excluded),
            (Some(b""), Commit::Invalid),
        ] {
            assert_eq!(read(b"i", Some(2), value).unwrap().commit, commit);
        }
    }

    #[test]
    fn flow_messages_say_their_type_first() {
        let text = |message: FlowMessage<'_>| String::from_utf8(message.encode()).unwrap();
        let ack = FlowMessage::Ack { seq: 3, messages: 10 };
        assert_eq!(text(ack), r#"{"type":"ack","seq":3,"msgs":10}"#);
        let gap = FlowMessage::Gap { expected: 3, seq: 5 };
        assert_eq!(text(gap), r#"{"type":"gap","last_seq":3,"seq":5}"#);
        let error = FlowMessage::Err { seq: 1, error: &error::BATCH_DISABLED };
        assert!(text(error).starts_with(r#"{"type":"err","seq":1,"error":{"code":400,"#));
    }
}
