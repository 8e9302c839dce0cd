//! Where segments are.

use crate::Error;
use crate::disk::path::parent;
use crate::disk::{Disk, EntryKind};
use crate::format::{AccountId, SegmentId, StreamId};

/// The directory of everybody's segments.
pub(crate) const DIRECTORY: &str = "streams";

/// The directory of a stream's segments.
#[must_use]
pub fn stream_dir(account: AccountId, stream: StreamId) -> String {
    format!("{DIRECTORY}/{account}/{stream}")
}

/// The path of a segment's file.
pub(super) fn path(id: SegmentId) -> String {
    format!("{}/{:020}.seg", stream_dir(id.account, id.stream), id.first_seq)
}

/// The segments of a stream that have files, in order.
///
/// # Errors
/// [`Error::Disk`].
pub fn segments(
    disk: &dyn Disk,
    account: AccountId,
    stream: StreamId,
) -> Result<Vec<SegmentId>, Error> {
    let entries = match disk.list(&stream_dir(account, stream)) {
        Ok(entries) => entries,
        Err(error) if error.is_not_found() => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let files = entries.iter().filter(|entry| entry.kind == EntryKind::File);
    let mut found: Vec<SegmentId> = files
        .filter_map(|entry| first_seq(&entry.name))
        .map(|first_seq| SegmentId { account, stream, first_seq })
        .collect();
    found.sort_unstable();
    Ok(found)
}

/// Removes a segment. One that is gone already is fine, so that it may be done again.
///
/// # Errors
/// [`Error::Disk`].
pub fn remove(disk: &dyn Disk, id: SegmentId) -> Result<(), Error> {
    let path = path(id);
    match disk.remove(&path) {
        Ok(()) => Ok(disk.sync_dir(parent(&path))?),
        Err(error) if error.is_not_found() => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn first_seq(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".seg")?;
    let is_number = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_number)
}
