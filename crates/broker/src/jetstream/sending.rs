//! A backup on its way to a client: chunks, as many under way as the client wants
//! (`streamSnapshot` in `server/jetstream_api.go` of nats-server).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anabranch_jetstream::Timestamp;
use anabranch_jetstream::advisory::{Advisory, Client};
use anabranch_jetstream::api::SnapshotRequest;
use anabranch_jetstream::api::info::StreamState;
use anabranch_jetstream::backup::{Consumer, Message, Writer};
use anabranch_jetstream::stream;
use anabranch_log::format::StreamId;
use anabranch_subject::trie::{Interest, Matches};

use super::advising::{advise, new_id};
use super::held::Held;
use super::outbox::Outbox;
use super::shard::{Shard, now};
use super::streams::Intake;
use crate::client::Subscription;

/// Bytes of a chunk, when the client does not say, and its least and most.
const CHUNK: (usize, usize, usize) = (128 * 1024, 1024, 1024 * 1024);
/// Bytes under way, the same.
const WINDOW: (usize, usize, usize) = (8 * 1024 * 1024, 1024, 32 * 1024 * 1024);
/// How long somebody who listens to the chunks is waited for.
const INTEREST_WITHIN: Duration = Duration::from_secs(2);
/// How long an acknowledgement is waited for.
const ACK_WITHIN: Duration = Duration::from_secs(5);
/// Time between looks whether somebody listens, before and after somebody did.
const LOOK_EVERY_AT_FIRST: Duration = Duration::from_millis(10);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A backup that is under way.
pub struct Sending {
    stream: StreamId,
    name: String,
    to: String,
    /// Where acknowledgements go, up to what differs.
    acks: String,
    subscriptions: Vec<Arc<Subscription>>,
    writer: Writer,
    /// Consumers that were not given to the writer.
    consumers: VecDeque<Consumer>,
    /// The sequence to go on with, and the last one.
    next: u64,
    last: u64,
    /// Everything was given to the writer.
    is_written: bool,
    window: Window,
    listener: Listener,
    /// When it is looked next whether somebody listens.
    look_at: Instant,
    begun: Timestamp,
    client: Client,
}

/// How much may be under way, and is.
struct Window {
    chunk: usize,
    chunks_max: usize,
    chunks: usize,
    sent: u64,
    /// When the next acknowledgement must be there.
    deadline: Instant,
}

/// Whether somebody listens to the chunks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Listener {
    /// Not yet; until then it is waited for.
    Awaited(Instant),
    /// Nobody came.
    Missing,
    Seen,
}

/// What became of a slice.
pub enum Sent {
    /// There is more, now or later.
    Going,
    /// It is over; with the reason if it failed.
    Ended(Result<(), String>),
}

impl Window {
    fn new(request: &SnapshotRequest, now: Instant) -> Self {
        let within = |asked: i64, (default, least, most): (usize, usize, usize)| match asked {
            0 => default,
            asked => usize::try_from(asked).unwrap_or(0).clamp(least, most),
        };
        let chunk = within(request.chunk_size, CHUNK);
        let window = within(request.window_size, WINDOW).max(chunk);
        let (chunks, sent, deadline) = (0, 0, now + ACK_WITHIN);
        Self { chunk, chunks_max: window / chunk, chunks, sent, deadline }
    }
}

