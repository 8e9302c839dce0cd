//! Appends records to a segment, behind the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{StoredRecord, Tail, path};
use crate::Error;
use crate::disk::path::parent;
use crate::disk::{Disk, DiskFile, OpenMode, sync_path};
use crate::format::{
    Checksum, Columns, DirectoryId, FormatError, NewRecord, RecordHeader, Seed, SegmentFooter,
    SegmentHeader, SegmentId, to_u32, to_u64, to_usize,
};
use crate::sabotage::{self, Mistake};

/// Most records of a segment.
pub const RECORDS_MAX: u32 = 65_536;
/// Most bytes of a segment, unless a single record is larger.
pub const SIZE_MAX: u64 = 64 * 1024 * 1024;
/// A sparse offset is kept at least every so many records,
const SPARSE_RECORDS: usize = 64;
/// and every so many bytes.
const SPARSE_BYTES: u64 = 64 * 1024;
/// What the buffer may keep of its memory once it is written.
const KEEP_BYTES: usize = 1024 * 1024;

/// A segment that is being written. Records are gathered in memory until
/// [`write`](Self::write), and durable after [`sync`](Self::sync): until then the log has them.
#[derive(Debug)]
pub struct SegmentWriter {
    disk: Arc<dyn Disk>,
    pub(super) file: Arc<dyn DiskFile>,
    id: SegmentId,
    pub(super) seed: Seed,
    pub(super) tail: Tail,
    /// Records behind `written` in the file.
    pub(super) buffer: Vec<u8>,
    pub(super) written: u64,
    /// Its name is durable.
    is_named: Arc<AtomicBool>,
    /// Whether something of an earlier run may lie behind the end.
    is_uncut: bool,
}

/// A segment with something in it that is not durable yet.
#[derive(Debug)]
pub struct Unsynced {
    disk: Arc<dyn Disk>,
    file: Arc<dyn DiskFile>,
    id: SegmentId,
    is_named: Arc<AtomicBool>,
}

impl Unsynced {
    /// Makes everything durable that was written when this was made.
    ///
    /// # Errors
    /// [`Error::Disk`]: nothing is known about what was written, and never will be.
    pub fn sync(&self) -> Result<(), Error> {
        if !sabotage::is(Mistake::SkipSegmentSync) {
            self.file.sync_data()?;
        }
        if !self.is_named.load(Ordering::Relaxed) {
            sync_path(&*self.disk, &path::path(self.id))?;
            self.is_named.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Where a record is in its segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its first byte.
    pub offset: u64,
    /// Its bytes, header and padding included.
    pub length: u32,
}

impl SegmentWriter {
    /// Makes a segment. What a crash left under that name stays until [`cut`](Self::cut): there
    /// may be references to it in the log.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn create(
        disk: Arc<dyn Disk>,
        directory: DirectoryId,
        id: SegmentId,
    ) -> Result<Self, Error> {
        let path = path::path(id);
        disk.create_dir(parent(&path))?;
        let file = disk.open(&path, OpenMode::Create)?;
        file.write_at(&SegmentHeader { directory, id }.encode(), 0)?;
        let seed = SegmentHeader::seed(directory, id);
        Ok(Self::at(disk, file, id, seed, Tail::empty()))
    }

    /// Opens a segment for writing behind `tail`, the end that a checkpoint states. What lies
    /// there is not trusted, but stays until [`cut`](Self::cut).
    ///
    /// # Errors
    /// [`Error::Format`] if it is another segment, a newer program's, or shorter than `tail`
    /// says; [`Error::Disk`].
    pub fn open(
        disk: Arc<dyn Disk>,
        directory: DirectoryId,
        id: SegmentId,
        tail: Tail,
    ) -> Result<Self, Error> {
        let path = path::path(id);
        let file = disk.open(&path, OpenMode::Write)?;
        check_header(&*file, directory, id)?;
        let length = file.length()?;
        if length < tail.end {
            let cause = FormatError::Short { have: length, need: tail.end };
            return Err(Error::format(&path, length, cause));
        }
        Ok(Self::at(disk, file, id, SegmentHeader::seed(directory, id), tail))
    }

    /// Makes a segment in a file that is empty and has no name yet that counts.
    pub(super) fn unnamed(
        disk: Arc<dyn Disk>,
        file: Box<dyn DiskFile>,
        directory: DirectoryId,
        id: SegmentId,
    ) -> Result<Self, Error> {
        file.write_at(&SegmentHeader { directory, id }.encode(), 0)?;
        let seed = SegmentHeader::seed(directory, id);
        let writer = Self::at(disk, file, id, seed, Tail::empty());
        Ok(Self { is_named: Arc::new(AtomicBool::new(true)), is_uncut: false, ..writer })
    }

    fn at(
        disk: Arc<dyn Disk>,
        file: Box<dyn DiskFile>,
        id: SegmentId,
        seed: Seed,
        tail: Tail,
    ) -> Self {
        let (buffer, written, file) = (Vec::new(), tail.end, Arc::from(file));
        let is_named = Arc::default();
        Self { disk, file, id, seed, tail, buffer, written, is_named, is_uncut: true }
    }

    /// Which segment it is.
    #[must_use]
    pub fn id(&self) -> SegmentId {
        self.id
    }

    /// Where it stands; for a checkpoint, to be taken after [`sync`](Self::sync).
    #[must_use]
    pub fn tail(&self) -> Tail {
        self.tail
    }

    /// Bytes that were appended and not written yet.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.buffer.len()
    }

