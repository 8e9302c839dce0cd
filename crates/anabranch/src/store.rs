//! `store check` and `store dump`: what a data directory holds, while no server has it. Nothing is
//! changed that a start of the server would not change. `store repair` gives up what is damaged.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anabranch_broker::{RepairMode, StoreReader, repair_store};
use anabranch_config::cli::StoreCommand;
use anabranch_config::options::Encryption;
use anabranch_log::checkpoint::Checkpoints;
use anabranch_log::directory::Directory;
use anabranch_log::disk::{Disk, LockMode, RealDisk};
use anabranch_log::format::{AccountId, DirectoryFormat, DirectoryId, StreamId};
use anabranch_log::segment::{self, ScanItem, SegmentReader};
use anabranch_log::wal::{Item, Recovery, Start};

use crate::command::fail;
use crate::program::Program;

/// Where the data directory is below what `store_dir` names.
const BELOW: &str = "anabranch";
/// The file that every data directory has.
const FORMAT: &str = "FORMAT";

/// What was found.
struct Findings<'a> {
    out: &'a mut dyn Write,
    /// Has the keys.
    encryption: Option<&'a Encryption>,
    /// Each record is named.
    dumps: bool,
    damages: u64,
}

/// Why it ended before everything was read.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Log(#[from] anabranch_log::Error),
    #[error(transparent)]
    Disk(#[from] anabranch_log::disk::DiskError),
    #[error("{0}: no data directory")]
    None(String),
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
}

/// Reads the data directory at `path`, or repairs it. The exit status is 1 if something in it is
/// damaged, and stays so.
pub(crate) fn run(
    program: &Program,
    command: StoreCommand,
    path: &Path,
    encryption: Option<&Encryption>,
) -> ExitCode {
    match command {
        StoreCommand::Check | StoreCommand::Dump => read(program, command, path, encryption),
        StoreCommand::Repair => repair(program, RepairMode::Write, path, encryption),
        StoreCommand::RepairDryRun => repair(program, RepairMode::DryRun, path, encryption),
    }
}

/// Repairs the data directory at `path`, or tells what that would do: with exit status 1 if it
/// would do something.
fn repair(
    program: &Program,
    mode: RepairMode,
    path: &Path,
    encryption: Option<&Encryption>,
) -> ExitCode {
    static LINES: Lines = Lines;
    if log::set_logger(&LINES).is_ok() {
        log::set_max_level(log::LevelFilter::Warn);
    }
    let mut said = Ok(());
    let mut say = |line: &str| {
        if said.is_ok() {
            said = writeln!(io::stdout(), "{line}");
        }
    };
    let repaired = root(path).and_then(|root| {
        let found = repair_store(root.as_ref(), encryption, mode, &mut say)?;
        say(&match mode {
            RepairMode::Write => format!("{found} repaired or left"),
            RepairMode::DryRun => format!("{found} to repair; nothing was changed"),
        });
        Ok(found)
    });
    match repaired.and_then(|found| said.map(|()| found).map_err(Error::Output)) {
        Err(error) => fail(program, &error),
        Ok(found) if found > 0 && mode == RepairMode::DryRun => ExitCode::FAILURE,
        Ok(_) => ExitCode::SUCCESS,
    }
}

/// What a start of the server would log of damage is printed.
struct Lines;

impl log::Log for Lines {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        // Nobody is left to be told of an output that is closed.
        let _ = writeln!(io::stdout(), "{}", record.args());
    }

    fn flush(&self) {}
}

/// The data directory that is meant by `path`, which may be what `store_dir` names.
fn root(path: &Path) -> Result<PathBuf, Error> {
    let below = path.join(BELOW);
    let root = if below.join(FORMAT).is_file() { below } else { path.to_owned() };
    if root.join(FORMAT).is_file() {
        Ok(root)
    } else {
        Err(Error::None(path.display().to_string()))
    }
}

fn read(
    program: &Program,
    command: StoreCommand,
    path: &Path,
    encryption: Option<&Encryption>,
) -> ExitCode {
    let stdout = io::stdout();
    let mut out = io::BufWriter::new(stdout.lock());
    let dumps = command == StoreCommand::Dump;
    let mut findings = Findings { out: &mut out, encryption, dumps, damages: 0 };
    let read = findings.read(path);
    let damages = findings.damages;
    let read = read.and_then(|()| Ok(out.flush()?));
    match read {
        Err(error) => fail(program, &error),
        Ok(()) if damages > 0 => ExitCode::FAILURE,
        Ok(()) => ExitCode::SUCCESS,
    }
}

