//! Atomic batches: messages that become visible together, or not at all.
//!
//! Messages of a batch are staged until its last one comes. They are part of the stream's state,
//! so a batch goes on after a restart; one that nobody continues ends by its deadline.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::dedup::IdHash;
use super::differing::{Diff, Refused};
use super::draft::Publish;
use super::index::Removed;
use super::limits::BatchLimits;
use super::machine::Stream;
use super::publishing::{Published, Stored};
use crate::advisory::BatchAbandoned;
use crate::config::exceeds_api_level;
use crate::error::{self, ApiError};
use crate::publish::batch::{AtomicBatch, Commit};
use crate::publish::{PublishHeaders, block};

/// Bytes that all batches of a stream hold at most. nats-server has no such bound.
const BYTES_MAX: usize = 64 * 1024 * 1024;
const LEVEL: &str = "Nats-Required-Api-Level";

/// A message that waits for the end of its batch, as it was published.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Staged {
    pub(super) subject: Vec<u8>,
    pub(super) headers: Vec<u8>,
    pub(super) body: Vec<u8>,
    pub(super) id: Option<IdHash>,
}

impl Staged {
    fn len(&self) -> usize {
        self.subject.len() + self.headers.len() + self.body.len()
    }
}

/// A batch that is under way.
#[derive(Debug, Clone, Default)]
pub(super) struct Waiting {
    /// Its messages, the first one first.
    pub(super) messages: Vec<Arc<Staged>>,
    /// When it is given up.
    pub(super) deadline: i64,
}

/// The batches of a stream.
#[derive(Debug, Clone, Default)]
pub(super) struct Staging {
    pub(super) batches: BTreeMap<Vec<u8>, Waiting>,
    /// Bytes of all staged messages.
    pub(super) bytes: usize,
    /// Batches that were given up, for advisories.
    abandoned: Vec<(Vec<u8>, BatchAbandoned)>,
}

impl Staging {
    pub(super) fn add(&mut self, id: &[u8], staged: Staged) {
        self.bytes += staged.len();
        self.batches.entry(id.to_vec()).or_default().messages.push(Arc::new(staged));
    }

    fn take(&mut self, id: &[u8]) -> Vec<Arc<Staged>> {
        let taken = self.batches.remove(id).unwrap_or_default().messages;
        self.bytes -= taken.iter().map(|one| one.len()).sum::<usize>();
        taken
    }

    /// When the first batch is given up.
    pub(super) fn next_deadline(&self) -> Option<i64> {
        self.batches.values().map(|batch| batch.deadline).min()
    }

    /// Gives up what nobody continued.
    pub(super) fn expire(&mut self, now: i64) {
        let over = self.batches.iter().filter(|(_, batch)| batch.deadline <= now);
        let over: Vec<_> = over.map(|(id, _)| id.clone()).collect();
        for id in over {
            self.abandon(&id, BatchAbandoned::Timeout);
        }
    }

    fn abandon(&mut self, id: &[u8], reason: BatchAbandoned) {
        self.take(id);
        self.abandoned.push((id.to_vec(), reason));
    }
}

impl Stream {
    /// Batches that were given up since this was asked last.
    pub fn take_abandoned(&mut self) -> Vec<(Vec<u8>, BatchAbandoned)> {
        std::mem::take(&mut self.staging.abandoned)
    }

    /// Messages that wait for the end of this batch.
    pub(super) fn staged(&self, id: &[u8]) -> &[Arc<Staged>] {
        self.staging.batches.get(id).map_or(&[], |batch| &batch.messages)
    }

