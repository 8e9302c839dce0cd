//! Which streams take from which, and who has something to take. Not what, nor how.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anabranch_jetstream::api::info::SourceInfo;
use anabranch_jetstream::config::StreamSource;
use anabranch_jetstream::stream::{Feed, FeedKind};
use anabranch_jetstream::{ApiError, Nanos, error};
use anabranch_log::format::StreamId;

use super::pace::Pace;
use crate::jetstream::held::Held;
use crate::jetstream::streams::Streams;

/// How long a feed rests whose message was refused, in nanoseconds; as long as nats-server's.
const REST_NS: i64 = 2 * Nanos::SECOND.0;

/// How often an unreadable message is tried; a feed rests in between.
const TRIES: u8 = 5;
/// Time between complaints of one feed, in nanoseconds.
const COMPLAINT_EVERY_NS: i64 = Nanos::MINUTE.0;

/// One feed of a receiver: which stream, and which of its feeds.
pub type Pipe = (StreamId, usize);

/// What is known of one feed. All of it can be found again.
#[derive(Debug, Default)]
pub struct State {
    /// The origin's name.
    name: String,
    key: String,
    kind: Option<FeedKind>,
    /// The origin that it was begun with.
    pub origin: Option<StreamId>,
    /// The origin's first sequence that was not looked at.
    pub next: u64,
    /// It waits for its turn.
    queued: bool,
    /// When it may go on after a refusal, in nanoseconds since 1970.
    rests_until: Option<i64>,
    /// When its rest was last complained of, in nanoseconds since 1970; 0: never.
    complained: i64,
    /// When something was heard of the origin, in nanoseconds since 1970; 0: never.
    pub heard: i64,
    /// The origin's message that could not be read, and how often that was tried.
    pub unread: Option<(u64, u8)>,
    /// It was near the origin's end once.
    pub caught_up: bool,
    /// Why nothing comes.
    pub error: Option<ApiError>,
}

impl State {
    /// A message that was tried often enough: it is lost in the origin, and so it is here.
    #[must_use]
    pub fn given_up(&self) -> Option<u64> {
        self.unread.filter(|&(_, tries)| tries >= TRIES).map(|(seq, _)| seq)
    }

    /// The message could not be read, again or for the first time.
    #[must_use]
    pub fn tried(&self, seq: u64) -> (u64, u8) {
        let before = self.unread.filter(|&(same, _)| same == seq).map_or(0, |(_, tries)| tries);
        (seq, before.saturating_add(1))
    }
}

/// Who takes from whom.
#[derive(Debug, Default)]
pub struct Pipes {
    receivers: BTreeMap<StreamId, Vec<State>>,
    by_origin: BTreeMap<String, BTreeSet<Pipe>>,
    /// How much is done at once.
    pub pace: Pace,
    ready: VecDeque<Pipe>,
    resting: BTreeSet<(i64, Pipe)>,
}

impl Pipes {
    /// Learns which streams came, changed or went.
    pub fn notice(&mut self, streams: &mut Streams) {
        for (id, name) in streams.take_stirred() {
            match streams.get(id) {
                Some(held) => self.began(held),
                None => self.ended(id, &name),
            }
        }
    }

    fn began(&mut self, held: &Held) {
        let feeds = held.machine.feeds();
        let mut before = self.forget(held.id);
        if !feeds.is_empty() {
            let mut state = |feed: &Feed| {
                let same = before
                    .iter()
                    .position(|state| state.key == feed.key() && state.kind == Some(feed.kind()));
                let kept = same.map(|at| before.swap_remove(at)).unwrap_or_default();
                let (name, key) = (feed.name().to_owned(), feed.key().to_owned());
                let kind = Some(feed.kind());
                State { name, key, kind, queued: false, rests_until: None, error: None, ..kept }
            };
            self.receivers.insert(held.id, feeds.iter().map(&mut state).collect());
            for (n, feed) in feeds.iter().enumerate() {
                let pipes = self.by_origin.entry(feed.name().to_owned()).or_default();
                pipes.insert((held.id, n));
                self.queue((held.id, n));
            }
        }
        self.wake(&held.machine.config().name);
    }

    fn ended(&mut self, id: StreamId, name: &str) {
        self.forget(id);
        for pipe in self.by_origin.get(name).into_iter().flatten() {
            let state = self.receivers.get_mut(&pipe.0).and_then(|feeds| feeds.get_mut(pipe.1));
            if let Some(state) = state.filter(|state| state.origin == Some(id)) {
                state.origin = None;
                state.error = Some(error::STREAM_NOT_FOUND);
            }
        }
    }

