//! Segment files: a header, records, and once sealed, columns and a footer.

use super::fields::checked;
use super::{
    AccountId, Checksum, DirectoryId, Fields, FormatError, Place, Seed, StreamId, to_u32, to_u64,
    to_usize,
};
use crate::sabotage::{self, Mistake};

/// Records begin at multiples of this, in bytes.
pub(crate) const ALIGNMENT: usize = 8;

/// Which segment; also the name of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentId {
    /// Whose it is.
    pub account: AccountId,
    /// Of which stream.
    pub stream: StreamId,
    /// The smallest sequence that may be in it.
    pub first_seq: u64,
    /// How often what was in it was written anew: 0 for a file that messages were appended to.
    pub revision: u32,
}

impl SegmentId {
    /// The segment that messages from `first_seq` on are appended to.
    #[must_use]
    pub const fn new(account: AccountId, stream: StreamId, first_seq: u64) -> Self {
        Self { account, stream, first_seq, revision: 0 }
    }
}

/// The header of a segment file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) directory: DirectoryId,
    pub(crate) id: SegmentId,
}

impl SegmentHeader {
    pub(crate) const SIZE: usize = 64;
    pub(crate) const VERSION: u32 = 1;
    const MAGIC: u64 = u64::from_le_bytes(*b"ANABRSEG");
    const CHECKSUM_AT: usize = 60;

    pub(crate) fn encode(&self) -> [u8; Self::SIZE] {
        let fields = Place::new()
            .u64(Self::MAGIC)
            .u32(Self::VERSION)
            .u32(self.id.account.0)
            .put(&self.directory.0)
            .u64(self.id.stream.0)
            .u64(self.id.first_seq)
            .u32(self.id.revision)
            .skip_to(Self::CHECKSUM_AT);
        let checksum = Checksum::of(fields.so_far());
        fields.u32(checksum.0).bytes()
    }

    pub(crate) fn decode(bytes: &[u8], directory: DirectoryId) -> Result<Self, FormatError> {
        let mut fields = checked(bytes, Self::SIZE, Checksum::default())?;
        fields.magic(Self::MAGIC)?;
        fields.version(Self::VERSION..=Self::VERSION)?;
        let account = AccountId(fields.u32()?);
        if fields.array()? != directory.0 {
            return Err(FormatError::Foreign);
        }
        let (stream, first_seq) = (StreamId(fields.u64()?), fields.u64()?);
        let revision = fields.u32()?;
        Ok(Self { directory, id: SegmentId { account, stream, first_seq, revision } })
    }

    /// The seed of what is in a segment. A record's own adds its sequence and its offset, so that
    /// it does not pass for one at any other place.
    pub(crate) fn seed(directory: DirectoryId, id: SegmentId) -> Seed {
        let seed = Seed::new(directory).of(u64::from(id.account.0)).of(id.stream.0);
        let seed = seed.of(id.first_seq);
        if id.revision == 0 { seed } else { seed.of(u64::from(id.revision)) }
    }
}

/// The header of a record in a segment. Subject, header and payload follow, then zeros up to the
/// next multiple of 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordHeader {
    /// The record's sequence.
    pub seq: u64,
    /// When it was stored, in nanoseconds since 1970.
    pub time_ns: i64,
    /// For the writer's own use.
    pub flags: u16,
    /// Bytes of the subject.
    pub subject_len: u16,
    /// Bytes of the message's header.
    pub header_len: u32,
    /// Bytes of the payload.
    pub payload_len: u32,
    /// The checksum of subject, header and payload.
    pub body: Checksum,
    /// The checksum of these fields.
    pub checksum: Checksum,
    /// Whether the body was overwritten with zeros on purpose.
    pub is_erased: bool,
}

impl RecordHeader {
    /// Bytes of the header.
    pub const SIZE: usize = 40;
    /// Where in the header it says that the record is erased: four bytes that a disk writes at
    /// once.
    pub(crate) const ERASED_AT: u64 = 4;

    /// Bytes of subject, header and payload together.
    #[must_use]
    pub fn body_len(&self) -> u64 {
        u64::from(self.subject_len) + u64::from(self.header_len) + u64::from(self.payload_len)
    }

    /// Bytes of the record in its file, header and padding included.
    #[must_use]
    pub fn occupied(&self) -> u64 {
        (to_u64(Self::SIZE) + self.body_len()).next_multiple_of(to_u64(ALIGNMENT))
    }

