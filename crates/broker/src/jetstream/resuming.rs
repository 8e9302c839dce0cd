//! Streams with long work: it is done in pieces between turns, and only what is for the same
//! stream waits for it.

use std::time::Instant;

use anabranch_jetstream::advisory::Advisory;
use anabranch_jetstream::stream::Progress;
use anabranch_jetstream::{ApiError, error};
use anabranch_log::format::StreamId;

use super::advising::{advise, tell_abandoned};
use super::api;
use super::outbox::Outbox;
use super::parked::{Asked, Awaited, Parked, Queued, Sort};
use super::publishing;
use super::shard::{Shard, now};
use super::streams::{Intake, Streams};
use super::waiting::Waiting;
use crate::worker::Inbound;

/// Messages and subjects of one piece of work.
const ITEMS: usize = 128;
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
        self.consuming.stir(held);
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
        let is_purge = !self.parked.is_empty()
            && message.recipient == Intake::API
            && refused.is_none()
            && api::is_purge(message.subject, self.intake.domain());
        if !self.parked.is_empty()
            && !is_answered
            && let Some(parked) = self.busy_with(message)
        {
            let sort = if is_purge { Sort::Purge } else { Sort::Plain };
            let (message, is_logged) = (Waiting::of(message), !parked.is_unlogged());
            let queued = Queued { message, now, refused, sort, is_logged };
            let size = queued.size();
            parked.push(queued);
            return self.draining.came(size);
        }
        self.apply_now(message, refused, now, outbox);
    }

    /// Carries out a request that makes, changes or ends a stream, or lets it wait.
    pub(super) fn restructure(&mut self, request: &Inbound<'_>, now: i64, outbox: &mut Outbox<'_>) {
        let is_update = api::is_update(request.subject, self.intake.domain());
        if !self.parked.is_empty()
            && let Some(parked) = self.busy_with(request)
        {
            let sort = if is_update { Sort::Update } else { Sort::Structure };
            let message = Waiting::of(request);
            let queued = Queued { message, now, refused: None, sort, is_logged: !is_update };
            let size = queued.size();
            parked.push(queued);
            return self.draining.came(size);
        }
        api::restructure(self, request, now, outbox);
        self.look_at_deadlines();
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
        let is_full = self.draining.is_full();
        self.busy_with(message).is_some_and(|parked| is_full || parked.is_full())
    }

    /// A request is dropped because too much waits for its stream, as nats-server does when its
    /// queue is full.
    pub(super) fn drops(&mut self, request: &Inbound<'_>) -> bool {
        if self.parked.is_empty() {
            return false;
        }
        let is_full = self.draining.is_full();
        let busy = self.busy_with(request);
        let drops = busy.is_some_and(|parked| is_full || parked.is_full_of_requests());
        self.dropped += usize::from(drops);
        drops
    }

    /// Tells how many requests were dropped, if there were such.
    pub(super) fn tell_dropped(&mut self) {
        let dropped = std::mem::take(&mut self.dropped);
        if dropped == 0 {
            return;
        }
        log::warn!("JetStream API queue limit reached, dropping {dropped} requests");
        let dropped = u64::try_from(dropped).unwrap_or(u64::MAX);
        self.with_outbox(|shard, outbox| {
            let server = &shard.intake.server.identity.name;
            advise(&shard.intake, &Advisory::ApiLimitReached { server, dropped }, outbox);
        });
    }

    /// So many purges wait for the stream that no more are taken.
    pub(super) fn has_many_purges(&self, id: StreamId) -> bool {
        let parked = self.streams.get(id).and_then(|held| held.parked.as_deref());
        parked.is_some_and(Parked::is_full_of_purges)
    }

    pub(super) fn apply_now(
        &mut self,
        message: &Inbound<'_>,
        refused: Option<ApiError>,
        now: i64,
        outbox: &mut Outbox<'_>,
    ) {
        if message.recipient == Intake::API {
            return api::answer(self, message, refused, outbox);
        }
        if let Some(key) = Streams::consumer_of(message.recipient) {
            return self.hear(key, message, outbox);
        }
        // A stream that is gone no longer answers, as if nobody had listened.
        let Some(held) = self.streams.get_mut(StreamId(message.recipient.0)) else { return };
        match refused {
            None => {
                self.batches.limit(held, message);
                publishing::apply(held, message, now, outbox);
            }
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
                self.consuming.stir(held);
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
        // Some of what waits is logged only now.
        self.wait_for_room();
        let begun = Instant::now();
        self.with_outbox(|shard, outbox| {
            while let Some(id) = shard.parked.pop_front() {
                if shard.go_on(id, outbox) == Progress::More {
                    shard.parked.push_back(id);
                }
                if shard.draining.is_enough(begun.elapsed()) {
                    break;
                }
            }
            shard.write_touched(outbox);
        });
        let Self { parked, streams, draining, .. } = self;
        let waiting = |id: &StreamId| streams.get(*id)?.parked.as_ref().map(|it| it.bytes());
        draining.end(parked.iter().filter_map(waiting).sum());
    }

    /// Ends the work of a busy stream, and what waits for it, at once.
    pub(super) fn finish(&mut self, id: StreamId) {
        if self.streams.get(id).is_none_or(|held| held.parked.is_none()) {
            return;
        }
        self.with_outbox(|shard, outbox| shard.finish_with(id, outbox));
    }

    fn finish_with(&mut self, id: StreamId, outbox: &mut Outbox<'_>) {
        while self.go_on(id, outbox) == Progress::More {}
        self.write_touched(outbox);
        self.parked.retain(|&other| other != id);
    }

    /// Does everything that is in the log; what is to be logged first still waits.
    pub(super) fn finish_logged(&mut self) {
        for id in self.parked.clone() {
            self.with_outbox(|shard, outbox| {
                while !shard.is_next_unlogged(id) && shard.go_on(id, outbox) == Progress::More {}
                shard.write_touched(outbox);
            });
        }
        let Self { parked, streams, .. } = self;
        parked.retain(|&id| streams.get(id).is_some_and(|held| held.parked.is_some()));
    }

    /// Ends the work of all streams, and what waits for it.
    pub(super) fn finish_all(&mut self) {
        while let Some(&id) = self.parked.front() {
            self.finish(id);
            self.parked.retain(|&other| other != id);
        }
    }

    /// One piece of a busy stream's work, or some messages that waited for it.
    fn go_on(&mut self, id: StreamId, outbox: &mut Outbox<'_>) -> Progress {
        let Some(held) = self.streams.get_mut(id) else { return Progress::Done };
        if held.machine.is_busy() {
            let progress = held.proceed(ITEMS);
            self.consuming.stir(held);
            if progress == Progress::More {
                return Progress::More;
            }
        }
        let Some(parked) = &mut held.parked else { return Progress::Done };
        if let Some(Awaited { request, what }) = parked.awaited.take() {
            api::conclude(self, &request.inbound(), what, outbox);
            return Progress::More;
        }
        let bytes = self.take_waiting(id, outbox);
        self.draining.took(bytes);
        if bytes > 0 {
            return Progress::More;
        }
        if let Some(held) = self.streams.get_mut(id) {
            held.parked = None;
            self.touched.push(id);
        }
        Progress::Done
    }

    /// Carries out a request that waited and may end the stream. What waits behind it finds that
    /// gone, unless another one makes it again.
    pub(super) fn restructure_busy(
        &mut self,
        id: StreamId,
        request: &Inbound<'_>,
        outbox: &mut Outbox<'_>,
    ) {
        let held = self.streams.get_mut(id);
        let Some(mut parked) = held.and_then(|held| held.parked.take()) else { return };
        api::restructure(self, request, now(), outbox);
        self.look_at_deadlines();
        if let Some(held) = self.streams.get_mut(id) {
            held.parked = Some(parked);
            return;
        }
        while let Some(Queued { message, now: then, refused, sort, .. }) = parked.pop() {
            let message = message.inbound();
            if sort.is_structural() {
                self.restructure(&message, now(), outbox);
            } else {
                // What was logged was so for the stream that is gone.
                self.apply(&message, refused.or(Some(error::STREAM_NOT_FOUND)), then, outbox);
            }
        }
    }
}
