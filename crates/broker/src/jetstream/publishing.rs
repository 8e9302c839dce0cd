//! Messages for streams: from their headers to their acknowledgement.

use anabranch_jetstream::publish::batch::FastBatch;
use anabranch_jetstream::publish::counter::Integer;

use anabranch_jetstream::publish::{PublishHeaders, refusal};
use anabranch_jetstream::stream::{
    Command, IdHash, Origin, Publish, Published, Removed, Resident, Stored, Told,
};
use anabranch_jetstream::{ApiError, Timestamp, error, json};

use anabranch_log::Error;

use super::held::Held;
use super::outbox::Outbox;
use super::zones::MachineZones;
use crate::worker::Inbound;

/// A message as it was published.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Its subject.
    pub subject: &'a [u8],
    /// Where its publisher listens; empty: nowhere. Of fast batches it says more.
    pub reply: &'a [u8],
    /// Header block; empty: none.
    pub headers: &'a [u8],
    /// What follows.
    pub body: &'a [u8],
}

impl<'a> Message<'a> {
    /// The command that is logged for it.
    #[must_use]
    pub fn command(&self) -> Command<'a> {
        let Self { subject, reply, headers, body } = *self;
        if is_fast(reply) {
            Command::PublishFast { reply, subject, headers, body }
        } else {
            Command::Publish { subject, headers, body }
        }
    }
}

/// The message belongs to a fast batch, or wants to.
fn is_fast(reply: &[u8]) -> bool {
    reply.len() > 4 && reply.ends_with(b".$FI")
}

/// What became of a message.
pub enum Outcome {
    /// It is in the stream, with this sequence and, of a counter, this value.
    Stored(u64, Option<Integer>),
    /// It waits for the end of its batch.
    Staged,
    /// It belongs to a fast batch with this id.
    Fast(Vec<Told>, String),
    /// It ended a batch: the last sequence, the batch's id and how many messages it has.
    Batch(u64, String, usize),
    /// A message with its id was stored before, at this sequence.
    Duplicate(u64),
    /// It is not.
    Refused(ApiError),
}

