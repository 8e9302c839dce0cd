//! Consumers begin to be served, and end.

use std::time::Instant;

use anabranch_jetstream::advisory::ConsumerEvent;
use anabranch_jetstream::consumer::{CHANGES_MAX, ConsumerConfig, End, encode_changes};
use anabranch_jetstream::stream::{Command, ConsumerCommand};
use anabranch_jetstream::{ApiError, error};
use anabranch_log::format::StreamId;
use anabranch_router::Watcher;

use super::keeping::consumed;
use super::served::{Key, Served, Start};
use crate::jetstream::advising::advise_of;
use crate::jetstream::held::Held;
use crate::jetstream::outbox::Outbox;
use crate::jetstream::shard::{Shard, now};
use crate::jetstream::streams::Streams;

impl Shard {
    /// Serves the consumers that were stored.
    pub(in crate::jetstream) fn serve_stored(&mut self) {
        let watcher = std::sync::Arc::clone(&self.consuming.interests);
        self.intake.server.account.set_watcher(watcher);
        let all = self.streams.iter().filter(|held| !held.machine.consumers().is_empty());
        let all: Vec<StreamId> = all.map(|held| held.id).collect();
        self.with_outbox(|shard, outbox| all.iter().for_each(|&id| shard.serve_all(id, outbox)));
    }

    /// Serves all consumers of a stream from now on.
    pub(in crate::jetstream) fn serve_all(&mut self, id: StreamId, outbox: &mut Outbox<'_>) {
        let Some(held) = self.streams.get(id) else { return };
        let numbers = held.machine.consumers().iter().map(|consumer| consumer.number);
        for number in numbers.collect::<Vec<_>>() {
            self.serve((id, number), outbox);
        }
    }

    /// Serves a consumer from now on.
    pub(in crate::jetstream) fn serve(&mut self, key: Key, outbox: &mut Outbox<'_>) {
        let Some(held) = self.streams.get_mut(key.0) else { return };
        let Some(consumer) = held.machine.consumers().get(key.1).cloned() else { return };
        let stream = held.machine.config().name.clone();
        let burst = burst(held, self.intake.server.options.limits.payload_max);
        let start = Start { now: now(), seed: self.intake.server.seed() };
        let mut served = Served::new(&consumer, &stream, held.machine.index_mut(), burst, start);
        let recipient = Streams::consumer_recipient(key);
        served.subscriptions =
            self.intake.listen_for_consumer(recipient, &stream, &consumer.name, &consumer.config);
        held.served.insert(key.1, served);
        if consumer.config.is_push() {
            self.watch(key, &consumer.config.deliver_subject);
            self.look_who_listens(key, outbox);
        } else {
            self.attend(key, outbox, |_, _| true);
        }
    }

    /// A consumer has another configuration.
    pub(in crate::jetstream) fn serve_changed(
        &mut self,
        key: Key,
        config: &ConsumerConfig,
        now: i64,
        outbox: &mut Outbox<'_>,
    ) {
        let Some(held) = self.streams.get_mut(key.0) else { return };
        let Some(name) = held.machine.consumers().get(key.1).map(|one| one.name.clone()) else {
            return;
        };
        let burst = burst(held, self.intake.server.options.limits.payload_max);
        let config = ConsumerConfig { name, ..config.clone() };
        let mut before = None;
        self.attend(key, outbox, |served, view| {
            let old = served.session.config().clone();
            served.session.set_config(&config, burst, now);
            if old.filters() != config.filters() {
                served.recount(view.held.machine.index_mut());
            }
            before = Some(old.deliver_subject);
            true
        });
        if let Some(before) = before.filter(|before| *before != config.deliver_subject) {
            self.stop_watching(key, &before);
            self.attend(key, outbox, |served, _| {
                served.session.set_interest(false, now);
                false
            });
            self.watch(key, &config.deliver_subject);
        }
    }

    /// Sends to the subject as long as somebody listens.
    fn watch(&mut self, key: Key, subject: &str) {
        self.consuming.senders.add(subject, key);
        self.intake.server.account.watch(subject.as_bytes());
        // Who listens now is seen when it is looked who began to.
        self.consuming.interests.changed(&[subject.as_bytes().into()]);
    }

    /// A consumer is served no longer: those who wait for it are told.
    pub(in crate::jetstream) fn stop_serving(
        &mut self,
        key: Key,
        why: End,
        outbox: &mut Outbox<'_>,
    ) {
        let Some(held) = self.streams.get_mut(key.0) else { return };
        let Some(mut served) = held.served.remove(key.1) else { return };
        held.machine.index_mut().end_tally(served.tally);
        served.session.end(why);
        self.follow(key, &mut served, outbox);
        // What is not in the log is not confirmed.
        if served.unlogged.is_empty() {
            served.confirms.iter().for_each(|to| outbox.send(to, b"", 0, b""));
        }
        self.intake.leave(&served.subscriptions);
        if let Some(deadline) = served.deadline {
            self.consuming.deadlines.remove(&(deadline, key));
        }
        self.stop_watching(key, &served.session.config().deliver_subject.clone());
    }

