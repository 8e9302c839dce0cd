//! Messages that come from other streams, and how far each origin was taken.
//!
//! Whoever reads the origin proposes; what is proposed says behind which message it comes, so
//! that nothing is taken twice, in another order, or behind one that was refused.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::draft::Publish;
use super::feeds::{Feed, FeedKind};
use super::index::{Index, Removed, SEQ_MAX};
use super::machine::Stream;
use super::publishing::{Published, Stored};
use super::shaping::Numbers;
use crate::config::{StreamConfig, StreamSource};
use crate::error::ApiError;
use crate::publish::block;

/// A message of an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FromOrigin<'a> {
    /// The sequence behind which it comes: of a mirror its own last one, else the origin's that
    /// was taken last.
    pub after: u64,
    /// Its sequence in the origin.
    pub seq: u64,
    /// Its subject there.
    pub subject: &'a [u8],
    /// Its header block there; empty: none.
    pub headers: &'a [u8],
    /// What follows.
    pub body: &'a [u8],
}

/// The same as the receiver stores it.
#[derive(Debug, Clone)]
pub struct Shaped<'a> {
    /// Its subject, before the receiver's own transform.
    pub subject: Cow<'a, [u8]>,
    /// Its headers.
    pub headers: Cow<'a, [u8]>,
}

/// What became of a message of an origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Took<'a> {
    /// It is in the stream.
    Stored(Stored<'a>),
    /// A message with its id is there: it is passed over.
    Duplicate,
    /// It is not what comes next, or the stream no longer takes from there.
    Stale,
    /// It is not in the stream, and nothing behind it will be.
    Refused(ApiError),
}

/// How far one source was taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// The origin's sequence.
    pub(super) seq: u64,
    /// The origin's identity.
    pub(super) identity: String,
    /// The last message that came from there.
    pub(super) stored: u64,
}

impl Progress {
    /// It was that stream; an older server did not say which.
    fn is_of(&self, identity: &str) -> bool {
        self.identity.is_empty() || self.identity == identity
    }
}

/// How far all were taken, by their keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Taking {
    pub(super) current: BTreeMap<String, Progress>,
    /// Of sources that the configuration no longer has: they may come back.
    pub(super) former: BTreeMap<String, Progress>,
}

/// Former sources that are remembered.
const FORMER_MAX: usize = 256;

/// Where taking from an origin begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beginning {
    /// The origin's first sequence of interest.
    pub next: u64,
    /// A mirror's last sequence becomes this one first; nothing: it stays.
    pub advance_to: Option<u64>,
}

impl Stream {
    /// Where it takes messages from.
    #[must_use]
    pub fn feeds(&self) -> &Arc<[Feed]> {
        &self.feeds
    }

    /// The sequence behind which the next message of this feed comes; see [`FromOrigin::after`].
    #[must_use]
    pub fn taken(&self, feed: &Feed) -> u64 {
        match feed.kind() {
            FeedKind::Mirror => self.index.last_seq(),
            FeedKind::Source => self.progress(feed).map_or(0, |progress| progress.seq),
        }
    }

    fn progress(&self, feed: &Feed) -> Option<&Progress> {
        self.taking.current.get(feed.key())
    }

    /// Where taking from the feed's origin begins: behind what was taken of it, or where the
    /// configuration says.
    #[must_use]
    pub fn beginning(&self, feed: &Feed, origin: &Index, identity: &str) -> Beginning {
        match feed.kind() {
            FeedKind::Mirror => {
                let next = self.mirror_from(origin).max(origin.first_seq());
                let behind = next.saturating_sub(1);
                let advance_to = Some(behind).filter(|&behind| behind > self.index.last_seq());
                Beginning { next, advance_to }
            }
            FeedKind::Source => {
                let next = self.source_from(feed, origin, identity).max(origin.first_seq());
                Beginning { next, advance_to: None }
            }
        }
    }

    fn mirror_from(&self, origin: &Index) -> u64 {
        if self.index.last_seq() > 0 {
            return self.index.last_seq() + 1;
        }
        let source = self.config.mirror.as_ref();
        source.map_or(1, |source| configured(source, origin, None).unwrap_or(1))
    }

