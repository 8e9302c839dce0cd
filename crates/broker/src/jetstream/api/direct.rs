//! Direct gets: messages without JSON around them.

mod aside;
mod draft;
mod series;

use anabranch_jetstream::api::direct::{DirectGet, Status};
use anabranch_jetstream::stream::Index;
use anabranch_log::format::StreamId;
use anabranch_log::segment::Wait;

use super::Request;
use super::messages::searches_long;
use crate::jetstream::held::Held;
use crate::jetstream::outbox::Outbox;
use crate::jetstream::shard::Shard;
use crate::worker::Inbound;

pub use aside::Aside;
use draft::Draft;
use series::{One, Series, Side, Stop, filter_of, find};

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
    let mut series = Series::new(Here { held, request, outbox, draft: Draft::default() });
    let answered = match &asked {
        Ok(asked) => series.answer(asked, bytes_max),
        Err(status) => Err(Stop::Status(*status)),
    };
    series.end(answered);
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
            let request = &super::request(shard, message, "");
            let Some(held) = shard.streams.get_mut(id) else { return };
            let mut series = Series::new(Here { held, request, outbox, draft: Draft::default() });
            let told = series.tell(found, &asked);
            series.end(told);
        };
    shard.look_later(&request.message, look, tell, outbox);
}

/// For a stream that is not there, or does not allow direct gets, nobody listens: the requester
/// is told so in the words of the protocol (ADR-22).
fn nobody(request: &Request<'_>, outbox: &mut Outbox<'_>) {
    let start = &b"NATS/1.0 503\r\nNats-Subject: "[..];
    let block = [start, request.message.subject, b"\r\n\r\n"].concat();
    outbox.send(request.reply, b"", block.len(), &block);
}

/// The thread that owns the stream answers: it waits for the disk, and says what is damaged.
struct Here<'a, 'b> {
    held: &'a mut Held,
    request: &'a Request<'a>,
    outbox: &'a mut Outbox<'b>,
    draft: Draft,
}

impl Here<'_, '_> {
    fn send(&mut self) {
        for (header_len, payload) in self.draft.pieces() {
            self.outbox.send(self.request.reply, b"", header_len, payload);
        }
        self.draft.forget_pieces();
    }
}

impl Side for Here<'_, '_> {
    fn held(&self) -> &Held {
        self.held
    }

    fn message(&mut self, one: &One<'_>) -> Result<u64, Stop> {
        let bytes = match self.draft.glance(self.held, one, Wait::ForDisk) {
            Some(bytes) => bytes,
            None => {
                let payload = self.held.load(one.seq);
                let payload = payload.ok_or(Stop::Status(Status::MessageNotFound))?;
                self.draft.message(self.held, one, &payload.headers, &payload.body)
            }
        };
        self.send();
        Ok(bytes)
    }

    fn block(&mut self, block: &[u8]) {
        self.outbox.send(self.request.reply, b"", block.len(), block);
    }
}
