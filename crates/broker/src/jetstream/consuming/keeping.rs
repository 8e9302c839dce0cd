//! What consumers did goes to the log, one record for each and turn. Who asked for a confirmation
//! has it once that is durable; others do not wait.

use std::time::{Duration, Instant};

use anabranch_jetstream::config::Retention;
use anabranch_jetstream::consumer::{Change, encode_changes};
use anabranch_jetstream::stream::{Command, ConsumerCommand};

use super::delivering::Consuming;
use super::served::Key;
use crate::jetstream::held::Held;
use crate::jetstream::journal::is_out_of_space;
use crate::jetstream::outbox::Outbox;
use crate::jetstream::shard::{Shard, now};

/// Changes that go into one record.
const CHANGES_AT_ONCE: usize = 4096;
/// When it is tried again to log what found no room.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// What one consumer did.
struct Done {
    key: Key,
    changes: Vec<Change>,
    confirms: Vec<Vec<u8>>,
    is_logged: bool,
}

impl Shard {
    /// Logs what consumers did, then carries it out in their streams.
    pub(super) fn log_consumed(&mut self) {
        let again = self.consuming.log_again.is_some_and(|then| Instant::now() >= then);
        if again {
            self.consuming.log_again = None;
            let Consuming { touched, waiting, .. } = &mut self.consuming;
            touched.append(waiting);
        }
        if self.consuming.touched.is_empty() || self.failed {
            return;
        }
        let (mut done, mut needs_sync) = (Vec::new(), false);
        for key in std::mem::take(&mut self.consuming.touched) {
            match self.log_one(key) {
                Ok(Some(one)) => {
                    needs_sync |= one.is_logged && !one.confirms.is_empty();
                    done.push(one);
                }
                Ok(None) => {}
                // There is room behind the next checkpoint, or once the stream is not busy.
                Err(()) => self.wait_to_log(key),
            }
        }
        let logged = if needs_sync { self.wait_for_commit() } else { self.journal.write() };
        match logged {
            Ok(()) => self.with_outbox(|shard, outbox| shard.carry_out(done, outbox)),
            Err(error) if is_out_of_space(&error) => {
                self.ran_out();
                self.take_back(done);
            }
            Err(error) => self.fail(&error),
        }
    }

    /// Adds what a consumer did to the log, if it is logged; an error: it must wait, and nothing
    /// was taken.
    fn log_one(&mut self, key: Key) -> Result<Option<Done>, ()> {
        let Some(held) = self.streams.get_mut(key.0) else { return Ok(None) };
        let is_logged = held.is_logged()
            && held.machine.consumers().get(key.1).is_some_and(|consumer| consumer.is_logged());
        if held.parked.is_some() || (is_logged && held.is_offline()) {
            return if held.served.get(key.1).is_some() { Err(()) } else { Ok(None) };
        }
        let Some(served) = held.served.get_mut(key.1) else { return Ok(None) };
        let is_all = served.unlogged.len() <= CHANGES_AT_ONCE;
        let rest = served.unlogged.split_off(CHANGES_AT_ONCE.min(served.unlogged.len()));
        let changes = std::mem::replace(&mut served.unlogged, rest);
        // What is confirmed is in this record or in those before it.
        let confirms = if is_all { std::mem::take(&mut served.confirms) } else { Vec::new() };
        served.is_touched = !is_all;
        if is_logged && !changes.is_empty() {
            let bytes = encode_changes(&changes);
            let command = Command::Consumer(ConsumerCommand::Consumed(key.1, &bytes));
            if self.journal.append(key.0, now(), &command).is_err() {
                self.put_back(Done { key, changes, confirms, is_logged });
                return Err(());
            }
        }
        if !is_all {
            self.consuming.touched.push(key);
        }
        Ok(Some(Done { key, changes, confirms, is_logged }))
    }

    /// What a consumer did is tried to be logged again later.
    fn wait_to_log(&mut self, key: Key) {
        self.consuming.waiting.push(key);
        self.consuming.log_again.get_or_insert(Instant::now() + AGAIN_AFTER);
    }

    /// What was to be logged was not.
    fn take_back(&mut self, done: Vec<Done>) {
        for one in done.into_iter().rev() {
            let key = one.key;
            if self.put_back(one) {
                self.wait_to_log(key);
            }
        }
        // Nor is what is left of them tried at once.
        let Consuming { touched, waiting, .. } = &mut self.consuming;
        waiting.append(touched);
        self.consuming.log_again.get_or_insert(Instant::now() + AGAIN_AFTER);
    }

    /// Gives a consumer back what was not logged; whether it is on no list.
    fn put_back(&mut self, done: Done) -> bool {
        let Done { key, mut changes, mut confirms, .. } = done;
        let held = self.streams.get_mut(key.0);
        let Some(served) = held.and_then(|held| held.served.get_mut(key.1)) else { return false };
        changes.append(&mut served.unlogged);
        served.unlogged = changes;
        confirms.append(&mut served.confirms);
        served.confirms = confirms;
        !std::mem::replace(&mut served.is_touched, true)
    }

    /// What consumers did is in the log.
    fn carry_out(&mut self, done: Vec<Done>, outbox: &mut Outbox<'_>) {
        for Done { key, changes, confirms, .. } in done {
            if let Some(held) = self.streams.get_mut(key.0) {
                // What the record before it began is done first, as when the log is read again.
                if held.machine.is_busy() {
                    held.finish();
                }
                consumed(held, key.1, &changes);
                self.consuming.stir(held);
                if changes.len() == CHANGES_AT_ONCE
                    && let Some(served) = held.served.get_mut(key.1)
                {
                    // It may have waited for that.
                    self.consuming.set_ready(key, served);
                }
                let is_busy = held.machine.is_busy();
                if held.machine.config().retention != Retention::Limits {
                    self.touched.push(key.0);
                }
                if is_busy {
                    self.park(key.0, None);
                }
            }
            confirms.iter().for_each(|to| outbox.send(to, b"", 0, b""));
        }
        self.write_touched(outbox);
    }
}

/// Carries out what a consumer did, as the log has it.
pub fn consumed(held: &mut Held, number: u32, changes: &[Change]) {
    let mut removed = Vec::new();
    held.machine.consumed(number, changes, &mut removed);
    held.changed = true;
    held.forget(&mut removed);
}
