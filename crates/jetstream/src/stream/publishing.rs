//! Publishing: may the message come in, and what does it push out?
//!
//! The order of the checks is nats-server's, since clients see which one refuses.

use std::borrow::Cow;

use super::dedup::IdHash;
use super::draft::{Draft, Origin, Publish};
use super::index::{NewMessage, Removed, SEQ_MAX};
use super::machine::Stream;
use super::removal::Purge;
use crate::config::Discard;
use crate::error::{self, ApiError};
use crate::publish::counter::Integer;
use crate::publish::{Ttl, rules};

/// Header bytes beyond this are refused.
pub(super) const HEADERS_MAX: usize = 65_535;
/// Bytes of a subject; segments hold no longer ones.
const SUBJECT_MAX: usize = 65_535;
/// Bytes of a stored message, so that sizes fit their columns.
pub(super) const MESSAGE_MAX: u64 = 1 << 31;

/// Message ids that are forgotten at most when one comes.
const IDS_AT_ONCE: usize = 16;

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published<'a> {
    /// It is in the stream.
    Stored(Stored<'a>),
    /// It waits for the end of its batch.
    Staged,
    /// It ended an atomic batch, whose messages are all in the stream; at least one.
    Batch(Vec<Stored<'static>>),
    /// A message with its id was stored before, at this sequence.
    Duplicate(u64),
    /// It is not.
    Refused(ApiError),
}

/// A message that is in the stream: its bytes are to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored<'a> {
    /// Its sequence.
    pub seq: u64,
    /// When it was stored: later than every message before it.
    pub time: i64,
    /// The last sequence of its subject before; 0: none.
    pub previous: u64,
    /// The subject under which it is stored.
    pub subject: Cow<'a, [u8]>,
    /// Its header block; empty: none.
    pub headers: Cow<'a, [u8]>,
    /// What follows.
    pub body: Cow<'a, [u8]>,
    /// The counter's value with it.
    pub value: Option<Integer>,
    /// It is kept: somebody wants it.
    pub is_kept: bool,
}

impl Stored<'_> {
    /// The same, with bytes of its own.
    #[must_use]
    pub fn into_owned(self) -> Stored<'static> {
        let Self { seq, time, previous, value, is_kept, .. } = self;
        let own = |bytes: Cow<'_, [u8]>| Cow::Owned(bytes.into_owned());
        let (subject, headers, body) = (own(self.subject), own(self.headers), own(self.body));
        Stored { seq, time, previous, subject, headers, body, value, is_kept }
    }
}

