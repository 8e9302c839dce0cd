//! Direct gets: messages without JSON around them.

use anabranch_jetstream::Timestamp;
use anabranch_jetstream::api::direct::{
    DirectGet, MULTI_SUBJECTS_MAX, Multi, Origin, Progress, Start, Status, UpTo, What, block,
    end_block,
};
use anabranch_jetstream::stream::Index;
use anabranch_log::format::StreamId;

use super::Request;
use super::messages::searches_long;
use crate::jetstream::held::Held;
use crate::jetstream::outbox::Outbox;
use crate::jetstream::shard::Shard;
use crate::worker::Inbound;

/// `DIRECT.GET.S`.
pub fn get(shard: &mut Shard, request: &Request<'_>, outbox: &mut Outbox<'_>) {
    answer(shard, request, DirectGet::parse(request.body), outbox);
}

/// `DIRECT.GET.S.<subject>`.
pub fn last(shard: &mut Shard, subject: &str, request: &Request<'_>, outbox: &mut Outbox<'_>) {
    answer(shard, request, DirectGet::last_by_subject(subject, request.body), outbox);
}

fn answer(
    shard: &mut Shard,
    request: &Request<'_>,
    asked: Result<DirectGet, Status>,
    outbox: &mut Outbox<'_>,
) {
    let bytes_max = shard.intake.server.options.limits.pending_bytes_max;
    let held = shard.streams.find(request.stream.as_bytes());
    let id = held.filter(|held| held.machine.config().allow_direct).map(|held| held.id);
    let id = id.or_else(|| shard.pipes.mirror_of(request.stream, &shard.streams));
    let Some((held_id, held)) = id.and_then(|id| Some((id, shard.streams.get_mut(id)?))) else {
        return nobody(request, outbox);
    };
    let asked = if request.is_too_new { Err(Status::RequiredApiLevel) } else { asked };
    if let Ok(asked) = &asked
        && asked.batch.is_none()
        && searches_long(held.machine.index(), filter_of(&asked.what))
    {
        let (asked, index) = (asked.clone(), held.machine.index().view());
        return later(shard, held_id, request, (asked, index), outbox);
    }
    let mut series = Series { held, request, outbox, sent: 0, last_seq: 0 };
    let answered = asked.and_then(|asked| {
        let bytes_max = asked.max_bytes.unwrap_or(bytes_max).min(bytes_max);
        match &asked.what {
            What::Multi(multi) => series.multi(multi, &asked, bytes_max),
            _ => match asked.batch {
                None => series.one(&asked),
                Some(batch) => series.batch(&asked, batch, bytes_max),
            },
        }
    });
    if let Err(status) = answered {
        series.send(status.block());
    }
}

/// Has the message looked for on another thread, then sends it.
fn later(
    shard: &mut Shard,
    id: StreamId,
    request: &Request<'_>,
    (asked, index): (DirectGet, Index),
    outbox: &mut Outbox<'_>,
) {
    let look = move || (find(&index, &asked), asked);
    let tell =
        move |shard: &mut Shard, message: &Inbound<'_>, (found, asked), outbox: &mut Outbox<'_>| {
            let request = super::request(shard, message, "");
            let Some(held) = shard.streams.get_mut(id) else { return };
            let mut series = Series { held, request: &request, outbox, sent: 0, last_seq: 0 };
            if let Err(status) = series.tell(found, &asked) {
                series.send(status.block());
            }
        };
    shard.look_later(&request.message, look, tell, outbox);
}

/// The filter by which one message is looked for; empty: none.
fn filter_of(what: &What) -> &[u8] {
    match what {
        What::Next(filter, _) | What::Last(filter) => filter.as_bytes(),
        What::From(_) | What::Multi(_) => b"",
    }
}

/// The message that is asked for.
fn find(index: &Index, asked: &DirectGet) -> Option<u64> {
    match &asked.what {
        What::From(start) => {
            let seq = first(index, *start);
            index.get(seq).map(|_| seq)
        }
        What::Next(filter, start) => index.next_matching(filter.as_bytes(), first(index, *start)),
        What::Last(subject) => index.last_matching(subject.as_bytes()),
        What::Multi(_) => None,
    }
}

/// For a stream that is not there, or does not allow direct gets, nobody listens: the requester
/// is told so in the words of the protocol (ADR-22).
fn nobody(request: &Request<'_>, outbox: &mut Outbox<'_>) {
    let start = &b"NATS/1.0 503\r\nNats-Subject: "[..];
    let block = [start, request.message.subject, b"\r\n\r\n"].concat();
    outbox.send(request.reply, b"", block.len(), &block);
}

