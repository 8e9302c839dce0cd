//! The checks of messages that come in a batch, against the stream and what the batch has so far.
//!
//! The order, and what differs from a message on its own, is nats-server's
//! (`checkMsgHeadersPreClusteredProposal`, `server/jetstream_batching.go`).

use std::collections::{BTreeMap, BTreeSet};

use super::dedup::IdHash;
use super::draft::{Draft, Publish};
use super::machine::Stream;
use super::publishing::MESSAGE_MAX;
use crate::config::Discard;
use crate::error::{self, ApiError};
use crate::publish::{Rollup, rules};

/// What the messages of a batch that were checked so far will change.
#[derive(Debug, Default)]
pub(super) struct Diff {
    ids: BTreeSet<IdHash>,
    /// Headers and body of the last message of each counter.
    counters: BTreeMap<Vec<u8>, (Vec<u8>, Vec<u8>)>,
    subjects: BTreeMap<Vec<u8>, Touched>,
    /// Last sequences that were expected, and found to be right.
    expected: BTreeMap<Vec<u8>, u64>,
    messages: u64,
    bytes: u64,
}

#[derive(Debug, Default)]
struct Touched {
    messages: u64,
    is_schedule: bool,
}

/// Why a message of a batch is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// For this.
    For(ApiError),
    /// It was stored before, at this sequence; 0: it is in the batch already.
    Duplicate(u64),
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self::For(error)
    }
}

impl Stream {
    /// Checks one message of a batch, and adds it to what the batch will change.
    pub(super) fn check_in_batch(
        &mut self,
        draft: &mut Draft<'_>,
        diff: &mut Diff,
    ) -> Result<(), Refused> {
        let Publish { asked, body, .. } = draft.published;
        if self.size_of(&draft.subject, &draft.headers, &draft.body) >= MESSAGE_MAX {
            return Err(error::store_failed("message too large").into());
        }
        if draft.headers.len() > super::publishing::HEADERS_MAX {
            return Err(error::HEADER_TOO_LARGE.into());
        }
        self.check_storable(draft)?;
        rules::counter(asked, &self.config, body.len())?;
        rules::expected_stream(asked, &self.config)?;
        if let Some(ttl) = &asked.ttl {
            if !self.config.allow_msg_ttl {
                return Err(error::TTL_DISABLED.into());
            }
            ttl.as_ref().map_err(ApiError::clone)?;
        }
        self.check_id(draft, diff)?;
        rules::source_header(asked)?;
        rules::counter_missing(asked, &self.config)?;
        self.count_in_batch(draft, diff)?;
        self.check_expected(draft, diff)?;
        self.schedule(draft)?;
        if let Some(ended) = draft.ends {
            match diff.subjects.get(ended) {
                Some(touched) if touched.is_schedule => {}
                Some(_) => return Err(error::SCHEDULER_INVALID.into()),
                None => self.refuse_other(ended)?,
            }
        }
        self.check_rollup(draft, diff)?;
        self.note(draft, diff);
        self.check_room_for(draft, diff)?;
        self.lengthen(draft);
        Ok(())
    }

    fn check_id(&mut self, draft: &Draft<'_>, diff: &mut Diff) -> Result<(), Refused> {
        let Some(id) = draft.published.id else { return Ok(()) };
        if diff.ids.contains(&id) {
            return Err(Refused::Duplicate(0));
        }
        if let Some(seq) = self.duplicate_of(&draft.published) {
            return Err(Refused::Duplicate(seq));
        }
        diff.ids.insert(id);
        Ok(())
    }

