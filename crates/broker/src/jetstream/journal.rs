//! What the streams' commands are logged in: the data directory, its log and its checkpoints.

mod checkpoints;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anabranch_jetstream::stream::{Command, Record};
use anabranch_log::checkpoint::{BlobKey, Blobs, Checkpoint, Checkpoints};
use anabranch_log::directory::{Directory, Facts};
use anabranch_log::disk::{Disk, LockMode, Operation, RealDisk};
use anabranch_log::format::{
    AccountId, DirectoryFormat, DirectoryId, Envelope, Kind, Lsn, Outcome, StreamId,
};
use anabranch_log::sealing::{Sealer, Secrets};
use anabranch_log::wal::{Item, MARK_IDLE_NS, Maintenance, Recovery, Start, Wal, WalOptions};
use anabranch_log::{Error, wal};

use super::checkpointing::Keeper;
use super::figures::{Figures, Progress};
use super::files::Home;
use super::lazily::{Eager, can_be_left};
use super::outcomes::{self, Untold};
use super::sealing::{self, Opener};
use super::shard::now;
use super::streams::Ledger;
use super::trouble::is_damage;

/// How long messages may be acknowledged without a sync, on streams that ask for that.
const SYNC_AFTER: Duration = Duration::from_millis(10);

/// One of the two checkpoints that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The last one.
    Newest,
    /// The one before it.
    Previous,
}

/// The account `$G`.
pub const GLOBAL: AccountId = AccountId(1);

/// The open data directory.
pub struct Journal {
    directory: Directory,
    /// Away while a checkpoint is being written.
    checkpoints: Option<Checkpoints>,
    keeper: Keeper,
    wal: Wal,
    clock: Instant,
    /// Something was logged since the last checkpoint.
    changed: bool,
    /// Files for later are all ready.
    maintained: bool,
    /// What is durable was not marked since the last commit.
    unmarked: bool,
    /// Where the log goes on behind the last checkpoint.
    checkpointed: Lsn,
    /// The same for the one that is being made.
    checkpointing_from: Lsn,
    /// Commands in the log behind the last checkpoint, and how many of them are in the one that is
    /// being made.
    commands: u64,
    commands_saved: u64,
    /// Bytes of everything in it.
    checkpoint_bytes: u64,
    /// Bytes that were written for it, and not taken from the one before.
    checkpoint_anew: u64,
    /// Streams whose outcomes are not in the log yet.
    untold: Untold,
    /// Since when checkpoints fail.
    failing: Option<Instant>,
    /// Since when something was written and not synced.
    unsynced: Option<Instant>,
    /// It was said that files cannot be prepared.
    warned: bool,
    figures: Arc<Figures>,
    /// Time spent on waiting for the disk.
    waited: Duration,
    /// What seals commands, if they are sealed.
    sealer: Option<Arc<Sealer>>,
}

/// A data directory whose contents are being read.
pub struct Opening {
    directory: Directory,
    checkpoints: Checkpoints,
    facts: Facts,
    options: WalOptions,
    progress: Arc<Progress>,
    sealer: Option<Arc<Sealer>>,
    eager: Eager,
}

/// What the log has.
pub enum Found<'a> {
    /// A command, and where.
    Command(Logged<'a>, Lsn),
    /// Where streams stood before the batch there; since when all of them are told of.
    Outcomes(Lsn, Lsn, Vec<Outcome>),
    /// A part that cannot be read.
    Damage(Lsn, Lsn),
}

/// A command from the log.
pub struct Logged<'a> {
    /// Of which stream.
    pub stream: StreamId,
    /// When it was proposed.
    pub time: i64,
    /// The command.
    pub command: Command<'a>,
}

impl Opening {
    /// Opens the data directory at `root`, and makes it if there is none. Messages have up to
    /// `message_max` bytes. With `secrets` it is sealed from now on.
    ///
    /// # Errors
    /// When it cannot be used: also when it is sealed, and not with one of `secrets`.
    pub fn new(root: &Path, message_max: u64, secrets: Option<&Secrets>) -> Result<Self, Error> {
        Self::on(Arc::new(RealDisk::new(root)?), message_max, secrets)
    }

