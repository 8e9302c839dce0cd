//! Finds batches in the log's files without knowing where they begin.

use super::file::WalFile;
use super::window::Window;
use crate::disk::DiskError;
use crate::format::{BatchHeader, Checksum, Lsn, SECTOR, Seed, to_usize};

/// A batch that is whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) header: BatchHeader,
    pub(super) checksum: Checksum,
}

/// The batch at `lsn` of `file`, if there is one and it is whole.
pub(super) fn batch_at(
    window: &mut Window,
    file: &WalFile,
    seed: Seed,
    lsn: Lsn,
) -> Result<Option<Found>, DiskError> {
    let Some(found) = header_at(window, file, seed, lsn)? else {
        return Ok(None);
    };
    let payload = payload_of(window, file, &found.header)?;
    Ok(found.header.check_payload(seed, payload).is_ok().then_some(found))
}

/// The bytes of a batch's records.
pub(super) fn payload_of<'a>(
    window: &'a mut Window,
    file: &WalFile,
    header: &BatchHeader,
) -> Result<&'a [u8], DiskError> {
    let length = to_usize(u64::from(header.payload_len));
    let whole = window.read(file, file.offset(header.lsn), BatchHeader::SIZE + length)?;
    Ok(whole.get(BatchHeader::SIZE..).unwrap_or_default())
}

/// The batch header at `lsn` of `file`, if there is one.
fn header_at(
    window: &mut Window,
    file: &WalFile,
    seed: Seed,
    lsn: Lsn,
) -> Result<Option<Found>, DiskError> {
    if !file.holds(lsn) {
        return Ok(None);
    }
    let bytes = window.read(file, file.offset(lsn), BatchHeader::SIZE)?;
    let decoded = BatchHeader::decode(bytes, seed, lsn);
    let found = decoded.ok().map(|(header, checksum)| Found { header, checksum });
    Ok(found.filter(|found| found.header.end() <= file.header.end()))
}

/// All batch headers from `from` on, whether or not their records are whole: calls `visit` with
/// each until it gives something.
pub(super) fn headers<T>(
    window: &mut Window,
    files: &[WalFile],
    seed: Seed,
    from: Lsn,
    mut visit: impl FnMut(&mut Window, &WalFile, Found) -> Result<Option<T>, DiskError>,
) -> Result<Option<T>, DiskError> {
    for file in files.iter().filter(|file| file.header.end() > from) {
        let start = from.max(file.header.first_batch());
        let mut lsn = Lsn(start.0.next_multiple_of(SECTOR));
        while lsn < file.header.end() {
            if let Some(found) = header_at(window, file, seed, lsn)?
                && let Some(result) = visit(window, file, found)?
            {
                return Ok(Some(result));
            }
            lsn = lsn.plus(SECTOR);
        }
    }
    Ok(None)
}

/// The first whole batch from `from` on.
pub(super) fn next_batch(
    window: &mut Window,
    files: &[WalFile],
    seed: Seed,
    from: Lsn,
) -> Result<Option<Found>, DiskError> {
    headers(window, files, seed, from, |window, file, found| {
        let payload = payload_of(window, file, &found.header)?;
        Ok(found.header.check_payload(seed, payload).is_ok().then_some(found))
    })
}