impl Sending {
    /// Begins a backup of what the stream holds: `state`.
    #[must_use]
    pub fn new(
        intake: &Intake,
        held: &Held,
        request: SnapshotRequest,
        state: &StreamState,
        client: Client,
    ) -> Self {
        let name = held.machine.config().name.clone();
        let acks = format!("$JS.SNAPSHOT.ACK.{name}.{}.", new_id());
        let index = held.machine.index();
        let began = now();
        let consumers = match request.no_consumers {
            true => VecDeque::new(),
            false => consumers(held),
        };
        let consumer_count = u64::try_from(consumers.len()).unwrap_or(u64::MAX);
        let state = &StreamState { consumer_count, ..state.clone() };
        let instant = Instant::now();
        let listening = intake.listen(&format!("{acks}>"), Intake::TRANSFERS, Vec::new());
        Self {
            stream: held.id,
            name,
            acks,
            subscriptions: vec![listening],
            writer: Writer::new(state, began),
            consumers,
            next: index.first_seq(),
            last: index.last_seq(),
            is_written: false,
            window: Window::new(&request, instant),
            listener: Listener::Awaited(instant + INTEREST_WITHIN),
            look_at: instant,
            to: request.deliver_subject,
            begun: Timestamp::from_unix_nanos(began),
            client,
        }
    }

    /// An acknowledgement with this subject is for it.
    #[must_use]
    pub fn is_for(&self, subject: &[u8]) -> bool {
        subject.starts_with(self.acks.as_bytes())
    }

    /// A chunk arrived.
    pub fn acknowledged(&mut self) {
        self.window.chunks = self.window.chunks.saturating_sub(1);
    }

    /// When it can go on.
    #[must_use]
    pub fn wake_at(&self, now: Instant) -> Instant {
        let is_awaited = matches!(self.listener, Listener::Awaited(_));
        if self.window.chunks < self.window.chunks_max && !is_awaited {
            return now;
        }
        self.look_at.min(self.window.deadline)
    }

    /// Sends chunks until the window is full, or the time is over.
    pub fn advance(&mut self, shard: &mut Shard, outbox: &mut Outbox<'_>, until: Instant) -> Sent {
        let ended = |why: &str| Sent::Ended(Err(why.to_owned()));
        if !self.look(&shard.intake) {
            self.send_end(Some("408 No Interest"), outbox);
            return ended("no interest");
        }
        if matches!(self.listener, Listener::Awaited(_)) {
            return Sent::Going;
        }
        loop {
            let now = Instant::now();
            if self.window.chunks >= self.window.chunks_max {
                if now < self.window.deadline {
                    return Sent::Going;
                }
                self.send_end(Some("408 No Flow Response"), outbox);
                return ended("no flow response");
            }
            match self.fill(shard.streams.get_mut(self.stream), until) {
                Err(why) => {
                    self.send_end(Some(&format!("500 {why}")), outbox);
                    return ended(&why);
                }
                Ok(false) => return Sent::Going,
                Ok(true) if self.writer.frames().len() >= self.window.chunk => {
                    self.send_chunk(now, outbox);
                }
                Ok(true) => {
                    self.send_rest(outbox);
                    return Sent::Ended(Ok(()));
                }
            }
            if now >= until {
                return Sent::Going;
            }
        }
    }

    /// Looks whether somebody listens, at times; false: no longer.
    fn look(&mut self, intake: &Intake) -> bool {
        let now = Instant::now();
        let is_awaited = matches!(self.listener, Listener::Awaited(_));
        if now < self.look_at {
            return true;
        }
        self.look_at = now + if is_awaited { LOOK_EVERY_AT_FIRST } else { LOOK_EVERY };
        let listens = listens(intake, self.to.as_bytes());
        self.listener = match self.listener {
            _ if listens => Listener::Seen,
            Listener::Seen => return false,
            Listener::Awaited(until) if now < until => Listener::Awaited(until),
            Listener::Awaited(_) | Listener::Missing => Listener::Missing,
        };
        if is_awaited {
            self.window.deadline = now + ACK_WITHIN;
        }
        true
    }

