//! What waits while a stream is busy: who asked for its long work, and what came since.

use std::collections::VecDeque;

use anabranch_jetstream::ApiError;

use super::streams::Intake;
use super::waiting::Waiting;

/// Bytes that wait for one stream, beyond which messages are refused.
const BYTES_MAX: usize = 32 * 1024 * 1024;
/// Requests that wait for one stream, beyond which they are dropped.
const REQUESTS_MAX: usize = 10_000;
/// Purges that wait for one stream, beyond which they are refused.
pub const PURGES_MAX: usize = 16;
/// Bytes that a waiting message takes beside its contents.
const OVERHEAD: usize = 128;

/// Everything that waits for one stream, in its order. Commands among it are logged.
#[derive(Debug, Default)]
pub struct Parked {
    /// Who asked for what the stream is busy with.
    pub awaited: Option<Awaited>,
    waiting: VecDeque<Queued>,
    bytes: usize,
    requests: usize,
    purges: usize,
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
    /// It takes long.
    pub is_purge: bool,
}

impl Parked {
    /// No more may come.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.bytes > BYTES_MAX
    }

    /// No more requests may come.
    #[must_use]
    pub fn is_full_of_requests(&self) -> bool {
        self.is_full() || self.requests >= REQUESTS_MAX
    }

    /// No more purges may come.
    #[must_use]
    pub fn is_full_of_purges(&self) -> bool {
        self.purges >= PURGES_MAX
    }

    /// Messages that wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Bytes that wait.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Lets a message wait.
    pub fn push(&mut self, queued: Queued) {
        self.bytes += queued.size();
        self.requests += usize::from(queued.is_request());
        self.purges += usize::from(queued.is_purge);
        self.waiting.push_back(queued);
    }

    /// The message whose turn it is.
    pub fn pop(&mut self) -> Option<Queued> {
        let queued = self.waiting.pop_front()?;
        self.bytes -= queued.size();
        self.requests -= usize::from(queued.is_request());
        self.purges -= usize::from(queued.is_purge);
        Some(queued)
    }
}

impl Queued {
    /// Bytes that it takes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.message.size() + OVERHEAD
    }

    fn is_request(&self) -> bool {
        self.message.inbound().recipient == Intake::API
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ClientId;
    use crate::worker::{Inbound, Recipient};

    fn queued(recipient: Recipient, body: &[u8]) -> Queued {
        let from = ClientId(1);
        let (subject, reply, headers) = (&b"s"[..], &b""[..], &b""[..]);
        let message = Inbound { recipient, from, subject, reply, headers, body };
        Queued { message: Waiting::of(&message), now: 0, refused: None, is_purge: false }
    }

    #[test]
    fn purges_that_wait_are_few() {
        let mut parked = Parked::default();
        let purge = || Queued { is_purge: true, ..queued(Intake::API, b"") };
        (0..PURGES_MAX).for_each(|_| parked.push(purge()));
        assert!(parked.is_full_of_purges() && !parked.is_full_of_requests());
        parked.pop();
        assert!(!parked.is_full_of_purges());
    }

    #[test]
    fn what_waits_is_bounded_in_bytes() {
        let mut parked = Parked::default();
        let body = vec![0; BYTES_MAX / 2];
        parked.push(queued(Recipient(7), &body));
        assert!(!parked.is_full());
        parked.push(queued(Recipient(7), &body));
        assert!(parked.is_full() && parked.is_full_of_requests());
        parked.pop();
        parked.pop();
        assert_eq!((parked.is_full(), parked.bytes()), (false, 0));
    }

    #[test]
    fn requests_that_wait_are_bounded_in_number() {
        let mut parked = Parked::default();
        (0..REQUESTS_MAX).for_each(|_| parked.push(queued(Intake::API, b"")));
        assert!(parked.is_full_of_requests() && !parked.is_full());
        parked.pop();
        assert!(!parked.is_full_of_requests());
    }
}
