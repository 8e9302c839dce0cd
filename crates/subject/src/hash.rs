//! A keyed hash of subjects and of their tokens.

use std::hash::Hasher;

use foldhash::SharedSeed;
use foldhash::quality::FoldHasher;

/// Hashes subjects and tokens under a seed. Clients choose subjects, so the seed should be random
/// and secret: every constant of the hash is derived from it, and without it collisions cannot be
/// chosen. Equal seeds give equal hashes.
#[derive(Clone, Debug)]
pub struct SubjectHasher {
    start: u64,
    shared: SharedSeed,
}

impl SubjectHasher {
    /// A hasher for `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        // An odd multiplier keeps the two parts from being equal for any seed but zero.
        let start = seed.rotate_left(32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self { start, shared: SharedSeed::from_u64(seed) }
    }

    /// The hash of `bytes`; all 64 bits are well mixed.
    #[inline]
    #[must_use]
    pub fn hash(&self, bytes: &[u8]) -> u64 {
        let mut hasher = FoldHasher::with_seed(self.start, &self.shared);
        hasher.write(bytes);
        hasher.finish()
    }

    /// The hash of one token, short enough to be kept beside each child of a trie node.
    #[inline]
    pub(crate) fn token(&self, token: &[u8]) -> TokenHash {
        let [a, b, c, d, ..] = self.hash(token).to_le_bytes();
        TokenHash(u32::from_le_bytes([a, b, c, d]))
    }
}

/// 32 bits of a token's hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TokenHash(u32);

impl TokenHash {
    /// For children that are not found by hash.
    pub(crate) const NONE: Self = Self(0);

    /// The hash as hash tables want it, with entropy in the top bits too.
    #[inline]
    pub(crate) fn spread(self) -> u64 {
        u64::from(self.0).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_decide_the_hash() {
        let (one, again, two) =
            (SubjectHasher::new(1), SubjectHasher::new(1), SubjectHasher::new(2));
        assert_eq!(one.hash(b"a.b"), again.hash(b"a.b"));
        assert_ne!(one.hash(b"a.b"), two.hash(b"a.b"));
        assert_ne!(one.hash(b"a.b"), one.hash(b"a.c"));
    }
}
