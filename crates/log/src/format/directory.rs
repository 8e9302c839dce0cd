//! The file `FORMAT`: what a data directory is, and who may open it.

use super::{Checksum, DirectoryId, Fields, FormatError, Place, to_u64};

/// What the file `FORMAT` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectoryFormat {
    /// The directory's random name.
    pub id: DirectoryId,
    /// When it was made, in nanoseconds since 1970.
    pub created_ns: i64,
    /// Whether what is stored is sealed: the file `KEYS` belongs to it.
    pub is_sealed: bool,
}

impl DirectoryFormat {
    /// The newest version that this program reads: that of a sealed directory.
    pub const VERSION: u32 = 2;
    /// The version of one that is not.
    const PLAIN: u32 = 1;
    /// Bytes of the file.
    pub const SIZE: usize = 64;
    const MAGIC: u64 = u64::from_le_bytes(*b"ANABRDIR");
    const CHECKSUM_AT: usize = 60;

    /// The whole file.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::SIZE] {
        let fields = Place::new()
            .u64(Self::MAGIC)
            .u32(if self.is_sealed { Self::VERSION } else { Self::PLAIN })
            .u32(super::to_u32(Self::SIZE))
            .put(&self.id.0)
            .i64(self.created_ns)
            .skip_to(Self::CHECKSUM_AT);
        let checksum = Checksum::of(fields.so_far());
        fields.u32(checksum.0).bytes()
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`FormatError::Newer`] for a directory of a newer program, whatever else is in it.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut fields = Fields::new(bytes);
        fields.magic(Self::MAGIC)?;
        let version = fields.version(0..=Self::VERSION)?;
        if bytes.len() < Self::SIZE {
            let (have, need) = (to_u64(bytes.len()), to_u64(Self::SIZE));
            return Err(FormatError::Short { have, need });
        }
        let expected = Checksum::of(&bytes[..Self::CHECKSUM_AT]);
        let found = Checksum(Fields::new(&bytes[Self::CHECKSUM_AT..]).u32()?);
        if found != expected {
            return Err(FormatError::Checksum { found, expected });
        }
        fields.u32()?;
        let (id, created_ns) = (DirectoryId(fields.array()?), fields.i64()?);
        Ok(Self { id, created_ns, is_sealed: version > Self::PLAIN })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: DirectoryFormat = DirectoryFormat {
        id: DirectoryId([7; 16]),
        created_ns: 1_700_000_000_000_000_000,
        is_sealed: false,
    };

    #[test]
    fn it_comes_back_and_every_flipped_bit_is_seen() {
        let sealed = DirectoryFormat { is_sealed: true, ..FORMAT };
        assert_eq!(DirectoryFormat::decode(&sealed.encode()), Ok(sealed));
        let bytes = FORMAT.encode();
        assert_eq!(DirectoryFormat::decode(&bytes), Ok(FORMAT));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(DirectoryFormat::decode(&flipped).is_err(), "bit {bit}");
        }
        for end in 0..bytes.len() {
            assert!(DirectoryFormat::decode(&bytes[..end]).is_err(), "{end} bytes");
        }
    }

    #[test]
    fn a_newer_directory_is_refused_with_both_versions() {
        let mut bytes = FORMAT.encode();
        bytes[8] = 3;
        let error = DirectoryFormat::decode(&bytes).unwrap_err();
        assert!(error.is_newer());
        assert_eq!(error.to_string(), "format version 3, this program reads up to 2");
    }
}
