//! What waits while a stream is busy: who asked for its long work, and what came since.

use std::collections::VecDeque;

use anabranch_jetstream::ApiError;

use super::waiting::Waiting;

/// Bytes that wait for one stream, beyond which messages are refused.
const BYTES_MAX: usize = 32 * 1024 * 1024;
/// Bytes that a waiting message takes beside its contents.
const OVERHEAD: usize = 128;

/// Everything that waits for one stream, in its order. Commands among it are logged.
#[derive(Debug, Default)]
pub struct Parked {
    /// Who asked for what the stream is busy with.
    pub awaited: Option<Awaited>,
    waiting: VecDeque<Queued>,
    bytes: usize,
}

/// A request that is answered when it was carried out.
#[derive(Debug)]
pub struct Awaited {
    /// The request.
    pub request: Waiting,
    /// What it asks for.
    pub what: Asked,
}

/// What takes long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A purge; the stream had so many messages.
    Purge(u64),
    /// A change of the configuration.
    Update,
}

/// A message or request that comes when the stream is no longer busy.
#[derive(Debug)]
pub struct Queued {
    /// The message.
    pub message: Waiting,
    /// When it was logged.
    pub now: i64,
    /// Why it could not be logged.
    pub refused: Option<ApiError>,
}

impl Parked {
    /// No more may come.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.bytes > BYTES_MAX
    }

    /// Lets a message wait.
    pub fn push(&mut self, queued: Queued) {
        self.bytes += size(&queued);
        self.waiting.push_back(queued);
    }

    /// The message whose turn it is.
    pub fn pop(&mut self) -> Option<Queued> {
        let queued = self.waiting.pop_front()?;
        self.bytes -= size(&queued);
        Some(queued)
    }
}

fn size(queued: &Queued) -> usize {
    queued.message.size() + OVERHEAD
}
