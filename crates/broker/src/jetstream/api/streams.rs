//! Requests about whole streams, and about the account.

use anabranch_jetstream::advisory::StreamAction;
use anabranch_jetstream::api::info::{AccountUse, ApiUse, ClusterInfo, StreamInfo, StreamState};
use anabranch_jetstream::api::{
    AccountInfo, Created, Deleted, Described, InfoRequest, LIST_PAGE, ListRequest, Listed,
    NAMES_PAGE, Named, NamesRequest, Page, SUBJECTS_PAGE, Updated, page, require_empty,
};
use anabranch_jetstream::config::{
    API_LEVEL, AccountLimits, Creation, ServerStorage, Storage, StreamConfigRequest, StreamSource,
    Surroundings, Topology, create as check_creation, update as check_update,
};
use anabranch_jetstream::consumer::End;
use anabranch_jetstream::stream::{Command, Consumer, Index, Progress, Stream};
use anabranch_jetstream::{ApiError, Nanos, StreamConfig, Timestamp, error, json};

use super::Request;
use crate::jetstream::held::{Held, Store};
use crate::jetstream::outbox::Outbox;
use crate::jetstream::parked::Asked;
use crate::jetstream::recovery;
use crate::jetstream::shard::{Shard, now};
use crate::jetstream::streams::Streams;
use crate::server::PEER_VERSION;

/// `INFO`.
pub fn account_info(shard: &Shard) -> AccountInfo {
    let Shard { streams, ledger, .. } = shard;
    AccountInfo(AccountUse {
        memory: streams.bytes_in(Storage::Memory),
        storage: streams.bytes_in(Storage::File),
        reserved_memory: streams.reserved_in(Storage::Memory),
        reserved_storage: streams.reserved_in(Storage::File),
        streams: count(streams.len()),
        consumers: streams.iter().map(|held| held.machine.consumers().public_count()).sum(),
        domain: shard.intake.domain().to_owned(),
        api: ApiUse {
            level: API_LEVEL,
            total: ledger.requests,
            errors: ledger.errors,
            inflight: 0,
        },
        ..AccountUse::default()
    })
}

/// `STREAM.CREATE`.
pub fn create(shard: &mut Shard, request: &Request<'_>, now: i64) -> Result<Created, ApiError> {
    let asked = StreamConfigRequest::parse(request.body, request.strictness)?;
    let creation = check_creation(&asked, request.stream, &surroundings(shard))?;
    if let Creation::New(config) = creation {
        if shard.streams.is_restoring(request.stream) {
            return Err(error::STREAM_NAME_IN_USE);
        }
        add(shard, *config, now)?;
    }
    let name = request.stream.as_bytes();
    let held = shard.streams.find(name).ok_or(error::STREAM_NOT_FOUND)?;
    Ok(Created { did_create: true, ..created(shard, held) })
}

/// The description of a stream that is there now; alone among the answers, it does not name the
/// domain.
pub fn created(shard: &Shard, held: &Held) -> Created {
    let info = StreamInfo { domain: String::new(), ..describe(shard, held, Metadata::Answered) };
    Created { info, did_create: false }
}

/// Adds a stream of a checked configuration.
fn add(shard: &mut Shard, config: StreamConfig, now: i64) -> Result<(), ApiError> {
    not_yet(&config, shard.intake.domain())?;
    let id = shard.ledger.new_stream();
    let home = match config.storage {
        Storage::Memory => None,
        Storage::File => {
            shard.log_now(id, now, &Command::Create(&json::to_vec(&config)))?;
            Some(shard.journal.home(id))
        }
    };
    let seed = shard.intake.server.seed();
    let mut held = recovery::create(id, config, now, home, seed);
    shard.intake.begin(&mut held);
    shard.news.push((held.machine.config().name.clone(), StreamAction::Create));
    shard.streams.insert(held);
    Ok(())
}

