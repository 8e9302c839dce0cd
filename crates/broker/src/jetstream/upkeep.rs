//! What a shard does unasked: it lets time pass for its streams, and looks after those whose files
//! failed.

use std::time::Instant;

use anabranch_jetstream::advisory::Advisory;
use anabranch_jetstream::stream::Command;
use anabranch_log::Error;
use anabranch_log::format::StreamId;

use super::advising::advise;
use super::held::Held;
use super::journal::is_out_of_space;
use super::mending::{self, Mended};
use super::readable::lost_schedules;
use super::shard::{Shard, now};
use super::{passing, publishing, space};

/// How long time does not pass for streams after the log had no space for that, in nanoseconds.
const TICK_RETRY_NS: i64 = 1_000_000_000;

/// Streams with something due that are looked after in one turn.
const STREAMS_AT_ONCE: usize = 8;

impl Shard {
    /// Tells those who listen that messages are refused for lack of space. nats-server, which
    /// stops JetStream then, tells it once.
    pub(super) fn tell_lack(&mut self) {
        if !self.space.take_untold() {
            return;
        }
        self.with_outbox(|shard, outbox| {
            let identity = &shard.intake.server.identity;
            let (server, server_id) = (&identity.name, &identity.id);
            let lack = Advisory::OutOfStorage { server, server_id, stream: "", cluster: "" };
            advise(&shard.intake, &lack, outbox);
        });
    }

    /// Lets time pass for streams with something due.
    pub(super) fn tick(&mut self) {
        let now = now();
        if self.failed || self.due.is_none_or(|due| due > now) {
            return;
        }
        let is_due = |held: &&Held| {
            let due = held.machine.next_deadline().is_some_and(|due| due <= now);
            due && held.parked.is_none() && !held.is_offline()
        };
        // The others are still due, and come next.
        let due = self.streams.iter_behind(&self.ticked).filter(is_due).take(STREAMS_AT_ONCE);
        let mut due: Vec<StreamId> = due.map(|held| held.id).collect();
        if let Some(last) = due.last().and_then(|&id| self.streams.get(id)) {
            self.ticked.clone_from(&last.machine.config().name);
        }
        if due.is_empty() {
            self.due = self.streams.next_deadline();
            return;
        }
        let mut is_full = false;
        let mut lost = Vec::new();
        for nth in 0..due.len() {
            self.tell_outcomes();
            match self.log_tick(due[nth], now, &mut lost) {
                Ok(()) => {}
                // There is room behind the next checkpoint; what was logged is applied now.
                Err(Error::Full { .. }) => {
                    due.truncate(nth);
                    is_full = true;
                    break;
                }
                Err(error) => return self.fail(&error),
            }
        }
        match self.journal.commit() {
            Ok(()) => {}
            Err(error) if is_out_of_space(&error) => {
                self.ran_out();
                self.due = Some(now.saturating_add(TICK_RETRY_NS));
                return;
            }
            Err(error) => return self.fail(&error),
        }
        self.give_up_schedules(&lost);
        self.with_outbox(|shard, outbox| {
            for id in due {
                let Some(held) = shard.streams.get_mut(id) else { continue };
                passing::tick(held, now, &mut |held, stored| {
                    publishing::republish(held, stored, outbox);
                });
                let is_busy = held.machine.is_busy();
                shard.touched.push(id);
                if is_busy {
                    shard.park(id, None);
                }
            }
            shard.write_touched(outbox);
        });
        let due = self.streams.next_deadline();
        // Not at once: as long as no checkpoint can be made it would be full again.
        self.due = if is_full { Some(now.saturating_add(TICK_RETRY_NS)) } else { due };
    }

    /// Logs that time passes for a stream, and before it which schedules are given up.
    fn log_tick(
        &mut self,
        id: StreamId,
        now: i64,
        lost: &mut Vec<(StreamId, u64)>,
    ) -> Result<(), Error> {
        let held = self.streams.get_mut(id).filter(|held| held.is_logged());
        let Some(held) = held else { return Ok(()) };
        for seq in lost_schedules(held, now) {
            self.journal.append(id, now, &Command::Unschedule(seq))?;
            lost.push((id, seq));
        }
        self.journal.append(id, now, &Command::Tick)
    }

    /// Schedules that cannot be carried out end: that is logged.
    fn give_up_schedules(&mut self, lost: &[(StreamId, u64)]) {
        for &(id, seq) in lost {
            let Some(held) = self.streams.get_mut(id) else { continue };
            let name = &held.machine.config().name;
            log::error!("Stream '{name}': schedule {seq} ends: it cannot be read, or its source");
            held.machine.drop_schedule(seq);
            held.changed = true;
        }
    }

    /// Looks after streams whose files failed.
    pub(super) fn mend(&mut self) {
        let again = self.mend_again.is_some_and(|then| then <= Instant::now());
        if !self.streams.may_have_failed() && !again {
            return;
        }
        self.mend_again = None;
        // What the log and the last checkpoint lead to is what the streams are to be.
        self.await_checkpoint();
        self.finish_all();
        // What was applied must be in the part of the log that is read.
        if !self.commit() {
            return self.streams.note_failure();
        }
        let failed = self.streams.iter_mut().filter(|held| held.trouble.failed.is_some());
        let failed: Vec<StreamId> = failed.map(|held| held.id).collect();
        let seed = self.intake.server.seed();
        for id in failed {
            if mending::mend(&mut self.streams, &self.journal, id, seed) == Some(Mended::Later) {
                self.space.ran_out();
                self.mend_again = Some(Instant::now() + space::PATIENCE);
            }
        }
    }
}
