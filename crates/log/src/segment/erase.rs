//! Overwrites a record's contents for good.

use super::writer::check_header;
use super::{Place, path};
use crate::Error;
use crate::disk::{Disk, DiskFile, OpenMode};
use crate::format::{
    DirectoryId, FormatError, RecordHeader, Seed, SegmentHeader, SegmentId, to_u64,
};

/// Overwrites subject, header and payload of the record `seq` at `place` with zeros, and makes
/// that durable. The record keeps its sequence, time and size. Doing it again does no harm, also
/// when a crash came between: the header is not rewritten but for the four bytes that say so.
///
/// # Errors
/// [`Error::Format`] if there is another record or none; [`Error::Disk`].
pub fn erase(
    disk: &dyn Disk,
    directory: DirectoryId,
    id: SegmentId,
    place: Place,
    seq: u64,
) -> Result<(), Error> {
    let file = disk.open(&path::path(id), OpenMode::Write)?;
    check_header(&*file, directory, id)?;
    erase_in(&*file, SegmentHeader::seed(directory, id), place, seq)
}

/// The same in an open file.
pub(super) fn erase_in(
    file: &dyn DiskFile,
    seed: Seed,
    place: Place,
    seq: u64,
) -> Result<(), Error> {
    let wrong = |cause| Error::format(file.path(), place.offset, cause);
    let mut bytes = [0; RecordHeader::SIZE];
    let read = file.read_at(&mut bytes, place.offset)?;
    let header = RecordHeader::decode_unmarked(&mut bytes[..read], seed, place.offset);
    let header = header.map_err(wrong)?;
    if header.seq != seq || header.occupied() != u64::from(place.length) {
        return Err(wrong(FormatError::Field { field: "seq", value: header.seq }));
    }
    let body = place.offset + to_u64(RecordHeader::SIZE);
    if body.saturating_add(header.body_len()) > file.length()? {
        return Err(wrong(FormatError::Field { field: "length", value: header.body_len() }));
    }
    // First it is said, then done: the other way round, a crash between would look like damage.
    let mark = header.erasure().to_le_bytes();
    file.write_at(&mark, place.offset + RecordHeader::ERASED_AT)?;
    file.sync_data()?;
    file.write_zeros(body, header.body_len())?;
    file.sync_data()?;
    Ok(())
}
