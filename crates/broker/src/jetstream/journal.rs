//! What the streams' commands are logged in: the data directory, its log and its checkpoints.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anabranch_jetstream::stream::{Command, Record};
use anabranch_log::checkpoint::{BlobKey, Checkpoint, CheckpointWriter, Checkpoints};
use anabranch_log::directory::{Directory, Facts};
use anabranch_log::disk::{Disk, LockMode, RealDisk};
use anabranch_log::format::{
    AccountId, DirectoryFormat, DirectoryId, Envelope, Kind, Lsn, StreamId,
};
use anabranch_log::wal::{Item, MARK_IDLE_NS, Maintenance, Recovery, Start, Wal};
use anabranch_log::{Error, wal};

use super::figures::Figures;
use super::files::Home;
use super::shard::now;

/// The account `$G`.
pub const GLOBAL: AccountId = AccountId(1);

/// The open data directory.
pub struct Journal {
    directory: Directory,
    checkpoints: Checkpoints,
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
    figures: Arc<Figures>,
}

/// A data directory whose contents are being read.
pub struct Opening {
    directory: Directory,
    checkpoints: Checkpoints,
    facts: Facts,
}

/// What a checkpoint holds.
#[derive(Default)]
pub struct Saved {
    /// Where the log goes on behind it.
    pub start: Start,
    /// Its parts.
    pub parts: Vec<(BlobKey, Vec<u8>)>,
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
    /// Opens the data directory at `root`, and makes it if there is none.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn new(root: &Path) -> Result<Self, Error> {
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(root)?);
        let new = DirectoryFormat { id: DirectoryId(rand::random()), created_ns: now() };
        let directory = Directory::open(disk, LockMode::Fail, new)?;
        let (checkpoints, rejected) =
            Checkpoints::open(Arc::clone(directory.disk()), directory.id())?;
        for one in &rejected {
            log::error!("Checkpoint {} is damaged: {}", one.path, one.error);
        }
        let clock = Instant::now();
        let facts = directory.facts(|| nanos(clock.elapsed()))?;
        Ok(Self { directory, checkpoints, facts })
    }

    /// What the directory is on.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Where the files of a stream are.
    #[must_use]
    pub fn home(&self, stream: StreamId) -> Home {
        home(&self.directory, stream)
    }

    /// Reads the newest checkpoint that can be read: its parts, and where the log goes on.
    ///
    /// # Errors
    /// When there are checkpoints and none of them can be read.
    pub fn checkpoint(&self) -> Result<Saved, Error> {
        let Some(newest) = self.checkpoints.newest() else { return Ok(Saved::default()) };
        match self.read(newest) {
            Ok(saved) => Ok(saved),
            Err(error) => {
                let Some(previous) = self.checkpoints.previous() else { return Err(error) };
                log::error!("The newest checkpoint is damaged, the one before is used: {error}");
                self.read(previous)
            }
        }
    }

    fn read(&self, checkpoint: &Checkpoint) -> Result<Saved, Error> {
        let mut saved = Saved { start: checkpoint.start, parts: Vec::new() };
        for (key, length) in checkpoint.blobs() {
            if let Some(blob) = self.checkpoints.read(checkpoint, key)? {
                saved.parts.push((key, blob.read_all(length)?));
            }
        }
        Ok(saved)
    }

    /// Reads what the log has behind `start`, and opens the log.
    ///
    /// # Errors
    /// When it cannot be read, or `apply` refuses a command.
    pub fn replay(
        self,
        start: Start,
        mut apply: impl FnMut(Logged<'_>) -> Result<(), Error>,
    ) -> Result<Journal, Error> {
        let Self { directory, checkpoints, .. } = self;
        let disk = Arc::clone(directory.disk());
        let options = directory.wal_options()?;
        let mut recovery = Recovery::open(disk, directory.id(), options, start)?;
        while let Some(item) = recovery.next_item()? {
            match item {
                Item::Batch(batch) => {
                    for record in batch.records() {
                        if let Some(logged) = logged(&record)? {
                            apply(logged)?;
                        }
                    }
                }
                Item::Damage(damage) => return Err(damaged(&damage)),
            }
        }
        let (mut wal, report) = recovery.finish()?;
        wal.release(checkpoints.log_needed_from())?;
        if report.batches > 0 {
            log::info!("  Recovered:       {} batches of the log", report.batches);
        }
        let clock = Instant::now();
        let changed = report.batches > 0;
        let (maintained, unmarked, checkpointed) = (false, changed, start.position.lsn);
        Ok(Journal {
            directory,
            checkpoints,
            wal,
            clock,
            changed,
            maintained,
            unmarked,
            checkpointed,
            figures: Arc::default(),
        })
    }
}

