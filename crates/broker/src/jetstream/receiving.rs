//! A backup on its way from a client: chunks, each answered when it was taken in.
//!
//! The stream is made at once, but nobody sees it before everything is there; then it is there
//! whatever happens. A restore that fails or is given up leaves nothing.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anabranch_jetstream::advisory::{Advisory, Client, StreamAction};
use anabranch_jetstream::api::{Created, encode};
use anabranch_jetstream::backup::{Consumer, Item, Message, Reader};
use anabranch_jetstream::config::Storage;
use anabranch_jetstream::consumer::config::{Creation, restore as check_restored};
use anabranch_jetstream::consumer::{ConsumerConfig, State};
use anabranch_jetstream::publish::PublishHeaders;
use anabranch_jetstream::stream::{
    Command, ConsumerCommand, RestoreStep, RestoredConsumer, SEQ_MAX,
};
use anabranch_jetstream::{ApiError, Timestamp, error, json};
use anabranch_log::format::StreamId;

use super::advising::{advise, new_id};
use super::api::surroundings_of;
use super::held::Held;
use super::outbox::Outbox;
use super::shard::{Shard, now as wall_clock};
use super::streams::Intake;
use super::{recovery, restoring};
use crate::client::Subscription;
use crate::worker::Inbound;

/// How long the next chunk is waited for.
const CHUNK_WITHIN: Duration = Duration::from_secs(5);
/// Bytes of chunks that may wait, save that a single one may be larger.
const WAITING_MAX: usize = 16 * 1024 * 1024;
/// Bytes of messages that are logged at a time.
const LOGGED_AT_ONCE: usize = 256 * 1024;

/// A restore that is under way.
pub struct Receiving {
    stream: StreamId,
    name: String,
    subject: String,
    subscriptions: Vec<Arc<Subscription>>,
    reader: Reader,
    waiting: VecDeque<Chunk>,
    waiting_bytes: usize,
    /// More came than may wait; where the answer to that goes.
    overrun: Option<Vec<u8>>,
    /// Where the answer to the chunk goes that is being taken in.
    current: Option<Vec<u8>>,
    /// Why there will be no stream, whatever comes.
    doom: Option<ApiError>,
    /// When the stream was created, as the backup says; 0: it does not.
    created: i64,
    bytes: u64,
    deadline: Instant,
    begun: Timestamp,
    client: Client,
}

struct Chunk {
    reply: Vec<u8>,
    body: Vec<u8>,
}

/// What was found in the chunk.
enum Found {
    /// More than fits into one slice.
    More(Vec<Item>),
    /// The rest of it.
    All(Vec<Item>),
}

impl Receiving {
    /// Begins a restore into this stream, which nobody sees. Messages may have `message_max` bytes.
    #[must_use]
    pub fn new(
        intake: &Intake,
        (stream, name): (StreamId, &str),
        message_max: u64,
        client: Client,
    ) -> Self {
        let name = name.to_owned();
        let subject = format!("$JS.SNAPSHOT.RESTORE.{name}.{}", new_id());
        let busy = error::restore_failed("too many chunks wait");
        let refusal = encode::<Created>(&Err(busy));
        Self {
            stream,
            reader: Reader::new(&name, message_max),
            name,
            subscriptions: vec![intake.listen(&subject, Intake::TRANSFERS, refusal)],
            subject,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            overrun: None,
            current: None,
            doom: None,
            created: 0,
            bytes: 0,
            deadline: Instant::now() + CHUNK_WITHIN,
            begun: Timestamp::from_unix_nanos(wall_clock()),
            client,
        }
    }

    /// There is no such stream, and there will be none for this reason; the client hears of it when
    /// it sent everything, as from nats-server.
    #[must_use]
    pub fn doomed(self, reason: ApiError) -> Self {
        Self { doom: Some(reason), ..self }
    }

    /// Where chunks go.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// A chunk with this subject is for it.
    #[must_use]
    pub fn is_for(&self, subject: &[u8]) -> bool {
        subject == self.subject.as_bytes()
    }

    /// Takes a chunk. A client that does not wait for answers must not fill the memory: what is
    /// too much ends the restore.
    pub fn take(&mut self, message: &Inbound<'_>) {
        if self.overrun.is_some() {
            return;
        }
        let is_first = self.waiting.is_empty();
        if !is_first && self.waiting_bytes + message.body.len() > WAITING_MAX {
            self.waiting.clear();
            self.overrun = Some(message.reply.to_vec());
            return;
        }
        self.waiting_bytes += message.body.len();
        let (reply, body) = (message.reply.to_vec(), message.body.to_vec());
        self.waiting.push_back(Chunk { reply, body });
    }