/// Who hears of messages that were stored: nobody, when the log is read again.
pub type Heard<'a> = &'a mut dyn FnMut(&Held, &Stored<'_>);

/// Stores a message that was logged at `now`.
pub fn store(held: &mut Held, message: &Message<'_>, now: i64, heard: Heard<'_>) -> Outcome {
    let Message { subject, headers, body, reply } = *message;
    let parsed;
    let asked = if headers.is_empty() {
        &PublishHeaders::NONE
    } else {
        parsed = PublishHeaders::parse(headers);
        &parsed
    };
    let mut loaded = Resident::default();
    for seq in held.machine.needs(subject, asked, now) {
        let Some(payload) = held.load(seq) else {
            // What it says decides. The log has both: they are read again from there, or at the
            // next start.
            held.fail(&Error::Options("a message that another one needs cannot be read"));
            return Outcome::Refused(error::store_failed("a message that is needed is unreadable"));
        };
        loaded.add(seq, payload.headers, payload.body);
    }
    let publish = Publish {
        subject,
        headers,
        body,
        asked,
        id: asked.msg_id.map(hash),
        now,
        origin: Origin::Client,
        resident: &loaded,
        zones: &MachineZones,
    };
    held.changed = true;
    let mut removed: Vec<Removed> = Vec::new();
    let outcome = if is_fast(reply) {
        store_fast(held, &publish, reply, &mut removed, heard)
    } else {
        let published = held.machine.publish(&publish, &mut removed);
        outcome(held, published, asked, heard)
    };
    held.forget(&mut removed);
    outcome
}

fn outcome(
    held: &mut Held,
    published: Published<'_>,
    asked: &PublishHeaders<'_>,
    heard: Heard<'_>,
) -> Outcome {
    match published {
        Published::Stored(stored) => {
            held.keep(&stored);
            heard(held, &stored);
            Outcome::Stored(stored.seq, stored.value)
        }
        Published::Staged => Outcome::Staged,
        Published::Batch(all) => {
            for stored in &all {
                held.keep(stored);
                heard(held, stored);
            }
            let id = asked.batch.id.unwrap_or_default();
            let last = all.last().map_or(0, |stored| stored.seq);
            Outcome::Batch(last, String::from_utf8_lossy(id).into_owned(), all.len())
        }
        Published::Duplicate(seq) => Outcome::Duplicate(seq),
        Published::Refused(error) => Outcome::Refused(error),
    }
}

fn store_fast(
    held: &mut Held,
    message: &Publish<'_>,
    reply: &[u8],
    removed: &mut Vec<Removed>,
    heard: Heard<'_>,
) -> Outcome {
    let reply = str::from_utf8(reply).ok();
    let batch = reply.and_then(FastBatch::parse).unwrap_or(Err(error::BATCH_PATTERN_INVALID));
    let id = batch.as_ref().map_or("", |batch| batch.id).to_owned();
    let mut told = Vec::new();
    if let Some(stored) = held.machine.publish_fast(message, batch, &mut told, removed) {
        held.keep(&stored);
        heard(held, &stored);
    }
    Outcome::Fast(told, id)
}

/// Stores a message that came at `now`, and answers it.
pub fn apply(held: &mut Held, inbound: &Inbound<'_>, now: i64, outbox: &mut Outbox<'_>) {
    let Inbound { subject, headers, body, reply, .. } = *inbound;
    let message = Message { subject, headers, body, reply };
    let outcome = store(held, &message, now, &mut |held, stored| republish(held, stored, outbox));
    if reply.is_empty() || held.machine.config().no_ack {
        return;
    }
    match &outcome {
        Outcome::Fast(told, id) => {
            for told in told {
                outbox.send(reply, b"", 0, &flow(held, told, id));
            }
        }
        _ => outbox.send(reply, b"", 0, &acknowledgement(held, &outcome)),
    }
}

fn flow(held: &Held, told: &Told, id: &str) -> Vec<u8> {
    match told {
        Told::Flow(payload) => payload.clone(),
        Told::Refused(error) => refusal(&held.machine.config().name, error),
        Told::Ended { seq, count, is_duplicate } => {
            let id = String::from_utf8_lossy(&json::to_vec(&id)).into_owned();
            let duplicate = if *is_duplicate { ",\"duplicate\": true" } else { "" };
            let rest = format!("{seq}{duplicate},\"batch\":{id},\"count\":{count}}}");
            [held.ack_start.as_slice(), rest.as_bytes()].concat()
        }
    }
}

/// Answers a message that could not be logged.
pub fn refuse(held: &Held, inbound: &Inbound<'_>, error: &ApiError, outbox: &mut Outbox<'_>) {
    if !inbound.reply.is_empty() && !held.machine.config().no_ack {
        outbox.send(inbound.reply, b"", 0, &refusal(&held.machine.config().name, error));
    }
}

fn acknowledgement(held: &Held, outcome: &Outcome) -> Vec<u8> {
    let with_seq = |seq: u64, rest: &[u8]| {
        let mut digits = itoa::Buffer::new();
        [held.ack_start.as_slice(), digits.format(seq).as_bytes(), rest].concat()
    };
    match outcome {
        Outcome::Stored(seq, None) => with_seq(*seq, b"}"),
        Outcome::Stored(seq, Some(value)) => {
            with_seq(*seq, format!(",\"val\":\"{value}\"}}").as_bytes())
        }
        Outcome::Staged | Outcome::Fast(..) => Vec::new(),
        Outcome::Batch(seq, id, count) => {
            let id = String::from_utf8_lossy(&json::to_vec(id)).into_owned();
            with_seq(*seq, format!(",\"batch\":{id},\"count\":{count}}}").as_bytes())
        }
        Outcome::Duplicate(seq) => with_seq(*seq, b",\"duplicate\": true}"),
        Outcome::Refused(error) => refusal(&held.machine.config().name, error),
    }
}

/// Publishes a stored message again, if its stream does so.
pub fn republish(held: &Held, stored: &Stored<'_>, outbox: &mut Outbox<'_>) {
    let again = held.machine.config().republish.as_ref().filter(|_| stored.is_kept);
    let Some(again) = again else { return };
    let Stored { seq, time, previous, subject, headers, body, .. } = stored;
    let Some(to) = held.machine.republished(subject, *seq, *time) else { return };
    let mut block = Vec::with_capacity(headers.len() + body.len() + 200);
    block.extend_from_slice(headers.strip_suffix(b"\r\n").unwrap_or(b"NATS/1.0\r\n"));
    let mut add = |key: &str, value: &[u8]| {
        for part in [key.as_bytes(), b": ", value, b"\r\n"] {
            block.extend_from_slice(part);
        }
    };
    add("Nats-Stream", held.machine.config().name.as_bytes());
    add("Nats-Subject", subject);
    add("Nats-Sequence", seq.to_string().as_bytes());
    add("Nats-Time-Stamp", Timestamp::from_unix_nanos(*time).to_string().as_bytes());
    add("Nats-Last-Sequence", previous.to_string().as_bytes());
    if again.headers_only {
        add("Nats-Msg-Size", body.len().to_string().as_bytes());
    }
    block.extend_from_slice(b"\r\n");
    let header_len = block.len();
    if !again.headers_only {
        block.extend_from_slice(body);
    }
    outbox.send(&to, b"", header_len, &block);
}

/// The hash by which a message id is remembered.
#[must_use]
pub fn hash(id: &[u8]) -> IdHash {
    let hash = siphasher::sip128::SipHasher13::new().hash(id);
    IdHash(hash.as_u128())
}
