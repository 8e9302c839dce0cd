//! What an origin has for a feed: found by its index, within bounds, then read.

use anabranch_jetstream::error;
use anabranch_jetstream::stream::{Feed, FeedKind, FromOrigin, Index, identity};
use anabranch_log::format::StreamId;

use super::pace::Budget;
use super::pipes::{Pipe, Pipes, State};
use super::taking::Taking;
use crate::jetstream::held::Held;
use crate::jetstream::payloads::Payload;
use crate::jetstream::streams::Streams;

/// So close to its origin's end a mirror answers direct gets for it, as nats-server's do.
const CAUGHT_UP: u64 = 10;
/// Sequences before the origin's end in which it is counted how close a mirror is.
const CLOSE: u64 = 4096;

/// A message that was read in its origin.
#[derive(Debug)]
pub struct Read {
    seq: u64,
    time: i64,
    subject: Vec<u8>,
    payload: Payload,
}

/// What one feed found.
#[derive(Debug)]
pub struct Found {
    /// What the feed is.
    pub kind: FeedKind,
    /// A mirror goes on behind this sequence first.
    pub advance_to: Option<u64>,
    /// The sequence behind which the first message comes.
    after: u64,
    /// What tells the origin from others that had its name.
    identity: String,
    /// The messages, in order.
    pub messages: Vec<Read>,
    /// The origin has more.
    pub has_more: bool,
    /// The origin's message behind them, which could not be read.
    pub unread: Option<u64>,
}

impl Found {
    /// The sequence of the first message, or where the feed goes on.
    #[must_use]
    pub fn first(&self) -> u64 {
        let advanced = || self.advance_to.unwrap_or(self.after) + 1;
        self.messages.first().map_or_else(advanced, |read| read.seq)
    }

    /// The messages of the receiver's feed `feed`, each with the one behind which it comes.
    pub fn chain(&self, feed: usize) -> impl Iterator<Item = Taking<'_>> {
        let mut after = self.after;
        let identity = match self.kind {
            FeedKind::Mirror => "",
            FeedKind::Source => self.identity.as_str(),
        };
        self.messages.iter().map(move |read| {
            let Read { seq, time, subject, payload } = read;
            let Payload { headers, body } = payload;
            let message = FromOrigin { after, seq: *seq, subject, headers, body };
            after = *seq;
            Taking { feed, identity, time: *time, message }
        })
    }
}

/// What a look at the index found.
#[derive(Default)]
struct Looked {
    looks: usize,
    bytes: u64,
    wanted: Vec<Wanted>,
}

/// A message that a feed wants.
struct Wanted {
    seq: u64,
    time: i64,
    subject: Vec<u8>,
}

/// Looks for messages that a feed wants; nothing when there is nothing to do.
pub fn look(
    pipes: &mut Pipes,
    streams: &mut Streams,
    pipe: Pipe,
    now: i64,
    budget: &mut Budget,
) -> Option<Found> {
    let receiver = streams.get(pipe.0)?;
    let feed = receiver.machine.feeds().get(pipe.1)?.clone();
    let others = pipes.waiting();
    let state = pipes.state_mut(pipe)?;
    let mut advance_to = None;
    let origin = match state.origin.and_then(|id| streams.get(id)) {
        Some(origin) => origin,
        None => {
            let (origin, advance) = begin(&feed, state, receiver, streams, now)?;
            advance_to = advance;
            origin
        }
    };
    let after = advance_to.unwrap_or_else(|| receiver.machine.taken(&feed));
    if feed.kind() == FeedKind::Mirror {
        state.next = state.next.max(after + 1);
    }
    let index = origin.machine.index();
    let looked = scan(&feed, state, index, budget.share(others));
    if !looked.wanted.is_empty() {
        state.heard = now;
        let left = index.last_seq().saturating_sub(state.next);
        state.caught_up |=
            left < CLOSE && index.pages().count(state.next, index.last_seq()) < CAUGHT_UP;
    }
    budget.spend(looked.looks, looked.wanted.len(), looked.bytes);
    let has_more = state.next <= index.last_seq();
    let (id, identity) = (origin.id, identity(origin.machine.created()));
    let (messages, unread) = read(streams, id, looked.wanted, state.given_up());
    state.unread = unread.map(|seq| state.tried(seq));
    if advance_to.is_some() || !messages.is_empty() {
        let kind = feed.kind();
        let has_more = has_more && unread.is_none();
        return Some(Found { kind, advance_to, after, identity, messages, has_more, unread });
    }
    match unread {
        Some(seq) => {
            let _ = pipes.rest(pipe, seq, now);
        }
        None if has_more => pipes.queue(pipe),
        None => {}
    }
    None
}

/// Finds the origin, and where to begin in it.
fn begin<'a>(
    feed: &Feed,
    state: &mut State,
    receiver: &Held,
    streams: &'a Streams,
    now: i64,
) -> Option<(&'a Held, Option<u64>)> {
    let Some(origin) = streams.find(feed.name().as_bytes()) else {
        state.error = Some(error::STREAM_NOT_FOUND);
        return None;
    };
    state.error = None;
    let known_as = identity(origin.machine.created());
    let beginning = receiver.machine.beginning(feed, origin.machine.index(), &known_as);
    state.origin = Some(origin.id);
    state.next = beginning.next;
    state.heard = now;
    Some((origin, beginning.advance_to))
}

/// Finds the next messages that a feed wants, and moves it on.
fn scan(feed: &Feed, state: &mut State, index: &Index, share: Budget) -> Looked {
    let mut looked = Looked::default();
    for (seq, meta) in index.pages().iter_from(state.next) {
        let Looked { looks, bytes, .. } = looked;
        let is_full = looked.wanted.len() >= share.messages || bytes >= share.bytes;
        if is_full || looks >= share.looks {
            return looked;
        }
        looked.looks += 1;
        state.next = seq + 1;
        let subject = &index.subjects().name(meta.subject);
        if feed.wants(subject) {
            looked.bytes += u64::from(meta.size);
            looked.wanted.push(Wanted { seq, time: meta.time, subject: subject.to_vec() });
        }
    }
    state.next = state.next.max(index.last_seq() + 1);
    looked
}

/// Reads messages in their origin, up to one that cannot be read, unless that was given up.
fn read(
    streams: &mut Streams,
    origin: StreamId,
    wanted: Vec<Wanted>,
    given_up: Option<u64>,
) -> (Vec<Read>, Option<u64>) {
    let mut messages = Vec::with_capacity(wanted.len());
    let Some(origin) = streams.get_mut(origin) else { return (messages, None) };
    for Wanted { seq, time, subject } in wanted {
        match origin.load(seq) {
            Some(payload) => messages.push(Read { seq, time, subject, payload }),
            None if given_up == Some(seq) => {
                let name = &origin.machine.config().name;
                log::error!("Stream '{name}': message {seq} is lost, and not copied");
            }
            None => return (messages, Some(seq)),
        }
    }
    (messages, None)
}