    /// The record at `offset` if it was appended and not written yet, as while the disk is full.
    ///
    /// # Errors
    /// [`Error::Format`] if there is none.
    pub fn buffered(&self, offset: u64) -> Result<Option<StoredRecord>, Error> {
        let Some(at) = offset.checked_sub(self.written).map(to_usize) else { return Ok(None) };
        let Some(bytes) = self.buffer.get(at..).filter(|bytes| !bytes.is_empty()) else {
            return Ok(None);
        };
        let record = StoredRecord::decode(bytes, self.seed, offset);
        record.map(Some).map_err(|cause| Error::format(self.file.path(), offset, cause))
    }

    /// Whether a record with this many bytes of subject, header and payload, and this sequence,
    /// belongs into the next segment.
    #[must_use]
    pub fn is_full_for(&self, seq: u64, body_len: u64) -> bool {
        let end = self.tail.end + to_u64(RecordHeader::SIZE) + body_len;
        let is_large = self.tail.records > 0 && end > SIZE_MAX;
        let is_far = seq.saturating_sub(self.id.first_seq) >= u64::from(u32::MAX);
        self.tail.records >= RECORDS_MAX || is_large || is_far
    }

    /// Appends a record, in memory. Sequences ascend.
    pub fn append(&mut self, record: &NewRecord<'_>) -> Place {
        assert!(record.seq >= self.id.first_seq, "a record is not before its segment");
        let follows = self.tail.records == 0 || record.seq > self.tail.last_seq;
        assert!(follows, "sequences of a segment ascend");
        let header = RecordHeader::append(record, self.seed, self.tail.end, &mut self.buffer);
        let place = Place { offset: self.tail.end, length: occupied(&header) };
        self.tail = self.tail.followed_by(&header);
        place
    }

    /// Says in the record at `place`, which was appended and not written yet, that it is erased.
    pub(super) fn mark_erased(&mut self, place: Place) {
        let at = to_usize(place.offset - self.written);
        let header = RecordHeader::decode(&self.buffer[at..], self.seed, place.offset);
        let mark = header.expect("it was appended a moment ago").erasure();
        let at = at + to_usize(RecordHeader::ERASED_AT);
        self.buffer[at..at + 4].copy_from_slice(&mark.to_le_bytes());
    }