impl Stream {
    /// Stores a message or says why not. What has to go for it is added to `removed`.
    pub fn publish<'a>(
        &mut self,
        message: &Publish<'a>,
        removed: &mut Vec<Removed>,
    ) -> Published<'a> {
        if self.config.sealed {
            return Published::Refused(error::STREAM_SEALED);
        }
        if message.asked.batch.id.is_some() && message.origin == Origin::Client {
            return self.publish_in_batch(message, removed);
        }
        let mut draft = self.draft(message);
        if message.origin == Origin::Client
            && let Err(refusal) = self.check_asked(&mut draft)
        {
            return Published::Refused(refusal);
        }
        if matches!(message.origin, Origin::Mirror | Origin::Source)
            && let Some(Err(refusal)) = &message.asked.increment
        {
            return Published::Refused(refusal.clone());
        }
        // A mirror has what its origin has.
        if message.origin != Origin::Mirror
            && let Some(seq) = self.duplicate_of(message)
        {
            return Published::Duplicate(seq);
        }
        match self.check_rest(&mut draft) {
            Ok(()) => Published::Stored(self.store(draft, removed)),
            Err(refusal) => Published::Refused(refusal),
        }
    }

    /// Checks that come before the duplicate's.
    fn check_asked(&self, draft: &mut Draft<'_>) -> Result<(), ApiError> {
        let Publish { asked, body, .. } = draft.published;
        rules::counter(asked, &self.config, body.len())?;
        rules::expected_stream(asked, &self.config)?;
        rules::ttl_allowed(asked, &self.config)?;
        if let Some(expected) = asked.expected_last_subject_seq {
            let subject = asked.expected_last_subject.unwrap_or(&draft.subject);
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
        self.schedule(draft)?;
        draft.ends.map_or(Ok(()), |subject| self.refuse_other(subject))?;
        rules::source_header(asked)
    }

    pub(super) fn duplicate_of(&mut self, message: &Publish<'_>) -> Option<u64> {
        let id = message.id.filter(|_| self.config.duplicate_window.0 > 0)?;
        let now = self.time_for(message.now);
        let window = self.config.duplicate_window.0;
        self.dedup.expire(now, window, IDS_AT_ONCE);
        self.dedup.find(id, now, window)
    }

    /// Checks that come after it.
    fn check_rest(&self, draft: &mut Draft<'_>) -> Result<(), ApiError> {
        let Publish { asked, origin, resident, .. } = draft.published;
        if asked.expected_last_msg_id.is_some_and(|id| id != self.last_message_id) {
            let last = String::from_utf8_lossy(&self.last_message_id);
            return Err(error::wrong_last_message_id(last));
        }
        match origin {
            Origin::Client => rules::rollup(asked, &self.config).map(|_| ())?,
            Origin::Mirror | Origin::Source => asked.rollup().map(|_| ())?,
            Origin::Stream => {}
        }
        rules::counter_missing(asked, &self.config)?;
        let last = match asked.increment {
            Some(_) => self.index.last_of(&draft.subject).and_then(|seq| resident.get(seq)),
            None => None,
        };
        self.count(draft, last)?;
        self.check_size(draft)?;
        if let Some(Err(error)) = &asked.ttl {
            return Err(error.clone());
        }
        self.lengthen(draft);
        self.check_storable(draft)?;
        let size = self.size_of(&draft.subject, &draft.headers, &draft.body);
        self.check_room(draft, size)?;
        if size < MESSAGE_MAX { Ok(()) } else { Err(error::store_failed("message too large")) }
    }

    /// What no stream can hold.
    pub(super) fn check_storable(&self, draft: &Draft<'_>) -> Result<(), ApiError> {
        if draft.subject.len() > SUBJECT_MAX {
            return Err(error::store_failed("subject too long"));
        }
        if self.index.last_seq() >= SEQ_MAX {
            return Err(error::store_failed("no sequences are left"));
        }
        Ok(())
    }

    /// The sizes of a message and its headers.
    pub(super) fn check_size(&self, draft: &Draft<'_>) -> Result<(), ApiError> {
        let max = usize::try_from(self.config.max_msg_size).ok();
        if max.is_some_and(|max| draft.len() > max) {
            return Err(error::MESSAGE_TOO_LARGE);
        }
        if draft.headers.len() > HEADERS_MAX {
            return Err(error::HEADER_TOO_LARGE);
        }
        Ok(())
    }

    /// With `discard: new`, whether there is room.
    fn check_room(&self, draft: &Draft<'_>, size: u64) -> Result<(), ApiError> {
        let config = &self.config;
        if config.discard != Discard::New {
            return Ok(());
        }
        let limit = |max: i64| u64::try_from(max).ok().filter(|&max| max > 0);
        let subjects = self.index.subjects();
        let subject = subjects.find(&draft.subject).map(|id| subjects.state(id));
        let subject = subject.filter(|state| {
            limit(config.max_msgs_per_subject).is_some_and(|max| state.count >= max)
        });
        if subject.is_some() && config.discard_new_per_subject && draft.rollup.is_none() {
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

    /// Stores what was found to be right.
    pub(super) fn store<'a>(&mut self, draft: Draft<'a>, removed: &mut Vec<Removed>) -> Stored<'a> {
        let Publish { asked, id, now, .. } = draft.published;
        let Draft { subject, headers, body, value, .. } = draft;
        let time = self.time_for(now);
        self.last_message_id.clear();
        self.last_message_id.extend_from_slice(asked.msg_id.unwrap_or_default());
        if self.is_unwanted(&subject) {
            let (seq, previous, is_kept) = (self.index.last_seq() + 1, 0, false);
            self.index.skip_to(seq, time);
            self.remember(id, seq, time);
            return Stored { seq, time, previous, subject, headers, body, value, is_kept };
        }
        let size = self.size_of(&subject, &headers, &body);
        let (seq, previous) = self.index.append(&NewMessage {
            subject: &subject,
            time,
            size: u32::try_from(size).unwrap_or(u32::MAX),
            never_expires: draft.ttl == Some(Ttl::Never),
            is_marker: asked.marks_deletion(),
        });
        let previous = previous.unwrap_or(0);
        if let Some(Ttl::Seconds(seconds)) = draft.ttl {
            let nanos = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000_000);
            self.expiries.insert(seq, time.saturating_add(nanos));
        }
        self.remember(id, seq, time);
        if let Some(first) = draft.first_time {
            self.schedules.remove(previous);
            self.schedules.set(seq, first);
        }
        self.make_room(seq, removed);
        if let Some(rollup) = draft.rollup.filter(|_| self.rolls_up()) {
            self.roll_up(rollup, &subject, seq);
        }
        if let Some(ended) = draft.ends {
            let _ = self.purge(&Purge { filter: ended, ..Purge::default() });
        }
        self.begin_work(removed);
        Stored { seq, time, previous, subject, headers, body, value, is_kept: true }
    }

    /// Remembers the id of the message that was stored.
    fn remember(&mut self, id: Option<IdHash>, seq: u64, time: i64) {
        if let Some(id) = id
            && self.config.duplicate_window.0 > 0
        {
            self.dedup.insert(id, seq, time);
        }
    }

    fn rolls_up(&self) -> bool {
        self.config.allow_rollup_hdrs && !self.config.deny_purge
    }

    /// The time of the next message: `now`, but always later than the last.
    pub(super) fn time_for(&self, now: i64) -> i64 {
        now.max(self.index.last_time().saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Resident, SEQ_MAX};
    use super::*;
    use crate::StreamConfig;
    use crate::publish::PublishHeaders;
    use crate::publish::schedule::OnlyUtc;

    fn stream(first_seq: u64) -> Stream {
        let (name, max_msg_size) = ("S".to_owned(), -1);
        let config = StreamConfig { name, first_seq, max_msg_size, ..StreamConfig::default() };
        Stream::new(config, 1, 77)
    }

    /// The sequence, or the text of the refusal.
    fn publish(stream: &mut Stream, subject: &[u8]) -> Result<u64, String> {
        let asked = &PublishHeaders::parse(b"");
        let (headers, body, id, now) = (&b""[..], &b"x"[..], None, 5);
        let (origin, resident, zones) = (Origin::Client, Resident::NONE, &OnlyUtc);
        let message = Publish { subject, headers, body, asked, id, now, origin, resident, zones };
        match stream.publish(&message, &mut Vec::new()) {
            Published::Stored(stored) => Ok(stored.seq),
            Published::Refused(error) => Err(error.description.to_string()),
            other => panic!("neither: {other:?}"),
        }
    }

    #[test]
    fn subjects_that_no_segment_can_hold_are_refused() {
        let mut stream = stream(0);
        assert_eq!(publish(&mut stream, &vec![b'a'; SUBJECT_MAX]), Ok(1));
        let refused = Err("subject too long".to_owned());
        assert_eq!(publish(&mut stream, &vec![b'a'; SUBJECT_MAX + 1]), refused);
        assert_eq!(publish(&mut stream, b"a"), Ok(2));
    }

    #[test]
    fn sequences_end_before_they_begin_anew() {
        let mut late = stream(u64::MAX);
        assert_eq!(publish(&mut late, b"a"), Ok(SEQ_MAX));
        assert_eq!(publish(&mut late, b"a"), Err("no sequences are left".to_owned()));
        let mut early = stream(0);
        let all = |seq| Purge { filter: b"", seq, keep: 0 };
        assert!(early.purge(&all(u64::MAX)).is_err());
        assert!(early.purge(&all(SEQ_MAX)).is_ok());
        assert_eq!(publish(&mut early, b"a"), Ok(SEQ_MAX));
    }
}
