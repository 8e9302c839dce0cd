//! Reads records of a segment that lie behind each other with one read, and without copying them.

use super::{Place, SegmentId, SegmentReader, StoredRecord};
use crate::Error;
use crate::format::{FormatError, RecordHeader, to_u64, to_usize};

/// Most bytes that are read ahead.
const AHEAD_MAX: u64 = 64 * 1024;

/// Bytes of a segment as they were when they were read. To be cleared before something is read
/// that may have changed since: a record may have been erased.
#[derive(Debug, Default)]
pub struct Window {
    segment: Option<SegmentId>,
    /// Where in the segment the bytes begin.
    offset: u64,
    /// `filled <= bytes.len()`
    bytes: Vec<u8>,
    filled: usize,
}

/// Whether the disk is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// It is.
    ForDisk,
    /// Only what is in memory is read.
    Never,
}

/// A record whose checksum fits, where it was read to.
#[derive(Debug, Clone, Copy)]
pub struct RecordRef<'a> {
    fields: RecordHeader,
    /// Header, subject, header of the message, and payload.
    bytes: &'a [u8],
}

impl RecordRef<'_> {
    /// What is known about it.
    #[must_use]
    pub fn fields(&self) -> &RecordHeader {
        &self.fields
    }

    /// The message's header; zeros if it was erased.
    #[must_use]
    pub fn header(&self) -> &[u8] {
        let begin = RecordHeader::SIZE + usize::from(self.fields.subject_len);
        &self.bytes[begin..begin + to_usize(u64::from(self.fields.header_len))]
    }

    /// Its payload; zeros if it was erased.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.bytes[self.bytes.len() - to_usize(u64::from(self.fields.payload_len))..]
    }

    /// A copy of it.
    #[must_use]
    pub fn to_stored(&self) -> StoredRecord {
        StoredRecord::of(self.fields, self.bytes.to_vec())
    }
}

impl Window {
    /// Forgets what was read, and memory that only large records need.
    pub fn clear(&mut self) {
        self.segment = None;
        self.filled = 0;
        let kept = to_usize(AHEAD_MAX);
        if self.bytes.len() > kept {
            self.bytes.truncate(kept);
            self.bytes.shrink_to_fit();
        }
    }

    /// The record at `place`; nothing if it is not in memory and may not be waited for. `until` is
    /// asked for the byte of the segment up to which to read, if that is not far behind.
    ///
    /// # Errors
    /// [`Error::Format`] with file and offset if it is damaged; [`Error::Disk`].
    pub fn record(
        &mut self,
        reader: &SegmentReader,
        place: Place,
        until: impl FnOnce() -> u64,
        wait: Wait,
    ) -> Result<Option<RecordRef<'_>>, Error> {
        if self.find(reader.id(), place).is_none() {
            self.fill(reader, place, until(), wait)?;
        }
        let found = self.find(reader.id(), place);
        let Some(bytes) = found.and_then(|at| self.bytes.get(at..self.filled)) else {
            let (have, need) = (0, u64::from(place.length));
            return match wait {
                Wait::Never => Ok(None),
                Wait::ForDisk => Err(wrong(reader, place, FormatError::Short { have, need })),
            };
        };
        let at = place.offset;
        let fields = RecordHeader::decode(bytes, reader.seed, at)
            .map_err(|cause| wrong(reader, place, cause))?;
        let (have, need) = (to_u64(bytes.len()), to_u64(RecordHeader::SIZE) + fields.body_len());
        let short = FormatError::Short { have, need };
        let bytes = bytes.get(..to_usize(need)).ok_or_else(|| wrong(reader, place, short))?;
        let body = &bytes[RecordHeader::SIZE..];
        fields.check_body(reader.seed, at, body).map_err(|cause| wrong(reader, place, cause))?;
        Ok(Some(RecordRef { fields, bytes }))
    }

    /// Where the record at `place` is among the bytes, if it was read whole.
    fn find(&self, segment: SegmentId, place: Place) -> Option<usize> {
        let at = to_usize(place.offset.checked_sub(self.offset)?);
        let end = at.checked_add(to_usize(u64::from(place.length)))?;
        (self.segment == Some(segment) && end <= self.filled).then_some(at)
    }

    fn fill(
        &mut self,
        reader: &SegmentReader,
        place: Place,
        until: u64,
        wait: Wait,
    ) -> Result<(), Error> {
        let ahead = until.saturating_sub(place.offset).min(AHEAD_MAX);
        let length = to_usize(ahead.max(u64::from(place.length)));
        if self.bytes.len() < length {
            self.bytes.resize(length, 0);
        }
        (self.segment, self.filled) = (None, 0);
        let into = &mut self.bytes[..length];
        self.filled = match wait {
            Wait::ForDisk => reader.file.read_at(into, place.offset)?,
            Wait::Never => reader.file.read_ready(into, place.offset)?,
        };
        (self.segment, self.offset) = (Some(reader.id()), place.offset);
        Ok(())
    }
}

