//! A message on its way into a stream: what was published, and what the stream makes of it.

use std::borrow::Cow;

use super::dedup::IdHash;
use super::machine::Stream;
use super::resident::Resident;
use crate::error::{self, ApiError};
use crate::publish::counter::{self, Integer};
use crate::publish::schedule::Zones;
use crate::publish::{PublishHeaders, Rollup, Ttl, block, rules};

/// Who publishes a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A client.
    Client,
    /// The origin of a mirror.
    Mirror,
    /// A stream that this one sources from.
    Source,
    /// The stream itself: markers of deleted subjects, and messages of schedules.
    Stream,
}

/// A message to be stored.
#[derive(Debug, Clone, Copy)]
pub struct Publish<'a> {
    /// Its subject, as it was published.
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
    /// Who published it.
    pub origin: Origin,
    /// The messages that [`Stream::needs`] named.
    pub resident: &'a Resident,
    /// Where time zones of schedules are found.
    pub zones: &'a dyn Zones,
}

/// The same, as it is changed on its way.
#[derive(Debug, Clone)]
pub(super) struct Draft<'a> {
    pub(super) subject: Cow<'a, [u8]>,
    pub(super) headers: Cow<'a, [u8]>,
    pub(super) body: Cow<'a, [u8]>,
    pub(super) published: Publish<'a>,
    pub(super) rollup: Option<Rollup>,
    pub(super) ttl: Option<Ttl>,
    /// When it is due for the first time, if it is a schedule.
    pub(super) first_time: Option<i64>,
    /// The subject of the schedule that it ends.
    pub(super) ends: Option<&'a [u8]>,
    /// The counter's value with it.
    pub(super) value: Option<Integer>,
}

impl Draft<'_> {
    /// Takes the API level out that the message needs, as messages of batches do not keep it.
    pub(super) fn without_level(&mut self) {
        let without = block::without(&self.headers, "Nats-Required-Api-Level");
        self.headers = Cow::Owned(without);
    }

    /// Bytes of headers and body.
    pub(super) fn len(&self) -> usize {
        self.headers.len() + self.body.len()
    }
}

impl Stream {
    /// Messages whose bytes are needed to decide about one for `subject` that comes at `now`: the
    /// last of its counter, and with the last message of a batch those of all its counters.
    #[must_use]
    pub fn needs(&self, subject: &[u8], asked: &PublishHeaders<'_>, now: i64) -> Vec<u64> {
        if !self.config.allow_msg_counter {
            return Vec::new();
        }
        let staged = match asked.batch.id {
            Some(id) if asked.batch.commit.is_some() => self.staged(id),
            _ => &[],
        };
        let subjects = staged.iter().map(|one| one.subject.as_slice()).chain([subject]);
        let needed = subjects.filter_map(|subject| self.index.last_of(&self.inward(subject, now)));
        let needed: std::collections::BTreeSet<_> = needed.collect();
        needed.into_iter().collect()
    }