fn logged<'a>(record: &anabranch_log::format::Record<'a>) -> Result<Option<Logged<'a>>, Error> {
    let sort = match record.envelope.kind {
        Kind::Publish => Record::Publish,
        Kind::Control => Record::Control,
        Kind::Tombstone => Record::Tombstone,
        Kind::Outcome | Kind::Mark => return Ok(None),
        _ => return Err(Error::Options("a record of a kind that this server does not apply")),
    };
    let command = Command::decode(sort, record.payload)
        .map_err(|_| Error::Options("a command in the log cannot be read"))?;
    Ok(Some(Logged { stream: record.envelope.stream, time: record.envelope.time_ns, command }))
}

fn damaged(damage: &wal::Damage) -> Error {
    let wal::Damage { path, offset, from, to } = damage;
    log::error!("The write-ahead log is damaged from LSN {from} to {to}: {path}, byte {offset}");
    Error::Options("the write-ahead log is damaged: see the line before")
}

fn home(directory: &Directory, stream: StreamId) -> Home {
    let disk = Arc::clone(directory.disk());
    Home { disk, directory: directory.id(), account: GLOBAL, stream }
}

impl Journal {
    /// Where the files of a stream are.
    #[must_use]
    pub fn home(&self, stream: StreamId) -> Home {
        home(&self.directory, stream)
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
        };
        let envelope = Envelope {
            kind,
            flags: 0,
            account: GLOBAL,
            stream,
            count,
            first_seq: 0,
            time_ns: time,
        };
        self.changed = true;
        self.wal.append_with(&envelope, |into| command.encode(into)).map(|_| ())
    }

    /// Makes everything added durable.
    ///
    /// # Errors
    /// When that failed: nothing is known about what was added, and nothing more is taken.
    pub fn commit(&mut self) -> Result<(), Error> {
        if self.wal.gathered() > 0 {
            let begun = Instant::now();
            self.wal.commit()?;
            self.figures.commits.add(begun.elapsed());
            self.maintained = false;
            self.unmarked = true;
        }
        Ok(())
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

    /// So much was logged that a checkpoint is due: a third of what the log may hold, since it
    /// holds what came since the checkpoint before the last.
    #[must_use]
    pub fn wants_checkpoint(&self) -> bool {
        let logged = self.wal.written().lsn.since(self.checkpointed);
        logged >= self.wal.usage().max / 3
    }

    /// Something was logged since the last checkpoint.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.changed
    }

    /// Makes a checkpoint of what `save` writes or carries over.
    ///
    /// # Errors
    /// When it cannot be made; the one before still holds.
    pub fn checkpoint(
        &mut self,
        save: impl FnOnce(&mut CheckpointWriter) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.commit()?;
        let durable = self.wal.durable();
        let start = Start { position: durable, durable: durable.lsn };
        let mut writer = self.checkpoints.begin(start, now())?;
        save(&mut writer)?;
        let needed_from = self.checkpoints.install(writer.finish()?)?;
        self.changed = false;
        self.checkpointed = durable.lsn;
        self.wal.release(needed_from)
    }

    /// To be called while nothing waits: gets files ready, and marks what is durable. Says when
    /// it wants to be called again.
    ///
    /// # Errors
    /// When the log has failed.
    pub fn idle(&mut self) -> Result<Option<Duration>, Error> {
        if !self.maintained {
            self.maintained = match self.wal.maintain() {
                Ok(step) => step == Maintenance::Done,
                Err(Error::Disk(error)) => {
                    // The log makes its next file when it needs it.
                    log::warn!("JetStream could not prepare a file of the log: {error}");
                    true
                }
                Err(error) => return Err(error),
            };
            return Ok(Some(Duration::ZERO));
        }
        if self.unmarked && self.wal.mark(nanos(self.clock.elapsed()))?.is_some() {
            self.unmarked = false;
        }
        Ok(self.unmarked.then_some(Duration::from_nanos(MARK_IDLE_NS)))
    }

    /// The last words before the end.
    ///
    /// # Errors
    /// When the log has failed.
    pub fn close(&mut self) -> Result<(), Error> {
        self.wal.mark_now().map(|_| ())
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