    fn source_from(&self, feed: &Feed, origin: &Index, identity: &str) -> u64 {
        let progress = self.progress(feed).filter(|progress| progress.seq > 0);
        if let Some(progress) = progress.filter(|progress| progress.is_of(identity)) {
            return progress.seq.saturating_add(1);
        }
        let is_feed = |source: &&StreamSource| super::feeds::key(source) == feed.key();
        let source = self.config.sources.iter().find(is_feed);
        // A stream that lost its messages, and what it knew of the source with them, does not
        // begin anew: it goes on behind its last message (nats-server's `trySetupSourceConsumer`).
        let last_time = Some(self.index.last_time()).filter(|&time| time > 0);
        if let Some(seq) = source.and_then(|source| configured(source, origin, last_time)) {
            return seq;
        }
        match last_time.filter(|_| self.index.first_seq() > 1 && progress.is_none()) {
            Some(time) => at_time(origin, time),
            None => 1,
        }
    }

    /// What a message becomes on its way in from a feed, which is one of this stream's.
    #[must_use]
    pub fn shape<'a>(&self, feed: &Feed, message: &FromOrigin<'a>, identity: &str) -> Shaped<'a> {
        let mut numbers = Numbers::new(0, message.seq);
        let subject = feed.shaped(message.subject, || numbers.next());
        let mut headers = Cow::Borrowed(message.headers);
        // What was expected held there, and a batch ended there.
        for prefix in ["Nats-Expected-", "Nats-Batch-"] {
            if memchr::memmem::find(&headers, prefix.as_bytes()).is_some() {
                headers = Cow::Owned(block::without_prefix(&headers, prefix));
            }
        }
        if feed.kind() == FeedKind::Source {
            if memchr::memmem::find(&headers, STREAM_SOURCE.as_bytes()).is_some() {
                headers = Cow::Owned(block::without(&headers, STREAM_SOURCE));
            }
            let value = feed.header(message.seq, message.subject, identity);
            headers = Cow::Owned(block::with(&headers, STREAM_SOURCE, &value));
        }
        Shaped { subject, headers }
    }

    /// A mirror's next sequence is not below `seq + 1`.
    pub fn advance(&mut self, seq: u64) {
        if self.config.mirror.is_some() && seq < SEQ_MAX {
            self.index.skip_to(seq, 0);
        }
    }

    /// Takes a message of the mirror's origin. `publish` is its shape; its time is the origin's.
    pub fn take_mirrored<'a>(
        &mut self,
        message: &FromOrigin<'_>,
        publish: &Publish<'a>,
        removed: &mut Vec<Removed>,
    ) -> Took<'a> {
        let last = self.index.last_seq();
        let is_next = last == message.after && last < message.seq && message.seq < SEQ_MAX;
        if self.config.mirror.is_none() || !is_next {
            return Took::Stale;
        }
        // Also when it is refused: what came before it is gone there all the same.
        self.index.skip_to(message.seq - 1, 0);
        match self.publish(publish, removed) {
            Published::Stored(stored) => Took::Stored(stored),
            Published::Refused(error) => Took::Refused(error),
            Published::Duplicate(_) | Published::Staged | Published::Batch(_) => Took::Stale,
        }
    }

    /// Takes a message of a source, which is that stream. `publish` is its shape.
    pub fn take_sourced<'a>(
        &mut self,
        (feed, identity): (&Feed, &str),
        message: &FromOrigin<'_>,
        publish: &Publish<'a>,
        removed: &mut Vec<Removed>,
    ) -> Took<'a> {
        let progress = self.progress(feed);
        let (seq, stored) = progress.map_or((0, 0), |progress| (progress.seq, progress.stored));
        let is_same = progress.is_none_or(|progress| progress.is_of(identity));
        if seq != message.after || (is_same && message.seq <= seq) {
            return Took::Stale;
        }
        let (took, stored) = match self.publish(publish, removed) {
            Published::Stored(now) => {
                let seq = now.seq;
                (Took::Stored(now), seq)
            }
            Published::Duplicate(_) => (Took::Duplicate, stored),
            Published::Refused(error) => return Took::Refused(error),
            Published::Staged | Published::Batch(_) => return Took::Stale,
        };
        self.note_progress(feed.key(), message.seq, identity, stored);
        took
    }

    /// Notes what a message that was stored elsewhere, and came here by a backup, says of its
    /// source.
    pub fn note_source(&mut self, seq: u64, headers: &[u8]) {
        if self.config.sources.is_empty() {
            return;
        }
        let Some(text) = block::value(headers, STREAM_SOURCE) else { return };
        let Ok(text) = str::from_utf8(text) else { return };
        let mut words = text.split(' ');
        let mut word = || words.next().unwrap_or_default();
        let (name, origin_seq, filters, destinations) = (word(), word(), word(), word());
        let identity = text.split(' ').nth(5).unwrap_or_default();
        let key = format!("{name} {filters} {destinations}");
        let Ok(origin_seq) = origin_seq.parse() else { return };
        if self.feeds.iter().any(|feed| feed.key() == key) {
            self.note_progress(&key, origin_seq, identity, seq);
        }
    }

    fn note_progress(&mut self, key: &str, seq: u64, identity: &str, stored: u64) {
        let progress = match self.taking.current.get_mut(key) {
            Some(progress) => progress,
            None => self.taking.current.entry(key.to_owned()).or_default(),
        };
        (progress.seq, progress.stored) = (seq, stored);
        if progress.identity != identity {
            identity.clone_into(&mut progress.identity);
        }
    }

    /// Takes over a new configuration's feeds; sources that stay are not begun anew.
    pub(super) fn change_feeds(&mut self, config: &StreamConfig) {
        self.feeds = Feed::of(config).into();
        let feeds = Arc::clone(&self.feeds);
        let is_current = |key: &str| {
            feeds.iter().any(|feed| feed.kind() == FeedKind::Source && feed.key() == key)
        };
        let before = std::mem::take(&mut self.taking.current);
        let (current, gone): (BTreeMap<_, _>, BTreeMap<_, _>) =
            before.into_iter().partition(|(key, _)| is_current(key));
        self.taking.current = current;
        self.taking.former.extend(gone);
        // nats-server looks for the last message of a source that it does not know.
        let (messages, first) = (self.index.messages(), self.index.first_seq());
        let back: Vec<String> =
            self.taking.former.keys().filter(|key| is_current(key)).cloned().collect();
        for key in back {
            if let Some(progress) = self.taking.former.remove(&key)
                && messages > 0
                && progress.stored >= first
            {
                self.taking.current.insert(key, progress);
            }
        }
        while self.taking.former.len() > FORMER_MAX {
            self.taking.former.pop_first();
        }
    }
}

