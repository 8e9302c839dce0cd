//! Places in the write-ahead log.

use std::fmt;

use super::Checksum;

/// A log sequence number: a byte's place in the write-ahead log of a data directory, counted from
/// the log's first file on, file headers included. It only grows for as long as the directory
/// exists; 0 is the header of the first file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Lsn(pub u64);

impl Lsn {
    /// The place this many bytes further on.
    #[must_use]
    pub fn plus(self, bytes: u64) -> Self {
        Self(self.0.saturating_add(bytes))
    }

    /// Bytes from `earlier` to here; 0 if it is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(to)
    }
}

/// The end of a batch: where the next one begins, and the checksum that it must name. Recovery
/// starts from one, hence a checkpoint states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// Where the batch ends.
    pub lsn: Lsn,
    /// The checksum of its header; 0 before the first batch of all.
    pub chain: Checksum,
}