    /// The same on a disk that is there.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn on(
        disk: Arc<dyn Disk>,
        message_max: u64,
        secrets: Option<&Secrets>,
    ) -> Result<Self, Error> {
        let (id, created_ns) = (DirectoryId(rand::random()), now());
        let new = DirectoryFormat { id, created_ns, is_sealed: false };
        let mut directory = Directory::open(disk, LockMode::Fail, new)?;
        let sealer = sealing::unlock(&mut directory, secrets)?;
        let (checkpoints, rejected) =
            Checkpoints::open(Arc::clone(directory.disk()), directory.id())?;
        for one in &rejected {
            log::error!("Checkpoint {} is damaged: {}", one.path, one.error);
        }
        let checkpoints = checkpoints.sealed_by(sealer.clone());
        let clock = Instant::now();
        let facts = directory.facts(|| nanos(clock.elapsed()))?;
        let options = directory.wal_options(message_max)?;
        let progress = Arc::default();
        let eager = Eager::default();
        Ok(Self { directory, checkpoints, facts, options, progress, sealer, eager })
    }

    /// How far reading gets is shown there.
    pub fn watch(&mut self, progress: &Arc<Progress>) {
        self.progress = Arc::clone(progress);
    }

    /// So much of streams is read at once; the rest when it is needed.
    #[must_use]
    pub fn reading(self, eager: Eager) -> Self {
        Self { eager, ..self }
    }

    /// What the directory is on.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What seals and opens what is stored, if it is sealed.
    #[must_use]
    pub fn sealer(&self) -> Option<&Sealer> {
        self.sealer.as_deref()
    }

    /// Where the files of a stream are.
    #[must_use]
    pub fn home(&self, stream: StreamId) -> Home {
        home(&self.directory, self.sealer.as_ref(), stream)
    }

    /// Reads a checkpoint: `each` gets its parts, or why one cannot be read, in the order of their
    /// keys; nothing of messages and subjects that are left. Gives where the log goes on; nothing
    /// if there is no such checkpoint.
    ///
    /// # Errors
    /// Those of `each`.
    pub fn read_checkpoint(
        &self,
        which: Which,
        each: impl FnMut(BlobKey, Result<Option<&[u8]>, Error>) -> Result<(), Error>,
    ) -> Result<Option<Start>, Error> {
        let Some(checkpoint) = one_of(&self.checkpoints, which) else { return Ok(None) };
        let left = self.eager.left(checkpoint);
        let is_wanted = |key: BlobKey| !(can_be_left(key) && left.contains(&key.stream));
        self.checkpoints.read_each(checkpoint, .., is_wanted, each)?;
        Ok(Some(checkpoint.start))
    }

    /// The parts of a checkpoint, to be read later.
    #[must_use]
    pub fn blobs(&self, which: Which) -> Option<Arc<Blobs>> {
        let checkpoint = one_of(&self.checkpoints, which)?;
        Some(Arc::new(self.checkpoints.blobs(checkpoint)))
    }

    /// The newest checkpoint counts no more.
    pub fn forget_newest(&mut self) {
        self.checkpoints.forget_newest();
    }

    /// Tells the ledger of all streams that ever had files: a number is not given twice.
    ///
    /// # Errors
    /// What the disk says.
    pub fn note_streams(&self, ledger: &mut Ledger) -> Result<(), Error> {
        let streams = self.directory.streams()?.streams;
        streams.into_iter().for_each(|(_, stream)| ledger.note_stream(stream));
        Ok(())
    }

    /// Reads what the log has behind `start`, and opens the log.
    ///
    /// # Errors
    /// When it cannot be read, or `apply` refuses a command.
    pub fn replay(
        self,
        start: Start,
        mut apply: impl FnMut(Found<'_>) -> Result<(), Error>,
    ) -> Result<Journal, Error> {
        let Self { directory, checkpoints, options, progress, sealer, .. } = self;
        let mut opener = Opener::new(sealer.clone());
        let disk = Arc::clone(directory.disk());
        let mut recovery = Recovery::open(disk, directory.id(), options, start)?;
        let mut commands = 0;
        let (begin, max) = (start.position.lsn, recovery.reach().since(start.position.lsn));
        while let Some(item) = recovery.next_item()? {
            match item {
                Item::Batch(batch) => {
                    progress.show(batch.end.lsn.since(begin), max);
                    commands += apply_batch(&batch, &mut opener, &mut apply)?;
                }
                Item::Damage(damage) => {
                    report(&damage, &recovery);
                    apply(Found::Damage(damage.from, damage.to))?;
                }
            }
        }
        let (mut wal, report) = recovery.finish()?;
        wal.release(checkpoints.log_needed_from())?;
        if report.batches > 0 {
            log::info!("  Recovered:       {commands} commands of the log");
        }
        let clock = Instant::now();
        let (checkpoint_bytes, checkpoint_anew) = bytes_of(&checkpoints);
        let changed = report.batches > 0 || report.damages > 0;
        let untold = Untold::from(wal.written().lsn);
        let (maintained, unmarked, checkpointed) = (false, changed, start.position.lsn);
        let keeper = Keeper::start().map_err(|_| Error::Options("no thread for checkpoints"))?;
        Ok(Journal {
            directory,
            checkpoints: Some(checkpoints),
            keeper,
            wal,
            clock,
            changed,
            maintained,
            unmarked,
            checkpointed,
            checkpointing_from: checkpointed,
            commands,
            commands_saved: 0,
            checkpoint_bytes,
            checkpoint_anew,
            untold,
            failing: None,
            unsynced: None,
            warned: false,
            figures: Arc::default(),
            waited: Duration::ZERO,
            sealer,
        })
    }
}

