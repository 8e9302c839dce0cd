//! Points in time and durations as JetStream's documents carry them.
//!
//! No clock: what time it is comes from outside.

pub mod civil;
mod duration;
mod timestamp;

use serde::{Serialize, Serializer};

pub use timestamp::{TimeError, Timestamp};

/// A duration in nanoseconds, negative ones included: an integer in documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanos(pub i64);

impl Nanos {
    /// No time at all; in most fields, no limit.
    pub const ZERO: Self = Self(0);
    /// One millisecond.
    pub const MILLISECOND: Self = Self(1_000_000);
    /// One second.
    pub const SECOND: Self = Self(1_000_000_000);
    /// One minute.
    pub const MINUTE: Self = Self(60_000_000_000);

    /// Whether it is exactly zero.
    #[must_use]
    pub const fn is_zero(&self) -> bool {
        self.0 == 0
    }
}

impl Serialize for Nanos {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}
