//! When checkpoints are made, what is in them, and what follows from them.

use std::sync::Arc;
use std::time::Instant;

use anabranch_log::Error;

use super::checkpointing::{
    BACKLOG, CONDEMNED, Failure, Fault, LOSSES, Made, Plan, Planned, Shot, State, UNPLACED,
};
use super::held::{Held, Store};
use super::journal::{Journal, is_out_of_space};
use super::shard::Shard;
use super::streams::{Ledger, Streams};

/// What a checkpoint is to hold: everything that was logged is applied.
///
/// # Errors
/// When no checkpoint can be made now.
pub fn plan(
    streams: &mut Streams,
    ledger: &Ledger,
    journal: &mut Journal,
) -> Result<Plan, Failure> {
    journal.commit()?;
    let graves = ledger.ripe().map(|stream| journal.home(stream)).collect();
    let (ledger, graves_known) = (ledger.save(), ledger.graves());
    let mut plan = Plan { ledger, streams: Vec::new(), graves, graves_known };
    for held in streams.iter_mut().filter(|held| held.is_logged()) {
        plan.streams.push(plan_stream(held)?);
    }
    for (stream, unserved) in streams.unserved() {
        let beside = vec![(BACKLOG, unserved.backlog.bytes().to_vec())];
        plan.streams.push(Planned { stream, state: State::Unread, beside });
    }
    Ok(plan)
}

fn plan_stream(held: &mut Held) -> Result<Planned, Failure> {
    let mut beside = Vec::new();
    let state = match &held.trouble.backlog {
        Some(backlog) => {
            beside.push((BACKLOG, backlog.bytes().to_vec()));
            State::Kept
        }
        None if held.is_offline() && held.trouble.unplaced.is_none() => {
            let error = "a stream is offline, and its commands cannot be kept";
            return Err(Error::Options(error).into());
        }
        None => state(held)?,
    };
    held.trouble.losses.prune(held.machine.index().first_seq());
    if !held.trouble.losses.is_empty() {
        beside.push((LOSSES, held.trouble.losses.save()));
    }
    if let Some(unplaced) = &held.trouble.unplaced {
        beside.push((UNPLACED, unplaced.bytes().to_vec()));
    }
    if !held.condemned.is_empty() {
        beside.push((CONDEMNED, held.condemned.plan()));
    }
    Ok(Planned { stream: held.id, state, beside })
}

fn state(held: &mut Held) -> Result<State, Failure> {
    let (stream, is_restoring, saved_epoch) = (held.id, held.is_restoring, held.saved_epoch);
    let left = held.left.clone();
    if let Some(error) = left.as_ref().and_then(|left| left.failed()) {
        return Err(Failure { error: error.clone(), stream: Some((stream, Fault::Files)) });
    }
    held.finish_switch();
    let Store::File(payloads) = &mut held.store else { return Ok(State::AsBefore) };
    // Segments without messages are removed by and by, also if nothing comes any more.
    if !held.changed && !payloads.has_reclaimable() {
        return Ok(State::AsBefore);
    }
    let files = payloads.shot();
    let files = files.map_err(|error| Failure { error, stream: Some((stream, Fault::Files)) })?;
    let machine = held.machine.snapshot();
    held.changed = false;
    held.is_in_plan = true;
    Ok(State::Anew(Box::new(Shot { is_restoring, files, machine, saved_epoch, left })))
}

/// A checkpoint was made, or was not.
///
/// # Errors
/// Why it was not.
pub fn note(
    streams: &mut Streams,
    ledger: &mut Ledger,
    journal: &mut Journal,
    made: Result<Made, Failure>,
) -> Result<(), Error> {
    match made {
        Ok(made) => {
            note_made(streams, ledger, made);
            move_left(streams, journal);
            Ok(())
        }
        Err(failure) => {
            journal.put_off_checkpoint();
            note_failure(streams, &failure);
            Err(failure.error)
        }
    }
}

fn note_made(streams: &mut Streams, ledger: &mut Ledger, made: Made) {
    let Made { saved, stay, graves_known, .. } = made;
    ledger.exhume(graves_known);
    for held in streams.iter_mut() {
        held.is_in_plan = false;
        held.trouble.rewritten = false;
        held.erase_ripe();
    }
    for saved in saved {
        let Some(held) = streams.get_mut(saved.stream) else { continue };
        held.saved_epoch = saved.epoch;
        if let Store::File(payloads) = &mut held.store {
            payloads.installed(saved.files, &stay);
        }
    }
}

