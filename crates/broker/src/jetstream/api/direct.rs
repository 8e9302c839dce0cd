//! Direct gets: single messages without JSON around them.

use anabranch_jetstream::Timestamp;
use anabranch_jetstream::api::MessageGetRequest;
use anabranch_jetstream::json::{self, Strictness};

use super::Request;
use super::messages::find;
use crate::jetstream::held::Held;
use crate::jetstream::outbox::Outbox;
use crate::jetstream::shard::Shard;

/// `DIRECT.GET.S`.
pub fn get(shard: &mut Shard, request: &Request<'_>, outbox: &mut Outbox<'_>) {
    let Some(held) = answering(shard, request) else { return };
    let mut asked = MessageGetRequest::default();
    if request.body.is_empty() {
        return status(request, b"408 Empty Request", outbox);
    }
    // nats-server reads these leniently, whatever `strict` says.
    if json::decode(request.body, Strictness::Lenient, &mut asked).is_err() {
        return status(request, b"408 Malformed Request", outbox);
    }
    if let Some(refusal) = refusal(&asked) {
        return status(request, refusal, outbox);
    }
    match find(held.machine.index(), &asked) {
        Some(seq) => message(held, seq, (request, asked.no_hdr), outbox),
        None => status(request, b"404 Message Not Found", outbox),
    }
}

/// `DIRECT.GET.S.<subject>`.
pub fn last(shard: &mut Shard, subject: &str, request: &Request<'_>, outbox: &mut Outbox<'_>) {
    let Some(held) = answering(shard, request) else { return };
    match held.machine.index().last_matching(subject.as_bytes()) {
        Some(seq) => message(held, seq, (request, false), outbox),
        None => status(request, b"404 Message Not Found", outbox),
    }
}

/// The stream, if it allows direct gets: nobody answers for another.
fn answering<'a>(shard: &'a mut Shard, request: &Request<'_>) -> Option<&'a mut Held> {
    let held = shard.streams.find_mut(request.stream.as_bytes())?;
    held.machine.config().allow_direct.then_some(held)
}

/// Why nothing can be found, if the request names nothing, or contradicts itself.
fn refusal(asked: &MessageGetRequest) -> Option<&'static [u8]> {
    let (seq, time) = (asked.seq > 0, asked.start_time.is_some());
    let (last, next) = (!asked.last_by_subj.is_empty(), !asked.next_by_subj.is_empty());
    let (multi, batch) = (!asked.multi_last.is_empty(), asked.batch > 0);
    if !seq && !time && !last && !next && !multi {
        return Some(b"408 Empty Request");
    }
    let up_to = (asked.up_to_seq > 0, asked.up_to_time.is_some());
    let exclusive = [
        (seq, last),
        (seq, time),
        (time, last),
        (last, next),
        (last, batch),
        (last, multi),
        (next, multi),
        up_to,
    ];
    let contradicts = exclusive.into_iter().any(|(one, other)| one && other);
    contradicts.then_some(b"408 Bad Request")
}

fn status(request: &Request<'_>, text: &[u8], outbox: &mut Outbox<'_>) {
    let block = [b"NATS/1.0 ", text, b"\r\n\r\n"].concat();
    outbox.send(request.reply, b"", block.len(), &block);
}

fn message(
    held: &mut Held,
    seq: u64,
    (request, no_headers): (&Request<'_>, bool),
    outbox: &mut Outbox<'_>,
) {
    let Some(payload) = held.load(seq) else {
        return status(request, b"404 Message Not Found", outbox);
    };
    let index = held.machine.index();
    let Some(meta) = index.get(seq) else {
        return status(request, b"404 Message Not Found", outbox);
    };
    if no_headers {
        return outbox.send(request.reply, b"", 0, &payload.body);
    }
    let subject = index.subjects().name(meta.subject);
    let time = Timestamp::from_unix_nanos(meta.time).to_string();
    let mut block = Vec::with_capacity(256 + payload.headers.len() + payload.body.len());
    block.extend_from_slice(b"NATS/1.0\r\n");
    // The message's own headers come first; its status line, if it has one, must not pass for
    // ours.
    let own = payload.headers.iter().position(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let own = payload.headers.get(own..).unwrap_or_default();
    block.extend_from_slice(own.strip_suffix(b"\r\n").unwrap_or(own));
    let stream = held.machine.config().name.as_bytes();
    let digits = seq.to_string();
    for (key, value) in [
        (&b"Nats-Stream"[..], stream),
        (b"Nats-Subject", subject),
        (b"Nats-Sequence", digits.as_bytes()),
        (b"Nats-Time-Stamp", time.as_bytes()),
    ] {
        for part in [key, b": ", value, b"\r\n"] {
            block.extend_from_slice(part);
        }
    }
    block.extend_from_slice(b"\r\n");
    let header_len = block.len();
    block.extend_from_slice(&payload.body);
    outbox.send(request.reply, b"", header_len, &block);
}
