//! When the next checkpoint is due, what becomes of it, and what the last one holds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anabranch_log::Error;
use anabranch_log::checkpoint::{BlobKey, Blobs};
use anabranch_log::format::StreamId;
use anabranch_log::wal::{Start, Usage};

use super::{GLOBAL, Journal, Logged, Which, bytes_of, logged, one_of};
use crate::jetstream::checkpointing::{Done, Failure, Made, Plan};
use crate::jetstream::sealing::Opener;
use crate::jetstream::shard::now;

/// Time between attempts of checkpoints that fail.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Commands behind a checkpoint after which the next is due: a start carries them out again. More,
/// as long as they have fewer bytes in the log than the checkpoint would write for each.
const COMMANDS_MAX: u64 = 200_000;
const ANEW_PER_COMMAND: u64 = 128;
const AWAY: Error = Error::Options("the checkpoints are being written");

impl Journal {
    /// Bytes of everything in the last checkpoint.
    #[must_use]
    pub fn checkpoint_bytes(&self) -> u64 {
        self.checkpoint_bytes
    }

    /// So much was logged that a checkpoint is due, and none is being made: a quarter of what the
    /// log may hold, since it holds what came since the checkpoint before the last, or so many
    /// commands that a start would take long.
    #[must_use]
    pub fn wants_checkpoint(&self) -> bool {
        let logged = self.wal.written().lsn.since(self.checkpointed);
        let Usage { used, max } = self.wal.usage();
        // After much at once, what the last checkpoint left is released by the next one only.
        let crowded = used >= max / 4 * 3 && logged > 0;
        let commands_max = COMMANDS_MAX.max(self.checkpoint_anew / ANEW_PER_COMMAND);
        let is_long = self.commands >= commands_max;
        (logged >= max / 4 || crowded || is_long) && self.may_checkpoint()
    }

    /// None is being made, and none failed a moment ago.
    #[must_use]
    pub fn may_checkpoint(&self) -> bool {
        let has_waited = self.failing.is_none_or(|since| since.elapsed() >= RETRY_AFTER);
        !self.is_checkpointing() && has_waited
    }

    /// The log holds nine tenths of what it may.
    #[must_use]
    pub fn is_nearly_full(&self) -> bool {
        let usage = self.wal.usage();
        usage.used >= usage.max / 10 * 9
    }

    /// A checkpoint is being made.
    #[must_use]
    pub fn is_checkpointing(&self) -> bool {
        self.checkpoints.is_none()
    }

    /// Something was logged since the last checkpoint.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.changed
    }

    /// Begins a checkpoint: what is logged so far is in `plan`, and nothing else. None is being
    /// made. `wake` is called when it is done.
    ///
    /// # Errors
    /// When it cannot be made; the one before still holds.
    pub fn begin_checkpoint(
        &mut self,
        plan: Plan,
        wake: impl FnOnce() + Send + 'static,
    ) -> Result<(), Error> {
        self.commit()?;
        let durable = self.wal.durable();
        let start = Start { position: durable, durable: durable.lsn };
        let checkpoints = self.checkpoints.take().ok_or(AWAY)?;
        self.changed = false;
        self.commands_saved = self.commands;
        self.checkpointing_from = durable.lsn;
        self.keeper.begin(checkpoints, (start, now()), plan, wake)
    }

    /// A checkpoint could not be made: the next attempt is some time later.
    pub fn put_off_checkpoint(&mut self) {
        self.changed = true;
        self.failing = Some(Instant::now());
    }

    /// What became of the checkpoint that was begun, if it is over.
    pub fn poll_checkpoint(&mut self) -> Option<Result<Made, Failure>> {
        if !self.is_checkpointing() {
            return None;
        }
        match self.keeper.poll() {
            Ok(done) => done.map(|done| self.installed(done)),
            Err(gone) => Some(Err(gone.into())),
        }
    }

    /// Waits for the checkpoint that was begun.
    ///
    /// # Errors
    /// When it could not be made; the one before still holds.
    pub fn wait_for_checkpoint(&mut self) -> Result<Made, Failure> {
        let begun = Instant::now();
        let done = self.keeper.wait();
        self.waited += begun.elapsed();
        let done = done?;
        self.installed(done)
    }

    fn installed(&mut self, done: Done) -> Result<Made, Failure> {
        let Done { checkpoints, made } = done;
        let checkpoints = self.checkpoints.insert(checkpoints);
        let made = made?;
        (self.checkpoint_bytes, self.checkpoint_anew) = bytes_of(checkpoints);
        self.commands -= std::mem::take(&mut self.commands_saved);
        self.failing = None;
        self.checkpointed = self.checkpointing_from;
        self.wal.release(made.needed_from)?;
        Ok(made)
    }

    /// A part of the newest checkpoint, if it has that. None is being made.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn saved(&self, key: BlobKey) -> Result<Option<Vec<u8>>, Error> {
        let checkpoints = self.checkpoints.as_ref().ok_or(AWAY)?;
        let Some(newest) = checkpoints.newest() else { return Ok(None) };
        let blob = checkpoints.read(newest, key)?;
        blob.map(|blob| blob.read_all(u64::MAX)).transpose()
    }

    /// The parts of the newest checkpoint, to be read later. None is being made.
    #[must_use]
    pub fn blobs(&self) -> Option<Arc<Blobs>> {
        let checkpoints = self.checkpoints.as_ref()?;
        Some(Arc::new(checkpoints.blobs(checkpoints.newest()?)))
    }

    /// Gives `each` all parts of a stream in a checkpoint, in the order of their keys. None is
    /// being made.
    ///
    /// # Errors
    /// When one cannot be read, and those of `each`.
    pub fn saved_stream(
        &self,
        which: Which,
        stream: StreamId,
        mut each: impl FnMut(BlobKey, &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let checkpoints = self.checkpoints.as_ref().ok_or(AWAY)?;
        let Some(checkpoint) = one_of(checkpoints, which) else { return Ok(()) };
        let first = BlobKey { account: GLOBAL, stream, kind: 0, part: 0 };
        let last = BlobKey { kind: u16::MAX, part: u64::MAX, ..first };
        let each = |key, read: Result<Option<&[u8]>, Error>| each(key, read?.unwrap_or_default());
        checkpoints.read_each(checkpoint, first..=last, |_| true, each)
    }

    /// Gives `apply` all commands of a stream since a checkpoint. None is being made.
    ///
    /// # Errors
    /// When the log cannot be read, and those of `apply`.
    pub fn reread(
        &self,
        which: Which,
        stream: StreamId,
        mut apply: impl FnMut(&Logged<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let checkpoints = self.checkpoints.as_ref().ok_or(AWAY)?;
        let start = one_of(checkpoints, which).map_or_else(Start::default, |one| one.start);
        let mut opener = Opener::new(self.sealer.clone());
        self.wal.reread(start.position, |batch| {
            for record in batch.records().filter(|record| record.envelope.stream == stream) {
                if let Some(logged) = logged(&record, &mut opener)? {
                    apply(&logged)?;
                }
            }
            Ok(())
        })
    }
}
