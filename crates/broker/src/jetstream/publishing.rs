//! Messages for streams: from their headers to their acknowledgement.

use anabranch_jetstream::ApiError;
use anabranch_jetstream::publish::{PublishHeaders, refusal};
use anabranch_jetstream::stream::{IdHash, Publish, Published, Removed};

use super::held::Held;
use super::outbox::Outbox;
use crate::worker::Inbound;

/// Stores a message that was logged at `now`.
pub fn store(held: &mut Held, message: &Message<'_>, now: i64) -> Published {
    let Message { subject, headers, body } = *message;
    let asked = &PublishHeaders::parse(headers);
    let id = asked.msg_id.map(hash);
    let publish = Publish { subject, headers, body, asked, id, now };
    let mut removed: Vec<Removed> = Vec::new();
    let published = held.machine.publish(&publish, &mut removed);
    if let Published::Stored { seq, time, .. } = published {
        held.keep((seq, time), subject, headers, body);
        held.changed = true;
    }
    held.forget(&mut removed);
    published
}

/// A message as it was published.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Its subject.
    pub subject: &'a [u8],
    /// Header block; empty: none.
    pub headers: &'a [u8],
    /// What follows.
    pub body: &'a [u8],
}

/// Stores a message that came at `now`, and answers it.
pub fn apply(held: &mut Held, inbound: &Inbound<'_>, now: i64, outbox: &mut Outbox<'_>) {
    let Inbound { subject, headers, body, reply, .. } = *inbound;
    let published = store(held, &Message { subject, headers, body }, now);
    if !reply.is_empty() && !held.machine.config().no_ack {
        outbox.send(reply, b"", 0, &acknowledgement(held, &published));
    }
}

/// Answers a message that could not be logged.
pub fn refuse(held: &Held, inbound: &Inbound<'_>, error: &ApiError, outbox: &mut Outbox<'_>) {
    if !inbound.reply.is_empty() && !held.machine.config().no_ack {
        outbox.send(inbound.reply, b"", 0, &refusal(&held.machine.config().name, error));
    }
}

fn acknowledgement(held: &Held, published: &Published) -> Vec<u8> {
    let with_seq = |seq: u64, rest: &[u8]| {
        let mut digits = itoa::Buffer::new();
        [held.ack_start.as_slice(), digits.format(seq).as_bytes(), rest].concat()
    };
    match published {
        Published::Stored { seq, .. } => with_seq(*seq, b"}"),
        Published::Duplicate(seq) => with_seq(*seq, b",\"duplicate\": true}"),
        Published::Refused(error) => refusal(&held.machine.config().name, error),
    }
}

/// The hash by which a message id is remembered.
fn hash(id: &[u8]) -> IdHash {
    let hash = siphasher::sip128::SipHasher13::new().hash(id);
    IdHash(hash.as_u128())
}
