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
    unlogged: usize,
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
    /// What it is.
    pub sort: Sort,
    /// If it is to be logged, it is; save what makes or ends a stream, which logs itself.
    pub is_logged: bool,
}

/// What waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// A message, or a request that changes little.
    Plain,
    /// It takes long.
    Purge,
    /// A change of the configuration: what comes behind it is logged behind it.
    Update,
    /// It makes or ends the stream.
    Structure,
}

impl Sort {
    /// It is committed alone.
    #[must_use]
    pub fn is_structural(self) -> bool {
        matches!(self, Self::Update | Self::Structure)
    }
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

    /// Something waits that is to be logged when its turn comes, so what comes behind it is, too.
    #[must_use]
    pub fn is_unlogged(&self) -> bool {
        self.unlogged > 0
    }

    /// What comes next is to be logged first.
    #[must_use]
    pub fn is_next_unlogged(&self) -> bool {
        self.waiting.front().is_some_and(|next| !next.is_logged)
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
        self.add(&queued);
        self.waiting.push_back(queued);
    }

    /// Lets a message wait whose turn it was.
    pub fn push_front(&mut self, queued: Queued) {
        self.add(&queued);
        self.waiting.push_front(queued);
    }

    fn add(&mut self, queued: &Queued) {
        self.bytes += queued.size();
        self.requests += usize::from(queued.is_request());
        self.purges += usize::from(queued.sort == Sort::Purge);
        self.unlogged += usize::from(!queued.is_logged);
    }

    /// The message whose turn it is; nothing if it is not `wanted`.
    pub fn pop_if(&mut self, wanted: impl FnOnce(&Queued) -> bool) -> Option<Queued> {
        self.waiting.front().is_some_and(wanted).then(|| self.pop()).flatten()
    }

    /// The message whose turn it is.
    pub fn pop(&mut self) -> Option<Queued> {
        let queued = self.waiting.pop_front()?;
        self.bytes -= queued.size();
        self.requests -= usize::from(queued.is_request());
        self.purges -= usize::from(queued.sort == Sort::Purge);
        self.unlogged -= usize::from(!queued.is_logged);
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
        let (message, sort) = (Waiting::of(&message), Sort::Plain);
        Queued { message, now: 0, refused: None, sort, is_logged: true }
    }

    #[test]
    fn purges_that_wait_are_few() {
        let mut parked = Parked::default();
        let purge = || Queued { sort: Sort::Purge, ..queued(Intake::API, b"") };
        (0..PURGES_MAX).for_each(|_| parked.push(purge()));
        assert!(parked.is_full_of_purges() && !parked.is_full_of_requests());
        parked.pop();
        assert!(!parked.is_full_of_purges());
    }

    #[test]
    fn what_is_not_logged_is_known_until_its_turn_comes() {
        let mut parked = Parked::default();
        parked.push(queued(Intake::API, b""));
        let update = Queued { sort: Sort::Update, ..queued(Intake::API, b"") };
        parked.push(Queued { is_logged: false, ..update });
        assert!(parked.is_unlogged() && !parked.is_next_unlogged());
        assert!(parked.pop_if(|one| one.sort.is_structural()).is_none());
        let first = parked.pop().unwrap();
        assert!(parked.is_unlogged() && parked.is_next_unlogged());
        parked.push_front(first);
        assert_eq!((parked.len(), parked.pop().map(|one| one.sort)), (2, Some(Sort::Plain)));
        assert!(parked.pop_if(|one| one.sort.is_structural()).is_some() && !parked.is_unlogged());
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
