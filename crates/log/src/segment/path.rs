//! Where segments are.

use crate::Error;
use crate::disk::path::parent;
use crate::disk::{Disk, EntryKind};
use crate::format::{AccountId, SegmentId, StreamId};

/// The directory of everybody's segments.
pub(crate) const DIRECTORY: &str = "streams";
/// What a segment that is being rewritten is called until it is whole. There is one at a time.
pub(super) const UNFINISHED: &str = "streams/next.tmp";

/// The directory of a stream's segments.
#[must_use]
pub fn stream_dir(account: AccountId, stream: StreamId) -> String {
    format!("{DIRECTORY}/{account}/{stream}")
}

/// The path of a segment's file.
#[must_use]
pub fn path(id: SegmentId) -> String {
    let directory = stream_dir(id.account, id.stream);
    match id.revision {
        0 => format!("{directory}/{:020}.seg", id.first_seq),
        revision => format!("{directory}/{:020}-{revision}.seg", id.first_seq),
    }
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
        .filter_map(|entry| numbers(&entry.name))
        .map(|(first_seq, revision)| SegmentId { account, stream, first_seq, revision })
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

/// First sequence and revision, from a name.
fn numbers(name: &str) -> Option<(u64, u32)> {
    let name = name.strip_suffix(".seg")?;
    let (first, revision) = match name.split_once('-') {
        None => (name, 0),
        Some((first, revision)) => {
            let number = revision.parse().ok().filter(|&number: &u32| number > 0)?;
            (first, Some(number).filter(|number| number.to_string() == revision)?)
        }
    };
    let is_number = first.len() == 20 && first.bytes().all(|byte| byte.is_ascii_digit());
    first.parse().ok().filter(|_| is_number).map(|first| (first, revision))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_are_given_and_no_others() {
        for (first_seq, revision) in [(1, 0), (u64::MAX, 1), (77, u32::MAX)] {
            let id = SegmentId { account: AccountId(1), stream: StreamId(2), first_seq, revision };
            let path = path(id);
            let name = path.strip_prefix("streams/1/2/").unwrap();
            assert_eq!(numbers(name), Some((first_seq, revision)));
        }
        for name in ["1.seg", "-1.seg", "+1-1.seg"] {
            assert_eq!(numbers(name), None);
        }
        for end in ["-0", "-01", "-+1", "-", "-1-1", "-4294967296", ".tmp"] {
            assert_eq!(numbers(&format!("00000000000000000001{end}.seg")), None, "{end}");
        }
    }
}
