//! Parts of streams that a start leaves in the checkpoint until they are needed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use anabranch_jetstream::stream::{DecodeError, Part, StoredParts};
use anabranch_log::Error;
use anabranch_log::checkpoint::{BlobKey, Blobs, Checkpoint};
use anabranch_log::format::StreamId;

use super::checkpointing::{key_of, part_of};

/// How much a start reads of messages and subjects, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Eager {
    /// Of one stream: all of it, or nothing if it has more.
    pub stream: u64,
    /// Of all of them.
    pub all: u64,
}

impl Eager {
    /// Everything is read.
    pub const ALL: Self = Self { stream: u64::MAX, all: u64::MAX };

    /// The streams of a checkpoint of which messages and subjects are left.
    pub fn left(self, checkpoint: &Checkpoint) -> BTreeSet<StreamId> {
        let mut sizes = BTreeMap::<StreamId, u64>::new();
        for (key, length) in checkpoint.blobs().filter(|(key, _)| can_be_left(*key)) {
            *sizes.entry(key.stream).or_default() += length;
        }
        let mut read = 0u64;
        let mut is_left = |size: u64| {
            let fits = size <= self.stream && read.saturating_add(size) <= self.all;
            read += if fits { size } else { 0 };
            !fits
        };
        sizes.into_iter().filter(|(_, size)| is_left(*size)).map(|(stream, _)| stream).collect()
    }
}

impl Default for Eager {
    /// What takes some milliseconds.
    fn default() -> Self {
        Self { stream: 512 * 1024, all: 16 * 1024 * 1024 }
    }
}

/// The blob has messages or subjects.
pub fn can_be_left(key: BlobKey) -> bool {
    matches!(part_of(key), Some(Part::Page(_) | Part::Subjects(_)))
}

/// It is set when a part cannot be read.
pub type Alarm = Arc<AtomicBool>;

/// The parts of one stream, in a checkpoint.
#[derive(Debug)]
pub struct LeftParts {
    stream: StreamId,
    blobs: Arc<Blobs>,
    alarm: Alarm,
    /// Why one could not be read.
    failed: OnceLock<Error>,
}

impl LeftParts {
    /// Those of a stream. `alarm` is set when one cannot be read.
    #[must_use]
    pub fn new(stream: StreamId, blobs: &Arc<Blobs>, alarm: &Alarm) -> Self {
        let (blobs, alarm) = (Arc::clone(blobs), Arc::clone(alarm));
        Self { stream, blobs, alarm, failed: OnceLock::new() }
    }

    /// The same in another checkpoint.
    #[must_use]
    pub fn moved(&self, blobs: &Arc<Blobs>) -> Self {
        Self::new(self.stream, blobs, &self.alarm)
    }

    /// Why a part could not be read: the stream is not what it was from then on.
    #[must_use]
    pub fn failed(&self) -> Option<&Error> {
        self.failed.get()
    }

    #[cold]
    fn fail(&self, part: Part, error: Error) {
        log::error!("Stream {}, {part:?} in the checkpoint: {error}", self.stream);
        self.failed.get_or_init(|| error);
        self.alarm.store(true, Ordering::Release);
    }
}

impl StoredParts for LeftParts {
    fn read(&self, part: Part) -> Option<Vec<u8>> {
        match self.blobs.read(key_of(self.stream, part)) {
            Ok(Some(bytes)) => return Some(bytes),
            Ok(None) => self.fail(part, Error::Options("a part is missing in the checkpoint")),
            Err(error) => self.fail(part, error),
        }
        None
    }

    fn refuse(&self, part: Part, error: DecodeError) {
        log::error!("Stream {}, {part:?} in the checkpoint: {error}", self.stream);
        self.fail(part, Error::Options("its state in the checkpoint cannot be read"));
    }
}