/// Gives `apply` what a batch has; gives how many commands it has.
fn apply_batch(
    batch: &wal::Batch<'_>,
    opener: &mut Opener,
    apply: &mut impl FnMut(Found<'_>) -> Result<(), Error>,
) -> Result<u64, Error> {
    let mut commands = 0;
    for record in batch.records() {
        if record.envelope.kind == Kind::Outcome {
            let (since, outcomes) = outcomes::decode(record.payload);
            apply(Found::Outcomes(batch.lsn, since, outcomes))?;
            continue;
        }
        match logged(&record, opener) {
            Ok(None) => {}
            Ok(Some(logged)) => {
                commands += 1;
                apply(Found::Command(logged, batch.lsn))?;
            }
            Err(error) if is_damage(&error) => {
                log::error!("{error}");
                apply(Found::Damage(batch.lsn, batch.end.lsn))?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(commands)
}

fn logged<'a>(
    record: &anabranch_log::format::Record<'a>,
    opener: &'a mut Opener,
) -> Result<Option<Logged<'a>>, Error> {
    let sort = match record.envelope.kind {
        Kind::Publish => Record::Publish,
        Kind::Control => Record::Control,
        Kind::Tombstone => Record::Tombstone,
        Kind::ConsumerDeltas => Record::Consumer,
        Kind::Outcome | Kind::Mark => return Ok(None),
        _ => return Err(Error::Options("a record of a kind that this server does not apply")),
    };
    let (offset, stream) = (record.lsn.0, record.envelope.stream);
    let path = || format!("the log, a command of stream {stream}");
    let payload = opener.payload(record);
    let payload = payload.map_err(|cause| Error::Format { path: path(), offset, cause })?;
    let command = Command::decode(sort, payload)
        .map_err(|_| Error::Options("a command in the log cannot be read"))?;
    Ok(Some(Logged { stream, time: record.envelope.time_ns, command }))
}

/// Says which part of the log is damaged, and keeps what is there of it.
fn report(damage: &wal::Damage, recovery: &Recovery) {
    let wal::Damage { path, offset, from, to } = damage;
    log::error!(
        "The write-ahead log is damaged from LSN {from} to {to}: {path}, byte {offset}. What \
         streams had stored, deleted and changed there is lost"
    );
    match recovery.keep_aside(damage) {
        Ok(path) => log::error!("What is there of it was copied to {path}"),
        Err(error) => log::error!("What is there of it cannot be copied: {error}"),
    }
}

fn home(directory: &Directory, sealer: Option<&Arc<Sealer>>, stream: StreamId) -> Home {
    let (disk, sealer) = (Arc::clone(directory.disk()), sealer.cloned());
    Home { disk, directory: directory.id(), account: GLOBAL, stream, sealer }
}

impl Journal {
    /// Where the files of a stream are.
    #[must_use]
    pub fn home(&self, stream: StreamId) -> Home {
        home(&self.directory, self.sealer.as_ref(), stream)
    }

    #[cfg(test)]
    pub fn replace_sealer(&mut self, sealer: Option<Arc<Sealer>>) -> Option<Arc<Sealer>> {
        std::mem::replace(&mut self.sealer, sealer)
    }

    /// Adds a command to those that the next commit makes durable.
    ///
    /// # Errors
    /// When there is no room for it, or the log has failed.
    pub fn append(
        &mut self,
        stream: StreamId,
        time: i64,
        command: &Command<'_>,
    ) -> Result<(), Error> {
        let (kind, count) = match command.record() {
            Record::Publish => (Kind::Publish, 1),
            Record::Control => (Kind::Control, 0),
            Record::Tombstone => (Kind::Tombstone, 0),
            Record::Consumer => (Kind::ConsumerDeltas, 0),
        };
        let sealer = self.sealer.as_deref();
        let envelope = Envelope {
            kind,
            flags: if sealer.is_some() { sealing::COMMAND } else { 0 },
            account: GLOBAL,
            stream,
            count,
            first_seq: 0,
            time_ns: time,
        };
        self.wal.append_with(&envelope, |into| {
            sealing::write_command(sealer, &envelope, command, into);
        })?;
        self.changed = true;
        self.commands += 1;
        self.untold.note(stream);
        Ok(())
    }

    /// Adds, as the first record of a batch, where streams stand: everything in the log is applied.
    /// `last_seq` gives the last sequence of a stream, if it is still there.
    pub fn tell_outcomes(&mut self, last_seq: impl Fn(StreamId) -> Option<u64>) {
        if self.wal.gathered() == 0 && self.untold.is_due(self.wal.written().lsn) {
            self.add_outcomes(last_seq);
        }
    }

    fn add_outcomes(&mut self, last_seq: impl Fn(StreamId) -> Option<u64>) {
        let payload = self.untold.tell(self.wal.written().lsn, last_seq);
        let envelope = Envelope {
            kind: Kind::Outcome,
            flags: 0,
            account: GLOBAL,
            stream: StreamId(0),
            count: 0,
            first_seq: 0,
            time_ns: now(),
        };
        // A log without room for it goes on without.
        let _ = self.wal.append(&envelope, &payload);
    }

    /// Makes everything added durable.
    ///
    /// # Errors
    /// When there was no space ([`is_out_of_space`]): nothing of it was added. When it failed
    /// otherwise: nothing is known about what was added, and nothing more is taken.
    pub fn commit(&mut self) -> Result<(), Error> {
        if self.wal.gathered() > 0 || self.unsynced.is_some() {
            let begun = Instant::now();
            self.wal.commit()?;
            self.unsynced = None;
            let took = begun.elapsed();
            self.figures.commits.add(took);
            self.waited += took;
            self.maintained = false;
            self.unmarked = true;
        }
        Ok(())
    }

    /// Writes everything added; it is durable with the next commit, of which [`Self::idle`] and
    /// [`Self::sync_if_due`] see to it that it comes soon.
    ///
    /// # Errors
    /// As for [`Self::commit`].
    pub fn write(&mut self) -> Result<(), Error> {
        if self.wal.gathered() > 0 {
            self.wal.write()?;
            self.unsynced.get_or_insert_with(Instant::now);
            self.maintained = false;
            self.unmarked = true;
        }
        Ok(())
    }

    /// Makes durable what was written as long ago as messages may be acknowledged without a sync.
    /// True if there was such.
    ///
    /// # Errors
    /// As for [`Self::commit`].
    pub fn sync_if_due(&mut self) -> Result<bool, Error> {
        let is_due = self.unsynced.is_some_and(|since| since.elapsed() >= SYNC_AFTER);
        if is_due {
            self.commit()?;
        }
        Ok(is_due)
    }

    /// Commands that the next commit makes durable, in bytes.
    #[must_use]
    pub fn gathered(&self) -> usize {
        self.wal.gathered()
    }

    /// The disk of the data directory.
    #[must_use]
    pub fn disk(&self) -> Arc<dyn Disk> {
        Arc::clone(self.directory.disk())
    }

    /// Bytes that must stay free: what the log may still grow by, and a checkpoint that is larger
    /// than the last one by a half.
    #[must_use]
    pub fn reserve(&self) -> u64 {
        let bytes = self.checkpoint_bytes;
        self.wal.growth().saturating_add(bytes.saturating_add(bytes / 2))
    }

    /// Time spent on waiting for the disk since that was taken last.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// Time spent on waiting for the disk since this was asked last.
    pub fn take_waited(&mut self) -> Duration {
        std::mem::take(&mut self.waited)
    }

    /// What is measured goes there.
    pub fn observe(&mut self, figures: &Arc<Figures>) {
        self.figures = Arc::clone(figures);
        self.show_usage();
    }

    /// Shows how full the log is.
    pub fn show_usage(&self) {
        let usage = self.wal.usage();
        self.figures.log_used.store(usage.used, Ordering::Relaxed);
        self.figures.log_max.store(usage.max, Ordering::Relaxed);
    }

    /// To be called while nothing waits: gets files ready, and marks what is durable, and where
    /// streams stand. Says when it wants to be called again.
    ///
    /// # Errors
    /// When the log has failed.
    pub fn idle(
        &mut self,
        last_seq: impl Fn(StreamId) -> Option<u64>,
    ) -> Result<Option<Duration>, Error> {
        let unsynced = self.unsynced.map(|since| SYNC_AFTER.saturating_sub(since.elapsed()));
        if unsynced.is_some_and(|left| left.is_zero()) {
            self.commit()?;
        } else if unsynced.is_some() {
            return Ok(unsynced);
        }
        if !self.maintained {
            self.maintained = match self.wal.maintain() {
                Ok(step) => step == Maintenance::Done,
                Err(Error::Disk(error)) => {
                    // The log makes its next file when it needs it.
                    if !self.warned {
                        log::warn!("JetStream could not prepare a file of the log: {error}");
                    }
                    self.warned = true;
                    true
                }
                Err(error) => return Err(error),
            };
            return Ok(Some(Duration::ZERO));
        }
        if self.unmarked && self.wal.is_mark_due(nanos(self.clock.elapsed())) {
            self.unmarked = false;
            self.mark(last_seq)?;
        }
        Ok(self.unmarked.then_some(Duration::from_nanos(MARK_IDLE_NS)))
    }

    /// The last words before the end.
    ///
    /// # Errors
    /// When the log has failed.
    pub fn close(&mut self, last_seq: impl Fn(StreamId) -> Option<u64>) -> Result<(), Error> {
        self.commit()?;
        self.mark(last_seq)
    }

    /// Marks what is durable. Without space for that, all that is lost is that a torn end would
    /// hide damage before it.
    fn mark(&mut self, last_seq: impl Fn(StreamId) -> Option<u64>) -> Result<(), Error> {
        if self.untold.is_any() {
            self.add_outcomes(last_seq);
        }
        match self.wal.mark_together() {
            Err(error) if is_out_of_space(&error) => Ok(()),
            marked => marked.map(|_| ()),
        }
    }
}

fn one_of(checkpoints: &Checkpoints, which: Which) -> Option<&Arc<Checkpoint>> {
    match which {
        Which::Newest => checkpoints.newest(),
        Which::Previous => checkpoints.previous(),
    }
}

/// Bytes of the newest checkpoint, and how many of them were written for it.
fn bytes_of(checkpoints: &Checkpoints) -> (u64, u64) {
    let Some(newest) = checkpoints.newest() else { return (0, 0) };
    (newest.blobs().map(|(_, length)| length).sum(), newest.bytes_anew())
}

/// There was no space, and nothing was done. A sync that says so is none of these: what it was to
/// make durable may be gone.
#[must_use]
pub fn is_out_of_space(error: &Error) -> bool {
    matches!(error, Error::Disk(error) if error.is_full() && error.operation != Operation::Sync)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
