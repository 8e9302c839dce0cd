//! What happens because time passes.

use std::borrow::Cow;

use super::draft::{Origin, Publish};
use super::index::Removed;
use super::machine::{Stream, TICK_ITEMS_MAX};
use super::publishing::{Published, Stored};
use super::removal::Purge;
use super::resident::Resident;
use crate::Nanos;
use crate::publish::schedule::{OnlyUtc, Schedule, Zones};
use crate::publish::{PublishHeaders, block, parse_ttl};
use crate::time::Timestamp;

/// What one tick left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ticked {
    /// Nothing that is due.
    Done,
    /// There is more that is due.
    More,
}

/// A schedule that is due, with the bytes that it takes to publish its message.
#[derive(Debug, Clone, Copy)]
pub struct DueSchedule<'a> {
    /// Its sequence.
    pub seq: u64,
    /// Its own headers and body.
    pub own: (&'a [u8], &'a [u8]),
    /// Those of the last message of its source, if there is one.
    pub source: Option<(&'a [u8], &'a [u8])>,
}

impl Stream {
    /// When the next tick is needed, in nanoseconds since 1970.
    #[must_use]
    pub fn next_deadline(&self) -> Option<i64> {
        let by_age = self.next_by_age().map(|(_, time)| time);
        let by_ttl = self.expiries.next().map(|(time, _)| time);
        let by_schedule = self.schedules.next().map(|(time, _)| time);
        let of_batches = [self.staging.next_deadline(), self.fast.next_deadline()];
        let of_batches = of_batches.into_iter().flatten();
        by_age.into_iter().chain(by_ttl).chain(by_schedule).chain(of_batches).min()
    }

    /// The next message to end by its age, and when.
    fn next_by_age(&self) -> Option<(u64, i64)> {
        let max_age = Some(self.config.max_age.0).filter(|&age| age > 0)?;
        let floor = self.age_floor.max(self.index.first_seq());
        let (seq, meta) = self.index.pages().first_that_ages(floor)?;
        Some((seq, meta.time.saturating_add(max_age)))
    }

    /// Lets `now` pass: ends what is due, in slices. Markers of subjects that ended are added to
    /// `stored`. Schedules are not looked at: see [`Self::due_schedule`].
    pub fn tick(
        &mut self,
        now: i64,
        removed: &mut Vec<Removed>,
        stored: &mut Vec<Stored<'static>>,
    ) -> Ticked {
        self.staging.expire(now);
        self.fast.expire(now);
        let mut budget = TICK_ITEMS_MAX;
        while let Some((seq, ends)) = self.next_by_age() {
            self.age_floor = seq;
            if ends > now {
                break;
            }
            if budget == 0 {
                return Ticked::More;
            }
            budget -= 1;
            self.expire(seq, now, removed, stored);
        }
        let due = self.expiries.take(now, budget);
        for &seq in &due {
            self.expire(seq, now, removed, stored);
        }
        if budget > 0 && due.len() == budget { Ticked::More } else { Ticked::Done }
    }

    /// Ends a message; a marker takes the place of the last one of its subject.
    fn expire(
        &mut self,
        seq: u64,
        now: i64,
        removed: &mut Vec<Removed>,
        stored: &mut Vec<Stored<'static>>,
    ) {
        let Some(meta) = self.index.get(seq) else { return };
        let is_last = self.index.subjects().state(meta.subject).count == 1;
        let marker_ttl = self.config.subject_delete_marker_ttl;
        if is_last && !meta.is_marker && marker_ttl > Nanos::ZERO {
            let subject = self.index.subjects().name(meta.subject).into_owned();
            let lives = Nanos(marker_ttl.0 - marker_ttl.0 % Nanos::SECOND.0);
            let headers = format!(
                "NATS/1.0\r\nNats-Marker-Reason: MaxAge\r\nNats-TTL: {lives}\r\n\
                 Nats-Rollup: sub\r\n\r\n"
            );
            let published = self.publish_own(&subject, headers.as_bytes(), b"", now, removed);
            if let Published::Stored(marker) = published {
                stored.push(marker);
            }
        }
        // The marker replaced it, unless it went to another subject or there was no room for it.
        removed.extend(self.index.remove(seq));
    }

