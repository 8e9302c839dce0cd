//! The log as one thread uses it.

use super::gather::{Block, Gather};
use super::writer::Writer;
use super::{Usage, WalOptions};
use crate::Error;
use crate::format::{AccountId, Envelope, Kind, Lsn, Mark, Position, StreamId};

/// How long the log is left alone before a mark says what is durable, in nanoseconds.
pub const MARK_IDLE_NS: u64 = 5_000_000;

/// A write-ahead log that is open. It comes from [`Recovery::finish`](super::Recovery::finish).
///
/// After any error of writing or syncing it is over: every call gives that error again, and what
/// was not durable before must not be acknowledged.
#[derive(Debug)]
pub struct Wal {
    gather: Gather,
    pub(super) writer: Writer,
    bytes_max: u64,
    /// The buffer that is not being gathered into.
    spare: Block,
    /// What the last mark or batch on disk says about durability.
    recorded: Lsn,
    /// Since when nothing was written, and what was then the end.
    quiet: Option<(u64, Lsn)>,
}

/// Whether there is more to prepare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maintenance {
    /// Call again.
    More,
    /// Everything is ready.
    Done,
}

impl Wal {
    pub(super) fn new(writer: Writer, options: &WalOptions) -> Self {
        let end = writer.written().lsn;
        let mut gather = Gather::new(end, writer.file_end(), options.file_size, options.batch_max);
        let bytes_max = options.bytes_max();
        gather.bound(writer.first(), bytes_max);
        let recorded = Lsn(0);
        Self { gather, writer, bytes_max, spare: Block::default(), recorded, quiet: None }
    }

    /// Adds a record to the batch being gathered, and says where it will be. It is durable once
    /// the position that [`sync`](Self::sync) gives is behind that.
    ///
    /// # Errors
    /// [`Error::RecordTooLarge`], [`Error::Full`], or [`Error::Poisoned`]; nothing was added.
    pub fn append(&mut self, envelope: &Envelope, payload: &[u8]) -> Result<Lsn, Error> {
        self.append_with(envelope, |into| into.extend_from_slice(payload))
    }

    /// The same with a payload that `write` appends to the batch's bytes, without changing what is
    /// there.
    ///
    /// # Errors
    /// As for [`append`](Self::append).
    pub fn append_with(
        &mut self,
        envelope: &Envelope,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Lsn, Error> {
        self.writer.check()?;
        self.gather.append(envelope, b"", write)
    }

    /// Bytes gathered and not written yet.
    #[must_use]
    pub fn gathered(&self) -> usize {
        self.gather.gathered()
    }

    /// Writes what was gathered. Nothing of it is durable yet.
    ///
    /// # Errors
    /// [`Error::Disk`] if there is no space: what was gathered is forgotten, and nothing of it is
    /// in the log, which goes on as soon as there is some. [`Error::Poisoned`].
    pub fn write(&mut self) -> Result<(), Error> {
        if self.gather.is_empty() {
            return self.writer.check();
        }
        let durable = self.writer.durable().lsn;
        let mut block = self.gather.take(std::mem::take(&mut self.spare));
        let written = self.writer.write(&mut block);
        self.spare = block;
        match &written {
            Ok(()) => self.recorded = durable,
            Err(_) => self.gather.rewind(self.writer.written().lsn, self.writer.file_end()),
        }
        written
    }

    /// Makes everything written durable, and says up to where.
    ///
    /// # Errors
    /// [`Error::Poisoned`].
    pub fn sync(&mut self) -> Result<Position, Error> {
        self.writer.sync()
    }

    /// [`write`](Self::write) and [`sync`](Self::sync).
    ///
    /// # Errors
    /// As for both.
    pub fn commit(&mut self) -> Result<Position, Error> {
        self.write()?;
        self.sync()
    }

    /// Where the next batch begins, unless it needs a new file.
    #[must_use]
    pub fn written(&self) -> Position {
        self.writer.written()
    }

    /// Everything before this is durable.
    #[must_use]
    pub fn durable(&self) -> Position {
        self.writer.durable()
    }

    /// To be called while there is nothing to write: when nothing was for [`MARK_IDLE_NS`], writes
    /// a mark that records what is durable, so that later damage to it is told from a torn end.
    /// `now_ns` comes from any clock that does not go back. Gives the new position if it did.
    ///
    /// # Errors
    /// As for [`commit`](Self::commit).
    pub fn mark(&mut self, now_ns: u64) -> Result<Option<Position>, Error> {
        if self.is_mark_due(now_ns) { self.mark_now().map(Some) } else { Ok(None) }
    }

    /// Whether [`mark`](Self::mark) would write one now.
    pub fn is_mark_due(&mut self, now_ns: u64) -> bool {
        let end = self.written().lsn;
        if !self.gather.is_empty() || self.recorded >= self.durable().lsn {
            self.quiet = None;
            return false;
        }
        match self.quiet {
            Some((since, then)) if then == end => now_ns.saturating_sub(since) >= MARK_IDLE_NS,
            _ => {
                self.quiet = Some((now_ns, end));
                false
            }
        }
    }

    /// Commits what was gathered, then writes and syncs a mark: the last thing before a shutdown.
    ///
    /// # Errors
    /// As for [`commit`](Self::commit).
    pub fn mark_now(&mut self) -> Result<Position, Error> {
        self.commit()?;
        self.mark_together()
    }

    /// Writes a mark of what is durable in one batch with what was gathered, which that mark does
    /// not cover: for records that may be lost.
    ///
    /// # Errors
    /// As for [`commit`](Self::commit).
    pub fn mark_together(&mut self) -> Result<Position, Error> {
        let durable = self.durable().lsn;
        append_mark(&mut self.gather, durable)?;
        self.quiet = None;
        self.commit()?;
        // A mark needs no mark.
        self.recorded = self.durable().lsn;
        Ok(self.durable())
    }

    /// How much waits for a checkpoint.
    #[must_use]
    pub fn usage(&self) -> Usage {
        Usage { used: self.gather.used(), max: self.bytes_max }
    }

    /// Bytes by which the log's files may grow until it is at its bound: what should stay free on
    /// the disk.
    #[must_use]
    pub fn growth(&self) -> u64 {
        self.writer.growth()
    }

    /// Nothing before `lsn` is needed any more: the checkpoint that recovery would start from, and
    /// the one before it, are at `lsn` or later.
    ///
    /// # Errors
    /// [`Error::OutOfLog`] for what is not durable, [`Error::Disk`] if a file cannot be removed.
    pub fn release(&mut self, lsn: Lsn) -> Result<(), Error> {
        let released = self.writer.release(lsn);
        self.gather.bound(self.writer.first(), self.bytes_max);
        released
    }

    /// One step of getting files ready before they are needed, for moments without traffic. A step
    /// takes about a millisecond.
    ///
    /// # Errors
    /// [`Error::Disk`]: the log goes on, and makes its next file when it needs it.
    /// [`Error::Poisoned`].
    pub fn maintain(&mut self) -> Result<Maintenance, Error> {
        Ok(if self.writer.maintain()? { Maintenance::More } else { Maintenance::Done })
    }
}

/// Adds a mark that everything before `durable` is. It fits into a log that is full, too.
fn append_mark(gather: &mut Gather, durable: Lsn) -> Result<Lsn, Error> {
    let envelope = Envelope {
        kind: Kind::Mark,
        flags: 0,
        account: AccountId(0),
        stream: StreamId(0),
        count: 0,
        first_seq: 0,
        time_ns: 0,
    };
    gather.append_unbounded(&envelope, |into| Mark { durable }.encode(into))
}