    pub(super) fn draft<'a>(&self, message: &Publish<'a>) -> Draft<'a> {
        // What comes from another stream is kept as it is, whether it means something here or not.
        let ttl = message.asked.ttl.as_ref().filter(|_| self.config.allow_msg_ttl);
        let ttl = ttl.and_then(|ttl| ttl.as_ref().ok()).copied();
        let rollup = message.asked.rollup.as_ref().and_then(|rollup| rollup.as_ref().ok());
        Draft {
            subject: self.inward(message.subject, message.now),
            headers: kept(message),
            body: Cow::Borrowed(message.body),
            published: *message,
            rollup: rollup.copied(),
            ttl,
            first_time: None,
            ends: None,
            value: None,
        }
    }

    /// A schedule replaces the one before on its subject, and only schedules can be ended.
    pub(super) fn schedule(&self, draft: &mut Draft<'_>) -> Result<(), ApiError> {
        let Publish { asked, now, zones, .. } = draft.published;
        if let Some((_, first)) = rules::schedule(asked, &draft.subject, &self.config, now, zones)?
        {
            draft.first_time = Some(first);
            if draft.rollup.replace(Rollup::Subject).is_none() {
                draft.headers = Cow::Owned(block::with(&draft.headers, "Nats-Rollup", "sub"));
            }
        }
        draft.ends = rules::ended_schedule(asked, &draft.subject, &self.config)?;
        Ok(())
    }

    /// The message `seq` of a subject that should have a schedule has none.
    pub(super) fn refuse_other(&self, subject: &[u8]) -> Result<(), ApiError> {
        match self.index.last_of(subject) {
            Some(last) if !self.schedules.has(last) => Err(error::SCHEDULER_INVALID),
            _ => Ok(()),
        }
    }

    /// Adds an increment to the counter, whose last message is `last`.
    pub(super) fn count(
        &self,
        draft: &mut Draft<'_>,
        last: Option<(&[u8], &[u8])>,
    ) -> Result<(), ApiError> {
        let Some(Ok(increment)) = &draft.published.asked.increment else { return Ok(()) };
        if !self.config.allow_msg_counter {
            return Ok(());
        }
        let (headers, body) = last.unwrap_or_default();
        let value = if last.is_some() { counter::value_of(body)? } else { Integer::default() };
        let held = block::value(headers, SOURCES).filter(|text| !text.is_empty());
        let mut sources = held.map(counter::parse_sources).transpose()?.unwrap_or_default();
        let mut increment = Cow::Borrowed(increment);
        if draft.published.origin == Origin::Source {
            increment = Cow::Owned(sourced_increment(draft, &mut sources)?);
            let text = increment.to_string();
            draft.headers = Cow::Owned(block::set(&draft.headers, INCREMENT, &text));
        }
        if !sources.is_empty() {
            let text = crate::json::to_vec(&sources);
            let text = String::from_utf8(text).map_err(|_| error::COUNTER_BROKEN)?;
            draft.headers = Cow::Owned(block::set(&draft.headers, SOURCES, &text));
        }
        let value = value.plus(&increment);
        draft.body = Cow::Owned(counter::payload(&value));
        draft.value = Some(value);
        Ok(())
    }

    /// Markers of deleted subjects must not be overtaken by what they mark: no message lives
    /// shorter than they do, unless it is the only one of its subject.
    pub(super) fn lengthen(&self, draft: &mut Draft<'_>) {
        let Some(Ttl::Seconds(seconds)) = draft.ttl else { return };
        let marker = self.config.subject_delete_marker_ttl.0 / NANOS;
        let least = u64::try_from(marker).unwrap_or(0);
        if self.config.max_msgs_per_subject != 1 && seconds < least {
            draft.ttl = Some(Ttl::Seconds(least));
            let without = block::without(&draft.headers, TTL);
            draft.headers = Cow::Owned(block::with(&without, TTL, &least.to_string()));
        }
    }
}

/// By how much a counter in another stream changed since it was taken last, which is noted.
fn sourced_increment(
    draft: &Draft<'_>,
    sources: &mut counter::Sources,
) -> Result<Integer, ApiError> {
    let value = counter::value_of(&draft.body)?;
    let text = block::value(&draft.headers, "Nats-Stream-Source").unwrap_or_default();
    let text = String::from_utf8_lossy(text);
    let stream = text.split(' ').next().unwrap_or_default();
    let stored = String::from_utf8_lossy(&draft.subject);
    let subject = text.split(' ').nth(4).unwrap_or(&stored);
    Ok(counter::update_sources(sources, stream, subject, &value))
}

/// The headers that are kept: no status, and nothing about the client.
fn kept<'a>(message: &Publish<'a>) -> Cow<'a, [u8]> {
    let mut headers = Cow::Borrowed(message.headers);
    if let Some(without) = block::without_status(message.headers) {
        headers = Cow::Owned(without);
    }
    if message.asked.client_info.is_some() {
        headers = Cow::Owned(block::without(&headers, "Nats-Request-Info"));
    }
    headers
}

const NANOS: i64 = crate::Nanos::SECOND.0;
const INCREMENT: &str = "Nats-Incr";
const SOURCES: &str = "Nats-Counter-Sources";
const TTL: &str = "Nats-TTL";
