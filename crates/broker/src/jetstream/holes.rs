//! Segments of which not all is there.

use anabranch_jetstream::stream::Location;
use anabranch_log::Error;

use super::files::unpack;

/// A segment that is missing, or shorter than it was.
#[derive(Debug)]
pub struct Hole {
    /// The segment's first sequence.
    pub first: u64,
    /// That of the next segment.
    pub next: Option<u64>,
    /// What is wrong, with the file.
    pub error: Error,
    /// Bytes that are there.
    pub(super) length: u64,
}

impl Hole {
    /// The record at `location` is not there.
    #[must_use]
    pub fn lacks(&self, location: Location) -> bool {
        let place = unpack(location);
        place.offset + u64::from(place.length) > self.length
    }
}