    /// Appends a record to `into`, to be written at byte `offset` of the segment with this seed.
    /// Returns its header.
    pub(crate) fn append(
        record: &NewRecord<'_>,
        seed: Seed,
        offset: u64,
        into: &mut Vec<u8>,
    ) -> Self {
        let seed = seed.of(record.seq).of(offset);
        let body = [record.subject, record.header, record.payload]
            .into_iter()
            .fold(seed.checksum(), Checksum::then);
        let mut header = Self {
            seq: record.seq,
            time_ns: record.time_ns,
            flags: record.flags,
            subject_len: u16::try_from(record.subject.len()).expect("subjects are short"),
            header_len: to_u32(record.header.len()),
            payload_len: to_u32(record.payload.len()),
            body,
            checksum: Checksum::default(),
            is_erased: false,
        };
        let fields = header.fields();
        header.checksum = seed.checksum().then(&fields);
        into.extend_from_slice(&body.0.to_le_bytes());
        into.extend_from_slice(&[0; 4]);
        into.extend_from_slice(&fields[4..]);
        into.extend_from_slice(&header.checksum.0.to_le_bytes());
        for part in [record.subject, record.header, record.payload] {
            into.extend_from_slice(part);
        }
        into.resize(into.len().next_multiple_of(ALIGNMENT), 0);
        header
    }

    /// What the checksum covers: all fields but the checksum itself and the erasure.
    fn fields(&self) -> [u8; Self::SIZE - 8] {
        Place::new()
            .u32(self.body.0)
            .u64(self.seq)
            .i64(self.time_ns)
            .u32(self.header_len)
            .u32(self.payload_len)
            .u16(self.subject_len)
            .u16(self.flags)
            .bytes()
    }

    /// Reads the header of the record at byte `offset` of a segment with this seed.
    ///
    /// # Errors
    /// Bytes that are no such header.
    pub(crate) fn decode(bytes: &[u8], seed: Seed, offset: u64) -> Result<Self, FormatError> {
        let mut fields = Fields::new(bytes);
        let (body, erased) = (Checksum(fields.u32()?), fields.u32()?);
        let (seq, time_ns) = (fields.u64()?, fields.i64()?);
        let (header_len, payload_len) = (fields.u32()?, fields.u32()?);
        let (subject_len, flags) = (fields.u16()?, fields.u16()?);
        let checksum = Checksum(fields.u32()?);
        let is_erased = erased != 0;
        let header = Self {
            seq,
            time_ns,
            flags,
            subject_len,
            header_len,
            payload_len,
            body,
            checksum,
            is_erased,
        };
        // The fields as they stand there, without the erasure and the checksum itself.
        let (first, rest) = (&bytes[..4], &bytes[8..Self::SIZE - 4]);
        let expected = seed.of(seq).of(offset).checksum().then(first).then(rest);
        if expected != checksum {
            return Err(FormatError::Checksum { found: checksum, expected });
        }
        if is_erased && erased != header.erasure() {
            let (found, expected) = (Checksum(erased), Checksum(header.erasure()));
            return Err(FormatError::Checksum { found, expected });
        }
        Ok(header)
    }

    /// The same, whatever is said of an erasure: that may have been cut off in the middle.
    pub(crate) fn decode_unmarked(
        bytes: &mut [u8],
        seed: Seed,
        offset: u64,
    ) -> Result<Self, FormatError> {
        let at = to_usize(Self::ERASED_AT);
        if let Some(mark) = bytes.get_mut(at..at + 4) {
            mark.fill(0);
        }
        Self::decode(bytes, seed, offset)
    }

    /// What says that this record is erased. A flipped bit does not.
    pub(crate) fn erasure(&self) -> u32 {
        self.checksum.then(b"erased").0.max(1)
    }

    /// Checks subject, header and payload, unless they were erased.
    pub(crate) fn check_body(
        &self,
        seed: Seed,
        offset: u64,
        body: &[u8],
    ) -> Result<(), FormatError> {
        let (have, need) = (to_u64(body.len()), self.body_len());
        if have != need {
            return Err(FormatError::Short { have, need });
        }
        let expected = seed.of(self.seq).of(offset).checksum().then(body);
        let is_checked = !self.is_erased && !sabotage::is(Mistake::SkipSegmentChecksum);
        if is_checked && expected != self.body {
            return Err(FormatError::Checksum { found: self.body, expected });
        }
        Ok(())
    }
}