/// What was not read yet is read from the newest checkpoint from now on, so that files of earlier
/// ones can go.
fn move_left(streams: &mut Streams, journal: &Journal) {
    let mut blobs = None;
    for held in streams.iter_mut() {
        let Some(left) = held.left.take() else { continue };
        if held.machine.is_whole() {
            held.machine.set_origin(None);
            continue;
        }
        let blobs = blobs.get_or_insert_with(|| journal.blobs());
        let moved = blobs.as_ref().filter(|_| left.failed().is_none());
        let left = moved.map_or(left.clone(), |blobs| Arc::new(left.moved(blobs)));
        held.machine.set_origin(Some(left.clone()));
        held.left = Some(left);
    }
}

fn note_failure(streams: &mut Streams, failure: &Failure) {
    for held in streams.iter_mut() {
        held.changed |= std::mem::take(&mut held.is_in_plan);
    }
    let Failure { error, stream } = failure;
    let Some((stream, fault)) = *stream else { return };
    let Some(held) = streams.get_mut(stream) else { return };
    match fault {
        // There is room later.
        Fault::Files if is_out_of_space(error) => {}
        Fault::Files => held.fail(error),
        Fault::Before => {
            held.changed = true;
            held.saved_epoch = 0;
        }
    }
    streams.note_failure();
}

/// Makes a checkpoint and waits for it.
///
/// # Errors
/// When it cannot be made.
pub fn save(
    streams: &mut Streams,
    ledger: &mut Ledger,
    journal: &mut Journal,
) -> Result<(), Error> {
    let made = match plan(streams, ledger, journal) {
        Ok(plan) => journal.begin_checkpoint(plan, || ()).map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    let made = made.and_then(|()| journal.wait_for_checkpoint());
    note(streams, ledger, journal, made)
}

impl Shard {
    /// Notes that a checkpoint was made, and begins one if it is time.
    pub(super) fn look_after_checkpoints(&mut self) {
        if self.failed {
            return;
        }
        if let Some(made) = self.journal.poll_checkpoint() {
            self.after_checkpoint(made);
        }
        if !self.is_checkpoint_due() || (self.is_switching() && !self.journal.is_nearly_full()) {
            return;
        }
        // A checkpoint holds all that is logged: also what busy streams were about to do.
        if !self.parked.is_empty() {
            if !self.journal.is_nearly_full() {
                return;
            }
            self.finish_logged();
        }
        self.begin_checkpoint();
    }

    fn is_checkpoint_due(&mut self) -> bool {
        if self.journal.wants_checkpoint() {
            return true;
        }
        if self.could_free_space() {
            self.space.tidies();
            return true;
        }
        if !self.compactor.wants_checkpoint(Instant::now()) {
            return false;
        }
        let may = self.journal.may_checkpoint();
        if !may {
            self.compactor.put_off_tidying();
        }
        may
    }

    /// Waits until the log has room, if it is nearly full.
    pub(super) fn wait_for_room(&mut self) {
        // What is freed was needed by the checkpoint before the last: it takes two.
        for _ in 0..2 {
            if !self.journal.is_nearly_full() || self.failed {
                return;
            }
            if !self.journal.is_checkpointing() {
                if !self.journal.may_checkpoint() {
                    return;
                }
                self.finish_logged();
                self.begin_checkpoint();
            }
            self.await_checkpoint();
        }
    }

    /// More may be logged: the log is not nearly full, or no checkpoint would help.
    pub(super) fn has_log_room(&self) -> bool {
        let helps = self.journal.is_checkpointing() || self.journal.may_checkpoint();
        !self.journal.is_nearly_full() || !helps
    }

    /// Makes a checkpoint and waits for it.
    pub(super) fn checkpoint_at_end(&mut self) {
        self.await_checkpoint();
        self.finish_all();
        if self.journal.has_changed() {
            self.begin_checkpoint();
            self.await_checkpoint();
        }
    }

    /// Waits for the checkpoint that is being made, if there is one.
    pub(super) fn await_checkpoint(&mut self) {
        if self.journal.is_checkpointing() {
            let made = self.journal.wait_for_checkpoint();
            self.after_checkpoint(made);
        }
    }

    fn begin_checkpoint(&mut self) {
        let Self { streams, ledger, journal, intake, .. } = self;
        let begun = plan(streams, ledger, journal).and_then(|plan| {
            let inbox = Arc::clone(&intake.inbox);
            journal.begin_checkpoint(plan, move || inbox.wake()).map_err(Failure::from)
        });
        if let Err(failure) = begun {
            self.after_checkpoint(Err(failure));
        }
    }

    fn after_checkpoint(&mut self, made: Result<Made, Failure>) {
        self.compactor.note_checkpoint(self.journal.checkpoint_bytes());
        let Self { streams, ledger, journal, .. } = self;
        match note(streams, ledger, journal, made) {
            Ok(()) => self.freed_space(),
            Err(error) => {
                log::error!("JetStream checkpoint failed: {error}");
                // They did not come back, and nobody else has them.
                if self.journal.is_checkpointing() {
                    self.fail(&error);
                }
            }
        }
    }
}