impl Findings<'_> {
    fn read(&mut self, path: &Path) -> Result<(), Error> {
        let root = root(path)?;
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(&root)?);
        let unused = DirectoryFormat { id: DirectoryId([0; 16]), created_ns: 0, is_sealed: false };
        let directory = Directory::open(disk, LockMode::Fail, unused)?;
        writeln!(self.out, "directory {} at {}", directory.id(), root.display())?;
        let mut reader = StoreReader::new(&directory, self.encryption)?;
        if reader.is_locked() {
            let note = "encrypted, and no key (-c): checksums are checked, nothing is opened";
            writeln!(self.out, "{note}")?;
        }
        let start = self.checkpoints(&directory, &reader)?;
        self.log(&directory, &mut reader, start)?;
        for (account, stream) in directory.streams()?.streams {
            self.stream(&directory, &reader, (account, stream))?;
        }
        writeln!(self.out, "{} damaged", self.damages)?;
        Ok(())
    }

    fn damage(&mut self, what: &dyn std::fmt::Display) -> Result<(), Error> {
        self.damages += 1;
        writeln!(self.out, "DAMAGED {what}")?;
        Ok(())
    }

    /// Where the log goes on behind the newest checkpoint that is whole.
    fn checkpoints(&mut self, directory: &Directory, reader: &StoreReader) -> Result<Start, Error> {
        let (checkpoints, rejected) =
            Checkpoints::open(Arc::clone(directory.disk()), directory.id())?;
        let checkpoints = checkpoints.sealed_by(reader.sealer());
        for one in &rejected {
            self.damage(&format!("{}: {}", one.path, one.error))?;
        }
        let mut start = Start::default();
        for checkpoint in [checkpoints.previous(), checkpoints.newest()].into_iter().flatten() {
            let (number, parts) = (checkpoint.generation, checkpoint.blobs().count());
            writeln!(self.out, "checkpoint {number}: {parts} parts")?;
            match checkpoints.verify(checkpoint) {
                Ok(()) => start = checkpoint.start,
                Err(error) => self.damage(&error)?,
            }
        }
        Ok(start)
    }

    fn log(
        &mut self,
        directory: &Directory,
        reader: &mut StoreReader,
        start: Start,
    ) -> Result<(), Error> {
        let disk = Arc::clone(directory.disk());
        let options = directory.wal_options(0)?;
        let mut recovery = Recovery::open(disk, directory.id(), options, start)?;
        let (mut batches, mut records) = (0_u64, 0_u64);
        while let Some(item) = recovery.next_item()? {
            match item {
                Item::Batch(batch) => {
                    batches += 1;
                    for record in batch.records() {
                        records += 1;
                        if let Err(cause) = reader.check(&record) {
                            self.damage(&format!("log at LSN {}: {cause}", record.lsn))?;
                        }
                        if self.dumps {
                            let (lsn, envelope) = (batch.lsn, record.envelope);
                            let (kind, stream) = (envelope.kind, envelope.stream);
                            let (time, size) = (envelope.time_ns, record.payload.len());
                            writeln!(
                                self.out,
                                "log {lsn} {kind:?} stream={stream} time={time} bytes={size}"
                            )?;
                        }
                    }
                }
                Item::Damage(damage) => {
                    let (path, at) = (&damage.path, damage.offset);
                    let (from, to) = (damage.from, damage.to);
                    self.damage(&format!("{path} at byte {at}: from LSN {from} to {to}"))?;
                }
            }
        }
        writeln!(self.out, "log: {records} records in {batches} batches")?;
        Ok(())
    }

    fn stream(
        &mut self,
        directory: &Directory,
        store: &StoreReader,
        (account, stream): (AccountId, StreamId),
    ) -> Result<(), Error> {
        let segments = segment::segments(&**directory.disk(), account, stream)?;
        let (count, last) = (segments.len(), segments.last().copied());
        let mut records = 0_u64;
        for id in segments {
            let reader = match SegmentReader::open(&**directory.disk(), directory.id(), id) {
                Ok(reader) => reader,
                Err(error) => {
                    self.damage(&error)?;
                    continue;
                }
            };
            // Behind the last record of the last segment, what was not synced may be in pieces:
            // the log has it whole.
            let mut unsynced = None;
            for item in reader.scan(0, None)? {
                if let Some(damage) = unsynced.take() {
                    self.damage(&damage)?;
                }
                match item? {
                    ScanItem::Record(_, record) => {
                        records += 1;
                        self.record(store, (account, stream), &record)?;
                    }
                    ScanItem::Damage(damage) => {
                        let (path, at, length) = (&damage.path, damage.offset, damage.length);
                        unsynced = Some(format!("{path} at byte {at}: {length} bytes"));
                    }
                }
            }
            match unsynced {
                Some(damage) if Some(id) != last => self.damage(&damage)?,
                Some(damage) => writeln!(self.out, "not synced: {damage}")?,
                None => {}
            }
        }
        writeln!(self.out, "stream {account}/{stream}: {records} records in {count} segments")?;
        Ok(())
    }

    fn record(
        &mut self,
        reader: &StoreReader,
        whose: (AccountId, StreamId),
        record: &segment::StoredRecord,
    ) -> Result<(), Error> {
        let subject = match reader.subject(whose, record) {
            Ok(subject) => subject.map(|subject| subject.escape_ascii().to_string()),
            Err(error) => return self.damage(&error),
        };
        if !self.dumps {
            return Ok(());
        }
        let (fields, stream) = (record.fields(), whose.1);
        let (seq, time) = (fields.seq, fields.time_ns);
        let subject = subject.unwrap_or_else(|| "encrypted".to_owned());
        let (header, payload) = (record.header().len(), record.payload().len());
        writeln!(
            self.out,
            "message {stream} seq={seq} time={time} subject={subject} header={header} \
             payload={payload}"
        )?;
        Ok(())
    }
}