    fn publish_own(
        &mut self,
        subject: &[u8],
        headers: &[u8],
        body: &[u8],
        now: i64,
        removed: &mut Vec<Removed>,
    ) -> Published<'static> {
        let asked = &PublishHeaders::parse(headers);
        let (origin, resident, zones) = (Origin::Stream, Resident::NONE, &OnlyUtc);
        let id = None;
        let message = Publish { subject, headers, body, asked, id, now, origin, resident, zones };
        match self.publish(&message, removed) {
            Published::Stored(stored) => Published::Stored(stored.into_owned()),
            Published::Staged => Published::Staged,
            Published::Batch(stored) => Published::Batch(stored),
            Published::Duplicate(seq) => Published::Duplicate(seq),
            Published::Refused(error) => Published::Refused(error),
        }
    }

    /// Schedules that are due at `now`, the first ones first, up to `max`.
    #[must_use]
    pub fn due_schedules(&self, now: i64, max: usize) -> Vec<u64> {
        let due = self.schedules.iter_by_time().take_while(|&(time, _)| time <= now);
        let live = due.map(|(_, seq)| seq).filter(|&seq| self.index.get(seq).is_some());
        live.take(max).collect()
    }

    /// The next schedule that is due at `now`. It is to be given to [`Self::fire`].
    #[must_use]
    pub fn due_schedule(&mut self, now: i64) -> Option<u64> {
        while let Some((time, seq)) = self.schedules.next() {
            if time > now {
                return None;
            }
            if self.index.get(seq).is_some() {
                return Some(seq);
            }
            self.schedules.remove(seq);
        }
        None
    }

    /// The message whose content a schedule with these headers publishes; nothing: its own.
    #[must_use]
    pub fn source_of_schedule(&self, headers: &[u8]) -> Option<u64> {
        let source = PublishHeaders::parse(headers).schedule.source?;
        self.index.last_of(source)
    }

    /// Publishes the message of a due schedule, and sets its next time, or ends it.
    pub fn fire(
        &mut self,
        due: &DueSchedule<'_>,
        now: i64,
        zones: &dyn Zones,
        removed: &mut Vec<Removed>,
    ) -> Option<Stored<'static>> {
        let time = self.schedules.next().map_or(now, |(time, _)| time);
        let meta = self.index.get(due.seq)?;
        let subject = self.index.subjects().name(meta.subject).into_owned();
        let Some((target, next, headers)) = emission(due, &subject, (time, now), zones) else {
            self.schedules.remove(due.seq);
            return None;
        };
        match next {
            Some(next) => self.schedules.set(due.seq, next),
            None => self.schedules.remove(due.seq),
        }
        let body = due.source.unwrap_or(due.own).1;
        let published = self.publish_own(&target, &headers, body, now, removed);
        let Published::Stored(stored) = published else { return None };
        if next.is_none() {
            let all = Purge { filter: &subject, ..Purge::default() };
            let _ = self.purge(&all);
            self.begin_work(removed);
        }
        Some(stored)
    }

    /// Gives up a schedule whose bytes cannot be read.
    pub fn drop_schedule(&mut self, seq: u64) {
        self.schedules.remove(seq);
    }
}

/// The target, next time and headers of a schedule's message; nothing when it is no schedule.
fn emission(
    due: &DueSchedule<'_>,
    subject: &[u8],
    (time, now): (i64, i64),
    zones: &dyn Zones,
) -> Option<(Vec<u8>, Option<i64>, Vec<u8>)> {
    let asked = PublishHeaders::parse(due.own.0).schedule;
    let schedule = Schedule::parse(asked.pattern, asked.time_zone, zones).ok()??;
    let next = if schedule.repeats() { Some(schedule.next(time, now).ok()?) } else { None };
    if asked.ttl.is_some_and(|ttl| parse_ttl(ttl).is_err()) {
        return None;
    }
    let target = asked.target?.to_vec();
    let mut headers: Cow<'_, [u8]> = Cow::Borrowed(due.source.unwrap_or(due.own).0);
    for prefix in ["Nats-Schedule", "Nats-Expected-"] {
        headers = Cow::Owned(block::without_prefix(&headers, prefix));
    }
    for key in ["Nats-Msg-Id", "Nats-TTL", "Nats-Rollup"] {
        headers = Cow::Owned(block::without(&headers, key));
    }
    let said = next
        .map_or_else(|| "purge".to_owned(), |next| Timestamp::from_unix_nanos(next).to_string());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut headers = block::with(&headers, "Nats-Scheduler", &text(subject));
    headers = block::with(&headers, "Nats-Schedule-Next", &said);
    for (key, value) in [("Nats-TTL", asked.ttl), ("Nats-Rollup", asked.rollup)] {
        if let Some(value) = value {
            headers = block::with(&headers, key, &text(value));
        }
    }
    Some((target, next, headers))
}