fn wrong(reader: &SegmentReader, place: Place, cause: FormatError) -> Error {
    Error::format(reader.path(), place.offset, cause)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::disk::{Disk, SimDisk};
    use crate::format::{AccountId, DirectoryId, NewRecord, StreamId};
    use crate::segment::{SegmentWriter, erase};

    const DIRECTORY: DirectoryId = DirectoryId([7; 16]);
    const ID: SegmentId = SegmentId::new(AccountId(0), StreamId(3), 1);

    fn written(payloads: &[&[u8]]) -> (Arc<dyn Disk>, SegmentReader, Vec<Place>) {
        let disk: Arc<dyn Disk> = Arc::new(SimDisk::new(1));
        let mut writer = SegmentWriter::create(Arc::clone(&disk), DIRECTORY, ID).unwrap();
        let append = |(seq, payload): (u64, &&[u8])| {
            let (subject, header) = (&b"a.b"[..], &b"h"[..]);
            writer.append(&NewRecord { seq, time_ns: 5, flags: 0, subject, header, payload })
        };
        let places = (1..).zip(payloads).map(append).collect();
        writer.write().unwrap();
        let reader = SegmentReader::open(&*disk, DIRECTORY, ID).unwrap();
        (disk, reader, places)
    }

    #[test]
    fn neighbours_are_read_together_and_are_what_was_written() {
        let large = vec![b'x'; 200_000];
        let payloads = [&b"one"[..], b"", &large, b"four"];
        let (_disk, reader, places) = written(&payloads);
        for until in [0, places[1].offset, u64::MAX] {
            let mut window = Window::default();
            for (seq, (place, payload)) in (1..).zip(places.iter().zip(payloads)) {
                let record =
                    window.record(&reader, *place, || until, Wait::ForDisk).unwrap().unwrap();
                assert_eq!((record.fields().seq, record.header()), (seq, &b"h"[..]));
                assert_eq!(record.payload(), payload);
                assert_eq!(record.to_stored().subject(), b"a.b");
            }
            window.clear();
            assert!(window.bytes.len() <= 64 * 1024);
        }
    }

    #[test]
    fn what_was_read_stays_until_it_is_forgotten() {
        let (disk, reader, places) = written(&[b"one", b"two"]);
        let mut window = Window::default();
        let is_erased = |window: &mut Window| {
            let record = window.record(&reader, places[1], || 0, Wait::ForDisk).unwrap().unwrap();
            record.fields().is_erased
        };
        window.record(&reader, places[0], || u64::MAX, Wait::ForDisk).unwrap();
        erase(&*disk, DIRECTORY, ID, places[1], 2).unwrap();
        assert!(!is_erased(&mut window));
        window.clear();
        assert!(is_erased(&mut window));
    }

    #[test]
    fn wrong_places_are_errors() {
        let (_disk, reader, places) = written(&[b"one", b"two"]);
        let mut window = Window::default();
        let behind = Place { offset: places[1].offset + 64, length: 64 };
        let inside = Place { offset: places[0].offset + 8, length: 56 };
        let short = Place { offset: places[0].offset, length: 41 };
        for place in [behind, inside, short] {
            let read = window.record(&reader, place, || 0, Wait::ForDisk);
            assert!(matches!(read, Err(Error::Format { .. })), "{place:?}");
            window.clear();
        }
    }
}