    /// Writes messages until a chunk is full or everything is written; false when the time was
    /// over before.
    fn fill(&mut self, held: Option<&mut Held>, until: Instant) -> Result<bool, String> {
        if self.is_written || self.writer.frames().len() >= self.window.chunk {
            return Ok(true);
        }
        let held = held.ok_or("stream closed")?;
        while self.writer.frames().len() < self.window.chunk
            && let Some(consumer) = self.consumers.pop_front()
        {
            self.writer.consumer(&consumer, self.begun.unix_nanos_saturating());
        }
        while self.writer.frames().len() < self.window.chunk {
            let found = held.machine.index().next_matching(b">", self.next);
            let Some(seq) = found.filter(|&seq| seq <= self.last) else {
                self.writer.end();
                self.is_written = true;
                break;
            };
            self.writer.message(&message(held, seq)?);
            self.next = seq + 1;
            if Instant::now() >= until {
                return Ok(self.writer.frames().len() >= self.window.chunk);
            }
        }
        Ok(true)
    }

    fn send_chunk(&mut self, now: Instant, outbox: &mut Outbox<'_>) {
        let chunk = self.writer.frames().take(self.window.chunk);
        self.window.chunks += 1;
        self.window.sent += 1;
        self.window.deadline = now + ACK_WITHIN;
        let reply = format!("{}{}.{}", self.acks, chunk.len(), self.window.sent);
        outbox.send(self.to.as_bytes(), reply.as_bytes(), 0, &chunk);
    }

    /// The last chunk, which is not full, and the end. Both are not acknowledged.
    fn send_rest(&mut self, outbox: &mut Outbox<'_>) {
        let chunk = self.writer.frames().take(usize::MAX);
        if !chunk.is_empty() {
            outbox.send(self.to.as_bytes(), b"", 0, &chunk);
        }
        // As nats-server does: the end has a status only if there was a full chunk.
        self.send_end((self.window.sent > 0).then_some("204"), outbox);
    }

    fn send_end(&self, status: Option<&str>, outbox: &mut Outbox<'_>) {
        let block = status.map_or_else(String::new, |status| format!("NATS/1.0 {status}\r\n\r\n"));
        outbox.send(self.to.as_bytes(), b"", block.len(), block.as_bytes());
    }

    /// It is over: tells so.
    pub fn end(&self, shard: &Shard, outcome: &Result<(), String>, outbox: &mut Outbox<'_>) {
        shard.intake.leave(&self.subscriptions);
        let name = &self.name;
        match outcome {
            Ok(()) => log::info!("Completed snapshot for stream '$G > {name}'"),
            Err(why) => log::warn!("Snapshot for stream '$G > {name}' failed: {why}"),
        }
        let advisory = Advisory::SnapshotComplete {
            stream: name,
            start: self.begun,
            end: Timestamp::from_unix_nanos(now()),
            client: &self.client,
            error: outcome.as_ref().err().map_or("", String::as_str),
        };
        advise(&shard.intake, &advisory, outbox);
    }
}

/// Somebody listens to this very subject: the `nats` command subscribes to it when it has the
/// answer, and has a wildcard that covers it before. Members of queue groups do not count either.
fn listens(intake: &Intake, subject: &[u8]) -> bool {
    let mut found = Matches::new();
    intake.server.account.matches(subject, &mut found);
    found.plain.iter().any(|subscription| subscription.subject() == subject)
}

/// The consumers of a stream, but for those in memory.
fn consumers(held: &Held) -> VecDeque<Consumer> {
    let all = held.machine.consumers().public().filter(|consumer| consumer.is_logged());
    let backup = |consumer: &stream::Consumer| Consumer {
        name: consumer.name.clone(),
        created: consumer.created,
        config: consumer.config.clone(),
        state: consumer.state.clone(),
    };
    all.map(backup).collect()
}

fn message(held: &mut Held, seq: u64) -> Result<Message, String> {
    let lost = || format!("couldn't load next message after seq {seq}");
    let payload = held.load(seq).ok_or_else(lost)?;
    let index = held.machine.index();
    let meta = index.get(seq).ok_or_else(lost)?;
    let subject = index.subjects().name(meta.subject).into_owned();
    let (headers, body) = (payload.headers.into_vec(), payload.body.into_vec());
    Ok(Message { seq, time: meta.time, subject, headers, body })
}