/// Refuses what a configuration asks for and this server does not do yet.
pub(super) fn not_yet(config: &StreamConfig, domain: &str) -> Result<(), ApiError> {
    let own_api = format!("$JS.{domain}.API");
    let origins = || config.mirror.iter().chain(&config.sources);
    let is_elsewhere = |origin: &StreamSource| {
        origin.external.as_ref().is_some_and(|external| external.api_prefix != own_api)
    };
    let asks = [
        (origins().any(is_elsewhere), "taking from streams of other accounts and domains"),
        (origins().any(|origin| origin.consumer.is_some()), "taking by a consumer of one's own"),
    ];
    match asks.into_iter().find(|&(asked, _)| asked) {
        Some((_, what)) => {
            Err(error::stream_config_invalid(format!("{what} is not available yet")))
        }
        None => Ok(()),
    }
}

/// `STREAM.UPDATE`; nothing if it is answered later.
pub fn update(
    shard: &mut Shard,
    request: &Request<'_>,
    now: i64,
) -> Result<Option<Updated>, ApiError> {
    let asked = StreamConfigRequest::parse(request.body, request.strictness)?;
    let config = check_update(&asked, request.stream, &surroundings(shard))?;
    not_yet(&config, shard.intake.domain())?;
    let name = request.stream.as_bytes();
    let held = shard.streams.find(name).ok_or(error::STREAM_NOT_FOUND)?;
    if held.is_offline() {
        return Err(error::stream_update_failed("the stream's storage has failed"));
    }
    let machine = &held.machine;
    check_consumer_limits(&config, machine)?;
    if config.retention != machine.config().retention && machine.consumers().are_some_unlogged() {
        // What they need would not be known after a restart.
        let why = "the retention policy can not change while there are consumers in memory";
        return Err(error::stream_update_failed(why));
    }
    if held.is_logged() {
        let id = held.id;
        shard.log_now(id, now, &Command::Update(&json::to_vec(&config)))?;
    }
    let held = shard.streams.find_mut(name).ok_or(error::STREAM_NOT_FOUND)?;
    let id = held.id;
    let listens_elsewhere = config.subjects != held.machine.config().subjects;
    held.machine.reconfigure(config);
    if listens_elsewhere {
        let before = std::mem::take(&mut held.subscriptions);
        shard.intake.begin(held);
        shard.intake.leave(&before);
    }
    let Shard { pipes, streams, news, .. } = shard;
    streams.stir(id, request.stream);
    pipes.notice(streams);
    news.push((request.stream.to_owned(), StreamAction::Modify));
    match shard.begin_work(id, Asked::Update, &request.message) {
        Progress::Done => updated(shard, request).map(Some),
        Progress::More => Ok(None),
    }
}

/// Whether all consumers keep to the limits that the configuration has for them, if those changed.
fn check_consumer_limits(config: &StreamConfig, machine: &Stream) -> Result<(), ApiError> {
    let (new, old) = (&config.consumer_limits, &machine.config().consumer_limits);
    let (threshold, pending) = (new.inactive_threshold, new.max_ack_pending);
    let is_new = (threshold > Nanos::ZERO && threshold != old.inactive_threshold)
        || (pending > 0 && pending != old.max_ack_pending);
    if !is_new {
        return Ok(());
    }
    let exceeds = |consumer: &&Consumer| {
        let config = &consumer.config;
        (threshold > Nanos::ZERO && config.inactive_threshold > threshold)
            || (pending > 0 && config.max_ack_pending > pending)
    };
    let exceeding = machine.consumers().iter().filter(exceeds).map(|consumer| &*consumer.name);
    let names: Vec<&str> = exceeding.collect();
    if names.is_empty() {
        return Ok(());
    }
    let why = format!("change to limits violates consumers: {}", names.join(", "));
    Err(error::stream_update_failed(why))
}

/// A change of the configuration is carried out.
pub fn updated(shard: &Shard, request: &Request<'_>) -> Result<Updated, ApiError> {
    let name = request.stream.as_bytes();
    let held = shard.streams.find(name).ok_or(error::STREAM_NOT_FOUND)?;
    Ok(Updated(describe(shard, held, Metadata::Answered)))
}

