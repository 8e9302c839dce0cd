//! Records that are written to a segment before the log, which then only refers to them: large
//! payloads are written once.

use super::{Place, SegmentWriter};
use crate::Error;
use crate::format::{Checksum, FormatError, RecordHeader, Reference, to_u32, to_u64, to_usize};

/// Most bytes that one reference is for.
const BYTES_MAX: u64 = 256 * 1024 * 1024;

impl SegmentWriter {
    /// Makes the records from `first` on, which were appended since the last
    /// [`write`](Self::write), durable, and gives what the log is to say of them. They count once
    /// that is durable.
    ///
    /// # Errors
    /// As for [`write`](Self::write).
    pub fn sync_reference(&mut self, first: Place) -> Result<Reference, Error> {
        let skipped = first.offset.checked_sub(self.written).map(to_usize);
        let bytes = skipped.and_then(|skipped| self.buffer.get(skipped..));
        let bytes = bytes.expect("the records were appended and not written");
        let reference = Reference {
            segment: self.id().first_seq,
            offset: first.offset,
            length: to_u64(bytes.len()),
            checksum: Checksum::of(bytes),
        };
        self.sync_data()?;
        Ok(reference)
    }

    /// Takes records over that a reference in the log is for, as if they were appended now. Gives
    /// their sequences and places.
    ///
    /// # Errors
    /// [`Error::Format`] with file and offset if they are not there, or not where the segment
    /// ends; [`Error::Disk`].
    pub fn adopt(&mut self, reference: &Reference) -> Result<Vec<(u64, Place)>, Error> {
        self.write()?;
        let path = self.file.path().to_owned();
        let wrong = |offset, cause| Error::format(&path, offset, cause);
        if reference.segment != self.id().first_seq || reference.offset != self.tail.end {
            let cause = FormatError::Field { field: "offset", value: reference.offset };
            return Err(wrong(self.tail.end, cause));
        }
        if reference.length > BYTES_MAX {
            let cause = FormatError::Field { field: "length", value: reference.length };
            return Err(wrong(reference.offset, cause));
        }
        let mut bytes = vec![0; to_usize(reference.length)];
        let read = self.file.read_at(&mut bytes, reference.offset)?;
        let found = Checksum::of(&bytes[..read]);
        if found != reference.checksum {
            let cause = FormatError::Checksum { found, expected: reference.checksum };
            return Err(wrong(reference.offset, cause));
        }
        let mut adopted = Vec::new();
        let mut tail = self.tail;
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let header = RecordHeader::decode(rest, self.seed, tail.end)
                .map_err(|cause| wrong(tail.end, cause))?;
            let length = to_usize(header.occupied());
            let short = || FormatError::Short { have: to_u64(rest.len()), need: to_u64(length) };
            let behind = rest.get(length..).ok_or_else(|| wrong(tail.end, short()))?;
            if tail.records > 0 && header.seq <= tail.last_seq {
                let cause = FormatError::Field { field: "seq", value: header.seq };
                return Err(wrong(tail.end, cause));
            }
            adopted.push((header.seq, Place { offset: tail.end, length: to_u32(length) }));
            tail = tail.followed_by(&header);
            rest = behind;
        }
        self.tail = tail;
        self.written = tail.end;
        Ok(adopted)
    }
}
