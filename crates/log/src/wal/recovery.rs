//! Reads the log when the program starts, and tells a torn end from damage.

use std::collections::VecDeque;
use std::sync::Arc;

use super::file::{self, DIRECTORY, WalFile};
use super::files::{self, Present};
use super::repair::{self, End};
use super::scan::{self, Found};
use super::window::Window;
use super::writer;
use super::{Wal, WalOptions};
use crate::Error;
use crate::directory::set_aside;
use crate::disk::{Disk, OpenMode};
use crate::format::{
    BatchHeader, Checksum, DirectoryId, Kind, Lsn, Position, Record, Records, SECTOR, Seed, to_u64,
    to_usize,
};

/// Bytes of a damaged part that are copied at once.
const COPIED_AT_ONCE: usize = 64 * 1024;

/// Where recovery starts: what a checkpoint says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Start {
    /// Everything before it is in the checkpoint. The default is the log's beginning.
    pub position: Position,
    /// Everything before this was durable when the checkpoint was made; if it is not there now,
    /// that is damage.
    pub durable: Lsn,
}

/// What recovery comes across, in order.
#[derive(Debug)]
pub enum Item<'a> {
    /// A batch that is whole.
    Batch(Batch<'a>),
    /// A part of the log that was durable once and cannot be read.
    Damage(Damage),
}

/// A batch of the log.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// Where it begins.
    pub lsn: Lsn,
    /// Where it ends, for a checkpoint behind it.
    pub end: Position,
    /// Whether something before it was lost: its records may build on what is not there.
    pub after_damage: bool,
    count: u32,
    payload: &'a [u8],
}

impl<'a> Batch<'a> {
    /// A batch that was found, with nothing lost before it.
    pub(super) fn new(found: &Found, payload: &'a [u8]) -> Self {
        let header = found.header;
        let end = Position { lsn: header.end(), chain: found.checksum };
        Self { lsn: header.lsn, end, after_damage: false, count: header.records, payload }
    }

    /// Its records, but for the log's own marks.
    pub fn records(&self) -> impl Iterator<Item = Record<'a>> + use<'a> {
        // They were all read once before the batch was given out.
        Records::new(self.payload, first_record(self.lsn), self.count)
            .map_while(Result::ok)
            .filter(|record| record.envelope.kind != Kind::Mark)
    }
}

/// A part of the log that was durable once and cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file in which it begins, or the directory if that file is gone.
    pub path: String,
    /// Where in that file, in bytes.
    pub offset: u64,
    /// Where it begins.
    pub from: Lsn,
    /// Where it ends: the next batch that is whole, or the last place known to have been durable.
    pub to: Lsn,
}

/// What recovery found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    /// Batches that were whole.
    pub batches: u64,
    /// Bytes from the start to the end.
    pub bytes: u64,
    /// Damaged parts.
    pub damages: u64,
    /// Batches behind the end that were never known to be durable, and are discarded.
    pub torn_batches: u64,
}

/// Reads the log from a checkpoint on. Memory is bounded by the largest batch.
#[derive(Debug)]
pub struct Recovery {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) options: WalOptions,
    pub(super) directory: DirectoryId,
    pub(super) seed: Seed,
    pub(super) files: Vec<WalFile>,
    pub(super) headless: Vec<u64>,
    pub(super) window: Window,
    start: Lsn,
    cursor: Lsn,
    /// The checksum of the batch before the cursor; none behind damage.
    chain: Option<Checksum>,
    /// Everything before this was durable, as far as was read.
    durable: Lsn,
    /// The same as far as all batch headers behind the first damage say.
    evidence: Option<Lsn>,
    /// Headers found by that search.
    pub(super) beyond: Vec<Lsn>,
    /// Batches read that nothing says were durable.
    pub(super) unproven: VecDeque<(Lsn, Lsn)>,
    after_damage: bool,
    end: Option<End>,
    report: Report,
}

enum Step {
    Batch(Found, usize),
    Damage(Damage),
    End,
}

impl Recovery {
    /// Opens the log of `directory` for reading from `start` on. Nothing is changed before
    /// [`finish`](Self::finish), but that files without a place are moved to `aside/`.
    ///
    /// # Errors
    /// [`Error::Format`] for files of a newer program or another directory; [`Error::Disk`].
    pub fn open(
        disk: Arc<dyn Disk>,
        directory: DirectoryId,
        options: WalOptions,
        start: Start,
    ) -> Result<Self, Error> {
        options.check()?;
        disk.create_dir(DIRECTORY)?;
        disk.sync_dir("")?;
        writer::remove_unfinished(&*disk)?;
        let Present { files, headless, placeless } = files::find(&*disk, directory, &options)?;
        for path in placeless {
            set_aside(&*disk, &path)?;
        }
        let begin = start.position.lsn;
        Ok(Self {
            disk,
            options,
            directory,
            seed: Seed::new(directory),
            files,
            headless,
            window: Window::default(),
            start: begin,
            cursor: begin,
            chain: Some(start.position.chain),
            durable: start.durable.max(begin),
            evidence: None,
            beyond: Vec::new(),
            unproven: VecDeque::new(),
            after_damage: false,
            end: None,
            report: Report::default(),
        })
    }

