//! A stream that is made from a backup: nobody sees it, and no time passes for it, until
//! everything is there.

use std::borrow::Cow;

use super::bytes::{Bytes, DecodeError, put_text};
use super::dedup::IdHash;
use super::index::{NewMessage, Removed, SEQ_MAX};
use super::machine::Stream;
use super::publishing::Stored;
use super::work::Work;
use crate::Nanos;
use crate::publish::schedule::Zones;
use crate::publish::{PublishHeaders, Ttl, rules};

/// One step, as it stands in the log. Numbers are little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreStep<'a> {
    /// The stream is made; the configuration is a checked one, in JSON.
    Begin(&'a [u8]),
    /// What is before this sequence is not there.
    First(u64),
    /// A message as it was stored.
    Message {
        /// Its sequence: above all before it.
        seq: u64,
        /// When it was stored, in nanoseconds since 1970.
        time: i64,
        /// Its subject.
        subject: &'a [u8],
        /// Its header block; empty: none.
        headers: &'a [u8],
        /// What follows.
        body: &'a [u8],
    },
    /// A message is not there, though it came.
    Deleted(u64),
    /// The sequence that was given last, and when, in nanoseconds since 1970.
    Last(u64, i64),
    /// Everything is there. When the stream was created, in nanoseconds since 1970; 0: now.
    Finish(i64),
}

const BEGIN: u8 = 1;
const FIRST: u8 = 2;
const MESSAGE: u8 = 3;
const DELETED: u8 = 4;
const LAST: u8 = 5;
const FINISH: u8 = 6;

impl<'a> RestoreStep<'a> {
    pub(super) fn encode(&self, into: &mut Vec<u8>) {
        match *self {
            Self::Begin(config) => {
                into.push(BEGIN);
                into.extend_from_slice(config);
            }
            Self::First(seq) => {
                into.push(FIRST);
                into.extend_from_slice(&seq.to_le_bytes());
            }
            Self::Message { seq, time, subject, headers, body } => {
                into.push(MESSAGE);
                into.extend_from_slice(&seq.to_le_bytes());
                into.extend_from_slice(&time.to_le_bytes());
                put_text(into, subject);
                put_text(into, headers);
                into.extend_from_slice(body);
            }
            Self::Deleted(seq) => {
                into.push(DELETED);
                into.extend_from_slice(&seq.to_le_bytes());
            }
            Self::Last(seq, time) => {
                into.push(LAST);
                into.extend_from_slice(&seq.to_le_bytes());
                into.extend_from_slice(&time.to_le_bytes());
            }
            Self::Finish(created) => {
                into.push(FINISH);
                into.extend_from_slice(&created.to_le_bytes());
            }
        }
    }

    pub(super) fn decode(mut bytes: Bytes<'a>) -> Result<Self, DecodeError> {
        match bytes.byte()? {
            BEGIN => Ok(Self::Begin(bytes.0)),
            FIRST => Ok(Self::First(bytes.u64()?)),
            MESSAGE => {
                let (seq, time) = (bytes.u64()?, bytes.i64()?);
                let (subject, headers) = (bytes.text()?, bytes.text()?);
                Ok(Self::Message { seq, time, subject, headers, body: bytes.0 })
            }
            DELETED => Ok(Self::Deleted(bytes.u64()?)),
            LAST => Ok(Self::Last(bytes.u64()?, bytes.i64()?)),
            FINISH => Ok(Self::Finish(bytes.i64()?)),
            _ => Err(DecodeError::Field("step of a restore")),
        }
    }
}