const STREAM_SOURCE: &str = "Nats-Stream-Source";

/// Where the configuration says that taking begins. `not_before` holds back a time that is before
/// it.
fn configured(source: &StreamSource, origin: &Index, not_before: Option<i64>) -> Option<u64> {
    if source.opt_start_seq > 0 {
        return Some(source.opt_start_seq.min(SEQ_MAX));
    }
    let time = source.opt_start_time.as_ref()?.unix_nanos_saturating();
    Some(at_time(origin, not_before.map_or(time, |least| time.max(least))))
}

fn at_time(origin: &Index, time: i64) -> u64 {
    origin.pages().first_at(time).unwrap_or(origin.last_seq() + 1)
}

#[cfg(test)]
mod tests {
    use super::super::{Origin, Resident};
    use super::*;
    use crate::publish::PublishHeaders;
    use crate::publish::schedule::OnlyUtc;

    fn config(names: &[&str]) -> StreamConfig {
        let source =
            |name: &&str| StreamSource { name: (*name).to_owned(), ..StreamSource::default() };
        StreamConfig {
            name: "S".to_owned(),
            sources: names.iter().map(source).collect(),
            max_msg_size: 30,
            ..StreamConfig::default()
        }
    }

    fn stream(names: &[&str]) -> Stream {
        Stream::new(StreamConfig { max_msg_size: -1, ..config(names) }, 0, 1)
    }