    /// Where the log ends at the latest: the end of its last file.
    #[must_use]
    pub fn reach(&self) -> Lsn {
        self.files.last().map_or(self.start, |file| file.header.end().max(self.start))
    }

    /// The next batch or damaged part; nothing at the end.
    ///
    /// # Errors
    /// [`Error::Format`] for a record of a newer program, whose kind it names; [`Error::Disk`].
    pub fn next_item(&mut self) -> Result<Option<Item<'_>>, Error> {
        match self.step()? {
            Step::End => Ok(None),
            Step::Damage(damage) => Ok(Some(Item::Damage(damage))),
            Step::Batch(found, index) => {
                let after_damage = self.after_damage;
                let file = &self.files[index];
                let payload = scan::payload_of(&mut self.window, file, &found.header)?;
                Ok(Some(Item::Batch(Batch { after_damage, ..Batch::new(&found, payload) })))
            }
        }
    }

    /// Copies what the files hold of a damaged part to `aside/`, where nothing removes it, before
    /// the log is written to again. Gives the path there.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn keep_aside(&self, damage: &Damage) -> Result<String, Error> {
        let Damage { from, to, .. } = *damage;
        let name = format!("{DIRECTORY}/from-{from}-to-{to}.damaged");
        let copy = self.disk.open(&name, OpenMode::Create)?;
        let mut bytes = vec![0; COPIED_AT_ONCE];
        for file in &self.files {
            let (mut at, end) = (from.max(file.header.first), to.min(file.header.end()));
            while at < end {
                let wanted = to_usize(end.since(at)).min(bytes.len());
                // What cannot be read stays zeros.
                let read = file.file.read_at(&mut bytes[..wanted], file.offset(at)).unwrap_or(0);
                copy.write_at(&bytes[..read], at.since(from))?;
                at = at.plus(to_u64(wanted));
            }
        }
        copy.sync_all()?;
        drop(copy);
        set_aside(&*self.disk, &name)
    }

    /// Reads what was not read yet, makes sure that all of it is durable, and goes on behind it.
    ///
    /// # Errors
    /// [`Error::Format`], [`Error::Disk`].
    pub fn finish(mut self) -> Result<(Wal, Report), Error> {
        while !matches!(self.step()?, Step::End) {}
        let end = self.end.expect("reading ended");
        let mut report = self.report;
        report.torn_batches = match end {
            End::Torn(_) => to_u64(self.beyond.len()),
            End::Lost(_) => 0,
        };
        let reached = match end {
            End::Torn(position) => position.lsn,
            End::Lost(lsn) => lsn,
        };
        report.bytes = reached.since(self.start);
        let options = self.options;
        let writer = repair::finish(self, end)?;
        Ok((Wal::new(writer, &options), report))
    }

    fn step(&mut self) -> Result<Step, Error> {
        if self.end.is_some() {
            return Ok(Step::End);
        }
        self.skip_header();
        if let Some((index, found)) = self.batch_here()? {
            return self.deliver(index, found);
        }
        if let Some((index, found)) = self.batch_of_next_file()? {
            return self.deliver(index, found);
        }
        self.broken()
    }

    /// The end of a file is the beginning of the next one's batches.
    fn skip_header(&mut self) {
        let on = |file: &&WalFile| {
            file.header.first <= self.cursor && self.cursor < file.header.first_batch()
        };
        if let Some(file) = self.files.iter().find(on) {
            self.cursor = file.header.first_batch();
        }
    }

    fn batch_here(&mut self) -> Result<Option<(usize, Found)>, Error> {
        let Some(index) = files::holder(&self.files, self.cursor) else {
            return Ok(None);
        };
        let file = &self.files[index];
        let found = scan::batch_at(&mut self.window, file, self.seed, self.cursor)?;
        Ok(found.filter(|found| self.chained(found)).map(|found| (index, found)))
    }

    /// The batch that did not fit into the file of the cursor, which its chain proves.
    fn batch_of_next_file(&mut self) -> Result<Option<(usize, Found)>, Error> {
        if self.chain.is_none() {
            return Ok(None);
        }
        let cursor = self.cursor;
        let index = self.files.partition_point(|file| file.header.first < cursor);
        let Some(file) = self.files.get(index) else {
            return Ok(None);
        };
        let first = file.header.first_batch();
        let found = scan::batch_at(&mut self.window, file, self.seed, first)?;
        Ok(found.filter(|found| self.chained(found)).map(|found| (index, found)))
    }

    fn chained(&self, found: &Found) -> bool {
        self.chain.is_none_or(|chain| chain == found.header.previous)
    }

    fn deliver(&mut self, index: usize, found: Found) -> Result<Step, Error> {
        let header = found.header;
        self.check_records(index, &header)?;
        self.cursor = header.end();
        self.chain = Some(found.checksum);
        self.durable = self.durable.max(header.durable);
        self.unproven.push_back((header.lsn, header.end()));
        while self.unproven.front().is_some_and(|(_, end)| *end <= self.durable) {
            self.unproven.pop_front();
        }
        self.report.batches += 1;
        Ok(Step::Batch(found, index))
    }

    /// A record that cannot be understood in a batch that is whole comes from a newer program.
    fn check_records(&mut self, index: usize, header: &BatchHeader) -> Result<(), Error> {
        let file = &self.files[index];
        let payload = scan::payload_of(&mut self.window, file, header)?;
        let mut at = first_record(header.lsn);
        for record in Records::new(payload, at, header.records) {
            match record {
                Ok(record) => at = record.lsn,
                Err(cause) => {
                    let path = file::path(file.header.number);
                    return Err(Error::format(&path, file.offset(at), cause));
                }
            }
        }
        Ok(())
    }

    /// There is no batch that follows: the end, or damage if something says that there was more.
    fn broken(&mut self) -> Result<Step, Error> {
        let at = self.cursor;
        let proven = self.durable.max(self.search(at)?).max(self.lost_file_end(at));
        if proven <= at && self.is_within_files(at) {
            if let Some(error) = self.window.unreadable_from(at) {
                // It may be a part of the log, which must not be cut off.
                return Err(error.clone().into());
            }
            let chain = self.chain.unwrap_or_default();
            self.end = Some(End::Torn(Position { lsn: at, chain }));
            return Ok(Step::End);
        }
        let from = if self.chain.is_some() { at } else { at.plus(SECTOR) };
        let next = scan::next_batch(&mut self.window, &self.files, self.seed, from)?;
        self.chain = None;
        self.after_damage = true;
        self.report.damages += 1;
        let to = next.map_or(proven.max(at), |found| found.header.lsn);
        if next.is_none() {
            self.end = Some(End::Lost(to));
        }
        self.cursor = to;
        let (path, offset) = files::name(&self.files, at);
        Ok(Step::Damage(Damage { path, offset, from: at, to }))
    }

    /// Files are made in order. If a number is missing behind the file of `at`, then that file is
    /// lost, and with it whatever it held: gives its end.
    fn lost_file_end(&self, at: Lsn) -> Lsn {
        let is_gap = |pair: &&[WalFile]| {
            let (before, after) = (&pair[0].header, &pair[1].header);
            let is_here = before.first <= at && at <= before.end();
            is_here && before.number + 1 < after.number
        };
        let gap = self.files.windows(2).find(is_gap);
        gap.map_or(Lsn(0), |pair| pair[1].header.first)
    }

    /// Whether the log could end here: a file of it is there, or none was ever made.
    fn is_within_files(&self, at: Lsn) -> bool {
        let reaches = |file: &WalFile| file.header.first <= at && at <= file.header.end();
        self.files.iter().any(reaches) || (self.files.is_empty() && at == Lsn(0))
    }

    /// Up to where the headers of all batches from `at` on say that the log was durable.
    fn search(&mut self, at: Lsn) -> Result<Lsn, Error> {
        if let Some(evidence) = self.evidence {
            self.beyond.retain(|lsn| *lsn >= at);
            return Ok(evidence);
        }
        let mut evidence = Lsn(0);
        let beyond = &mut self.beyond;
        scan::headers(&mut self.window, &self.files, self.seed, at, |_, _, found| {
            evidence = evidence.max(found.header.durable);
            beyond.push(found.header.lsn);
            Ok(None::<()>)
        })?;
        self.evidence = Some(evidence);
        Ok(evidence)
    }
}

/// Where the first record of a batch begins.
fn first_record(batch: Lsn) -> Lsn {
    batch.plus(to_u64(BatchHeader::SIZE))
}