/// An answer of one message or several.
struct Series<'a, 'b> {
    held: &'a mut Held,
    request: &'a Request<'a>,
    outbox: &'a mut Outbox<'b>,
    /// Bytes of the messages that were sent.
    sent: u64,
    /// The sequence of the last one; 0: none.
    last_seq: u64,
}

impl Series<'_, '_> {
    fn index(&self) -> &Index {
        self.held.machine.index()
    }

    fn one(&mut self, asked: &DirectGet) -> Result<(), Status> {
        self.tell(find(self.index(), asked), asked)
    }

    fn tell(&mut self, found: Option<u64>, asked: &DirectGet) -> Result<(), Status> {
        self.message(found.ok_or(Status::MessageNotFound)?, asked, None)
    }

    fn batch(&mut self, asked: &DirectGet, batch: u64, bytes_max: u64) -> Result<(), Status> {
        let (filter, start) = match &asked.what {
            What::Next(filter, start) => (filter.as_bytes(), *start),
            What::From(start) => (&b">"[..], *start),
            What::Last(_) | What::Multi(_) => return Err(Status::BadRequest),
        };
        let mut seq = first(self.index(), start);
        let mut pending = self.index().count_matching(filter, seq);
        for nth in 0..batch {
            let Some(found) = self.index().next_matching(filter, seq) else {
                if nth == 0 {
                    return Err(Status::MessageNotFound);
                }
                break;
            };
            // nats-server counts down only what it tells.
            if !asked.no_headers {
                pending = pending.saturating_sub(1);
            }
            self.message(found, asked, Some(pending))?;
            if self.sent >= bytes_max {
                break;
            }
            seq = found + 1;
        }
        let last_seq = self.last_seq;
        self.send(&end_block(Progress { pending, last_seq }, None));
        Ok(())
    }

    fn multi(&mut self, multi: &Multi, asked: &DirectGet, bytes_max: u64) -> Result<(), Status> {
        let index = self.index();
        let up_to = match multi.up_to {
            UpTo::Now => index.last_seq(),
            UpTo::Seq(seq) => seq,
            UpTo::Time(time) => {
                let behind = first(index, Start::Time(time));
                if behind <= index.first_seq() {
                    return Err(Status::NoResults);
                }
                behind - 1
            }
        };
        let filters = multi.filters.iter().map(String::as_bytes);
        let found = index.last_of_each(filters, up_to, MULTI_SUBJECTS_MAX);
        let found = found.ok_or(Status::TooManyResults)?;
        if found.is_empty() {
            return Err(Status::NoResults);
        }
        let mut pending = u64::try_from(found.len()).unwrap_or(u64::MAX);
        let batch = asked.batch.filter(|&batch| batch > 0).unwrap_or(u64::MAX);
        let mut count = 0;
        let with_headers = DirectGet { no_headers: false, ..asked.clone() };
        for seq in found {
            pending -= 1;
            if seq < multi.from {
                continue;
            }
            self.message(seq, &with_headers, Some(pending))?;
            count += 1;
            if self.sent >= bytes_max || count >= batch {
                break;
            }
        }
        let last_seq = self.last_seq;
        self.send(&end_block(Progress { pending, last_seq }, Some(up_to)));
        Ok(())
    }

    /// Sends the message `seq`; `pending`: how many follow it, in a series.
    fn message(&mut self, seq: u64, asked: &DirectGet, pending: Option<u64>) -> Result<(), Status> {
        let payload = self.held.load(seq).ok_or(Status::MessageNotFound)?;
        let index = self.held.machine.index();
        let meta = index.get(seq).ok_or(Status::MessageNotFound)?;
        let subject = index.subjects().name(meta.subject);
        let bytes = subject.len() + payload.headers.len() + payload.body.len();
        self.sent = self.sent.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        let last_seq = std::mem::replace(&mut self.last_seq, seq);
        if asked.no_headers {
            self.outbox.send(self.request.reply, b"", 0, &payload.body);
            return Ok(());
        }
        let stream = &self.held.machine.config().name;
        let time = Timestamp::from_unix_nanos(meta.time);
        let origin = Origin { stream, subject, seq, time };
        let progress = pending.map(|pending| Progress { pending, last_seq });
        let mut message = block(&payload.headers, &origin, progress);
        let header_len = message.len();
        message.extend_from_slice(&payload.body);
        self.outbox.send(self.request.reply, b"", header_len, &message);
        Ok(())
    }

    fn send(&mut self, block: &[u8]) {
        self.outbox.send(self.request.reply, b"", block.len(), block);
    }
}

/// The sequence at which to begin; behind the last where nothing is that young.
fn first(index: &Index, start: Start) -> u64 {
    match start {
        Start::Seq(seq) => seq,
        Start::Time(time) => {
            let found = index.pages().first_at(time.unix_nanos_saturating());
            found.unwrap_or(index.last_seq() + 1)
        }
    }
}