    /// Forgets a receiver; gives what was known.
    fn forget(&mut self, id: StreamId) -> Vec<State> {
        let Some(feeds) = self.receivers.remove(&id) else { return Vec::new() };
        for (n, state) in feeds.iter().enumerate() {
            if let Some(pipes) = self.by_origin.get_mut(&state.name) {
                pipes.remove(&(id, n));
                if pipes.is_empty() {
                    self.by_origin.remove(&state.name);
                }
            }
            if let Some(time) = state.rests_until {
                self.resting.remove(&(time, (id, n)));
            }
        }
        self.ready.retain(|pipe| pipe.0 != id);
        feeds
    }

    /// The stream with this name has something new.
    pub fn wake(&mut self, name: &str) {
        let Some(pipes) = self.by_origin.get(name) else { return };
        for &pipe in pipes {
            let state = self.receivers.get_mut(&pipe.0).and_then(|feeds| feeds.get_mut(pipe.1));
            if let Some(state) = state.filter(|state| !state.queued && state.rests_until.is_none())
            {
                state.queued = true;
                self.ready.push_back(pipe);
            }
        }
    }

    /// Nobody takes from anybody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.receivers.is_empty()
    }

    /// Lets a feed have another turn.
    pub fn queue(&mut self, pipe: Pipe) {
        if let Some(state) = self.state_mut(pipe)
            && !state.queued
            && state.rests_until.is_none()
        {
            state.queued = true;
            self.ready.push_back(pipe);
        }
    }

    /// Feeds that wait for their turn.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.ready.len()
    }

    /// The next feed that has something to do at `now`.
    pub fn next(&mut self, now: i64) -> Option<Pipe> {
        while let Some(&(time, pipe)) = self.resting.first()
            && time <= now
        {
            self.resting.pop_first();
            if let Some(state) = self.state_mut(pipe) {
                state.rests_until = None;
            }
            self.queue(pipe);
        }
        let pipe = self.ready.pop_front()?;
        if let Some(state) = self.state_mut(pipe) {
            state.queued = false;
        }
        Some(pipe)
    }

    /// When there is something to do, in nanoseconds since 1970.
    #[must_use]
    pub fn due(&self, streams: &Streams) -> Option<i64> {
        if streams.are_stirred() || !self.ready.is_empty() {
            return Some(0);
        }
        self.resting.first().map(|&(time, _)| time)
    }

    /// A feed.
    #[must_use]
    pub fn state_mut(&mut self, pipe: Pipe) -> Option<&mut State> {
        self.receivers.get_mut(&pipe.0)?.get_mut(pipe.1)
    }

    /// Nothing comes for now, for this reason; from the message `next` of the origin on it is
    /// tried again later. True if somebody should be told.
    pub fn rest(&mut self, pipe: Pipe, next: u64, now: i64) -> bool {
        let Some(state) = self.state_mut(pipe) else { return false };
        if state.rests_until.is_some() {
            return false;
        }
        state.next = next;
        let until = now.saturating_add(REST_NS);
        state.rests_until = Some(until);
        let silent = now.saturating_sub(state.complained) > COMPLAINT_EVERY_NS;
        if silent {
            state.complained = now;
        }
        self.resting.insert((until, pipe));
        silent
    }

    /// A mirror that answers direct gets for the stream `origin`.
    #[must_use]
    pub fn mirror_of(&self, origin: &str, streams: &Streams) -> Option<StreamId> {
        let pipes = self.by_origin.get(origin)?;
        let answers = |&&(id, n): &&Pipe| {
            let caught_up =
                self.receivers.get(&id).and_then(|feeds| feeds.get(n)).is_some_and(|s| s.caught_up);
            let config = streams.get(id).map(|held| held.machine.config());
            caught_up && config.is_some_and(|it| it.mirror.is_some() && it.mirror_direct)
        };
        pipes.iter().find(answers).map(|&(id, _)| id)
    }

    /// How the mirror of a stream stands, and its sources.
    #[must_use]
    pub fn describe(
        &self,
        held: &Held,
        streams: &Streams,
        now: i64,
    ) -> (Option<SourceInfo>, Vec<SourceInfo>) {
        let config = held.machine.config();
        let feeds = held.machine.feeds();
        let known = self.receivers.get(&held.id);
        let describe = |n: usize, source: &StreamSource, kind: FeedKind| {
            let state = known.and_then(|feeds| feeds.get(n));
            SourceInfo {
                name: source.name.clone(),
                external: source.external.clone(),
                lag: state.map_or(0, |state| lag(state, streams)),
                seq: match kind {
                    FeedKind::Mirror => 0,
                    FeedKind::Source => feeds.get(n).map_or(0, |feed| held.machine.taken(feed)),
                },
                active: active(state, now),
                error: state.and_then(|state| state.error.clone()),
                // A mirror that did not begin yet does not say what it takes.
                filter_subject: match kind {
                    FeedKind::Mirror if state.is_none() => String::new(),
                    _ => source.filter_subject.clone(),
                },
                subject_transforms: source.subject_transforms.clone(),
            }
        };
        let mirror = config.mirror.as_ref().map(|source| describe(0, source, FeedKind::Mirror));
        let sources = config.sources.iter().enumerate();
        (mirror, sources.map(|(n, source)| describe(n, source, FeedKind::Source)).collect())
    }
}