    /// When it can go on.
    #[must_use]
    pub fn wake_at(&self, now: Instant) -> Instant {
        let is_taking = self.current.is_some() || self.overrun.is_some();
        let has_work = is_taking || !self.waiting.is_empty();
        if has_work { now } else { self.deadline }
    }

    /// Takes in what waits until the time is over; false when it is over itself.
    pub fn advance(
        &mut self,
        shard: &mut Shard,
        outbox: &mut Outbox<'_>,
        until: Instant,
        now: i64,
    ) -> bool {
        if let Some(reply) = self.overrun.take() {
            let refusal = error::restore_failed("too many chunks wait");
            self.end(shard, &reply, Err(refusal), outbox);
            return false;
        }
        while Instant::now() < until && shard.has_log_room() {
            if self.current.is_none() {
                let Some(chunk) = self.waiting.pop_front() else { break };
                self.waiting_bytes -= chunk.body.len();
                if chunk.reply.is_empty() {
                    log::warn!(
                        "Restore of '{}' requires a reply subject for each chunk",
                        self.name
                    );
                    self.give_up(shard, None);
                    return false;
                }
                if chunk.body.is_empty() {
                    let outcome = self.finish(shard, outbox, now);
                    self.end(shard, &chunk.reply, outcome, outbox);
                    return false;
                }
                self.bytes += u64::try_from(chunk.body.len()).unwrap_or(u64::MAX);
                self.reader.feed(&chunk.body);
                self.current = Some(chunk.reply);
            }
            match self.take_in(shard, until, now) {
                Ok(false) => {}
                Ok(true) => {
                    let reply = self.current.take().unwrap_or_default();
                    outbox.send(&reply, b"", 0, b"");
                    self.deadline = Instant::now() + CHUNK_WITHIN;
                }
                Err(error) => {
                    let reply = self.current.take().unwrap_or_default();
                    self.end(shard, &reply, Err(error), outbox);
                    return false;
                }
            }
        }
        if self.wake_at(Instant::now()) == self.deadline && Instant::now() >= self.deadline {
            log::warn!("Restore of stream '$G > {}' is stalled", self.name);
            self.give_up(shard, None);
            return false;
        }
        true
    }

    /// Takes in a part of the chunk; true when it was the rest.
    fn take_in(&mut self, shard: &mut Shard, until: Instant, now: i64) -> Result<bool, ApiError> {
        if self.doom.is_some() {
            return self.pass_over(until);
        }
        let found = self.read(shard, until)?;
        let (items, is_all) = match found {
            Found::More(items) => (items, false),
            Found::All(items) => (items, true),
        };
        let steps: Vec<_> =
            items.iter().filter_map(|item| step(item, shard, self.stream)).collect();
        for step in &steps {
            shard.append(self.stream, now, &Command::Restore(*step))?;
        }
        let consumers = consumers(&items, shard, self.stream, now);
        for consumer in &consumers {
            consumer.with(|command| shard.append(self.stream, now, &command))?;
        }
        commit(shard)?;
        if let Some(held) = shard.streams.get_mut(self.stream) {
            for step in &steps {
                restoring::apply(held, step, now);
            }
            for consumer in &consumers {
                consumer
                    .with(|command| recovery::apply_to(held, command, now))
                    .map_err(error::restore_failed)?;
            }
            held.write();
        }
        shard.settled();
        Ok(is_all)
    }

