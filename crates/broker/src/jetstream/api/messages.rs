//! Requests about the messages of a stream.

use anabranch_jetstream::api::info::StoredMessage;
use anabranch_jetstream::api::{
    MessageDeleteRequest, MessageDeleted, MessageGetRequest, MessageGot, PurgeRequest, Purged,
};
use anabranch_jetstream::stream::{Index, Progress, Purge};
use anabranch_jetstream::{ApiError, Timestamp, error};
use anabranch_subject::grammar::has_wildcards;

use super::{Reply, Request};
use crate::jetstream::outbox::Outbox;
use crate::jetstream::parked::Asked;
use crate::jetstream::shard::Shard;
use crate::worker::Inbound;

/// `STREAM.PURGE`, which was logged, or was not; nothing if it is answered later.
pub fn purge(
    shard: &mut Shard,
    request: &Request<'_>,
    refused: Option<ApiError>,
) -> Result<Option<Purged>, ApiError> {
    let asked = PurgeRequest::parse(request.body, request.strictness)?;
    let name = request.stream.as_bytes();
    let held = shard.streams.find_mut(name).ok_or(error::STREAM_NOT_FOUND)?;
    refused.map_or(Ok(()), Err)?;
    let what = Purge { filter: asked.filter.as_bytes(), seq: asked.seq, keep: asked.keep };
    let (id, before) = (held.id, held.machine.index().messages());
    held.machine.purge(&what)?;
    match shard.begin_work(id, Asked::Purge(before), &request.message) {
        Progress::Done => purged(shard, request, before).map(Some),
        Progress::More => Ok(None),
    }
}

/// A purge of a stream that had `before` messages is over.
pub fn purged(shard: &mut Shard, request: &Request<'_>, before: u64) -> Result<Purged, ApiError> {
    let asked = PurgeRequest::parse(request.body, request.strictness)?;
    let name = request.stream.as_bytes();
    let held = shard.streams.find_mut(name).ok_or(error::STREAM_NOT_FOUND)?;
    held.served.purge(&asked.filter, held.machine.index());
    shard.consuming.stir(held);
    Ok(Purged::of(before.saturating_sub(held.machine.index().messages())))
}

/// `STREAM.MSG.DELETE`, which was logged, or was not.
pub fn delete(
    shard: &mut Shard,
    request: &Request<'_>,
    refused: Option<ApiError>,
) -> Result<MessageDeleted, ApiError> {
    let asked = MessageDeleteRequest::parse(request.body, request.strictness)?;
    let name = request.stream.as_bytes();
    let held = shard.streams.find_mut(name).ok_or(error::STREAM_NOT_FOUND)?;
    refused.map_or(Ok(()), Err)?;
    let mut removed = Vec::new();
    held.machine.delete(asked.seq, &mut removed)?;
    held.changed = true;
    let erased = if asked.no_erase { Ok(()) } else { held.erase(&removed) };
    held.forget(&mut removed);
    shard.consuming.stir(held);
    erased.map_err(error::message_delete_failed)?;
    Ok(MessageDeleted::DONE)
}

/// `STREAM.MSG.GET`; nothing if it is answered later.
pub fn get(shard: &mut Shard, request: &Request<'_>, outbox: &mut Outbox<'_>) -> Option<Reply> {
    let asked = match MessageGetRequest::parse(request.body, request.strictness) {
        Ok(asked) => asked,
        Err(error) => return Some(Reply::new::<MessageGot<'_>>(&Err(error))),
    };
    let Some(held) = shard.streams.find(request.stream.as_bytes()) else {
        return Some(Reply::new::<MessageGot<'_>>(&Err(error::STREAM_NOT_FOUND)));
    };
    let index = held.machine.index();
    let filter =
        if asked.next_by_subj.is_empty() { &asked.last_by_subj } else { &asked.next_by_subj };
    if searches_long(index, filter.as_bytes()) {
        let index = index.view();
        later(shard, request, (asked, index), outbox);
        return None;
    }
    let found = find(index, &asked);
    Some(tell(shard, request.stream, found, &asked))
}

/// Has the message looked for on another thread, then answers.
fn later(
    shard: &mut Shard,
    request: &Request<'_>,
    (asked, index): (MessageGetRequest, Index),
    outbox: &mut Outbox<'_>,
) {
    let look = move || (find(&index, &asked), asked);
    let answer =
        |shard: &mut Shard, message: &Inbound<'_>, (found, asked), outbox: &mut Outbox<'_>| {
            let stream = super::stream_of(message.subject, shard.intake.domain());
            let Some(stream) = stream else { return };
            let reply = tell(shard, stream, found, &asked);
            let request = super::request(shard, message, stream);
            super::send(shard, &request, &reply, outbox);
        };
    shard.look_later(&request.message, look, answer, outbox);
}

/// Subjects that are looked at within a turn.
const SUBJECTS_AT_ONCE: usize = 2_000;

/// To find a message by this filter would take longer than a turn may.
#[must_use]
pub fn searches_long(index: &Index, filter: &[u8]) -> bool {
    index.subjects().len() > SUBJECTS_AT_ONCE && filter != b">" && has_wildcards(filter)
}

/// Describes the message that was found.
fn tell(shard: &mut Shard, stream: &str, found: Option<u64>, asked: &MessageGetRequest) -> Reply {
    let Some(held) = shard.streams.find_mut(stream.as_bytes()) else {
        return Reply::new::<MessageGot<'_>>(&Err(error::STREAM_NOT_FOUND));
    };
    let Some((seq, payload)) = found.and_then(|seq| Some((seq, held.load(seq)?))) else {
        return Reply::new::<MessageGot<'_>>(&Err(error::NO_MESSAGE_FOUND));
    };
    let index = held.machine.index();
    let Some(meta) = index.get(seq) else {
        return Reply::new::<MessageGot<'_>>(&Err(error::NO_MESSAGE_FOUND));
    };
    let name = index.subjects().name(meta.subject);
    let subject = String::from_utf8_lossy(&name);
    let headers = if asked.no_hdr { &[][..] } else { &payload.headers };
    let message = StoredMessage {
        subject: &subject,
        seq,
        headers,
        data: &payload.body,
        time: Timestamp::from_unix_nanos(meta.time),
    };
    Reply::new(&Ok(MessageGot { message }))
}

/// The sequence of the message that is asked for.
pub fn find(index: &Index, asked: &MessageGetRequest) -> Option<u64> {
    let seq = match &asked.start_time {
        Some(time) => index.pages().first_at(time.unix_nanos_saturating())?,
        None => asked.seq,
    };
    if !asked.next_by_subj.is_empty() {
        index.next_matching(asked.next_by_subj.as_bytes(), seq)
    } else if seq > 0 {
        index.get(seq).map(|_| seq)
    } else {
        index.last_matching(asked.last_by_subj.as_bytes())
    }
}
