//! A message that comes to a stream from its origin, as a command and when that is applied.

use std::sync::Arc;

use anabranch_jetstream::ApiError;
use anabranch_jetstream::publish::PublishHeaders;
use anabranch_jetstream::publish::schedule::OnlyUtc;
use anabranch_jetstream::stream::{Command, FeedKind, FromOrigin, Origin, Publish, Resident, Took};

use crate::jetstream::held::Held;
use crate::jetstream::publishing::{self, Heard};

/// A message on its way from an origin.
#[derive(Debug, Clone, Copy)]
pub struct Taking<'a> {
    /// Which of the receiver's feeds.
    pub feed: usize,
    /// What tells the origin from others that had its name; for sources.
    pub identity: &'a str,
    /// When it was stored there, in nanoseconds since 1970; for mirrors.
    pub time: i64,
    /// The message.
    pub message: FromOrigin<'a>,
}

impl<'a> Taking<'a> {
    /// The command that is logged for it.
    #[must_use]
    pub fn command(&self, kind: FeedKind) -> Command<'a> {
        let Self { feed, identity, time, message } = *self;
        match kind {
            FeedKind::Mirror => Command::Mirror { time, message },
            FeedKind::Source => {
                let feed = u32::try_from(feed).unwrap_or(u32::MAX);
                Command::Source { feed, identity: identity.as_bytes(), message }
            }
        }
    }
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the stream, or a duplicate of one that is.
    Taken,
    /// It is not what comes next.
    Stale,
    /// It is not in the stream.
    Refused(ApiError),
}

/// Takes a message that was logged at `now`.
pub fn take(held: &mut Held, taking: &Taking<'_>, now: i64, heard: Heard<'_>) -> Outcome {
    let Taking { identity, time, message, .. } = *taking;
    let feeds = Arc::clone(held.machine.feeds());
    let Some(feed) = feeds.get(taking.feed) else { return Outcome::Stale };
    held.changed = true;
    let shaped = held.machine.shape(feed, &message, identity);
    let asked = &PublishHeaders::parse(&shaped.headers);
    let mut loaded = Resident::default();
    for seq in held.machine.needs(&shaped.subject, asked, now) {
        if let Some(payload) = held.load(seq) {
            loaded.add(seq, payload.headers, payload.body);
        }
    }
    let (now, origin) = match feed.kind() {
        FeedKind::Mirror => (time, Origin::Mirror),
        FeedKind::Source => (now, Origin::Source),
    };
    let publish = Publish {
        subject: &shaped.subject,
        headers: &shaped.headers,
        body: message.body,
        asked,
        id: asked.msg_id.map(publishing::hash),
        now,
        origin,
        resident: &loaded,
        zones: &OnlyUtc,
    };
    let mut removed = Vec::new();
    let machine = &mut held.machine;
    let took = match feed.kind() {
        FeedKind::Mirror => machine.take_mirrored(&message, &publish, &mut removed),
        FeedKind::Source => {
            machine.take_sourced((feed, identity), &message, &publish, &mut removed)
        }
    };
    let outcome = match took {
        Took::Stored(stored) => {
            held.keep(&stored);
            heard(held, &stored);
            Outcome::Taken
        }
        Took::Duplicate => Outcome::Taken,
        Took::Stale => Outcome::Stale,
        Took::Refused(error) => Outcome::Refused(error),
    };
    held.forget(&mut removed);
    // The next message may follow at once.
    held.finish();
    outcome
}
