//! Writes batches to the log's files, syncs them, and takes files into and out of use.

use std::collections::VecDeque;
use std::sync::Arc;

use super::WalOptions;
use super::file::{self, DIRECTORY, NEXT, WalFile};
use super::gather::{Block, Span, record_bytes};
use crate::Error;
use crate::disk::{Disk, DiskError, DiskFile, OpenMode, Operation};
use crate::format::{
    BatchHeader, DirectoryId, Lsn, Position, SECTOR, Seed, WalFileHeader, to_u64, to_usize,
};

/// The files of the log and what was written to them.
#[derive(Debug)]
pub(super) struct Writer {
    disk: Arc<dyn Disk>,
    options: WalOptions,
    directory: DirectoryId,
    seed: Seed,
    /// Files with contents, in order; the last one is written to.
    live: VecDeque<WalFile>,
    /// Files that are ready to follow, in order.
    ready: VecDeque<WalFile>,
    /// Files whose contents are not needed any more, by path.
    released: Vec<String>,
    /// A file being zeroed, and how far.
    zeroing: Option<(Box<dyn DiskFile>, u64)>,
    written: Position,
    durable: Position,
    poison: Option<DiskError>,
}

/// What recovery found, for the writer that goes on behind it.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) live: VecDeque<WalFile>,
    pub(super) ready: VecDeque<WalFile>,
    pub(super) end: Position,
}