    /// Takes the message `seq` of the feed `n`; gives what came of it and the headers.
    fn take(stream: &mut Stream, n: usize, seq: u64, headers: &[u8]) -> (Took<'static>, Vec<u8>) {
        let feed = stream.feeds()[n].clone();
        let after = stream.taken(&feed);
        let message = FromOrigin { after, seq, subject: b"a", headers, body: b"x" };
        let shaped = stream.shape(&feed, &message, "identity");
        let asked = &PublishHeaders::parse(&shaped.headers);
        let publish = Publish {
            subject: &shaped.subject,
            headers: &shaped.headers,
            body: b"x",
            asked,
            id: None,
            now: i64::try_from(seq).expect("small"),
            origin: Origin::Source,
            resident: Resident::NONE,
            zones: &OnlyUtc,
        };
        let took = stream.take_sourced((&feed, "identity"), &message, &publish, &mut Vec::new());
        let took = match took {
            Took::Stored(stored) => Took::Stored(stored.into_owned()),
            Took::Duplicate => Took::Duplicate,
            Took::Stale => Took::Stale,
            Took::Refused(error) => Took::Refused(error),
        };
        (took, shaped.headers.into_owned())
    }

    #[test]
    fn headers_lose_what_held_in_the_origin_and_say_where_they_come_from() {
        let mut stream = stream(&["O"]);
        let block = b"NATS/1.0\r\nNats-Expected-Stream: O\r\nNats-Batch-Id: b\r\nX: y\r\n\
                      Nats-Stream-Source: P 1 > > q\r\n\r\n";
        let (took, headers) = take(&mut stream, 0, 7, block);
        assert!(matches!(took, Took::Stored(_)), "{took:?}");
        let expected = b"NATS/1.0\r\nX: y\r\nNats-Stream-Source: O 7 > > a identity\r\n\r\n";
        assert_eq!(headers, expected);
    }

    #[test]
    fn nothing_is_taken_behind_a_message_that_is_refused() {
        let mut stream = Stream::new(config(&["O"]), 0, 1);
        let feed = stream.feeds()[0].clone();
        let (took, _) = take(&mut stream, 0, 1, b"NATS/1.0\r\nX: too large\r\n\r\n");
        assert_eq!(took, Took::Refused(crate::error::MESSAGE_TOO_LARGE));
        assert_eq!(stream.taken(&feed), 0);
    }

    #[test]
    fn a_source_that_comes_back_goes_on_unless_its_messages_are_gone() {
        let mut stream = stream(&["A", "B"]);
        take(&mut stream, 0, 5, b"");
        take(&mut stream, 1, 9, b"");
        let change = |stream: &mut Stream, names: &[&str]| {
            stream.reconfigure(config(names));
            stream.feeds().iter().map(|feed| stream.taken(feed)).collect::<Vec<_>>()
        };
        assert_eq!(change(&mut stream, &["B"]), [9]);
        assert_eq!(change(&mut stream, &["A", "B"]), [5, 9]);
        assert_eq!(change(&mut stream, &["B"]), [9]);
        stream.delete(1, &mut Vec::new()).expect("it is there");
        assert_eq!(change(&mut stream, &["B", "A"]), [9, 0]);
    }

    #[test]
    fn messages_of_a_backup_say_how_far_their_sources_were_taken() {
        let mut stream = stream(&["O"]);
        let feed = stream.feeds()[0].clone();
        for (value, taken) in [
            ("O 3 > > a", 3),
            ("O 4 > > a abcdefgh", 4),
            ("P 9 > > a", 4),
            ("O x > > a", 4),
            ("O 5", 4),
            ("", 4),
        ] {
            let headers = format!("NATS/1.0\r\nNats-Stream-Source: {value}\r\n\r\n");
            stream.note_source(1, headers.as_bytes());
            assert_eq!(stream.taken(&feed), taken, "{value}");
        }
        let origin = Index::new(1, 1);
        assert_eq!(stream.beginning(&feed, &origin, "abcdefgh").next, 5);
        assert_eq!(stream.beginning(&feed, &origin, "another1").next, 1);
    }
}