    /// A consumer no longer sends to the subject.
    pub(in crate::jetstream) fn stop_watching(&mut self, key: Key, subject: &str) {
        if !subject.is_empty() {
            self.consuming.senders.remove(subject, key);
            self.intake.server.account.unwatch(subject.as_bytes());
        }
    }

    /// All consumers of a stream are served no longer.
    pub(in crate::jetstream) fn stop_serving_all(
        &mut self,
        id: StreamId,
        why: End,
        outbox: &mut Outbox<'_>,
    ) {
        let numbers = self.streams.get(id).map(|held| held.served.numbers());
        for number in numbers.unwrap_or_default() {
            let served = self.streams.get_mut(id).and_then(|held| held.served.get_mut(number));
            if let Some(served) = served.filter(|_| why == End::Deleted) {
                // Whatever it did: nothing of it comes again.
                served.unlogged.clear();
            }
            self.stop_serving((id, number), why, outbox);
            if why == End::Deleted
                && let Some(held) = self.streams.get(id)
                && let Some(consumer) = held.machine.consumers().get(number)
            {
                let names = (held.machine.config().name.as_str(), consumer.name.as_str());
                advise_of(&self.intake, names, ConsumerEvent::Deleted, outbox);
            }
        }
    }

    /// The server stops: those who wait are told, and what was done is logged.
    pub(in crate::jetstream) fn stop_serving_everybody(&mut self) {
        self.finish_all();
        self.consuming.log_again = Some(Instant::now());
        self.log_consumed();
        while !self.consuming.touched.is_empty()
            && self.consuming.waiting.is_empty()
            && !self.failed
        {
            self.log_consumed();
        }
        let ids: Vec<StreamId> = self.streams.iter().map(|held| held.id).collect();
        self.with_outbox(|shard, outbox| {
            ids.iter().for_each(|&id| shard.stop_serving_all(id, End::ServerShutdown, outbox));
        });
    }

    /// Deletes a consumer.
    ///
    /// # Errors
    /// What the client is told.
    pub(in crate::jetstream) fn delete_consumer(
        &mut self,
        key: Key,
        outbox: &mut Outbox<'_>,
    ) -> Result<(), ApiError> {
        let Some(held) = self.streams.get(key.0) else { return Ok(()) };
        let Some(consumer) = held.machine.consumers().get(key.1) else { return Ok(()) };
        let (stream, name) = (held.machine.config().name.clone(), consumer.name.clone());
        if held.is_offline() {
            return Err(error::store_failed("the stream's storage has failed"));
        }
        let is_logged = held.is_logged() && consumer.is_logged();
        self.log_last(key, is_logged)?;
        self.stop_serving(key, End::Deleted, outbox);
        if let Some(held) = self.streams.get_mut(key.0) {
            held.machine.remove_consumer(key.1);
            held.changed = true;
            if held.machine.is_busy() {
                self.park(key.0, None);
            }
        }
        advise_of(&self.intake, (&stream, &name), ConsumerEvent::Deleted, outbox);
        Ok(())
    }

    /// Logs what a consumer did and was not logged yet, and that it ends; then carries the former
    /// out.
    fn log_last(&mut self, key: Key, is_logged: bool) -> Result<(), ApiError> {
        let held = self.streams.get(key.0);
        let served = held.and_then(|held| held.served.get(key.1));
        let changes = served.map_or_else(Vec::new, |served| served.unlogged.clone());
        if is_logged {
            for some in changes.chunks(CHANGES_MAX) {
                let bytes = encode_changes(some);
                let command = Command::Consumer(ConsumerCommand::Consumed(key.1, &bytes));
                self.append(key.0, now(), &command)?;
            }
            let command = Command::Consumer(ConsumerCommand::Remove(key.1));
            self.log_now(key.0, now(), &command)?;
        }
        if let Some(held) = self.streams.get_mut(key.0) {
            consumed(held, key.1, &changes);
            held.finish();
            if let Some(served) = held.served.get_mut(key.1) {
                served.unlogged.clear();
            }
            self.consuming.stir(held);
        }
        Ok(())
    }

    /// Deletes consumers that were unused for too long.
    pub(super) fn end_inactive(&mut self) {
        if self.consuming.inactive.is_empty() || self.failed {
            return;
        }
        let inactive = std::mem::take(&mut self.consuming.inactive);
        self.with_outbox(|shard, outbox| {
            for key in inactive {
                let is_busy = |id| {
                    let held = shard.streams.get(id);
                    held.is_some_and(|held| held.parked.is_some() || held.is_offline())
                };
                // Those of busy streams come again when time passes.
                if is_busy(key.0) {
                    continue;
                }
                if let Err(error) = shard.delete_consumer(key, outbox) {
                    log::error!("An unused consumer cannot be deleted: {error}");
                }
            }
        });
    }
}

/// Bytes of the largest message.
fn burst(held: &Held, payload_max: u32) -> u64 {
    let max = u64::try_from(held.machine.config().max_msg_size).ok().filter(|&max| max > 0);
    max.unwrap_or(u64::from(payload_max))
}