impl Stream {
    /// Takes a step that was logged at `now`; gives a message whose bytes are to be kept. `id`:
    /// the hash of its message id, if it has one. Limits hold; what else is asked of publishers
    /// was asked when the message was published.
    pub fn restore<'a>(
        &mut self,
        step: &RestoreStep<'a>,
        id: Option<IdHash>,
        (now, zones): (i64, &dyn Zones),
        removed: &mut Vec<Removed>,
    ) -> Option<Stored<'a>> {
        match *step {
            RestoreStep::Begin(_) => {}
            // An archive that says so was refused before it was logged.
            RestoreStep::First(seq)
            | RestoreStep::Last(seq, _)
            | RestoreStep::Message { seq, .. }
                if seq > SEQ_MAX => {}
            RestoreStep::First(seq) => self.begin_at(seq, removed),
            RestoreStep::Message { seq, time, subject, headers, body } => {
                let (subject, headers, body) =
                    (Cow::Borrowed(subject), Cow::Borrowed(headers), Cow::Borrowed(body));
                let (previous, value, is_kept) = (0, None, true);
                let stored = Stored { seq, time, previous, subject, headers, body, value, is_kept };
                return self.restore_message(stored, id, (now, zones), removed);
            }
            RestoreStep::Deleted(seq) => removed.extend(self.index.remove(seq)),
            RestoreStep::Last(seq, time) => self.index.skip_to(seq, time),
            RestoreStep::Finish(created) => {
                self.age_floor = self.index.first_seq();
                if created != 0 {
                    self.set_created(created);
                }
            }
        }
        None
    }

    fn begin_at(&mut self, seq: u64, removed: &mut Vec<Removed>) {
        while self.index.messages() > 0 && self.index.first_seq() < seq {
            removed.extend(self.index.remove(self.index.first_seq()));
        }
        if seq > self.index.last_seq() {
            self.index.clear(seq);
        }
    }

    fn restore_message<'a>(
        &mut self,
        stored: Stored<'a>,
        id: Option<IdHash>,
        (now, zones): (i64, &dyn Zones),
        removed: &mut Vec<Removed>,
    ) -> Option<Stored<'a>> {
        let Stored { seq, time, .. } = stored;
        if seq <= self.index.last_seq() {
            return None;
        }
        let asked = &PublishHeaders::parse(&stored.headers);
        let ttl = asked.ttl.as_ref().and_then(|ttl| ttl.as_ref().ok()).copied();
        let ends = match ttl {
            Some(Ttl::Seconds(seconds)) => {
                let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
                Some(time.saturating_add(seconds.saturating_mul(Nanos::SECOND.0)))
            }
            _ => None,
        };
        if ends.is_some_and(|ends| ends < now) {
            // What is over is not stored, but its sequence was given.
            self.index.skip_to(seq, time);
            return None;
        }
        let size = self.size_of(&stored.subject, &stored.headers, &stored.body);
        self.index.skip_to(seq - 1, i64::MIN);
        let (_, previous) = self.index.append(&NewMessage {
            subject: &stored.subject,
            time,
            size: u32::try_from(size).unwrap_or(u32::MAX),
            never_expires: ttl == Some(Ttl::Never),
            is_marker: asked.marks_deletion(),
        });
        let previous = previous.unwrap_or(0);
        if let Some(ends) = ends {
            self.expiries.insert(seq, ends);
        }
        self.last_message_id.clear();
        self.last_message_id.extend_from_slice(asked.msg_id.unwrap_or_default());
        let window = self.config.duplicate_window.0;
        if let Some(id) = id.filter(|_| window > 0 && time.saturating_add(window) > now) {
            self.dedup.insert(id, seq, time);
        }
        let schedule = rules::schedule(asked, &stored.subject, &self.config, time, zones);
        if let Ok(Some((_, first))) = schedule {
            self.schedules.remove(previous);
            self.schedules.set(seq, first);
        }
        self.note_source(seq, &stored.headers);
        self.make_room(seq, removed);
        self.work.push_back(Work::Trim);
        self.begin_work(removed);
        Some(Stored { previous, ..stored })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StreamConfig;
    use crate::publish::schedule::OnlyUtc;

    fn stream(change: impl FnOnce(&mut StreamConfig)) -> Stream {
        let mut config = StreamConfig { name: "S".to_owned(), ..StreamConfig::default() };
        config.duplicate_window = Nanos::MINUTE;
        change(&mut config);
        Stream::new(config, 77, 1)
    }

    fn message<'a>(seq: u64, time: i64, headers: &'a [u8]) -> RestoreStep<'a> {
        RestoreStep::Message { seq, time, subject: b"a", headers, body: b"x" }
    }

    fn take(stream: &mut Stream, step: &RestoreStep<'_>, id: Option<IdHash>) -> bool {
        let at = (100 * Nanos::SECOND.0, &OnlyUtc as &dyn Zones);
        stream.restore(step, id, at, &mut Vec::new()).is_some()
    }

    #[test]
    fn steps_come_back_and_cuts_are_errors() {
        for step in [
            RestoreStep::Begin(b"{}"),
            RestoreStep::First(3),
            message(u64::MAX, i64::MIN, b"NATS/1.0\r\n\r\n"),
            RestoreStep::Deleted(4),
            RestoreStep::Last(9, -1),
            RestoreStep::Finish(0),
        ] {
            let mut bytes = Vec::new();
            step.encode(&mut bytes);
            assert_eq!(RestoreStep::decode(Bytes(&bytes)), Ok(step));
            if !matches!(step, RestoreStep::Begin(_) | RestoreStep::Message { .. }) {
                assert!(RestoreStep::decode(Bytes(&bytes[..bytes.len() - 1])).is_err());
            }
        }
        assert!(RestoreStep::decode(Bytes(&[99])).is_err());
    }

    #[test]
    fn gaps_and_times_stay_as_they_were() {
        let mut stream = stream(|_| ());
        assert!(!take(&mut stream, &RestoreStep::First(5), None));
        assert!(take(&mut stream, &message(7, 50, b""), None));
        assert!(take(&mut stream, &message(9, 40, b""), None));
        assert!(!take(&mut stream, &message(8, 60, b""), None));
        take(&mut stream, &RestoreStep::Last(12, 99), None);
        take(&mut stream, &RestoreStep::Finish(5), None);
        let index = stream.index();
        assert_eq!((index.first_seq(), index.last_seq(), index.messages()), (7, 12, 2));
        assert_eq!((index.deleted_count(), index.last_time(), stream.created()), (4, 99, 5));
        assert_eq!(index.get(9).map(|meta| meta.time), Some(40));
        let mut saved = Vec::new();
        stream.save(&mut saved);
        let loaded = Stream::load(&saved, 3).unwrap();
        assert_eq!(loaded.index().get(9).map(|meta| meta.time), Some(40));
    }

    #[test]
    fn an_empty_stream_goes_on_where_it_was() {
        let mut stream = stream(|_| ());
        take(&mut stream, &RestoreStep::First(13), None);
        take(&mut stream, &RestoreStep::Last(12, 99), None);
        assert_eq!((stream.index().first_seq(), stream.index().last_seq()), (13, 12));
    }

    #[test]
    fn what_is_over_leaves_only_its_sequence() {
        let mut stream = stream(|config| config.allow_msg_ttl = true);
        let headers = b"NATS/1.0\r\nNats-TTL: 10s\r\n\r\n";
        assert!(!take(&mut stream, &message(1, 89 * Nanos::SECOND.0, headers), None));
        assert!(take(&mut stream, &message(2, 95 * Nanos::SECOND.0, headers), None));
        assert_eq!(stream.index().last_seq(), 2);
        assert_eq!(stream.next_deadline(), Some(105 * Nanos::SECOND.0));
    }

    #[test]
    fn ids_within_the_window_and_limits_hold() {
        let mut stream = stream(|config| {
            config.max_msgs = 2;
            config.max_msgs_per_subject = -1;
        });
        for seq in 1..=3u64 {
            let time = i64::try_from(seq).unwrap() * 30 * Nanos::SECOND.0;
            assert!(take(&mut stream, &message(seq, time, b""), Some(IdHash(seq.into()))));
        }
        assert_eq!(stream.index().first_seq(), 2);
        assert_eq!(stream.dedup().find(IdHash(1), 0, i64::MAX), None);
        assert_eq!(stream.dedup().find(IdHash(3), 0, i64::MAX), Some(3));
    }
}
