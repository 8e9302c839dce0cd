//! Finds the log's files and says which part of the log each holds, also where headers are
//! damaged.

use super::WalOptions;
use super::file::{self, DIRECTORY, WalFile};
use crate::Error;
use crate::disk::{Disk, DiskFile, EntryKind, OpenMode};
use crate::format::{BatchHeader, DirectoryId, FormatError, Lsn, SECTOR, Seed, WalFileHeader};

/// The log's files in order, and those whose place in the log nothing tells.
#[derive(Debug, Default)]
pub(super) struct Present {
    pub(super) files: Vec<WalFile>,
    /// Numbers of files with a usable place but without a usable header.
    pub(super) headless: Vec<u64>,
    /// Paths of files whose place nothing tells.
    pub(super) placeless: Vec<String>,
}

struct Candidate {
    number: u64,
    file: Box<dyn DiskFile>,
    length: u64,
    header: Option<WalFileHeader>,
}

/// Opens what is there.
pub(super) fn find(
    disk: &dyn Disk,
    directory: DirectoryId,
    options: &WalOptions,
) -> Result<Present, Error> {
    let mut candidates = Vec::new();
    for entry in disk.list(DIRECTORY)? {
        if entry.kind == EntryKind::File
            && let Some(number) = file::number(&entry.name)
        {
            candidates.push(candidate(disk, directory, number)?);
        }
    }
    candidates.sort_by_key(|candidate| candidate.number);
    let mut headers = places(&candidates, directory, options);
    place_by_contents(&candidates, &mut headers, directory, options);
    let mut present = Present::default();
    for (candidate, header) in candidates.into_iter().zip(headers) {
        let Some(header) = header else {
            present.placeless.push(file::path(candidate.number));
            continue;
        };
        if candidate.header.is_none() {
            present.headless.push(header.number);
        }
        let zeroed = match options.zero_step {
            0 => header.size,
            _ => candidate.length.clamp(WalFileHeader::SIZE, header.size),
        };
        present.files.push(WalFile { header, file: candidate.file, zeroed, dirty: false });
    }
    check_order(&present.files)?;
    Ok(present)
}

fn candidate(disk: &dyn Disk, directory: DirectoryId, number: u64) -> Result<Candidate, Error> {
    let path = file::path(number);
    let file = disk.open(&path, OpenMode::Write)?;
    let length = file.length()?;
    let mut bytes = [0; WalFileHeader::FIELDS];
    // A header that cannot be read is a damaged one.
    let read = file.read_at(&mut bytes, 0).unwrap_or(0);
    let header = match WalFileHeader::decode(&bytes[..read], directory) {
        Ok(header) => Some(header).filter(|header| header.number == number),
        Err(cause @ (FormatError::Newer { .. } | FormatError::Foreign)) => {
            return Err(Error::format(&path, 0, cause));
        }
        Err(_) => None,
    };
    Ok(Candidate { number, file, length, header })
}

/// Each candidate's header; where it is damaged, what its neighbours say it was.
fn places(
    candidates: &[Candidate],
    directory: DirectoryId,
    options: &WalOptions,
) -> Vec<Option<WalFileHeader>> {
    let mut headers: Vec<Option<WalFileHeader>> =
        candidates.iter().map(|candidate| candidate.header).collect();
    for index in 0..candidates.len() {
        let number = candidates[index].number;
        if headers[index].is_some() {
            continue;
        }
        let before = index.checked_sub(1).and_then(|before| headers[before]);
        let first = match before.filter(|before| before.number + 1 == number) {
            Some(before) => before.end(),
            None if number == 1 => Lsn(0),
            None => continue,
        };
        let after = candidates.get(index + 1).and_then(|after| after.header);
        let size = match after.filter(|after| after.number == number + 1) {
            Some(after) => after.first.since(first),
            None => whole_size(candidates[index].length).unwrap_or(options.file_size),
        };
        headers[index] = valid(WalFileHeader { directory, number, first, size });
    }
    for index in (0..candidates.len()).rev() {
        let number = candidates[index].number;
        let after = headers.get(index + 1).copied().flatten();
        if headers[index].is_none()
            && let Some(after) = after.filter(|after| after.number == number + 1)
        {
            let size = whole_size(candidates[index].length).unwrap_or(options.file_size);
            let first = Lsn(after.first.0.saturating_sub(size));
            let size = after.first.since(first);
            headers[index] = valid(WalFileHeader { directory, number, first, size });
        }
    }
    headers
}

/// Places files that neither their header nor a neighbour places by the batches in them.
fn place_by_contents(
    candidates: &[Candidate],
    headers: &mut [Option<WalFileHeader>],
    directory: DirectoryId,
    options: &WalOptions,
) {
    let seed = Seed::new(directory);
    for (index, candidate) in candidates.iter().enumerate() {
        if headers[index].is_some() {
            continue;
        }
        let size = whole_size(candidate.length).unwrap_or(options.file_size);
        let after = headers[index + 1..].iter().flatten().next().map(|after| after.first);
        let before = headers[..index].iter().flatten().next_back().map(WalFileHeader::end);
        let first = first_by_contents(candidate, seed, before.unwrap_or_default());
        headers[index] = first
            .map(|first| WalFileHeader { directory, number: candidate.number, first, size })
            .filter(|header| after.is_none_or(|after| header.end() <= after))
            .and_then(valid);
    }
}

/// Where the log's part in a file begins, by its batches. Those of an earlier use of the file
/// belong before `least`.
fn first_by_contents(candidate: &Candidate, seed: Seed, least: Lsn) -> Option<Lsn> {
    let mut bytes = [0; BatchHeader::SIZE];
    let mut found = None;
    let mut offset = WalFileHeader::SIZE;
    while offset < candidate.length {
        let read = candidate.file.read_at(&mut bytes, offset).unwrap_or(0);
        let lsn = BatchHeader::claimed_lsn(&bytes[..read]);
        if let Some(lsn) = lsn
            && BatchHeader::decode(&bytes[..read], seed, lsn).is_ok()
            && lsn.since(least) >= offset
        {
            found = found.max(Some(Lsn(lsn.0 - offset)));
        }
        offset += SECTOR;
    }
    found
}

fn whole_size(length: u64) -> Option<u64> {
    (length > WalFileHeader::SIZE && length.is_multiple_of(WalFileHeader::SIZE)).then_some(length)
}

fn valid(header: WalFileHeader) -> Option<WalFileHeader> {
    WalFileHeader::decode(&header.encode(), header.directory).ok()
}

/// Places must not overlap: that is no damage that a disk makes.
fn check_order(files: &[WalFile]) -> Result<(), Error> {
    for pair in files.windows(2) {
        let (before, after) = (&pair[0].header, &pair[1].header);
        if after.first < before.end() {
            let cause = FormatError::Field { field: "first", value: after.first.0 };
            return Err(Error::format(&file::path(after.number), 0, cause));
        }
    }
    Ok(())
}

/// The index of the file that holds a batch at `lsn`.
pub(super) fn holder(files: &[WalFile], lsn: Lsn) -> Option<usize> {
    let index = files.partition_point(|file| file.header.end() <= lsn);
    files.get(index).is_some_and(|file| file.holds(lsn)).then_some(index)
}

/// Where `lsn` is: the file and the byte in it, or the log's directory if no file has it.
pub(super) fn name(files: &[WalFile], lsn: Lsn) -> (String, u64) {
    match files.iter().find(|file| file.header.first <= lsn && lsn < file.header.end()) {
        Some(file) => (file::path(file.header.number), file.offset(lsn)),
        None => (DIRECTORY.to_owned(), 0),
    }
}