    /// Writes what was appended: readers see it from then on.
    ///
    /// # Errors
    /// [`Error::Disk`]. Where there was no space, it may be done again; otherwise the file is to
    /// be abandoned: its records are still in the log.
    pub fn write(&mut self) -> Result<(), Error> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.file.write_at(&self.buffer, self.written)?;
        self.written += to_u64(self.buffer.len());
        assert_eq!(self.written, self.tail.end, "everything appended is written");
        self.buffer.clear();
        self.buffer.shrink_to(KEEP_BYTES);
        Ok(())
    }

    /// Cuts off what an earlier run left behind the end. To be called once the log was read: its
    /// references may be to what lies there. Later calls do nothing.
    ///
    /// # Errors
    /// As for [`write`](Self::write).
    pub fn cut(&mut self) -> Result<(), Error> {
        self.write()?;
        if self.is_uncut {
            self.file.set_length(self.tail.end)?;
            self.is_uncut = false;
        }
        Ok(())
    }

    /// Makes everything appended durable, and [`cut`](Self::cut)s.
    ///
    /// # Errors
    /// As for [`write`](Self::write).
    pub fn sync(&mut self) -> Result<Tail, Error> {
        self.cut()?;
        self.sync_data()?;
        Ok(self.tail)
    }

    /// Writes everything appended, and [`cut`](Self::cut)s. What is given makes it durable, on
    /// whatever thread, while more is appended.
    ///
    /// # Errors
    /// As for [`write`](Self::write).
    pub fn unsynced(&mut self) -> Result<(Tail, Unsynced), Error> {
        self.cut()?;
        Ok((self.tail, self.handle()))
    }

    /// [`sync`](Self::sync) without cutting.
    pub(super) fn sync_data(&mut self) -> Result<(), Error> {
        self.write()?;
        self.handle().sync()
    }

    fn handle(&self) -> Unsynced {
        Unsynced {
            disk: Arc::clone(&self.disk),
            file: Arc::clone(&self.file),
            id: self.id,
            is_named: Arc::clone(&self.is_named),
        }
    }

    /// Ends the segment: writes what is known about its records, in their order, and makes all of
    /// it durable.
    ///
    /// # Errors
    /// [`Error::Format`] if `columns` are not those of its records; otherwise as for
    /// [`write`](Self::write).
    pub fn seal(mut self, columns: &[Columns]) -> Result<SegmentFooter, Error> {
        self.cut()?;
        let wrong = |cause| Error::format(&path::path(self.id), self.tail.end, cause);
        let sizes: u64 = columns.iter().map(|one| u64::from(one.size)).sum();
        let expected = self.tail.end - to_u64(SegmentHeader::SIZE);
        if to_u64(columns.len()) != u64::from(self.tail.records) || sizes != expected {
            return Err(wrong(FormatError::Field { field: "columns", value: sizes }));
        }
        let mut bytes = Columns::encode_all(columns, self.id.first_seq).map_err(wrong)?;
        let sparse = append_sparse(columns, &mut bytes);
        let seed = self.seed;
        let footer = SegmentFooter {
            records: self.tail.records,
            sparse,
            data_end: self.tail.end,
            last_seq: self.tail.last_seq,
            chain: self.tail.chain,
            index: seed.checksum().then(&bytes),
        };
        bytes.extend_from_slice(&footer.encode(seed));
        self.file.write_at(&bytes, self.tail.end)?;
        self.sync_data()?;
        Ok(footer)
    }
}

/// Reads the header of an open file and compares it.
pub(super) fn check_header(
    file: &dyn DiskFile,
    directory: DirectoryId,
    id: SegmentId,
) -> Result<(), Error> {
    let mut bytes = [0; SegmentHeader::SIZE];
    let read = file.read_at(&mut bytes, 0)?;
    let header = SegmentHeader::decode(&bytes[..read], directory)
        .map_err(|cause| Error::format(file.path(), 0, cause))?;
    if header.id != id {
        let cause = FormatError::Field { field: "first_seq", value: header.id.first_seq };
        return Err(Error::format(file.path(), 0, cause));
    }
    Ok(())
}

/// Appends the numbers and places of every 64th record, and of more where records are large.
fn append_sparse(columns: &[Columns], into: &mut Vec<u8>) -> u32 {
    let (mut offset, mut count) = (to_u64(SegmentHeader::SIZE), 0);
    let mut last: Option<(usize, u64)> = None;
    for (number, one) in columns.iter().enumerate() {
        let is_due = last.is_none_or(|(then, place)| {
            number - then >= SPARSE_RECORDS || offset - place >= SPARSE_BYTES
        });
        if is_due {
            into.extend_from_slice(&to_u32(number).to_le_bytes());
            into.extend_from_slice(&offset.to_le_bytes());
            last = Some((number, offset));
            count += 1;
        }
        offset += u64::from(one.size);
    }
    count
}

fn occupied(header: &RecordHeader) -> u32 {
    u32::try_from(header.occupied()).expect("a record has less than 4 GiB")
}

/// The checksum of a sealed segment's columns.
pub(super) fn index_checksum(seed: Seed, bytes: &[u8]) -> Checksum {
    seed.checksum().then(bytes)
}
