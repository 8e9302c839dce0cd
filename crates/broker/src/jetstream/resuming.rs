//! Streams with long work: it is done in pieces between turns, and only what is for the same
//! stream waits for it.

use std::time::{Duration, Instant};

use anabranch_jetstream::ApiError;
use anabranch_jetstream::stream::Progress;
use anabranch_log::format::StreamId;

use super::advising::tell_abandoned;
use super::api;
use super::outbox::Outbox;
use super::parked::{Asked, Awaited, Parked, Queued};
use super::publishing;
use super::shard::Shard;
use super::streams::Intake;
use super::waiting::Waiting;
use crate::worker::Inbound;

/// Messages and subjects of one piece of work.
const ITEMS: usize = 128;
/// How long pieces are added to a turn.
const TIME_MAX: Duration = Duration::from_millis(1);
/// Payloads that nobody needs any more, freed in one turn.
const LITTER_AT_ONCE: usize = 4096;

impl Shard {
    /// Some stream is busy, or there is something to tidy up.
    pub(super) fn has_work(&self) -> bool {
        !self.parked.is_empty() || !self.litter.is_empty()
    }

    /// Lets the stream's messages wait from now on, because it is busy; who asked for that is
    /// answered when it is done.
    pub(super) fn park(&mut self, id: StreamId, awaited: Option<Awaited>) {
        let Some(held) = self.streams.get_mut(id) else { return };
        if held.parked.is_none() {
            self.parked.push_back(id);
        }
        let parked = held.parked.get_or_insert_default();
        if awaited.is_some() {
            parked.awaited = awaited;
        }
    }

    /// Begins with what the machine was asked to do for a request. Whether that is done already;
    /// if not, the request is answered later.
    pub(super) fn begin_work(
        &mut self,
        id: StreamId,
        what: Asked,
        request: &Inbound<'_>,
    ) -> Progress {
        let Some(held) = self.streams.get_mut(id) else { return Progress::Done };
        held.changed = true;
        let progress = held.proceed(ITEMS);
        self.litter.extend(held.litter.take());
        if progress == Progress::More {
            let request = Waiting::of(request);
            self.park(id, Some(Awaited { request, what }));
        }
        progress
    }

    /// Applies and answers what was logged, or lets it wait.
    pub(super) fn apply(
        &mut self,
        message: &Inbound<'_>,
        refused: Option<ApiError>,
        now: i64,
        outbox: &mut Outbox<'_>,
    ) {
        // What could not be logged need not wait, unless its answer does.
        let is_answered = refused.is_some() && message.recipient != Intake::API;
        if !self.parked.is_empty()
            && !is_answered
            && let Some(parked) = self.busy_with(message)
        {
            parked.push(Queued { message: Waiting::of(message), now, refused });
            return;
        }
        self.apply_now(message, refused, now, outbox);
    }

    /// What waits for the stream that a message is for, if that is busy.
    fn busy_with(&mut self, message: &Inbound<'_>) -> Option<&mut Parked> {
        let held = if message.recipient == Intake::API {
            let name = api::stream_of(message.subject, self.intake.domain())?;
            self.streams.find_mut(name.as_bytes())
        } else {
            self.streams.get_mut(StreamId(message.recipient.0))
        };
        held?.parked.as_deref_mut()
    }

    /// So much waits for the stream that no more messages are taken for it.
    pub(super) fn is_overloaded(&mut self, message: &Inbound<'_>) -> bool {
        self.busy_with(message).is_some_and(|parked| parked.is_full())
    }

    /// Ends what the stream is busy with that a request is about to change.
    pub(super) fn finish_for(&mut self, message: &Inbound<'_>) {
        if self.parked.is_empty() {
            return;
        }
        let name = api::stream_of(message.subject, self.intake.domain());
        let held = name.and_then(|name| self.streams.find(name.as_bytes()));
        if let Some(id) = held.map(|held| held.id) {
            self.finish(id);
        }
    }

    fn apply_now(
        &mut self,
        message: &Inbound<'_>,
        refused: Option<ApiError>,
        now: i64,
        outbox: &mut Outbox<'_>,
    ) {
        if message.recipient == Intake::API {
            return api::answer(self, message, refused, outbox);
        }
        // A stream that is gone no longer answers, as if nobody had listened.
        let Some(held) = self.streams.get_mut(StreamId(message.recipient.0)) else { return };
        match refused {
            None => publishing::apply(held, message, now, outbox),
            Some(error) => publishing::refuse(held, message, &error, outbox),
        }
        let (id, is_busy) = (held.id, held.machine.is_busy());
        if self.touched.last() != Some(&id) {
            self.touched.push(id);
        }
        if is_busy {
            self.park(id, None);
        }
    }

    /// Writes what was kept for the streams that were touched.
    pub(super) fn write_touched(&mut self, outbox: &mut Outbox<'_>) {
        let mut has_failed = false;
        for id in std::mem::take(&mut self.touched) {
            if let Some(held) = self.streams.get_mut(id) {
                tell_abandoned(&self.intake, &mut held.machine, outbox);
                held.write();
                self.pipes.wake(&held.machine.config().name);
                has_failed |= held.trouble.failed.is_some();
                self.due = self.due.into_iter().chain(held.machine.next_deadline()).min();
            }
        }
        if has_failed {
            self.streams.note_failure();
        }
    }

    /// Goes on with the work of busy streams, for a moment.
    pub(super) fn resume(&mut self) {
        if let Some(litter) = self.litter.last_mut()
            && !litter.shrink(LITTER_AT_ONCE)
        {
            self.litter.pop();
        }
        if self.parked.is_empty() {
            return;
        }
        let begun = Instant::now();
        self.with_outbox(|shard, outbox| {
            while let Some(id) = shard.parked.pop_front() {
                if shard.go_on(id, outbox) == Progress::More {
                    shard.parked.push_back(id);
                }
                if begun.elapsed() > TIME_MAX {
                    break;
                }
            }
            shard.write_touched(outbox);
        });
    }

    /// Ends the work of a busy stream, and what waits for it, at once.
    pub(super) fn finish(&mut self, id: StreamId) {
        if self.streams.get(id).is_none_or(|held| held.parked.is_none()) {
            return;
        }
        self.with_outbox(|shard, outbox| {
            while shard.go_on(id, outbox) == Progress::More {}
            shard.write_touched(outbox);
        });
        self.parked.retain(|&other| other != id);
    }

    /// Ends the work of all streams.
    pub(super) fn finish_all(&mut self) {
        while let Some(&id) = self.parked.front() {
            self.finish(id);
            self.parked.retain(|&other| other != id);
        }
    }

    /// One piece of a busy stream's work, or one message that waited for it.
    fn go_on(&mut self, id: StreamId, outbox: &mut Outbox<'_>) -> Progress {
        let Some(held) = self.streams.get_mut(id) else { return Progress::Done };
        if held.machine.is_busy() && held.proceed(ITEMS) == Progress::More {
            return Progress::More;
        }
        let Some(parked) = &mut held.parked else { return Progress::Done };
        if let Some(Awaited { request, what }) = parked.awaited.take() {
            api::conclude(self, &request.inbound(), what, outbox);
            return Progress::More;
        }
        match parked.pop() {
            Some(Queued { message, now, refused }) => {
                self.apply_now(&message.inbound(), refused, now, outbox);
                Progress::More
            }
            None => {
                held.parked = None;
                self.touched.push(id);
                Progress::Done
            }
        }
    }
}
