//! How a worker notices, without a lock, that a cached match result is out of date.

use std::sync::atomic::{AtomicU64, Ordering};

use anabranch_subject::SubjectHasher;

const BUCKETS: usize = 1024;

/// One counter for each bucket of subjects; a change of interest advances the counters of the
/// cached subjects that it touches.
///
/// Changed only under the account's lock and read without it. A result is valid while the counter
/// is what it was, under the lock, when the result was computed.
pub(crate) struct Generations {
    buckets: Box<[AtomicU64]>,
}

/// Which counter stands for a subject; below [`BUCKETS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bucket(u16);

/// The value of a counter at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Generation(u64);

/// A subject's hash under its account's seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SubjectHash(pub(crate) u64);

impl SubjectHash {
    pub(crate) fn of(subject: &[u8], hasher: &SubjectHasher) -> Self {
        Self(hasher.hash(subject))
    }

    /// Taken from bits that hash tables do not look at first.
    pub(crate) fn bucket(self) -> Bucket {
        let [_, _, _, low, high, ..] = self.0.to_le_bytes();
        Bucket(u16::from_le_bytes([low, high & 0b11]))
    }
}

impl Generations {
    pub(crate) fn new() -> Self {
        Self { buckets: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect() }
    }

    #[inline]
    pub(crate) fn load(&self, bucket: Bucket) -> Generation {
        Generation(self.buckets[usize::from(bucket.0)].load(Ordering::Acquire))
    }

    /// Makes every result in `bucket` invalid.
    pub(crate) fn advance(&self, bucket: Bucket) {
        self.buckets[usize::from(bucket.0)].fetch_add(1, Ordering::Release);
    }

    /// Makes every result invalid.
    pub(crate) fn advance_all(&self) {
        for counter in &self.buckets {
            counter.fetch_add(1, Ordering::Release);
        }
    }
}
