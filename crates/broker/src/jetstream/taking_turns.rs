//! What waited for a busy stream comes in. Most of it was logged when it came. What came behind a
//! change of the configuration was not: how it is applied depends on that change, and a start reads
//! both in the order of the log.

use std::collections::VecDeque;

use anabranch_jetstream::{ApiError, error};
use anabranch_log::format::StreamId;

use super::api;
use super::outbox::Outbox;
use super::parked::{Parked, Queued, Sort};
use super::shard::{Shard, now};
use super::streams::Intake;
use crate::worker::Inbound;

/// Messages that waited and are taken in at once, and their bytes.
const MESSAGES_AT_ONCE: usize = 64;
const BYTES_AT_ONCE: usize = 256 * 1024;

impl Shard {
    /// Takes some of what waits for a stream; gives its bytes.
    pub(super) fn take_waiting(&mut self, id: StreamId, outbox: &mut Outbox<'_>) -> usize {
        let mut some = self.next_waiting(id);
        let bytes = some.iter().map(Queued::size).sum::<usize>();
        if some.front().is_some_and(|first| first.sort.is_structural())
            && let Some(Queued { message, sort, .. }) = some.pop_front()
        {
            if sort == Sort::Update {
                api::restructure(self, &message.inbound(), now(), outbox);
                self.look_at_deadlines();
            } else {
                self.restructure_busy(id, &message.inbound(), outbox);
            }
            return bytes;
        }
        self.log_waiting(&mut some);
        while let Some(Queued { message, now, refused, .. }) = some.pop_front() {
            self.apply_now(&message.inbound(), refused, now, outbox);
            if self.is_occupied(id) {
                break;
            }
        }
        let left = some.iter().map(Queued::size).sum::<usize>();
        if let Some(parked) = self.streams.get_mut(id).and_then(|held| held.parked.as_deref_mut()) {
            some.into_iter().rev().for_each(|queued| parked.push_front(queued));
        }
        bytes.saturating_sub(left)
    }

    /// What comes next for a stream, if that is not busy again: one request that makes, changes or
    /// ends it, or some others.
    fn next_waiting(&mut self, id: StreamId) -> VecDeque<Queued> {
        let (mut some, mut bytes) = (VecDeque::new(), 0);
        if self.is_occupied(id) {
            return some;
        }
        let parked = self.streams.get_mut(id).and_then(|held| held.parked.as_deref_mut());
        let Some(parked) = parked else { return some };
        while some.len() < MESSAGES_AT_ONCE && bytes < BYTES_AT_ONCE {
            let next = parked.pop_if(|next| some.is_empty() || !next.sort.is_structural());
            let Some(next) = next else { break };
            bytes += next.size();
            let is_alone = next.sort.is_structural();
            some.push_back(next);
            if is_alone {
                break;
            }
        }
        some
    }

    /// What comes next for the stream is to be logged first, and nothing keeps it from that.
    pub(super) fn is_next_unlogged(&self, id: StreamId) -> bool {
        let parked = self.streams.get(id).and_then(|held| held.parked.as_deref());
        !self.is_occupied(id) && parked.is_some_and(Parked::is_next_unlogged)
    }

    /// The stream does long work, or somebody is to be told that it did.
    fn is_occupied(&self, id: StreamId) -> bool {
        let Some(held) = self.streams.get(id) else { return false };
        let is_awaited = held.parked.as_ref().is_some_and(|parked| parked.awaited.is_some());
        held.machine.is_busy() || is_awaited
    }

    /// Logs what was not logged when it came, and makes it durable.
    fn log_waiting(&mut self, some: &mut VecDeque<Queued>) {
        let now = now();
        let mut logged = Vec::new();
        for (nth, queued) in some.iter_mut().enumerate().filter(|(_, one)| !one.is_logged) {
            (queued.now, queued.is_logged) = (now, true);
            if queued.refused.is_none() {
                let before = self.journal.gathered();
                queued.refused = self.log_command(&queued.message.inbound(), now).err();
                if self.journal.gathered() > before {
                    logged.push(nth);
                }
            }
        }
        if logged.is_empty() {
            return;
        }
        if !self.commit() {
            if self.has_failed() {
                // Nobody knows what is in the log.
                return some.clear();
            }
            for nth in logged {
                some[nth].refused = Some(error::INSUFFICIENT_RESOURCES);
            }
        }
        self.settled();
    }

    /// What becomes of a message when it comes, if its stream is busy: it is refused, or logged
    /// later. Nothing: it is logged now.
    pub(super) fn put_off(&mut self, message: &Inbound<'_>) -> Option<Result<(), ApiError>> {
        let id = if message.recipient == Intake::API {
            let strictness = self.intake.strictness();
            let change = api::change(&self.streams, message, self.intake.domain(), strictness)?;
            if change.is_purge() && self.has_many_purges(change.stream) {
                return Some(Err(error::TOO_MANY_REQUESTS));
            }
            change.stream
        } else {
            if self.is_overloaded(message) {
                return Some(Err(error::TOO_MANY_REQUESTS));
            }
            StreamId(message.recipient.0)
        };
        let parked = self.streams.get(id).and_then(|held| held.parked.as_deref());
        parked.is_some_and(Parked::is_unlogged).then_some(Ok(()))
    }
}
