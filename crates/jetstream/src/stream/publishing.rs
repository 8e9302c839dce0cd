//! Publishing: may the message come in, and what does it push out?
//!
//! The order of the checks is nats-server's, since clients see which one refuses.

use super::dedup::IdHash;
use super::index::{Index, NewMessage, Removed};
use super::machine::Stream;
use crate::config::Discard;
use crate::error::{self, ApiError};
use crate::publish::{PublishHeaders, Rollup, Ttl, rules};

/// Header bytes beyond this are refused.
const HEADERS_MAX: usize = 65_535;
/// Bytes of a stored message, so that sizes fit their columns.
const MESSAGE_MAX: u64 = 1 << 31;

/// A message to be stored.
#[derive(Debug, Clone, Copy)]
pub struct Publish<'a> {
    /// Its subject, already transformed.
    pub subject: &'a [u8],
    /// Its header block; empty: none.
    pub headers: &'a [u8],
    /// What follows.
    pub body: &'a [u8],
    /// What they ask for.
    pub asked: &'a PublishHeaders<'a>,
    /// The hash of its message id; there if it has one.
    pub id: Option<IdHash>,
    /// The moment, in nanoseconds since 1970, at which the command was logged.
    pub now: i64,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// It is in the stream.
    Stored {
        /// Its sequence.
        seq: u64,
        /// When it was stored: later than every message before it.
        time: i64,
        /// The last sequence of its subject before; 0: none.
        previous: u64,
    },
    /// A message with its id was stored before, at this sequence.
    Duplicate(u64),
    /// It is not.
    Refused(ApiError),
}

impl Stream {
    /// Stores a message or says why not. What has to go for it is added to `removed`.
    pub fn publish(&mut self, message: &Publish<'_>, removed: &mut Vec<Removed>) -> Published {
        if self.config.sealed {
            return Published::Refused(error::STREAM_SEALED);
        }
        if let Err(refusal) = self.check_asked(message) {
            return Published::Refused(refusal);
        }
        if let Some(seq) = self.duplicate_of(message) {
            return Published::Duplicate(seq);
        }
        match self.check_rest(message) {
            Ok(size) => self.store(message, size, removed),
            Err(refusal) => Published::Refused(refusal),
        }
    }

    /// Checks that come before the duplicate's.
    fn check_asked(&self, message: &Publish<'_>) -> Result<(), ApiError> {
        let Publish { asked, subject, .. } = *message;
        rules::expected_stream(asked, &self.config)?;
        rules::ttl_allowed(asked, &self.config)?;
        if let Some(expected) = asked.expected_last_subject_seq {
            let subject = asked.expected_last_subject.unwrap_or(subject);
            let last = self.index.last_matching(subject).unwrap_or(0);
            if last != expected {
                return Err(error::wrong_last_sequence(last));
            }
        }
        rules::expected_subject(asked)?;
        let last = self.index.last_seq();
        if asked.expected_last_seq.is_some_and(|expected| expected != last) {
            return Err(error::wrong_last_sequence(last));
        }
        rules::source_header(asked)
    }

    fn duplicate_of(&mut self, message: &Publish<'_>) -> Option<u64> {
        let id = message.id.filter(|_| self.config.duplicate_window.0 > 0)?;
        let now = self.time_for(message.now);
        // All that are over: an id must not be taken for a duplicate because many others are.
        while self.dedup.expire(now, self.config.duplicate_window.0, usize::MAX) {}
        self.dedup.find(id)
    }

    /// Checks that come after it; gives the size that the message counts.
    fn check_rest(&self, message: &Publish<'_>) -> Result<u32, ApiError> {
        let Publish { asked, headers, body, subject, .. } = *message;
        if asked.expected_last_msg_id.is_some_and(|id| id != self.last_message_id) {
            let last = String::from_utf8_lossy(&self.last_message_id);
            return Err(error::wrong_last_message_id(last));
        }
        rules::rollup(asked, &self.config)?;
        let len = headers.len() + body.len();
        let max = usize::try_from(self.config.max_msg_size).ok();
        if max.is_some_and(|max| len > max) {
            return Err(error::MESSAGE_TOO_LARGE);
        }
        if headers.len() > HEADERS_MAX {
            return Err(error::HEADER_TOO_LARGE);
        }
        if let Some(Err(error)) = &asked.ttl {
            return Err(error.clone());
        }
        let size = self.size_of(subject, headers, body);
        self.check_room(message, size)?;
        u32::try_from(size)
            .ok()
            .filter(|&size| u64::from(size) < MESSAGE_MAX)
            .ok_or_else(|| error::store_failed("message too large"))
    }