/// `STREAM.DELETE`.
pub fn delete(
    shard: &mut Shard,
    request: &Request<'_>,
    now: i64,
    outbox: &mut Outbox<'_>,
) -> Result<Deleted, ApiError> {
    require_empty(request.body)?;
    let name = request.stream.as_bytes();
    let held = shard.streams.find(name).ok_or(error::STREAM_NOT_FOUND)?;
    let id = held.id;
    if held.is_logged() {
        shard.log_now(id, now, &Command::Remove)?;
        shard.ledger.bury(id);
    }
    shard.stop_serving_all(id, End::Deleted, outbox);
    if let Some(held) = shard.streams.remove(id) {
        shard.intake.leave(&held.subscriptions);
        if let Store::Memory(payloads) = held.store {
            shard.litter.push(payloads);
        }
    }
    shard.news.push((request.stream.to_owned(), StreamAction::Delete));
    Ok(Deleted::DONE)
}

/// `STREAM.NAMES`.
pub fn names(shard: &Shard, request: &Request<'_>) -> Result<Named, ApiError> {
    let asked = NamesRequest::parse(request.body, request.strictness)?;
    let all: Vec<&Held> = shard.streams.listening_to(&asked.subject).collect();
    let (page, here) = page(&all, asked.offset(), NAMES_PAGE);
    let streams = here.iter().map(|held| held.machine.config().name.clone()).collect();
    Ok(Named { page, streams })
}

/// `STREAM.LIST`.
pub fn list(shard: &Shard, request: &Request<'_>) -> Result<Listed, ApiError> {
    let asked = ListRequest::parse(request.body, request.strictness)?;
    let all: Vec<&Held> = shard.streams.listening_to(&asked.subject).collect();
    let (page, here) = page(&all, asked.offset(), LIST_PAGE);
    let streams = here.iter().map(|held| describe(shard, held, Metadata::Stored)).collect();
    Ok(Listed { page, streams })
}

/// `STREAM.INFO`. Details of many subjects or messages are added by `details`, on any thread.
pub fn info(shard: &Shard, request: &Request<'_>) -> Result<Informing, ApiError> {
    let asked = InfoRequest::parse(request.body, request.strictness)?;
    let name = request.stream.as_bytes();
    let held = shard.streams.find(name).ok_or(error::STREAM_NOT_FOUND)?;
    let mut info = describe(shard, held, Metadata::Answered);
    info.cluster = Some(ClusterInfo { leader: shard.intake.server.identity.name.clone() });
    let bytes_max = shard.intake.server.options.limits.pending_bytes_max;
    let index = held.machine.index();
    let many_subjects =
        !asked.subjects_filter.is_empty() && index.subjects().len() > SUBJECTS_AT_ONCE;
    let many_messages =
        asked.deleted_details && index.messages() + index.deleted_count() > MESSAGES_AT_ONCE;
    if many_subjects || many_messages {
        let index = index.view();
        return Ok(Informing::Later(Box::new(Details { info, asked, index, bytes_max })));
    }
    Ok(Informing::Now(Box::new(details(info, &asked, index, bytes_max)?)))
}

/// Subjects that are described within a turn.
const SUBJECTS_AT_ONCE: usize = 1_000;
/// Messages that are looked at within a turn.
const MESSAGES_AT_ONCE: u64 = 20_000;

/// How a stream is described.
pub enum Informing {
    /// So.
    Now(Box<Described>),
    /// It takes longer.
    Later(Box<Details>),
}

/// What it takes to describe a stream.
pub struct Details {
    info: StreamInfo,
    asked: InfoRequest,
    index: Index,
    bytes_max: u64,
}

impl Details {
    /// The description.
    ///
    /// # Errors
    /// What the client is told.
    pub fn describe(self) -> Result<Described, ApiError> {
        details(self.info, &self.asked, &self.index, self.bytes_max)
    }
}

fn details(
    mut info: StreamInfo,
    asked: &InfoRequest,
    index: &Index,
    bytes_max: u64,
) -> Result<Described, ApiError> {
    if asked.deleted_details {
        let deleted = deleted(index, info.config.storage, bytes_max);
        info.state.deleted = deleted.ok_or(error::INSUFFICIENT_RESOURCES)?;
        info.state.num_deleted = count(info.state.deleted.len());
    }
    let page = if asked.subjects_filter.is_empty() {
        Page::default()
    } else {
        add_subjects(&mut info.state, index, asked)
    };
    Ok(Described { page, info })
}