    /// Takes in a part of the chunk for nothing; true when it was the rest.
    fn pass_over(&mut self, until: Instant) -> Result<bool, ApiError> {
        while let Some(item) = self.reader.next_item().map_err(error::restore_failed)? {
            // In newer backups the state comes first, and nats-server wraps the reason then.
            if let (Item::State(_), Some(doom)) = (&item, &mut self.doom) {
                *doom = error::restore_failed(format!("error adding stream: {doom}"));
            }
            if Instant::now() >= until {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads and checks items.
    fn read(&mut self, shard: &mut Shard, until: Instant) -> Result<Found, ApiError> {
        let (mut items, mut bytes) = (Vec::new(), 0);
        while bytes < LOGGED_AT_ONCE {
            let Some(mut item) = self.reader.next_item().map_err(error::restore_failed)? else {
                return Ok(Found::All(items));
            };
            bytes += 32;
            match &mut item {
                Item::Message(message) => {
                    bytes += message.subject.len() + message.headers.len() + message.body.len();
                    check(message, shard, self.stream)?;
                }
                Item::State(state) => check_room(shard, self.stream, state.bytes)?,
                Item::Created(time, name) => {
                    if *name != self.name {
                        return Err(error::restore_failed("stream names do not match"));
                    }
                    self.created = *time;
                }
                Item::Consumer(consumer) => {
                    let is_named = |other: &Item| match other {
                        Item::Consumer(other) => other.name == consumer.name,
                        _ => false,
                    };
                    if items.iter().any(is_named) {
                        return Err(error::restore_failed("a consumer comes twice"));
                    }
                    consumer.config = check_consumer(consumer, shard, self.stream)?;
                }
                Item::Deleted(_) | Item::First(_) | Item::Last(..) => {}
            }
            items.push(item);
            if Instant::now() >= until {
                break;
            }
        }
        Ok(Found::More(items))
    }

    /// Everything is there: the stream begins to live.
    fn finish(&self, shard: &mut Shard, outbox: &mut Outbox<'_>, now: i64) -> Result<(), ApiError> {
        self.reader.finish().map_err(error::restore_failed)?;
        if let Some(doom) = &self.doom {
            return Err(doom.clone());
        }
        let step = RestoreStep::Finish(self.created);
        shard.append(self.stream, now, &Command::Restore(step))?;
        commit(shard)?;
        let held = shard.streams.get_mut(self.stream).ok_or(error::STREAM_NOT_FOUND)?;
        restoring::apply(held, &step, now);
        shard.streams.reveal(self.stream);
        if let Some(held) = shard.streams.get_mut(self.stream) {
            shard.intake.begin(held);
        }
        shard.serve_all(self.stream, outbox);
        shard.look_at_deadlines();
        Ok(())
    }

    /// It is over: tells so.
    fn end(
        &self,
        shard: &mut Shard,
        reply: &[u8],
        outcome: Result<(), ApiError>,
        outbox: &mut Outbox<'_>,
    ) {
        let restored = outcome.and_then(|()| {
            let held = shard.streams.get(self.stream).ok_or(error::STREAM_NOT_FOUND)?;
            Ok(super::api::created(shard, held))
        });
        let failure = restored.as_ref().err().map(ApiError::to_string);
        if let Some(why) = &failure {
            self.give_up(shard, Some(why));
        } else {
            shard.intake.leave(&self.subscriptions);
            advise(&shard.intake, &Advisory::Stream(&self.name, StreamAction::Create), outbox);
            log::info!("Completed restore of stream '$G > {}'", self.name);
        }
        self.advise(shard, outbox);
        outbox.send(reply, b"", 0, &encode(&restored));
    }

    fn advise(&self, shard: &Shard, outbox: &mut Outbox<'_>) {
        let advisory = Advisory::RestoreComplete {
            stream: &self.name,
            start: self.begun,
            end: Timestamp::from_unix_nanos(wall_clock()),
            bytes: self.bytes,
            client: &self.client,
        };
        advise(&shard.intake, &advisory, outbox);
    }

    /// Leaves nothing of the stream.
    fn give_up(&self, shard: &mut Shard, why: Option<&str>) {
        shard.intake.leave(&self.subscriptions);
        if let Some(why) = why {
            log::warn!("Restore of stream '$G > {}' failed: {why}", self.name);
        }
        let logged = shard.streams.get(self.stream).is_some_and(Held::is_logged);
        // If that cannot be logged, the next start does it.
        if logged && shard.log_now(self.stream, wall_clock(), &Command::Remove).is_ok() {
            shard.ledger.bury(self.stream);
        }
        shard.streams.remove(self.stream);
    }
}

fn commit(shard: &mut Shard) -> Result<(), ApiError> {
    let failed = || error::store_failed("the storage has failed");
    shard.commit().then_some(()).ok_or_else(failed)
}

/// The step that an item comes to, if it changes anything.
fn step<'a>(item: &'a Item, shard: &Shard, stream: StreamId) -> Option<RestoreStep<'a>> {
    match item {
        Item::State(state) => Some(RestoreStep::First(state.first_seq)),
        Item::Created(..) | Item::Consumer(_) => None,
        Item::Message(Message { seq, time, subject, headers, body }) => {
            let (seq, time) = (*seq, *time);
            Some(RestoreStep::Message { seq, time, subject, headers, body })
        }
        Item::Deleted(seq) => {
            let index = shard.streams.get(stream)?.machine.index();
            let may_be_there = *seq > index.last_seq() || index.get(*seq).is_some();
            may_be_there.then_some(RestoreStep::Deleted(*seq))
        }
        Item::First(seq) => Some(RestoreStep::First(*seq)),
        Item::Last(seq, time) => Some(RestoreStep::Last(*seq, *time)),
    }
}

/// A consumer as it is logged.
struct Restored<'a> {
    number: u32,
    name: &'a str,
    created: i64,
    config: Vec<u8>,
    state: Vec<u8>,
}

