//! The file `KEYS`: the data keys of a directory, each sealed with a key that is made of the
//! configured one.

use super::{Checksum, DirectoryId, Fields, FormatError, Place, to_u32, to_u64, to_usize};

/// What the file `KEYS` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    /// The directory that it belongs to.
    pub directory: DirectoryId,
    /// When it was written, in nanoseconds since 1970.
    pub written_ns: i64,
    /// Rounds by which the configured key is stretched.
    pub rounds: u32,
    /// The directory had contents before it was sealed.
    pub holds_plain: bool,
    /// Random, and new whenever the file is written.
    pub salt: [u8; 32],
    /// The data keys, oldest first; at least one, at most [`KeyFile::KEYS_MAX`].
    pub keys: Vec<WrappedKey>,
}

/// A data key as the file has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrappedKey {
    /// What sealed bytes call it; random, and no other's of the file.
    pub number: u32,
    /// The number of the cipher that it is for.
    pub cipher: u32,
    /// When it was made, in nanoseconds since 1970.
    pub made_ns: i64,
    /// The key and its tag.
    pub sealed: [u8; Self::SEALED],
}

impl WrappedKey {
    /// Bytes of a sealed key.
    pub const SEALED: usize = 48;
    /// Bytes of an entry.
    const SIZE: usize = 64;

    /// What is known of the key without opening it.
    pub(crate) fn fields(&self) -> [u8; 16] {
        Place::new().u32(self.number).u32(self.cipher).i64(self.made_ns).bytes()
    }

    fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut fields = Fields::new(bytes);
        Ok(Self {
            number: fields.u32()?,
            cipher: fields.u32()?,
            made_ns: fields.i64()?,
            sealed: fields.array()?,
        })
    }
}

impl KeyFile {
    /// Most keys of a file.
    pub const KEYS_MAX: usize = 1024;
    /// Most rounds that a reader goes through: about a second.
    pub const ROUNDS_MAX: u32 = 5_000_000;
    /// Most bytes of a file.
    pub const SIZE_MAX: usize = Self::HEADER + Self::KEYS_MAX * WrappedKey::SIZE;
    /// The newest version that this program reads, and the one that it writes.
    pub const VERSION: u32 = 1;
    const MAGIC: u64 = u64::from_le_bytes(*b"ANABRKEY");
    const HEADER: usize = 96;
    const CHECKSUM_AT: usize = 92;
    const HOLDS_PLAIN: u32 = 1;

    /// What stands before the checksum: every key is sealed together with it.
    pub(crate) fn head(&self) -> [u8; Self::CHECKSUM_AT] {
        let length = Self::HEADER + self.keys.len() * WrappedKey::SIZE;
        Place::new()
            .u64(Self::MAGIC)
            .u32(Self::VERSION)
            .u32(to_u32(length))
            .put(&self.directory.0)
            .i64(self.written_ns)
            .u32(self.rounds)
            .u32(if self.holds_plain { Self::HOLDS_PLAIN } else { 0 })
            .put(&self.salt)
            .u32(to_u32(self.keys.len()))
            .bytes()
    }

    /// The whole file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.head().to_vec();
        bytes.extend_from_slice(&[0; Self::HEADER - Self::CHECKSUM_AT]);
        for key in &self.keys {
            bytes.extend_from_slice(&key.fields());
            bytes.extend_from_slice(&key.sealed);
        }
        let checksum = Self::checksum(&bytes);
        bytes[Self::CHECKSUM_AT..Self::HEADER].copy_from_slice(&checksum.0.to_le_bytes());
        bytes
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`FormatError::Newer`] for one of a newer program, whatever else is in it;
    /// [`FormatError::Foreign`] for one of another directory.
    pub fn decode(bytes: &[u8], directory: DirectoryId) -> Result<Self, FormatError> {
        let mut fields = Fields::new(bytes);
        fields.magic(Self::MAGIC)?;
        fields.version(0..=Self::VERSION)?;
        let (length, have) = (fields.u32()?, to_u64(bytes.len()));
        if u64::from(length) != have || bytes.len() < Self::HEADER {
            return Err(FormatError::Short { have, need: u64::from(length) });
        }
        let found = Checksum(Fields::new(&bytes[Self::CHECKSUM_AT..]).u32()?);
        let expected = Self::checksum(bytes);
        if found != expected {
            return Err(FormatError::Checksum { found, expected });
        }
        if fields.array()? != directory.0 {
            return Err(FormatError::Foreign);
        }
        let (written_ns, rounds, flags) = (fields.i64()?, fields.u32()?, fields.u32()?);
        let (salt, count) = (fields.array()?, fields.u32()?);
        let keys = &bytes[Self::HEADER..];
        let is_whole = to_usize(u64::from(count)).checked_mul(WrappedKey::SIZE) == Some(keys.len());
        if !is_whole || count == 0 || keys.len() > Self::SIZE_MAX - Self::HEADER {
            return Err(FormatError::Field { field: "keys", value: u64::from(count) });
        }
        if rounds == 0 || rounds > Self::ROUNDS_MAX {
            return Err(FormatError::Field { field: "rounds", value: u64::from(rounds) });
        }
        let keys: Result<Vec<_>, _> =
            keys.chunks(WrappedKey::SIZE).map(WrappedKey::decode).collect();
        let holds_plain = flags & Self::HOLDS_PLAIN != 0;
        Ok(Self { directory, written_ns, rounds, holds_plain, salt, keys: keys? })
    }

    fn checksum(bytes: &[u8]) -> Checksum {
        Checksum::of(&bytes[..Self::CHECKSUM_AT]).then(&bytes[Self::HEADER..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIRECTORY: DirectoryId = DirectoryId([5; 16]);

    fn file() -> KeyFile {
        let key = |number| WrappedKey { number, cipher: 2, made_ns: -3, sealed: [4; 48] };
        KeyFile {
            directory: DIRECTORY,
            written_ns: 1,
            rounds: 2,
            holds_plain: true,
            salt: [3; 32],
            keys: vec![key(1), key(2)],
        }
    }

    #[test]
    fn it_comes_back_and_every_flipped_bit_and_cut_is_seen() {
        let bytes = file().encode();
        assert_eq!(KeyFile::decode(&bytes, DIRECTORY), Ok(file()));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(KeyFile::decode(&flipped, DIRECTORY).is_err(), "bit {bit}");
        }
        for end in 0..bytes.len() {
            assert!(KeyFile::decode(&bytes[..end], DIRECTORY).is_err(), "{end} bytes");
        }
    }

    #[test]
    fn a_file_of_another_directory_or_a_newer_program_says_so() {
        let mut bytes = file().encode();
        let elsewhere = DirectoryId([6; 16]);
        assert_eq!(KeyFile::decode(&bytes, elsewhere), Err(FormatError::Foreign));
        bytes[8] = 2;
        assert!(KeyFile::decode(&bytes, DIRECTORY).unwrap_err().is_newer());
    }

    #[test]
    fn fields_that_make_no_sense_are_refused() {
        for wrong in [
            KeyFile { keys: Vec::new(), ..file() },
            KeyFile { rounds: 0, ..file() },
            KeyFile { rounds: KeyFile::ROUNDS_MAX + 1, ..file() },
        ] {
            let decoded = KeyFile::decode(&wrong.encode(), DIRECTORY);
            assert!(matches!(decoded, Err(FormatError::Field { .. })), "{decoded:?}");
        }
    }
}
