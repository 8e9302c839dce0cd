//! CRC-32C, seeded with what the bytes belong to.

use std::fmt;

use super::DirectoryId;

/// A CRC-32C (polynomial 0x1EDC6F41, as in iSCSI, RFC 3720 §12.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Checksum(pub u32);

impl Checksum {
    /// The checksum of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(crc32c::crc32c(bytes))
    }

    /// The checksum of what this one covers, followed by `bytes`.
    #[must_use]
    pub fn then(self, bytes: &[u8]) -> Self {
        Self(crc32c::crc32c_append(self.0, bytes))
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{:08x}", self.0)
    }
}

/// The checksum of what comes before the bytes in thought but is not written: the directory, the
/// place. The same bytes elsewhere therefore have another checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed(Checksum);

impl Seed {
    /// The seed of everything in a directory.
    #[must_use]
    pub fn new(directory: DirectoryId) -> Self {
        Self(Checksum::of(&directory.0))
    }

    /// The seed of what has this number in what the seed stands for.
    #[must_use]
    pub fn of(self, number: u64) -> Self {
        Self(self.0.then(&number.to_le_bytes()))
    }

    /// The checksum to begin with.
    #[must_use]
    pub fn checksum(self) -> Checksum {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_castagnoli_polynomial() {
        // RFC 3720, B.4: 32 bytes of zeros, of ones, and ascending.
        assert_eq!(Checksum::of(&[0; 32]).0, 0x8a91_36aa);
        assert_eq!(Checksum::of(&[0xff; 32]).0, 0x62a8_ab43);
        let ascending: Vec<u8> = (0..32).collect();
        assert_eq!(Checksum::of(&ascending).0, 0x46dd_794e);
        assert_eq!(Checksum::of(&ascending[..9]).then(&ascending[9..]).0, 0x46dd_794e);
    }

    #[test]
    fn seeds_tell_directories_and_places_apart() {
        let seed = Seed::new(DirectoryId([1; 16]));
        assert_ne!(seed, Seed::new(DirectoryId([2; 16])));
        assert_ne!(seed.of(512).checksum().then(b"x"), seed.of(1024).checksum().then(b"x"));
    }
}