fn add_subjects(state: &mut StreamState, index: &Index, asked: &InfoRequest) -> Page {
    let subjects = index.subjects();
    let ids = subjects.matching(asked.subjects_filter.as_bytes());
    if ids.is_empty() {
        return Page::default();
    }
    let (page, here) = page(&ids, asked.offset(), SUBJECTS_PAGE);
    let entry = |&id| {
        let name = String::from_utf8_lossy(&subjects.name(id)).into_owned();
        (name, subjects.state(id).count)
    };
    state.subjects = here.iter().map(entry).collect();
    page
}

/// Deleted sequences: all, as nats-server lists them; nothing if they take more bytes in the answer
/// than may wait for a client.
fn deleted(index: &Index, storage: Storage, bytes_max: u64) -> Option<Vec<u64>> {
    // nats-server takes sequence 0 for a deleted one in files that never held a message
    // (fileStore.State).
    if index.last_seq() == 0 && storage == Storage::File {
        return Some(vec![0]);
    }
    index.deleted(bytes_max)
}

/// Which metadata a description has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Metadata {
    /// That of the stored configuration.
    Stored,
    /// With the server's version and level.
    Answered,
}

fn describe(shard: &Shard, held: &Held, metadata: Metadata) -> StreamInfo {
    let machine = &held.machine;
    let config = match metadata {
        Metadata::Stored => machine.config().clone(),
        Metadata::Answered => machine.config().answered(PEER_VERSION),
    };
    let (mirror, sources) = shard.pipes.describe(held, &shard.streams, now());
    StreamInfo {
        config,
        created: Timestamp::from_unix_nanos(machine.created()),
        state: state(held),
        domain: shard.intake.domain().to_owned(),
        cluster: None,
        mirror,
        sources,
        time: Timestamp::from_unix_nanos(now()),
    }
}

/// What is in the stream.
pub fn state(held: &Held) -> StreamState {
    let machine = &held.machine;
    let index = machine.index();
    let time = |nanos: Option<i64>| nanos.map_or(Timestamp::ZERO, Timestamp::from_unix_nanos);
    let untouched = index.last_seq() == 0;
    StreamState {
        messages: index.messages(),
        bytes: index.bytes(),
        first_seq: if untouched { 0 } else { index.first_seq() },
        first_time: time(index.get(index.first_seq()).map(|meta| meta.time)),
        last_seq: index.last_seq(),
        last_time: time(Some(index.last_time()).filter(|&time| time > 0)),
        num_subjects: count(index.subjects().len()),
        num_deleted: index.deleted_count(),
        lost: held.trouble.losses.shown(),
        consumer_count: machine.consumers().public_count(),
        ..StreamState::default()
    }
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

impl anabranch_jetstream::config::Streams for Streams {
    fn find(&self, name: &str) -> Option<&StreamConfig> {
        Self::find(self, name.as_bytes()).map(|held| held.machine.config())
    }

    fn visit(&self, visit: &mut dyn FnMut(&StreamConfig) -> bool) {
        // No other stream takes the subjects of one that is being restored.
        let all = self.iter().chain(self.restoring());
        let _ = all.map(|held| held.machine.config()).all(visit);
    }
}

/// What a configuration is checked against.
pub(super) fn surroundings(shard: &Shard) -> Surroundings<'_> {
    let Shard { streams, capacity, .. } = shard;
    let limit = |bytes| i64::try_from(bytes).unwrap_or(i64::MAX);
    let reserved = |storage| i64::try_from(streams.reserved_in(storage)).unwrap_or(i64::MAX);
    Surroundings {
        streams,
        account: Some(AccountLimits::NONE),
        server: ServerStorage {
            max_memory: limit(capacity.memory),
            max_storage: limit(capacity.file),
            reserved_memory: reserved(Storage::Memory),
            reserved_storage: reserved(Storage::File),
        },
        duplicate_window_max: shard.intake.duplicate_window_max(),
        topology: Topology::Single,
    }
}