    /// Takes a message of an atomic batch.
    pub(super) fn publish_in_batch<'a>(
        &mut self,
        message: &Publish<'a>,
        removed: &mut Vec<Removed>,
    ) -> Published<'a> {
        match self.stage(message) {
            Err(refusal) => Published::Refused(refusal),
            Ok(None) => Published::Staged,
            Ok(Some(batch)) => match self.commit(&batch, message, removed) {
                Ok(stored) => Published::Batch(stored),
                Err(refusal) => Published::Refused(refusal),
            },
        }
    }

    /// Adds a message to its batch; gives the batch when it ends.
    fn stage<'a>(&mut self, message: &Publish<'a>) -> Result<Option<AtomicBatch<'a>>, ApiError> {
        self.check_size(&self.draft(message))?;
        if !self.config.allow_atomic {
            return Err(error::ATOMIC_DISABLED);
        }
        let batch = message.asked.atomic_batch().ok_or(error::ATOMIC_ID_INVALID)??;
        let AtomicBatch { id, seq, commit } = batch;
        let size = if commit == Commit::Excluded { seq.saturating_sub(1) } else { seq };
        self.begin(id, seq, size)?;
        if commit == Commit::Invalid {
            self.staging.take(id);
            return Err(error::ATOMIC_COMMIT_INVALID);
        }
        let level = message.asked.required_api_level;
        if level.is_some_and(|level| str::from_utf8(level).map_or(true, exceeds_api_level)) {
            self.staging.abandon(id, BatchAbandoned::Unsupported);
            return Err(error::API_LEVEL_REQUIRED);
        }
        let expected = u64::try_from(self.staged(id).len()).unwrap_or(u64::MAX) + 1;
        if seq != expected || (seq == 1 && commit == Commit::Excluded) {
            self.staging.abandon(id, BatchAbandoned::Incomplete);
            return Err(error::ATOMIC_INCOMPLETE);
        }
        if size > self.batch_limits.messages {
            self.staging.abandon(id, BatchAbandoned::Large);
            return Err(error::atomic_too_large(self.batch_limits.messages));
        }
        if commit != Commit::Excluded {
            let staged = staged(message);
            if self.staging.bytes + staged.len() > BYTES_MAX {
                self.staging.abandon(id, BatchAbandoned::Large);
                return Err(error::ATOMIC_TOO_MANY);
            }
            self.staging.add(id, staged);
        }
        let deadline = message.now.saturating_add(self.batch_limits.patience_ns);
        if let Some(batch) = self.staging.batches.get_mut(id) {
            batch.deadline = deadline;
        }
        Ok((commit != Commit::No).then_some(batch))
    }

    /// Begins a batch, if it is not under way.
    fn begin(&mut self, id: &[u8], seq: u64, size: u64) -> Result<(), ApiError> {
        if self.staging.batches.contains_key(id) {
            return Ok(());
        }
        let BatchLimits { atomic, messages, .. } = self.batch_limits;
        if seq != 1 {
            let is_too_large = size > messages;
            let large = || error::atomic_too_large(messages);
            return Err(if is_too_large { large() } else { error::ATOMIC_INCOMPLETE });
        }
        if usize::try_from(atomic).is_ok_and(|max| self.staging.batches.len() >= max) {
            return Err(error::ATOMIC_TOO_MANY);
        }
        self.staging.batches.insert(id.to_vec(), Waiting::default());
        Ok(())
    }

    /// Checks all messages of a batch, and only then stores them.
    fn commit(
        &mut self,
        batch: &AtomicBatch<'_>,
        last: &Publish<'_>,
        removed: &mut Vec<Removed>,
    ) -> Result<Vec<Stored<'static>>, ApiError> {
        let staged = self.staging.take(batch.id);
        let asked: Vec<_> = staged.iter().map(|one| PublishHeaders::parse(&one.headers)).collect();
        let mut diff = Diff::default();
        let mut drafts = Vec::with_capacity(staged.len());
        for (one, asked) in staged.iter().zip(&asked) {
            let Staged { subject, headers, body, id } = &**one;
            let message = Publish { subject, headers, body, asked, id: *id, ..*last };
            if asked.expected_last_msg_id.is_some() {
                return Err(error::atomic_header_unsupported("Nats-Expected-Last-Msg-Id"));
            }
            let mut draft = self.draft(&message);
            match self.check_in_batch(&mut draft, &mut diff) {
                Ok(()) => drafts.push(draft),
                Err(Refused::For(refusal)) => return Err(refusal),
                Err(Refused::Duplicate(_)) => return Err(error::ATOMIC_DUPLICATE),
            }
        }
        if let Some(end) = drafts.last_mut().filter(|_| batch.commit == Commit::Excluded) {
            end.headers = Cow::Owned(block::with(&end.headers, "Nats-Batch-Commit", "1"));
        }
        let store = |draft| self.store(draft, removed).into_owned();
        Ok(drafts.into_iter().map(store).collect())
    }
}

fn staged(message: &Publish<'_>) -> Staged {
    let headers = match message.asked.required_api_level {
        Some(_) => block::without(message.headers, LEVEL),
        None => message.headers.to_vec(),
    };
    let (subject, body) = (message.subject.to_vec(), message.body.to_vec());
    Staged { subject, headers, body, id: message.id }
}
