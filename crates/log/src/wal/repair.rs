//! What is done to the log's files before anything is written behind them.

use std::collections::VecDeque;

use super::file::{self, DIRECTORY, WalFile};
use super::files;
use super::recovery::Recovery;
use super::writer::{Files, Writer};
use crate::Error;
use crate::format::{Checksum, Lsn, Position, SECTOR, WalFileHeader, to_usize};
use crate::sabotage::{self, Mistake};

/// How the log ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    /// Behind its last whole batch; what follows was never acknowledged.
    Torn(Position),
    /// In damage that reaches up to here.
    Lost(Lsn),
}

/// Makes everything that was read durable, destroys what lies behind the end, and sorts the files
/// by what they are good for.
pub(super) fn finish(mut recovery: Recovery, end: End) -> Result<Writer, Error> {
    rewrite_unproven(&mut recovery)?;
    // The program may have ended between making a file and making its name durable.
    recovery.disk.sync_dir(DIRECTORY)?;
    let (live, rest, position) = match end {
        End::Torn(end) => {
            destroy_beyond(&mut recovery)?;
            let (live, rest) = split(std::mem::take(&mut recovery.files), end.lsn);
            (live, rest, end)
        }
        End::Lost(lsn) => {
            let files = std::mem::take(&mut recovery.files);
            (VecDeque::from(files), Vec::new(), Position { lsn, chain: Checksum(0) })
        }
    };
    let mut files = Files { live, ready: VecDeque::new(), end: position };
    keep(&mut files, &recovery, rest)?;
    if matches!(end, End::Lost(_)) || files.live.is_empty() {
        add_file(&mut files, &recovery)?;
    }
    let Recovery { disk, options, directory, .. } = recovery;
    Ok(Writer::new(disk, options, directory, files))
}

/// What was written before a crash of the program alone may be in the system's memory only; what
/// was written before a failed sync is there and will never be written by the system itself. So
/// it is written again, and synced.
fn rewrite_unproven(recovery: &mut Recovery) -> Result<(), Error> {
    for (lsn, end) in std::mem::take(&mut recovery.unproven) {
        if sabotage::is(Mistake::SkipRewrite) {
            continue;
        }
        let Some(index) = files::holder(&recovery.files, lsn) else {
            continue;
        };
        let file = &recovery.files[index];
        let length = to_usize(end.since(lsn));
        let bytes = recovery.window.read(file, file.offset(lsn), length)?.to_vec();
        recovery.files[index].write(&bytes, lsn)?;
    }
    recovery.files.iter_mut().try_for_each(WalFile::sync)?;
    Ok(())
}

/// Batches behind a torn end must not come back once the log has grown up to them.
fn destroy_beyond(recovery: &mut Recovery) -> Result<(), Error> {
    let zeros = vec![0; to_usize(SECTOR)];
    for lsn in std::mem::take(&mut recovery.beyond) {
        if let Some(index) = files::holder(&recovery.files, lsn) {
            recovery.files[index].write(&zeros, lsn)?;
        }
    }
    recovery.window = super::window::Window::default();
    recovery.files.iter_mut().try_for_each(WalFile::sync)?;
    Ok(())
}

/// The files up to the one in which the log ends, and those behind it.
fn split(mut all: Vec<WalFile>, end: Lsn) -> (VecDeque<WalFile>, Vec<WalFile>) {
    let count = all.partition_point(|file| file.header.first < end);
    let rest = all.split_off(count);
    (all.into(), rest)
}

/// Files behind the end are ready to follow if their headers say so. Others go: a later file will
/// have their number, so they cannot wait under it for being used again.
fn keep(files: &mut Files, recovery: &Recovery, rest: Vec<WalFile>) -> Result<(), Error> {
    let mut last = files.live.back().map(|file| file.header);
    let mut useless = Vec::new();
    for file in rest {
        let header = file.header;
        let follows =
            last.is_some_and(|last| last.end() == header.first && last.number + 1 == header.number);
        let is_whole = !recovery.headless.contains(&header.number);
        if follows && is_whole && header.size == recovery.options.file_size {
            last = Some(header);
            files.ready.push_back(file);
        } else {
            last = None;
            useless.push(file::path(header.number));
        }
    }
    // The last one first: a number that is missing before others would look like a lost file.
    for path in useless.iter().rev() {
        recovery.disk.remove(path)?;
        recovery.disk.sync_dir(DIRECTORY)?;
    }
    Ok(())
}

/// Goes on in a new file.
fn add_file(files: &mut Files, recovery: &Recovery) -> Result<(), Error> {
    let last = files.live.back().map(|file| file.header);
    let header = next_header(recovery, last, files.end.lsn);
    let zeros = recovery.options.zero_step;
    let file = WalFile::make(&*recovery.disk, header, None, zeros)?;
    files.end.lsn = header.first_batch();
    files.live.push_back(file);
    Ok(())
}

/// The header of a file behind everything that was ever written.
fn next_header(recovery: &Recovery, last: Option<WalFileHeader>, end: Lsn) -> WalFileHeader {
    let (directory, size) = (recovery.directory, recovery.options.file_size);
    let (number, first) = match last {
        Some(last) => (last.number + 1, last.end().max(round_up(end))),
        None if end == Lsn(0) => (1, Lsn(0)),
        // All files are gone: leave room for what they may have held.
        None => {
            let first = round_up(end).plus(recovery.options.bytes_max());
            (first.0 / size + 2, first)
        }
    };
    WalFileHeader { directory, number, first, size }
}

fn round_up(lsn: Lsn) -> Lsn {
    Lsn(lsn.0.next_multiple_of(WalFileHeader::SIZE))
}