/// A record to be appended to a segment.
#[derive(Debug, Clone, Copy)]
pub struct NewRecord<'a> {
    /// Its sequence.
    pub seq: u64,
    /// When it was stored, in nanoseconds since 1970.
    pub time_ns: i64,
    /// For the writer's own use.
    pub flags: u16,
    /// Its subject, of at most 65,535 bytes.
    pub subject: &'a [u8],
    /// Its header.
    pub header: &'a [u8],
    /// Its payload.
    pub payload: &'a [u8],
}

/// What is known about a record without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns {
    /// Its sequence.
    pub seq: u64,
    /// Bytes of the record in the file.
    pub size: u32,
    /// When it was stored, in nanoseconds since 1970.
    pub time_ns: i64,
    /// When it expires; 0 for never.
    pub expiry_ns: i64,
    /// The number that the stream gave its subject.
    pub subject: u32,
    /// Whether it is deleted.
    pub is_deleted: bool,
}

impl Columns {
    /// Bytes of one record's columns.
    pub(crate) const SIZE: usize = 29;

    /// Writes the columns one after the other: all sequences, all sizes, and so on.
    pub(crate) fn encode_all(all: &[Self], first_seq: u64) -> Result<Vec<u8>, FormatError> {
        let mut bytes = Vec::with_capacity(all.len() * Self::SIZE);
        for one in all {
            let delta = one.seq.checked_sub(first_seq).and_then(|delta| u32::try_from(delta).ok());
            let wrong = FormatError::Field { field: "seq", value: one.seq };
            bytes.extend_from_slice(&delta.ok_or(wrong)?.to_le_bytes());
        }
        all.iter().for_each(|one| bytes.extend_from_slice(&one.size.to_le_bytes()));
        all.iter().for_each(|one| bytes.extend_from_slice(&one.time_ns.to_le_bytes()));
        all.iter().for_each(|one| bytes.extend_from_slice(&one.expiry_ns.to_le_bytes()));
        all.iter().for_each(|one| bytes.extend_from_slice(&one.subject.to_le_bytes()));
        bytes.extend(all.iter().map(|one| u8::from(one.is_deleted)));
        Ok(bytes)
    }

    pub(crate) fn decode_all(
        bytes: &[u8],
        count: usize,
        first_seq: u64,
    ) -> Result<Vec<Self>, FormatError> {
        let mut fields = Fields::new(bytes);
        let mut column = |width: usize| fields.bytes(count.saturating_mul(width));
        let columns = [column(4)?, column(4)?, column(8)?, column(8)?, column(4)?, column(1)?];
        let [mut seqs, mut sizes, mut times, mut expiries, mut subjects, mut deleted] =
            columns.map(Fields::new);
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            all.push(Self {
                seq: first_seq.saturating_add(u64::from(seqs.u32()?)),
                size: sizes.u32()?,
                time_ns: times.i64()?,
                expiry_ns: expiries.i64()?,
                subject: subjects.u32()?,
                is_deleted: deleted.u8()? != 0,
            });
        }
        Ok(all)
    }
}

/// The end of a sealed segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentFooter {
    /// How many records there are.
    pub records: u32,
    /// How many sparse offsets follow the columns.
    pub(crate) sparse: u32,
    /// Where the last record ends and the columns begin, in bytes.
    pub data_end: u64,
    /// The last record's sequence; 0 without records.
    pub last_seq: u64,
    /// The checksums of all records' headers, chained.
    pub chain: Checksum,
    /// The checksum of columns and sparse offsets.
    pub(crate) index: Checksum,
}

impl SegmentFooter {
    /// Bytes of the footer.
    pub const SIZE: usize = 64;
    const MAGIC: u64 = u64::from_le_bytes(*b"ANABRSGE");
    const CHECKSUM_AT: usize = 60;
    /// Bytes of a sparse offset: a record's number and its place.
    pub(crate) const SPARSE_SIZE: usize = 12;

    pub(crate) fn encode(&self, seed: Seed) -> [u8; Self::SIZE] {
        let fields = Place::new()
            .u64(Self::MAGIC)
            .u32(self.records)
            .u32(self.sparse)
            .u64(self.data_end)
            .u64(self.last_seq)
            .u32(self.chain.0)
            .u32(self.index.0)
            .skip_to(Self::CHECKSUM_AT);
        let checksum = seed.checksum().then(fields.so_far());
        fields.u32(checksum.0).bytes()
    }

    pub(crate) fn decode(bytes: &[u8], seed: Seed) -> Result<Self, FormatError> {
        let mut fields = checked(bytes, Self::SIZE, seed.checksum())?;
        fields.magic(Self::MAGIC)?;
        Ok(Self {
            records: fields.u32()?,
            sparse: fields.u32()?,
            data_end: fields.u64()?,
            last_seq: fields.u64()?,
            chain: Checksum(fields.u32()?),
            index: Checksum(fields.u32()?),
        })
    }

