//! Reads records of a segment.

use super::scan::{Scan, ScanItem};
use super::writer::{check_header, index_checksum};
use super::{Columns, Place, path};
use crate::Error;
use crate::disk::{Disk, DiskFile, OpenMode};
use crate::format::{
    DirectoryId, Fields, FormatError, NewRecord, RecordHeader, Seed, SegmentFooter, SegmentHeader,
    SegmentId, to_u64, to_usize,
};

/// How much is read when nobody knows how long a record is.
const FIRST_READ: usize = 4096;

/// A segment that is open for reading. Threads may share it, also while somebody writes.
#[derive(Debug)]
pub struct SegmentReader {
    pub(super) file: Box<dyn DiskFile>,
    pub(super) seed: Seed,
    id: SegmentId,
}

/// The place of every 64th record of a sealed segment, and of more where records are large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SparseOffset {
    /// Its number within the segment, from 0.
    pub record: u32,
    /// Its first byte.
    pub offset: u64,
}

/// A record that was read and whose checksum fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    fields: RecordHeader,
    bytes: Vec<u8>,
}

impl StoredRecord {
    /// A record that was encoded and not written yet.
    pub(super) fn decode(bytes: &[u8], seed: Seed, offset: u64) -> Result<Self, FormatError> {
        let fields = RecordHeader::decode(bytes, seed, offset)?;
        let whole = RecordHeader::SIZE + to_usize(fields.body_len());
        let short = FormatError::Short { have: to_u64(bytes.len()), need: to_u64(whole) };
        let bytes = bytes.get(..whole).ok_or(short)?.to_vec();
        Ok(Self { fields, bytes })
    }

    /// A record of which everything was checked.
    pub(super) fn of(fields: RecordHeader, bytes: Vec<u8>) -> Self {
        Self { fields, bytes }
    }

    /// What is known about it.
    #[must_use]
    pub fn fields(&self) -> &RecordHeader {
        &self.fields
    }

    /// Its subject; zeros if it was erased.
    #[must_use]
    pub fn subject(&self) -> &[u8] {
        &self.body()[..usize::from(self.fields.subject_len)]
    }

    /// The message's header; zeros if it was erased.
    #[must_use]
    pub fn header(&self) -> &[u8] {
        let begin = usize::from(self.fields.subject_len);
        &self.body()[begin..begin + to_usize(u64::from(self.fields.header_len))]
    }

    /// Its payload; zeros if it was erased.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        let body = self.body();
        &body[body.len() - to_usize(u64::from(self.fields.payload_len))..]
    }

    /// To be stored again as it is.
    #[must_use]
    pub fn as_new(&self) -> NewRecord<'_> {
        let RecordHeader { seq, time_ns, flags, .. } = self.fields;
        let (subject, header, payload) = (self.subject(), self.header(), self.payload());
        NewRecord { seq, time_ns, flags, subject, header, payload }
    }

    fn body(&self) -> &[u8] {
        &self.bytes[RecordHeader::SIZE..RecordHeader::SIZE + to_usize(self.fields.body_len())]
    }
}

impl SegmentReader {
    /// Opens a segment.
    ///
    /// # Errors
    /// [`Error::Format`] if it is another segment or a newer program's; [`Error::Disk`].
    pub fn open(disk: &dyn Disk, directory: DirectoryId, id: SegmentId) -> Result<Self, Error> {
        let file = disk.open(&path::path(id), OpenMode::Read)?;
        check_header(&*file, directory, id)?;
        Ok(Self { file, seed: SegmentHeader::seed(directory, id), id })
    }