impl Restored<'_> {
    fn with<R>(&self, act: impl FnOnce(Command<'_>) -> R) -> R {
        let Self { name, created, config, state, .. } = self;
        let restored = RestoredConsumer { name, created: *created, config, state };
        act(Command::Consumer(ConsumerCommand::Restore(self.number, restored)))
    }
}

/// The consumers among the items.
fn consumers<'a>(
    items: &'a [Item],
    shard: &Shard,
    stream: StreamId,
    now: i64,
) -> Vec<Restored<'a>> {
    let held = shard.streams.get(stream);
    let numbers = held.map_or(1, |held| held.machine.consumers().new_number(true))..;
    let consumers = items.iter().filter_map(|item| match item {
        Item::Consumer(consumer) => Some(&**consumer),
        _ => None,
    });
    let restored = |(consumer, number): (&'a Consumer, u32)| Restored {
        number,
        name: &consumer.name,
        created: if consumer.created == 0 { now } else { consumer.created },
        config: json::to_vec(&consumer.config),
        state: consumer.state.encode(),
    };
    consumers.zip(numbers).map(restored).collect()
}

/// Whether a consumer can be in the stream.
fn check_consumer(
    consumer: &Consumer,
    shard: &Shard,
    stream: StreamId,
) -> Result<ConsumerConfig, ApiError> {
    let held = shard.streams.get(stream).ok_or(error::STREAM_NOT_FOUND)?;
    let state = &consumer.state;
    let is_sound = State::decode(&state.encode()).as_ref() == Ok(state);
    if !is_sound || state.delivered.stream > SEQ_MAX {
        let why = format!("consumer {:?}: its state contradicts itself", consumer.name);
        return Err(error::restore_failed(why));
    }
    let around = surroundings_of(shard, held, &|_| false);
    let checked = check_restored(&consumer.config, &consumer.name, &around);
    let failed = |why: &dyn std::fmt::Display| {
        error::restore_failed(format!("consumer {:?}: {why}", consumer.name))
    };
    match checked.map_err(|error| failed(&error))? {
        Creation::New(name, config) if name == consumer.name => Ok(*config),
        _ => Err(failed(&"its name is taken, or another one")),
    }
}

/// Whether there is room for a backup of so many bytes.
fn check_room(shard: &Shard, stream: StreamId, bytes: u64) -> Result<(), ApiError> {
    let held = shard.streams.get(stream).ok_or(error::STREAM_NOT_FOUND)?;
    let storage = held.machine.config().storage;
    let used = shard.streams.bytes_in(storage);
    let (max, refusal) = match storage {
        Storage::Memory => (shard.capacity.memory, error::MEMORY_INSUFFICIENT),
        Storage::File => (shard.capacity.file, error::STORAGE_INSUFFICIENT),
    };
    if used.saturating_add(bytes) > max { Err(refusal) } else { Ok(()) }
}

/// Whether a message can be in the stream.
fn check(message: &Message, shard: &mut Shard, stream: StreamId) -> Result<(), ApiError> {
    let Message { seq, subject, headers, body, .. } = message;
    let refused = |why: &str| Err(error::restore_failed(format!("message sequence {seq} {why}")));
    if *seq > SEQ_MAX {
        return refused("is too large");
    }
    let held = shard.streams.get(stream).ok_or(error::STREAM_NOT_FOUND)?;
    let config = held.machine.config();
    let (storage, len) = (config.storage, headers.len() + body.len());
    if usize::try_from(config.max_msg_size).is_ok_and(|max| len > max) {
        return refused("exceeds maximum message size");
    }
    // What is stored goes into lines of the protocol later.
    if subject.is_empty() || subject.iter().any(|&byte| byte <= b' ' || byte == 0x7f) {
        return refused("has an invalid subject");
    }
    if headers.len() > usize::from(u16::MAX) || subject.len() > usize::from(u16::MAX) {
        return refused("has too long headers");
    }
    if let Some(Err(error)) = PublishHeaders::parse(headers).ttl {
        return Err(error::restore_failed(format!("failed to parse message TTL: {error}")));
    }
    if shard.has_room(stream, subject.len() + len) {
        return Ok(());
    }
    Err(match storage {
        Storage::Memory => error::MEMORY_INSUFFICIENT,
        Storage::File => error::STORAGE_INSUFFICIENT,
    })
}