    /// With `discard: new`, whether there is room.
    fn check_room(&self, message: &Publish<'_>, size: u64) -> Result<(), ApiError> {
        let config = &self.config;
        if config.discard != Discard::New {
            return Ok(());
        }
        let limit = |max: i64| u64::try_from(max).ok().filter(|&max| max > 0);
        let subjects = self.index.subjects();
        let subject = subjects.find(message.subject).map(|id| subjects.state(id));
        let subject = subject.filter(|state| {
            limit(config.max_msgs_per_subject).is_some_and(|max| state.count >= max)
        });
        if subject.is_some() && config.discard_new_per_subject && message.asked.rollup.is_none() {
            return Err(error::store_failed("maximum messages per subject exceeded"));
        }
        let full = limit(config.max_msgs).is_some_and(|max| self.index.messages() >= max);
        if full && subject.is_none() {
            return Err(error::store_failed("maximum messages exceeded"));
        }
        if limit(config.max_bytes).is_some_and(|max| self.index.bytes() + size > max) {
            // The message replaces the first one of its subject: is that one large enough?
            let replaced = subject.and_then(|state| self.index.get(state.first));
            if replaced.is_none_or(|first| u64::from(first.size) < size) {
                return Err(error::store_failed("maximum bytes exceeded"));
            }
        }
        Ok(())
    }

    fn store(&mut self, message: &Publish<'_>, size: u32, removed: &mut Vec<Removed>) -> Published {
        let time = self.time_for(message.now);
        let previous = self.index.last_of(message.subject).unwrap_or(0);
        let ttl = message.asked.ttl.as_ref().and_then(|ttl| ttl.as_ref().ok()).copied();
        let seq = self.index.append(&NewMessage {
            subject: message.subject,
            time,
            size,
            never_expires: ttl == Some(Ttl::Never),
            is_marker: message.asked.marker_reason.is_some(),
        });
        if let Some(Ttl::Seconds(seconds)) = ttl {
            let nanos = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000_000);
            let ends = time.saturating_add(nanos);
            self.expiries.insert(seq, ends);
        }
        self.last_message_id.clear();
        self.last_message_id.extend_from_slice(message.asked.msg_id.unwrap_or_default());
        if let Some(id) = message.id
            && self.config.duplicate_window.0 > 0
        {
            self.dedup.insert(id, seq, time);
        }
        self.trim_subject(message.subject, removed);
        if self.config.discard == Discard::Old {
            self.trim(removed);
        }
        if let Some(Ok(rollup)) = message.asked.rollup {
            self.roll_up(rollup, message.subject, seq, removed);
        }
        Published::Stored { seq, time, previous }
    }

    /// The time of the next message: `now`, but always later than the last.
    pub(super) fn time_for(&self, now: i64) -> i64 {
        now.max(self.index.last_time().saturating_add(1))
    }

    fn trim_subject(&mut self, subject: &[u8], removed: &mut Vec<Removed>) {
        let max = u64::try_from(self.config.max_msgs_per_subject).unwrap_or(0);
        let surplus = |index: &Index| {
            let subjects = index.subjects();
            let state = subjects.find(subject).map(|id| subjects.state(id))?;
            (max > 0 && state.count > max).then_some(state.first)
        };
        while let Some(first) = surplus(&self.index) {
            removed.extend(self.index.remove(first));
        }
    }

    fn roll_up(&mut self, rollup: Rollup, subject: &[u8], seq: u64, removed: &mut Vec<Removed>) {
        loop {
            let first = match rollup {
                Rollup::All => Some(self.index.first_seq()),
                Rollup::Subject => {
                    let subjects = self.index.subjects();
                    subjects.find(subject).map(|id| subjects.state(id).first)
                }
            };
            match first.filter(|&first| first < seq) {
                Some(first) => removed.extend(self.index.remove(first)),
                None => return,
            }
        }
    }
}