    /// Opens a segment whose header is damaged: records have checksums of their own.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn open_headless(
        disk: &dyn Disk,
        directory: DirectoryId,
        id: SegmentId,
    ) -> Result<Self, Error> {
        let file = disk.open(&path::path(id), OpenMode::Read)?;
        Ok(Self { file, seed: SegmentHeader::seed(directory, id), id })
    }

    /// Its length in bytes.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn length(&self) -> Result<u64, Error> {
        Ok(self.file.length()?)
    }

    /// Which segment it is.
    #[must_use]
    pub fn id(&self) -> SegmentId {
        self.id
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &str {
        self.file.path()
    }

    /// Where the record `seq` is; looks at one after the other.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn find(&self, seq: u64) -> Result<Option<Place>, Error> {
        let place = |at, fields: &RecordHeader| {
            let length = u32::try_from(fields.occupied()).ok()?;
            (fields.seq == seq).then_some(Place { offset: at, length })
        };
        let (mut offset, mut bytes) = (to_u64(SegmentHeader::SIZE), [0; RecordHeader::SIZE]);
        loop {
            let read = self.file.read_at(&mut bytes, offset)?;
            match RecordHeader::decode_unmarked(&mut bytes[..read], self.seed, offset) {
                Ok(fields) if fields.seq >= seq => return Ok(place(offset, &fields)),
                Ok(fields) => offset += fields.occupied(),
                Err(_) => break,
            }
        }
        // It may be behind damage.
        for item in self.scan(offset, None)? {
            if let ScanItem::Record(at, record) = item?
                && let Some(place) = place(at, record.fields())
            {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// Reads the record at byte `offset`. `length_hint` is how long it is with header, or 0.
    ///
    /// # Errors
    /// [`Error::Format`] with file and offset if it is damaged; [`Error::Disk`].
    pub fn read(&self, offset: u64, length_hint: u32) -> Result<StoredRecord, Error> {
        let wrong = |cause| Error::format(self.file.path(), offset, cause);
        let hint = to_usize(u64::from(length_hint));
        let mut bytes = vec![0; if hint == 0 { FIRST_READ } else { hint.max(RecordHeader::SIZE) }];
        let mut read = self.file.read_at(&mut bytes, offset)?;
        let fields = RecordHeader::decode(&bytes[..read], self.seed, offset).map_err(wrong)?;
        let whole = RecordHeader::SIZE + to_usize(fields.body_len());
        if read < whole {
            bytes.resize(whole, 0);
            let place = offset.saturating_add(to_u64(read));
            read += self.file.read_at(&mut bytes[read..], place)?;
        }
        if read < whole {
            return Err(wrong(FormatError::Short { have: to_u64(read), need: to_u64(whole) }));
        }
        fields.check_body(self.seed, offset, &bytes[RecordHeader::SIZE..whole]).map_err(wrong)?;
        bytes.truncate(whole);
        Ok(StoredRecord { fields, bytes })
    }

    /// Reads all records from byte `from` (0 for the first) to byte `end`, or to the footer, or to
    /// the end of the file.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn scan(&self, from: u64, end: Option<u64>) -> Result<Scan<'_>, Error> {
        let footer = self.footer()?.map(|footer| footer.data_end);
        let length = self.file.length()?;
        let limit = end.or(footer).unwrap_or(length).min(length);
        Ok(Scan::new(self, from.max(to_u64(SegmentHeader::SIZE)), limit))
    }

    /// The footer, if the segment is sealed.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn footer(&self) -> Result<Option<SegmentFooter>, Error> {
        let length = self.file.length()?;
        let Some(offset) = length.checked_sub(to_u64(SegmentFooter::SIZE)) else {
            return Ok(None);
        };
        let mut bytes = [0; SegmentFooter::SIZE];
        let read = self.file.read_at(&mut bytes, offset)?;
        let decoded = SegmentFooter::decode(&bytes[..read], self.seed);
        // A footer that is cut short or damaged is none: the records themselves tell everything.
        let fits = |footer: &SegmentFooter| {
            footer.data_end.checked_add(footer.index_len()) == Some(offset)
        };
        Ok(decoded.ok().filter(fits))
    }

    /// What a sealed segment says about its records, and places of some of them.
    ///
    /// # Errors
    /// [`Error::Format`] if it is damaged; [`Error::Disk`].
    pub fn columns(
        &self,
        footer: &SegmentFooter,
    ) -> Result<(Vec<Columns>, Vec<SparseOffset>), Error> {
        let wrong = |cause| Error::format(self.file.path(), footer.data_end, cause);
        let mut bytes = vec![0; to_usize(footer.index_len())];
        let read = self.file.read_at(&mut bytes, footer.data_end)?;
        let found = index_checksum(self.seed, &bytes[..read]);
        if found != footer.index {
            let cause = FormatError::Checksum { found: footer.index, expected: found };
            return Err(wrong(cause));
        }
        let count = to_usize(u64::from(footer.records));
        let (columns, sparse) = bytes.split_at(count * Columns::SIZE);
        let columns = Columns::decode_all(columns, count, self.id.first_seq).map_err(wrong)?;
        let places = sparse.chunks(SegmentFooter::SPARSE_SIZE).map(|bytes| {
            let mut fields = Fields::new(bytes);
            Ok(SparseOffset { record: fields.u32()?, offset: fields.u64()? })
        });
        Ok((columns, places.collect::<Result<_, _>>().map_err(wrong)?))
    }
}
