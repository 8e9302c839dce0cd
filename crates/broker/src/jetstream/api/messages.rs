//! Requests about the messages of a stream.

use anabranch_jetstream::api::info::StoredMessage;
use anabranch_jetstream::api::{
    MessageDeleteRequest, MessageDeleted, MessageGetRequest, MessageGot, PurgeRequest, Purged,
};
use anabranch_jetstream::stream::{Index, Purge};
use anabranch_jetstream::{ApiError, Timestamp, error};

use super::{Reply, Request};
use crate::jetstream::shard::Shard;

/// `STREAM.PURGE`, which was logged, or was not.
pub fn purge(
    shard: &mut Shard,
    request: &Request<'_>,
    refused: Option<ApiError>,
) -> Result<Purged, ApiError> {
    let asked = PurgeRequest::parse(request.body, request.strictness)?;
    let name = request.stream.as_bytes();
    let held = shard.streams.find_mut(name).ok_or(error::STREAM_NOT_FOUND)?;
    refused.map_or(Ok(()), Err)?;
    let what = Purge { filter: asked.filter.as_bytes(), seq: asked.seq, keep: asked.keep };
    let before = held.machine.index().messages();
    held.machine.purge(&what)?;
    held.changed = true;
    held.forget(&mut Vec::new());
    Ok(Purged::of(before - held.machine.index().messages()))
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
    erased.map_err(error::message_delete_failed)?;
    Ok(MessageDeleted::DONE)
}

/// `STREAM.MSG.GET`.
pub fn get(shard: &mut Shard, request: &Request<'_>) -> Reply {
    let asked = match MessageGetRequest::parse(request.body, request.strictness) {
        Ok(asked) => asked,
        Err(error) => return Reply::new::<MessageGot<'_>>(&Err(error)),
    };
    let Some(held) = shard.streams.find_mut(request.stream.as_bytes()) else {
        return Reply::new::<MessageGot<'_>>(&Err(error::STREAM_NOT_FOUND));
    };
    let found = find(held.machine.index(), &asked);
    let Some((seq, payload)) = found.and_then(|seq| Some((seq, held.load(seq)?))) else {
        return Reply::new::<MessageGot<'_>>(&Err(error::NO_MESSAGE_FOUND));
    };
    let index = held.machine.index();
    let Some(meta) = index.get(seq) else {
        return Reply::new::<MessageGot<'_>>(&Err(error::NO_MESSAGE_FOUND));
    };
    let subject = String::from_utf8_lossy(index.subjects().name(meta.subject));
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