/// Messages of the origin that were not looked at; with a filter more than will be taken.
fn lag(state: &State, streams: &Streams) -> u64 {
    let origin = state.origin.and_then(|id| streams.get(id));
    origin.map_or(0, |origin| {
        let index = origin.machine.index();
        index.pages().count(state.next, index.last_seq())
    })
}

/// Time since something was heard of the origin, which tells of itself every second.
fn active(state: Option<&State>, now: i64) -> Nanos {
    let Some(state) = state.filter(|state| state.heard > 0) else { return Nanos(-1) };
    let since = now.saturating_sub(state.heard).max(0);
    Nanos(if state.origin.is_some() { since % Nanos::SECOND.0 } else { since })
}

#[cfg(test)]
mod tests {
    use anabranch_jetstream::StreamConfig;
    use anabranch_jetstream::stream::Stream;

    use super::*;
    use crate::jetstream::held::Store;
    use crate::jetstream::payloads::MemoryPayloads;

    fn held(id: u64, name: &str, sources: &[&str]) -> Held {
        let source =
            |name: &&str| StreamSource { name: (*name).to_owned(), ..StreamSource::default() };
        let config = StreamConfig {
            name: name.to_owned(),
            sources: sources.iter().map(source).collect(),
            ..StreamConfig::default()
        };
        let store = Store::Memory(MemoryPayloads::default());
        Held::new(StreamId(id), Stream::new(config, 0, 1), store)
    }

    fn three() -> (Pipes, Streams) {
        let mut streams = Streams::default();
        streams.insert(held(1, "O", &[]));
        streams.insert(held(2, "A", &["O", "P"]));
        streams.insert(held(3, "B", &["O"]));
        let mut pipes = Pipes::default();
        pipes.notice(&mut streams);
        (pipes, streams)
    }

    fn drain(pipes: &mut Pipes, now: i64) -> Vec<(u64, usize)> {
        std::iter::from_fn(|| pipes.next(now)).map(|(id, feed)| (id.0, feed)).collect()
    }

    #[test]
    fn who_takes_from_a_stream_is_woken_once_and_in_turn() {
        let (mut pipes, streams) = three();
        assert_eq!(drain(&mut pipes, 0), [(2, 0), (2, 1), (3, 0)]);
        assert_eq!(pipes.due(&streams), None);
        pipes.wake("O");
        pipes.wake("O");
        assert_eq!(drain(&mut pipes, 0), [(2, 0), (3, 0)]);
        pipes.wake("A");
        assert_eq!(drain(&mut pipes, 0), []);
    }

    #[test]
    fn a_feed_that_rests_is_not_woken_before_its_time() {
        let (mut pipes, streams) = three();
        drain(&mut pipes, 0);
        let pipe = (StreamId(3), 0);
        assert!(pipes.rest(pipe, 7, COMPLAINT_EVERY_NS + 1), "somebody is told");
        assert!(!pipes.rest(pipe, 9, COMPLAINT_EVERY_NS + 1), "it rests already");
        pipes.wake("O");
        let until = COMPLAINT_EVERY_NS + 1 + REST_NS;
        assert_eq!(drain(&mut pipes, until - 1), [(2, 0)]);
        assert_eq!(pipes.due(&streams), Some(until));
        assert_eq!(drain(&mut pipes, until), [(3, 0)]);
        assert_eq!(pipes.state_mut(pipe).map(|state| state.next), Some(7));
    }

    #[test]
    fn streams_that_go_leave_nothing_behind() {
        let (mut pipes, mut streams) = three();
        pipes.rest((StreamId(2), 1), 1, 0);
        if let Some(state) = pipes.state_mut((StreamId(3), 0)) {
            state.origin = Some(StreamId(1));
        }
        streams.remove(StreamId(2));
        streams.remove(StreamId(1));
        pipes.notice(&mut streams);
        let state = pipes.state_mut((StreamId(3), 0)).expect("it is there");
        assert_eq!((state.origin, state.error.is_some()), (None, true));
        drain(&mut pipes, i64::MAX);
        streams.remove(StreamId(3));
        pipes.notice(&mut streams);
        assert!(pipes.is_empty() && pipes.by_origin.is_empty() && pipes.resting.is_empty());
    }

    #[test]
    fn a_message_that_cannot_be_read_is_given_up_after_some_tries() {
        let mut state = State::default();
        for _ in 0..TRIES {
            assert_eq!(state.given_up(), None);
            state.unread = Some(state.tried(7));
        }
        assert_eq!(state.given_up(), Some(7));
        state.unread = Some(state.tried(8));
        assert_eq!(state.given_up(), None);
    }
}