    fn count_in_batch(&self, draft: &mut Draft<'_>, diff: &mut Diff) -> Result<(), ApiError> {
        if !self.config.allow_msg_counter {
            return Ok(());
        }
        let resident = draft.published.resident;
        let stored = || self.index.last_of(&draft.subject).and_then(|seq| resident.get(seq));
        let last = match diff.counters.get(&*draft.subject) {
            Some((headers, body)) => Some((headers.as_slice(), body.as_slice())),
            None => stored(),
        };
        self.count(draft, last)?;
        let limit = usize::try_from(self.config.max_msg_size).unwrap_or(usize::MAX);
        if draft.len() > limit {
            return Err(error::MESSAGE_TOO_LARGE);
        }
        let now = (draft.headers.to_vec(), draft.body.to_vec());
        diff.counters.insert(draft.subject.to_vec(), now);
        Ok(())
    }

    fn check_expected(&self, draft: &Draft<'_>, diff: &mut Diff) -> Result<(), ApiError> {
        let asked = draft.published.asked;
        if let Some(expected) = asked.expected_last_seq {
            let last = self.index.last_seq() + diff.messages;
            if expected != last {
                return Err(error::wrong_last_sequence(last));
            }
            // Only the first message may expect one.
            if diff.messages > 0 {
                return Err(error::WRONG_LAST_SEQUENCE_IN_FLIGHT);
            }
        }
        let Some(expected) = asked.expected_last_subject_seq else {
            return rules::expected_subject(asked);
        };
        let subject = asked.expected_last_subject.unwrap_or(&draft.subject);
        if diff.subjects.contains_key(subject) {
            return Err(error::WRONG_LAST_SEQUENCE_IN_FLIGHT);
        }
        let found = || self.index.last_matching(subject).unwrap_or(0);
        let last = diff.expected.get(subject).copied().unwrap_or_else(found);
        if last != expected {
            return Err(error::wrong_last_sequence(last));
        }
        diff.expected.insert(subject.to_vec(), last);
        Ok(())
    }

    fn check_rollup(&self, draft: &Draft<'_>, diff: &Diff) -> Result<(), ApiError> {
        rules::rollup(draft.published.asked, &self.config)?;
        if draft.rollup.is_some() && (!self.config.allow_rollup_hdrs || self.config.deny_purge) {
            return Err(error::rollup_failed("rollup not permitted"));
        }
        match draft.rollup {
            Some(Rollup::Subject) if diff.subjects.contains_key(&*draft.subject) => {
                Err(error::rollup_failed("batch rollup sub invalid"))
            }
            Some(Rollup::All) if diff.messages > 0 => {
                Err(error::rollup_failed("batch rollup all invalid"))
            }
            _ => Ok(()),
        }
    }

    fn note(&self, draft: &Draft<'_>, diff: &mut Diff) {
        let touched = diff.subjects.entry(draft.subject.to_vec()).or_default();
        touched.messages += 1;
        touched.is_schedule = draft.first_time.is_some();
        diff.messages += 1;
        diff.bytes += self.size_of(&draft.subject, &draft.headers, &draft.body);
    }

    /// With `discard: new`, whether there is room for everything up to this message.
    fn check_room_for(&self, draft: &Draft<'_>, diff: &Diff) -> Result<(), ApiError> {
        let config = &self.config;
        if config.discard != Discard::New {
            return Ok(());
        }
        let limit = |max: i64| u64::try_from(max).ok().filter(|&max| max > 0);
        if limit(config.max_msgs).is_some_and(|max| self.index.messages() + diff.messages > max) {
            return Err(error::store_failed("maximum messages exceeded"));
        }
        if limit(config.max_bytes).is_some_and(|max| self.index.bytes() + diff.bytes > max) {
            return Err(error::store_failed("maximum bytes exceeded"));
        }
        if !config.discard_new_per_subject || draft.rollup.is_some() {
            return Ok(());
        }
        let subjects = self.index.subjects();
        let held = subjects.find(&draft.subject).map_or(0, |id| subjects.state(id).count);
        let coming = diff.subjects.get(&*draft.subject).map_or(0, |touched| touched.messages);
        if limit(config.max_msgs_per_subject).is_some_and(|max| held + coming > max) {
            return Err(error::store_failed("maximum messages per subject exceeded"));
        }
        Ok(())
    }
}
