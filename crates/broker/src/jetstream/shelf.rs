//! Segments that are open for reading: as many as the limit on open files leaves room for. Who
//! finds no room opens one for one reading; those that nobody used for a while are closed bit by
//! bit.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anabranch_log::format::StreamId;
use anabranch_log::segment::SegmentReader;

use super::files::FilePayloads;
use super::held::Store;
use super::shard::Shard;

/// Segments that are open at most, whatever the limit is, and at least.
const MAX: usize = 4096;
const MIN: usize = 16;
/// The part of all files that they may be.
const PART: u64 = 4;
/// Segments that are looked at in one turn.
const AT_ONCE: usize = 1024;

/// How many are open, of how many: in the process, whose limit it is.
static OPEN: AtomicUsize = AtomicUsize::new(0);
static OPEN_MAX: LazyLock<usize> = LazyLock::new(|| {
    let part = files_max().map_or(MAX, |max| usize::try_from(max / PART).unwrap_or(MAX));
    part.clamp(MIN, MAX)
});

/// A segment that is open for reading, and counted.
#[derive(Debug)]
pub struct Shelved {
    reader: SegmentReader,
    /// It was used since somebody looked.
    is_used: AtomicBool,
}

impl Shelved {
    /// Keeps a segment open.
    ///
    /// # Errors
    /// The segment, when there is no room.
    pub fn new(reader: SegmentReader) -> Result<Self, SegmentReader> {
        if OPEN.fetch_add(1, Ordering::Relaxed) >= *OPEN_MAX {
            OPEN.fetch_sub(1, Ordering::Relaxed);
            return Err(reader);
        }
        Ok(Self { reader, is_used: AtomicBool::new(true) })
    }

    /// The segment, to read from.
    #[must_use]
    pub fn reader(&self) -> &SegmentReader {
        self.is_used.store(true, Ordering::Relaxed);
        &self.reader
    }
}

impl Drop for Shelved {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(unix)]
fn files_max() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

#[cfg(not(unix))]
fn files_max() -> Option<u64> {
    None
}

/// Where looking for segments to close goes on.
#[derive(Debug, Clone, Copy)]
pub struct Hand {
    stream: StreamId,
    first_seq: u64,
}

impl Default for Hand {
    fn default() -> Self {
        Self { stream: StreamId(0), first_seq: 0 }
    }
}

impl FilePayloads {
    /// Closes segments from this one on that nobody used since they were looked at last, and looks
    /// at `left` at most; gives where to go on, if there is more.
    fn close_unused(&mut self, from: u64, left: &mut usize) -> Option<u64> {
        for (&first_seq, segment) in self.segments.range_mut(from..) {
            if *left == 0 {
                return Some(first_seq);
            }
            *left -= 1;
            segment.reader.take_if(|open| !open.is_used.swap(false, Ordering::Relaxed));
        }
        None
    }
}

impl Shard {
    /// Closes some segments, if many are open.
    pub(super) fn close_segments(&mut self) {
        if OPEN.load(Ordering::Relaxed) <= *OPEN_MAX / 4 * 3 {
            return;
        }
        let mut left = AT_ONCE;
        let Hand { stream, first_seq } = self.hand;
        for held in self.streams.iter_mut_from(stream) {
            let from = if held.id == stream { first_seq } else { 0 };
            let Store::File(payloads) = &mut held.store else { continue };
            if let Some(next) = payloads.close_unused(from, &mut left) {
                self.hand = Hand { stream: held.id, first_seq: next };
                return;
            }
        }
        self.hand = Hand::default();
    }
}
