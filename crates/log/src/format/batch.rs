//! Batches: what the write-ahead log writes at once and recognises again.

use super::{Checksum, Fields, FormatError, Lsn, Place, Seed, to_u64};
use crate::sabotage::{self, Mistake};

/// Every batch begins at a multiple of this, in bytes: what a disk writes whole or not at all.
pub const SECTOR: u64 = 512;

/// The header of a batch. Its records follow, then zeros up to the next multiple of [`SECTOR`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchHeader {
    /// Where the batch begins.
    pub lsn: Lsn,
    /// Bytes of its records.
    pub payload_len: u32,
    /// How many records there are; at least 1.
    pub records: u32,
    /// Everything before this was known to be durable when the batch was written.
    pub durable: Lsn,
    /// The checksum of the header of the batch before it; 0 for the first of all.
    pub previous: Checksum,
    /// The checksum of its records, seeded like the header's.
    pub payload: Checksum,
}

impl BatchHeader {
    /// Bytes of the header.
    pub const SIZE: usize = 64;
    /// Most bytes of records in a batch: one record of the largest size.
    pub const PAYLOAD_MAX: u32 = 64 * 1024 * 1024 + 64 * 1024;
    /// The newest version that this program reads, and the one that it writes.
    pub const VERSION: u8 = 1;
    const MAGIC: u32 = u32::from_le_bytes(*b"ABLB");
    const CHECKSUM_AT: usize = 60;

    /// The checksum with which that of a batch's records begins.
    #[must_use]
    pub fn payload_start(seed: Seed, lsn: Lsn) -> Checksum {
        seed.of(lsn.0).checksum()
    }

    /// The header's bytes, and its checksum, which the next batch must name.
    #[must_use]
    pub fn encode(&self, seed: Seed) -> ([u8; Self::SIZE], Checksum) {
        let fields = Place::new()
            .u32(Self::MAGIC)
            .put(&[Self::VERSION, 0, 0, 0])
            .u64(self.lsn.0)
            .u32(self.payload_len)
            .u32(self.records)
            .u64(self.durable.0)
            .u32(self.previous.0)
            .u32(self.payload.0)
            .skip_to(Self::CHECKSUM_AT);
        let checksum = seed.of(self.lsn.0).checksum().then(fields.so_far());
        (fields.u32(checksum.0).bytes(), checksum)
    }

    /// Reads the header of a batch that begins at `lsn`.
    ///
    /// # Errors
    /// [`FormatError::Newer`] for a batch of a newer program, anything else for bytes that are no
    /// header of this place.
    pub fn decode(bytes: &[u8], seed: Seed, lsn: Lsn) -> Result<(Self, Checksum), FormatError> {
        if bytes.len() < Self::SIZE {
            let (have, need) = (to_u64(bytes.len()), to_u64(Self::SIZE));
            return Err(FormatError::Short { have, need });
        }
        let mut fields = Fields::new(bytes);
        fields.short_magic(Self::MAGIC)?;
        let [version, flags, ..] = fields.array::<4>()?;
        let found = Lsn(fields.u64()?);
        if found != lsn {
            return Err(FormatError::Lsn { found, expected: lsn });
        }
        let expected = seed.of(lsn.0).checksum().then(&bytes[..Self::CHECKSUM_AT]);
        let found = Checksum(Fields::new(&bytes[Self::CHECKSUM_AT..]).u32()?);
        if found != expected {
            return Err(FormatError::Checksum { found, expected });
        }
        if version != Self::VERSION || flags != 0 {
            let (found, known) = (u32::from(version.max(2)), u32::from(Self::VERSION));
            return Err(FormatError::Newer { found, known });
        }
        let header = Self {
            lsn,
            payload_len: fields.u32()?,
            records: fields.u32()?,
            durable: Lsn(fields.u64()?),
            previous: Checksum(fields.u32()?),
            payload: Checksum(fields.u32()?),
        };
        if header.payload_len > Self::PAYLOAD_MAX {
            let value = u64::from(header.payload_len);
            return Err(FormatError::Field { field: "payload_len", value });
        }
        Ok((header, expected))
    }

    /// Where bytes that may be a batch header say that they belong.
    pub(crate) fn claimed_lsn(bytes: &[u8]) -> Option<Lsn> {
        let mut fields = Fields::new(bytes);
        let magic = fields.u32().ok()?;
        fields.u32().ok()?;
        let lsn = Lsn(fields.u64().ok()?);
        (magic == Self::MAGIC).then_some(lsn)
    }

    /// Checks the records' bytes against the header.
    ///
    /// # Errors
    /// [`FormatError::Short`] or [`FormatError::Checksum`].
    pub fn check_payload(&self, seed: Seed, payload: &[u8]) -> Result<(), FormatError> {
        let (have, need) = (to_u64(payload.len()), u64::from(self.payload_len));
        if have != need {
            return Err(FormatError::Short { have, need });
        }
        let found = Self::payload_start(seed, self.lsn).then(payload);
        if found != self.payload && !sabotage::is(Mistake::SkipLogChecksum) {
            return Err(FormatError::Checksum { found: self.payload, expected: found });
        }
        Ok(())
    }

    /// Bytes that a batch with this many bytes of records takes in its file.
    #[must_use]
    pub fn occupied(payload_len: u64) -> u64 {
        (to_u64(Self::SIZE) + payload_len).next_multiple_of(SECTOR)
    }

    /// Where the batch ends, and so where the next one begins unless it needs a new file.
    #[must_use]
    pub fn end(&self) -> Lsn {
        self.lsn.plus(Self::occupied(u64::from(self.payload_len)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::DirectoryId;
    use super::*;

    fn seed() -> Seed {
        Seed::new(DirectoryId([9; 16]))
    }

    fn header() -> BatchHeader {
        BatchHeader {
            lsn: Lsn(4096),
            payload_len: 5,
            records: 1,
            durable: Lsn(4096),
            previous: Checksum(77),
            payload: BatchHeader::payload_start(seed(), Lsn(4096)).then(b"abcde"),
        }
    }

    #[test]
    fn it_comes_back_and_every_flipped_bit_is_seen() {
        let (bytes, checksum) = header().encode(seed());
        assert_eq!(BatchHeader::decode(&bytes, seed(), Lsn(4096)), Ok((header(), checksum)));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            let found = BatchHeader::decode(&flipped, seed(), Lsn(4096)).unwrap_err();
            assert!(!found.is_newer(), "bit {bit}: {found}");
        }
    }

    #[test]
    fn bytes_of_another_place_or_directory_never_validate() {
        let (mut bytes, _) = header().encode(seed());
        assert!(BatchHeader::decode(&bytes, seed(), Lsn(8192)).is_err());
        assert!(BatchHeader::decode(&bytes, Seed::new(DirectoryId([8; 16])), Lsn(4096)).is_err());
        bytes[8..16].copy_from_slice(&8192_u64.to_le_bytes());
        assert!(BatchHeader::decode(&bytes, seed(), Lsn(8192)).is_err());
    }

    #[test]
    fn records_are_checked_apart_from_the_header() {
        let header = header();
        assert_eq!(header.check_payload(seed(), b"abcde"), Ok(()));
        assert!(header.check_payload(seed(), b"abcdf").is_err());
        assert!(header.check_payload(seed(), b"abcd").is_err());
    }

    #[test]
    fn batches_take_whole_sectors() {
        assert_eq!(BatchHeader::occupied(0), 512);
        assert_eq!(BatchHeader::occupied(448), 512);
        assert_eq!(BatchHeader::occupied(449), 1024);
        assert_eq!(header().end(), Lsn(4608));
    }
}
