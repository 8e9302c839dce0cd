//! The header of a file of the write-ahead log.

use super::{Checksum, DirectoryId, Fields, FormatError, Lsn, Place, to_u32, to_u64};

/// What stands at the beginning of a file of the write-ahead log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalFileHeader {
    /// Which directory's log it is.
    pub directory: DirectoryId,
    /// Its place among the files; the first one is 1, and none has the number of another.
    pub number: u64,
    /// The LSN of the header's first byte.
    pub first: Lsn,
    /// How much of the log it holds, header included, in bytes; a multiple of 4096. The next file
    /// begins at `first + size`.
    pub size: u64,
}

impl WalFileHeader {
    /// Bytes that the header takes. The first batch follows it.
    pub const SIZE: u64 = 4096;
    /// Bytes of it that are fields; the rest is zero and free for later versions.
    pub const FIELDS: usize = 64;
    /// The newest version that this program reads, and the one that it writes.
    pub const VERSION: u32 = 1;
    const MAGIC: u64 = u64::from_le_bytes(*b"ANABRWAL");
    const CHECKSUM_AT: usize = 60;

    /// The LSN behind the file's last byte.
    #[must_use]
    pub fn end(&self) -> Lsn {
        self.first.plus(self.size)
    }

    /// The LSN of the file's first batch.
    #[must_use]
    pub fn first_batch(&self) -> Lsn {
        self.first.plus(Self::SIZE)
    }

    /// The header's fields; zeros up to [`SIZE`](Self::SIZE) follow.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::FIELDS] {
        let fields = Place::new()
            .u64(Self::MAGIC)
            .u32(Self::VERSION)
            .u32(to_u32(super::to_usize(Self::SIZE)))
            .put(&self.directory.0)
            .u64(self.number)
            .u64(self.first.0)
            .u64(self.size)
            .skip_to(Self::CHECKSUM_AT);
        let checksum = Checksum::of(fields.so_far());
        fields.u32(checksum.0).bytes()
    }

    /// Reads a header of `directory`.
    ///
    /// # Errors
    /// [`FormatError::Newer`] for a file of a newer program, [`FormatError::Foreign`] for one of
    /// another directory, anything else for bytes that are no header.
    pub fn decode(bytes: &[u8], directory: DirectoryId) -> Result<Self, FormatError> {
        if bytes.len() < Self::FIELDS {
            let (have, need) = (to_u64(bytes.len()), to_u64(Self::FIELDS));
            return Err(FormatError::Short { have, need });
        }
        let mut fields = Fields::new(bytes);
        fields.magic(Self::MAGIC)?;
        let expected = Checksum::of(&bytes[..Self::CHECKSUM_AT]);
        let found = Checksum(Fields::new(&bytes[Self::CHECKSUM_AT..]).u32()?);
        if found != expected {
            return Err(FormatError::Checksum { found, expected });
        }
        fields.version(Self::VERSION..=Self::VERSION)?;
        fields.u32()?;
        if fields.array()? != directory.0 {
            return Err(FormatError::Foreign);
        }
        let (number, first, size) = (fields.u64()?, fields.u64()?, fields.u64()?);
        let header = Self { directory, number, first: Lsn(first), size };
        header.checked()
    }

    fn checked(self) -> Result<Self, FormatError> {
        if self.size <= Self::SIZE || !self.size.is_multiple_of(Self::SIZE) {
            return Err(FormatError::Field { field: "size", value: self.size });
        }
        if !self.first.0.is_multiple_of(Self::SIZE) || self.first.0.checked_add(self.size).is_none()
        {
            return Err(FormatError::Field { field: "first", value: self.first.0 });
        }
        if self.number == 0 {
            return Err(FormatError::Field { field: "number", value: self.number });
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: WalFileHeader = WalFileHeader {
        directory: DirectoryId([3; 16]),
        number: 2,
        first: Lsn(1 << 20),
        size: 1 << 20,
    };

    #[test]
    fn it_comes_back_and_every_flipped_bit_is_seen() {
        let bytes = HEADER.encode();
        assert_eq!(WalFileHeader::decode(&bytes, HEADER.directory), Ok(HEADER));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(WalFileHeader::decode(&flipped, HEADER.directory).is_err(), "bit {bit}");
        }
        assert!(WalFileHeader::decode(&bytes[..63], HEADER.directory).is_err());
    }

    #[test]
    fn files_of_other_directories_and_impossible_sizes_are_refused() {
        let foreign = WalFileHeader::decode(&HEADER.encode(), DirectoryId([4; 16]));
        assert_eq!(foreign, Err(FormatError::Foreign));
        for size in [0, 4096, 4097, u64::MAX - 4095] {
            let bytes = WalFileHeader { size, ..HEADER }.encode();
            assert!(WalFileHeader::decode(&bytes, HEADER.directory).is_err(), "{size}");
        }
    }
}