impl Writer {
    /// Goes on at the end of what is there. Everything before it is durable.
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        options: WalOptions,
        directory: DirectoryId,
        files: Files,
    ) -> Self {
        let Files { live, ready, end } = files;
        assert!(!live.is_empty(), "a log has a file to write to");
        let seed = Seed::new(directory);
        Self {
            disk,
            options,
            directory,
            seed,
            live,
            ready,
            released: Vec::new(),
            zeroing: None,
            written: end,
            durable: end,
            poison: None,
        }
    }

    pub(super) fn written(&self) -> Position {
        self.written
    }

    pub(super) fn durable(&self) -> Position {
        self.durable
    }

    /// Where the oldest file that is still needed begins.
    pub(super) fn first(&self) -> Lsn {
        self.live.front().map_or(self.written.lsn, |file| file.header.first)
    }

    /// The files with contents, in order, and what their checksums are seeded with.
    pub(super) fn files(&self) -> (impl Iterator<Item = &WalFile> + Clone, Seed) {
        (self.live.iter(), self.seed)
    }

    /// Where the file that is written to ends.
    pub(super) fn file_end(&self) -> Lsn {
        self.active().header.end()
    }

    /// Fills in the headers of the batches and writes them. [`Error::Disk`] if there was no space
    /// for them: then nothing of them is in the log, which goes on when there is some.
    pub(super) fn write(&mut self, block: &mut Block) -> Result<(), Error> {
        self.check()?;
        let before = self.written;
        match self.write_batches(block) {
            Err(cause) if lacks_space(&cause) => {
                let undone = self.take_back(before, block);
                self.poisoning(undone)?;
                Err(cause.into())
            }
            written => self.poisoning(written),
        }
    }

    /// Makes everything written durable.
    pub(super) fn sync(&mut self) -> Result<Position, Error> {
        self.check()?;
        let synced = self.live.iter_mut().try_for_each(WalFile::sync);
        self.poisoning(synced)?;
        self.durable = self.written;
        Ok(self.durable)
    }

    /// Whether a write or sync failed once.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.poison.as_ref().map_or(Ok(()), |cause| Err(Error::Poisoned(cause.clone())))
    }

    /// Takes files out of use all of whose contents are before `lsn`.
    pub(super) fn release(&mut self, lsn: Lsn) -> Result<(), Error> {
        self.check()?;
        if lsn > self.durable.lsn {
            let (first, end) = (self.first(), self.durable.lsn);
            return Err(Error::OutOfLog { asked: lsn, first, end });
        }
        while self.live.len() > 1 {
            let oldest = &self.live[0];
            if oldest.header.end() > lsn {
                break;
            }
            let path = file::path(oldest.header.number);
            let recyclable = oldest.header.size == self.options.file_size;
            if recyclable && to_u64(self.released.len()) < self.options.files {
                self.released.push(path);
            } else {
                self.disk.remove(&path)?;
            }
            self.live.pop_front();
        }
        Ok(())
    }

    /// One bounded step of getting the next file ready. Whether there may be more to do. An error
    /// is no reason to stop: the log then makes its next file when it needs one.
    pub(super) fn maintain(&mut self) -> Result<bool, Error> {
        self.check()?;
        if self.ready.is_empty() && !self.released.is_empty() {
            let file = self.make_next()?;
            self.ready.push_back(file);
            return Ok(true);
        }
        let step = self.options.zero_step;
        if self.live.back_mut().is_some_and(|active| active.zeroed < active.header.size) && step > 0
        {
            return match self.active_mut().zero(step) {
                Err(cause) if lacks_space(&cause) => Err(cause.into()),
                zeroed => self.poisoning(zeroed),
            };
        }
        if self.ready.is_empty() && step > 0 {
            self.zero_next(step)?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Bytes by which the log's files may grow until it reaches its bound with one file ready.
    pub(super) fn growth(&self) -> u64 {
        let WalOptions { file_size, files, .. } = self.options;
        let zeroed = self.live.iter().chain(&self.ready).map(|file| file.zeroed).sum::<u64>();
        let zeroing = self.zeroing.as_ref().map_or(0, |(_, done)| *done);
        let there = zeroed + zeroing + file_size * to_u64(self.released.len());
        file_size.saturating_mul(files + 1).saturating_sub(there)
    }

    fn active(&self) -> &WalFile {
        self.live.back().expect("a log has a file to write to")
    }

    fn active_mut(&mut self) -> &mut WalFile {
        self.live.back_mut().expect("a log has a file to write to")
    }

    fn poisoning<T>(&mut self, result: Result<T, DiskError>) -> Result<T, Error> {
        result.map_err(|cause| Error::Poisoned(self.poison.insert(cause).clone()))
    }

    fn write_batches(&mut self, block: &mut Block) -> Result<(), DiskError> {
        let mut run: Option<(Lsn, usize, usize)> = None;
        for span in &block.batches {
            self.seal(span, &mut block.bytes);
            let end = span.start + occupied(span);
            run = Some(match run {
                Some((lsn, start, until)) if self.continues(lsn, start, until, span) => {
                    (lsn, start, end)
                }
                Some((lsn, start, until)) => {
                    self.write_run(&block.bytes[start..until], lsn)?;
                    (span.lsn, span.start, end)
                }
                None => (span.lsn, span.start, end),
            });
        }
        run.map_or(Ok(()), |(lsn, start, until)| self.write_run(&block.bytes[start..until], lsn))
    }

    /// There was no space for all batches: destroys the headers of those that were written, so that
    /// none of them comes back, and stands again where it stood `before`.
    fn take_back(&mut self, before: Position, block: &Block) -> Result<(), DiskError> {
        let zeros = vec![0; to_usize(SECTOR)];
        for span in &block.batches {
            let Some(file) = self.live.iter_mut().find(|file| file.holds(span.lsn)) else {
                continue;
            };
            // No further than the file goes: there is no space for more.
            let there = file.file.length()?.saturating_sub(file.offset(span.lsn)).min(SECTOR);
            if there > 0 {
                file.write(&zeros[..to_usize(there)], span.lsn)?;
            }
        }
        self.live.iter_mut().try_for_each(WalFile::sync)?;
        while self.live.len() > 1 && self.active().header.first >= before.lsn {
            self.ready.extend(self.live.pop_back());
            self.ready.rotate_right(1);
        }
        self.written = before;
        Ok(())
    }

    /// Whether a batch follows the run `start..until` that begins at `lsn` without a gap.
    fn continues(&self, lsn: Lsn, start: usize, until: usize, span: &Span) -> bool {
        span.start == until && span.lsn == lsn.plus(to_u64(until - start))
    }

    /// Writes the header of a batch into its place in the block.
    fn seal(&mut self, span: &Span, bytes: &mut [u8]) {
        assert!(span.lsn >= self.written.lsn, "the log only grows");
        let payload = &bytes[span.payload_start()..span.end];
        let header = BatchHeader {
            lsn: span.lsn,
            payload_len: record_bytes(span),
            records: span.records,
            durable: self.durable.lsn,
            previous: self.written.chain,
            payload: BatchHeader::payload_start(self.seed, span.lsn).then(payload),
        };
        let (encoded, chain) = header.encode(self.seed);
        bytes[span.start..span.payload_start()].copy_from_slice(&encoded);
        self.written = Position { lsn: header.end(), chain };
    }

    fn write_run(&mut self, bytes: &[u8], lsn: Lsn) -> Result<(), DiskError> {
        while !self.active().holds(lsn) {
            assert!(lsn >= self.file_end(), "files are written in order");
            let next = match self.ready.pop_front() {
                Some(ready) => ready,
                None => self.make_next()?,
            };
            self.live.push_back(next);
        }
        self.active_mut().write(bytes, lsn)
    }

    /// The file that follows the last one.
    fn make_next(&mut self) -> Result<WalFile, DiskError> {
        let last = self.ready.back().unwrap_or_else(|| self.active()).header;
        let header = WalFileHeader {
            directory: self.directory,
            number: last.number + 1,
            first: last.end(),
            size: self.options.file_size,
        };
        let from = self.released.pop();
        WalFile::make(&*self.disk, header, from.as_deref(), self.options.zero_step)
    }

    /// Zeroes a part of the file to come; when it is whole, gives it its number.
    fn zero_next(&mut self, step: u64) -> Result<(), DiskError> {
        let (file, done) = match self.zeroing.take() {
            Some(zeroing) => zeroing,
            None => (self.disk.open(NEXT, OpenMode::Create)?, 0),
        };
        let step = step.min(self.options.file_size - done);
        file.write_zeros(done, step)?;
        let done = done + step;
        if done < self.options.file_size {
            self.zeroing = Some((file, done));
            return Ok(());
        }
        file.sync_all()?;
        drop(file);
        self.released.push(NEXT.to_owned());
        let next = self.make_next()?;
        self.ready.push_back(next);
        Ok(())
    }
}

/// There was no space, and it was not a sync that says so: nothing that was there is in doubt.
fn lacks_space(error: &DiskError) -> bool {
    error.is_full() && error.operation != Operation::Sync
}

/// Bytes of a batch in its block, padding included.
fn occupied(span: &Span) -> usize {
    to_usize(BatchHeader::occupied(u64::from(record_bytes(span))))
}

/// Removes what an interrupted start of a file left.
pub(super) fn remove_unfinished(disk: &dyn Disk) -> Result<(), DiskError> {
    match disk.remove(NEXT) {
        Ok(()) => disk.sync_dir(DIRECTORY),
        Err(error) if error.is_not_found() => Ok(()),
        Err(error) => Err(error),
    }
}