    /// Bytes of columns and sparse offsets.
    pub(crate) fn index_len(&self) -> u64 {
        u64::from(self.records) * to_u64(Columns::SIZE)
            + u64::from(self.sparse) * to_u64(Self::SPARSE_SIZE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIRECTORY: DirectoryId = DirectoryId([5; 16]);
    const ID: SegmentId =
        SegmentId { account: AccountId(1), stream: StreamId(2), first_seq: 3, revision: 4 };

    fn record() -> NewRecord<'static> {
        NewRecord {
            seq: 5,
            time_ns: 6,
            flags: 7,
            subject: b"a.b",
            header: b"NATS/1.0\r\n\r\n",
            payload: b"payload",
        }
    }

    fn flips(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
        (0..bytes.len() * 8).map(|bit| {
            let mut flipped = bytes.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            (bit, flipped)
        })
    }

    #[test]
    fn headers_and_footers_come_back_and_every_flipped_bit_is_seen() {
        let header = SegmentHeader { directory: DIRECTORY, id: ID };
        let bytes = header.encode();
        assert_eq!(SegmentHeader::decode(&bytes, DIRECTORY), Ok(header));
        for (bit, flipped) in flips(&bytes) {
            assert!(SegmentHeader::decode(&flipped, DIRECTORY).is_err(), "bit {bit}");
        }
        let seed = SegmentHeader::seed(DIRECTORY, ID);
        let footer = SegmentFooter {
            records: 1,
            sparse: 2,
            data_end: 3,
            last_seq: 4,
            chain: Checksum(5),
            index: Checksum(6),
        };
        let bytes = footer.encode(seed);
        assert_eq!(SegmentFooter::decode(&bytes, seed), Ok(footer));
        for (bit, flipped) in flips(&bytes) {
            assert!(SegmentFooter::decode(&flipped, seed).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_record_comes_back_and_every_flipped_bit_is_seen() {
        let seed = SegmentHeader::seed(DIRECTORY, ID);
        let mut bytes = Vec::new();
        let header = RecordHeader::append(&record(), seed, 64, &mut bytes);
        assert_eq!(to_u64(bytes.len()), header.occupied());
        assert_eq!(RecordHeader::decode(&bytes, seed, 64), Ok(header));
        let end = RecordHeader::SIZE + 22;
        assert_eq!(header.check_body(seed, 64, &bytes[RecordHeader::SIZE..end]), Ok(()));
        assert!(RecordHeader::decode(&bytes, seed, 72).is_err(), "at another place");
        for (bit, flipped) in flips(&bytes[..end]) {
            let decoded = RecordHeader::decode(&flipped, seed, 64);
            let checked = decoded
                .and_then(|header| header.check_body(seed, 64, &flipped[RecordHeader::SIZE..]));
            assert!(checked.is_err(), "bit {bit}");
        }
    }

    #[test]
    fn an_erased_record_says_so() {
        let seed = SegmentHeader::seed(DIRECTORY, ID);
        let mut bytes = Vec::new();
        let header = RecordHeader::append(&record(), seed, 64, &mut bytes);
        bytes[4..8].copy_from_slice(&header.erasure().to_le_bytes());
        let erased = RecordHeader::decode(&bytes, seed, 64).unwrap();
        assert_eq!(erased, RecordHeader { is_erased: true, ..header });
        assert_eq!(erased.check_body(seed, 64, &[0; 22]), Ok(()));
    }

    #[test]
    fn columns_come_back() {
        let columns: Vec<Columns> = (0..5_u32)
            .map(|index| Columns {
                seq: 100 + u64::from(index),
                size: index * 8,
                time_ns: i64::from(index) - 2,
                expiry_ns: i64::from(index),
                subject: 50 - index,
                is_deleted: index % 2 == 0,
            })
            .collect();
        let bytes = Columns::encode_all(&columns, 100).unwrap();
        assert_eq!(bytes.len(), 5 * Columns::SIZE);
        assert_eq!(Columns::decode_all(&bytes, 5, 100).unwrap(), columns);
        assert!(Columns::decode_all(&bytes[1..], 5, 100).is_err());
        assert!(Columns::encode_all(&columns, 101).is_err());
        assert!(Columns::encode_all(&[Columns { seq: 1 << 40, ..columns[0] }], 100).is_err());
    }
}
