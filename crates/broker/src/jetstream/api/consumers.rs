//! Requests about consumers.

use anabranch_jetstream::advisory::ConsumerEvent;
use anabranch_jetstream::api::{
    ConsumerCall, ConsumerCreated, ConsumerDeleted, ConsumerDescribed, ConsumerInfo,
    ConsumerListed, ConsumerNamed, ConsumerPaused, ConsumerReset, ConsumerUnpinned,
    ConsumersRequest, CreateSubject, GroupState, LIST_PAGE, NAMES_PAGE, PauseRequest, ResetRequest,
    SequenceInfo, UnpinRequest, consumer_call, create_request, page, require_empty,
    require_stream_identity,
};
use anabranch_jetstream::config::{AccountLimits, Retention};
use anabranch_jetstream::consumer::ConsumerConfig;
use anabranch_jetstream::consumer::config::{
    Creation, Limits, Surroundings, create as check_creation, pause as paused, reset as check_reset,
};
use anabranch_jetstream::publish::block;
use anabranch_jetstream::stream::{Command, Consumer, ConsumerCommand, identity};
use anabranch_jetstream::{ApiError, Timestamp, error, json};

use super::streams::Metadata;
use super::{Reply, Request};
use crate::jetstream::advising::{advise_of, new_id};
use crate::jetstream::consuming::Key;
use crate::jetstream::held::Held;
use crate::jetstream::outbox::Outbox;
use crate::jetstream::shard::Shard;
use crate::server::PEER_VERSION;

/// Characters of a name that a consumer gets.
const NAME_LEN: usize = 8;

/// The request makes, changes or ends a consumer.
pub fn is_structural(call: &str) -> bool {
    matches!(
        consumer_call(call),
        Some(
            ConsumerCall::Create(_)
                | ConsumerCall::Delete(..)
                | ConsumerCall::Pause(..)
                | ConsumerCall::Reset(..)
        )
    )
}

/// Answers a request, or not, where nats-server does not either.
pub fn answer(
    shard: &mut Shard,
    request: &Request<'_>,
    call: ConsumerCall<'_>,
    now: i64,
    outbox: &mut Outbox<'_>,
) -> Option<Reply> {
    let is_too_new = || match request.is_too_new {
        true => Err(error::API_LEVEL_REQUIRED),
        false => Ok(()),
    };
    Some(match call {
        ConsumerCall::Create(subject) => {
            Reply::new(&is_too_new().and_then(|()| create(shard, request, &subject, now, outbox)))
        }
        ConsumerCall::Names(_) => Reply::new(&is_too_new().and_then(|()| names(shard, request))),
        ConsumerCall::List(_) => Reply::new(&is_too_new().and_then(|()| list(shard, request, now))),
        ConsumerCall::Info(_, name) => {
            Reply::new(&is_too_new().and_then(|()| info(shard, request, name, now, outbox)))
        }
        ConsumerCall::Delete(_, name) => {
            Reply::new(&is_too_new().and_then(|()| delete(shard, request, name, outbox)))
        }
        ConsumerCall::Pause(_, name) => {
            Reply::new(&is_too_new().and_then(|()| pause(shard, request, name, now, outbox)))
        }
        ConsumerCall::Reset(_, name) => {
            find(shard, request, name).ok()?;
            Reply::new(&is_too_new().and_then(|()| reset(shard, request, name, now, outbox)))
        }
        ConsumerCall::Unpin(_, name) => {
            Reply::new(&is_too_new().and_then(|()| unpin(shard, request, name, outbox)))
        }
        ConsumerCall::Next(..) => return None,
    })
}

/// There is such a consumer.
pub fn is_there(shard: &Shard, stream: &str, consumer: &str) -> bool {
    let held = shard.streams.find(stream.as_bytes());
    held.is_some_and(|held| held.machine.consumers().find(consumer).is_some())
}

fn stream<'a>(shard: &'a Shard, request: &Request<'_>) -> Result<&'a Held, ApiError> {
    shard.streams.find(request.stream.as_bytes()).ok_or(error::STREAM_NOT_FOUND)
}

fn find(shard: &Shard, request: &Request<'_>, name: &str) -> Result<Key, ApiError> {
    let held = stream(shard, request)?;
    let consumer = held.machine.consumers().find(name).ok_or(error::CONSUMER_NOT_FOUND)?;
    Ok((held.id, consumer.number))
}

/// `CONSUMER.CREATE` and `CONSUMER.DURABLE.CREATE`.
fn create(
    shard: &mut Shard,
    request: &Request<'_>,
    subject: &CreateSubject<'_>,
    now: i64,
    outbox: &mut Outbox<'_>,
) -> Result<ConsumerCreated, ApiError> {
    let asked = create_request(subject, request.body, request.strictness)?;
    let held = stream(shard, request)?;
    let machine = &held.machine;
    let wanted = block::value(request.message.headers, "Nats-Stream-Identity").unwrap_or_default();
    let own = identity(machine.created());
    require_stream_identity(&asked, &String::from_utf8_lossy(wanted), &own)?;
    if held.is_offline() {
        return Err(error::consumer_create_failed("the stream's storage has failed"));
    }
    let account = &shard.intake.server.account;
    let is_heard = |subject: &str| account.has_interest(subject.as_bytes());
    let around = surroundings(shard, held, &is_heard);
    let generated = new_id()[..NAME_LEN].to_owned();
    let creation = check_creation(&asked, &generated, &around)?;
    let id = held.id;
    let name = creation.name().to_owned();
    match creation {
        Creation::New(name, config) => add(shard, id, &name, *config, now, outbox)?,
        Creation::Changed(name, config) => {
            let number = machine.consumers().find(&name).map_or(0, |consumer| consumer.number);
            change(shard, (id, number), *config, now, outbox)?;
        }
        Creation::Existing(_) => {}
    }
    let key = find(shard, request, &name)?;
    let info = describe(shard, key, now, Metadata::Answered)?;
    if info.paused {
        let event =
            ConsumerEvent::Paused(info.config.as_ref().and_then(|config| config.pause_until));
        advise_of(&shard.intake, (request.stream, &name), event, outbox);
    }
    Ok(ConsumerCreated(info))
}

/// What the configuration of a consumer is checked against.
pub fn surroundings<'a>(
    shard: &'a Shard,
    held: &'a Held,
    is_heard: &'a dyn Fn(&str) -> bool,
) -> Surroundings<'a> {
    let limits = shard.intake.server.options.jetstream.as_ref().map(|options| &options.limits);
    Surroundings {
        stream: held.machine.config(),
        consumers: held.machine.consumers(),
        account: Some(AccountLimits::NONE),
        server: limits.map_or_else(Limits::default, |limits| Limits {
            max_ack_pending: limits.max_ack_pending,
            max_request_batch: limits.max_request_batch,
        }),
        is_heard,
    }
}

/// Adds a consumer of a checked configuration.
fn add(
    shard: &mut Shard,
    id: anabranch_log::format::StreamId,
    name: &str,
    config: ConsumerConfig,
    now: i64,
    outbox: &mut Outbox<'_>,
) -> Result<(), ApiError> {
    let held = shard.streams.get(id).ok_or(error::STREAM_NOT_FOUND)?;
    // What a message must wait for is known after a restart too.
    let is_kept = !config.memory_storage || held.machine.config().retention != Retention::Limits;
    let number = held.machine.consumers().new_number(is_kept);
    if held.is_logged() && is_kept {
        let config = json::to_vec(&config);
        let command = ConsumerCommand::Create(number, name, &config);
        shard.log_now(id, now, &Command::Consumer(command))?;
    }
    let held = shard.streams.get_mut(id).ok_or(error::STREAM_NOT_FOUND)?;
    held.machine.add_consumer(number, name, config, now);
    held.changed = true;
    let stream = held.machine.config().name.clone();
    shard.serve((id, number), outbox);
    advise_of(&shard.intake, (&stream, name), ConsumerEvent::Created, outbox);
    Ok(())
}

/// Gives a consumer another checked configuration.
fn change(
    shard: &mut Shard,
    key: Key,
    config: ConsumerConfig,
    now: i64,
    outbox: &mut Outbox<'_>,
) -> Result<(), ApiError> {
    let held = shard.streams.get(key.0).ok_or(error::STREAM_NOT_FOUND)?;
    let consumer = held.machine.consumers().get(key.1).ok_or(error::CONSUMER_NOT_FOUND)?;
    if held.is_offline() {
        return Err(error::store_failed("the stream's storage has failed"));
    }
    if held.is_logged() && consumer.is_logged() {
        let config = json::to_vec(&config);
        let command = ConsumerCommand::Update(key.1, &config);
        shard.log_now(key.0, now, &Command::Consumer(command))?;
    }
    let held = shard.streams.get_mut(key.0).ok_or(error::STREAM_NOT_FOUND)?;
    held.machine.update_consumer(key.1, config.clone());
    held.changed = true;
    if held.machine.is_busy() {
        shard.park(key.0, None);
    }
    shard.serve_changed(key, &config, now, outbox);
    Ok(())
}

/// `CONSUMER.NAMES`.
fn names(shard: &Shard, request: &Request<'_>) -> Result<ConsumerNamed, ApiError> {
    let asked = ConsumersRequest::parse(request.body, request.strictness)?;
    let all: Vec<&Consumer> = stream(shard, request)?.machine.consumers().public().collect();
    let (page, here) = page(&all, asked.offset(), NAMES_PAGE);
    Ok(ConsumerNamed { page, consumers: here.iter().map(|one| one.name.clone()).collect() })
}

/// `CONSUMER.LIST`.
fn list(shard: &Shard, request: &Request<'_>, now: i64) -> Result<ConsumerListed, ApiError> {
    let asked = ConsumersRequest::parse(request.body, request.strictness)?;
    let held = stream(shard, request)?;
    let id = held.id;
    let all: Vec<u32> = held.machine.consumers().public().map(|one| one.number).collect();
    let (page, here) = page(&all, asked.offset(), LIST_PAGE);
    let infos = here.iter().map(|&number| describe(shard, (id, number), now, Metadata::Stored));
    Ok(ConsumerListed { page, consumers: infos.collect::<Result<_, _>>()? })
}

/// `CONSUMER.INFO`.
fn info(
    shard: &mut Shard,
    request: &Request<'_>,
    name: &str,
    now: i64,
    outbox: &mut Outbox<'_>,
) -> Result<ConsumerDescribed, ApiError> {
    require_empty(request.body)?;
    let key = find(shard, request, name)?;
    shard.attend(key, outbox, |served, view| {
        served.session.refresh(now, view);
        true
    });
    describe(shard, key, now, Metadata::Answered).map(ConsumerDescribed)
}

/// `CONSUMER.DELETE`.
fn delete(
    shard: &mut Shard,
    request: &Request<'_>,
    name: &str,
    outbox: &mut Outbox<'_>,
) -> Result<ConsumerDeleted, ApiError> {
    require_empty(request.body)?;
    let key = find(shard, request, name)?;
    shard.delete_consumer(key, outbox)?;
    Ok(ConsumerDeleted::DONE)
}

/// `CONSUMER.PAUSE`.
fn pause(
    shard: &mut Shard,
    request: &Request<'_>,
    name: &str,
    now: i64,
    outbox: &mut Outbox<'_>,
) -> Result<ConsumerPaused, ApiError> {
    let asked = PauseRequest::parse(request.body, request.strictness)?;
    let key = find(shard, request, name)?;
    let held = stream(shard, request)?;
    let consumer = held.machine.consumers().get(key.1).ok_or(error::CONSUMER_NOT_FOUND)?;
    let config = paused(&consumer.config, asked.until);
    let until = config.pause_until;
    let differs =
        until.map(|time| time.in_utc()) != consumer.config.pause_until.map(|time| time.in_utc());
    change(shard, key, config, now, outbox)?;
    if differs {
        let event = ConsumerEvent::Paused(until);
        advise_of(&shard.intake, (request.stream, name), event, outbox);
    }
    Ok(ConsumerPaused::new(asked.until, &Timestamp::from_unix_nanos(now)))
}

/// `CONSUMER.RESET`.
fn reset(
    shard: &mut Shard,
    request: &Request<'_>,
    name: &str,
    now: i64,
    outbox: &mut Outbox<'_>,
) -> Result<ConsumerReset, ApiError> {
    let asked = ResetRequest::parse(request.body)?;
    let key = find(shard, request, name)?;
    let held = stream(shard, request)?;
    let consumer = held.machine.consumers().get(key.1).ok_or(error::CONSUMER_NOT_FOUND)?;
    let served = held.served.get(key.1).ok_or(error::CONSUMER_NOT_FOUND)?;
    let floor = served.session.state().settled();
    let index = held.machine.index();
    let seq_of = |time: Timestamp| {
        let found = index.pages().first_at(time.unix_nanos_saturating());
        found.unwrap_or(index.last_seq() + 1)
    };
    let seq = check_reset(&consumer.config, asked.seq, floor, seq_of)?;
    shard.attend(key, outbox, |served, _| {
        served.session.reset(seq);
        (served.delivered_at, served.acknowledged_at) = (None, None);
        true
    });
    let info = describe(shard, key, now, Metadata::Answered)?;
    Ok(ConsumerReset { info, reset_seq: seq })
}

/// `CONSUMER.UNPIN`.
fn unpin(
    shard: &mut Shard,
    request: &Request<'_>,
    name: &str,
    outbox: &mut Outbox<'_>,
) -> Result<ConsumerUnpinned, ApiError> {
    let asked = UnpinRequest::parse(request.body)?;
    let key = find(shard, request, name)?;
    let held = stream(shard, request)?;
    let consumer = held.machine.consumers().get(key.1).ok_or(error::CONSUMER_NOT_FOUND)?;
    asked.require_group(&consumer.config)?;
    shard.attend(key, outbox, |served, _| {
        served.session.unpin(&asked.group);
        true
    });
    Ok(ConsumerUnpinned {})
}

/// All consumers of a stream, for monitoring: those that clients made for themselves, or those that
/// serve mirrors and sources.
pub fn describe_all(shard: &Shard, held: &Held, of_origins: bool, now: i64) -> Vec<ConsumerInfo> {
    let all = held.machine.consumers().iter();
    let wanted = all.filter(|consumer| consumer.config.serves_origin() == of_origins);
    let info = |consumer: &Consumer| {
        describe(shard, (held.id, consumer.number), now, Metadata::Stored).ok()
    };
    wanted.filter_map(info).collect()
}

fn describe(
    shard: &Shard,
    key: Key,
    now: i64,
    metadata: Metadata,
) -> Result<ConsumerInfo, ApiError> {
    let held = shard.streams.get(key.0).ok_or(error::STREAM_NOT_FOUND)?;
    let consumer = held.machine.consumers().get(key.1).ok_or(error::CONSUMER_NOT_FOUND)?;
    let served = held.served.get(key.1).ok_or(error::CONSUMER_NOT_FOUND)?;
    let session = &served.session;
    let time = |nanos: Option<i64>| nanos.map(Timestamp::from_unix_nanos);
    let state = session.state();
    let count = |len: usize| u64::try_from(len).unwrap_or(u64::MAX);
    let group = |group: &String| GroupState {
        group: group.clone(),
        pin_id: session.pinned().map_or_else(String::new, |(id, _)| id.to_owned()),
        pinned: session.pinned().map_or(Timestamp::ZERO, |(_, at)| Timestamp::from_unix_nanos(at)),
    };
    let mut info = ConsumerInfo {
        stream: held.machine.config().name.clone(),
        name: consumer.name.clone(),
        created: Timestamp::from_unix_nanos(consumer.created),
        config: Some(match metadata {
            Metadata::Stored => consumer.config.clone(),
            Metadata::Answered => consumer.config.answered(PEER_VERSION),
        }),
        delivered: SequenceInfo::new(session.delivered(), time(served.delivered_at)),
        ack_floor: SequenceInfo::new(state.floor, time(served.acknowledged_at)),
        num_ack_pending: count(state.unacked.len()),
        num_redelivered: count(session.num_redelivered()),
        num_waiting: count(session.waiting()),
        num_pending: served.pending(held.machine.index()),
        cluster: None,
        push_bound: session.is_bound(),
        paused: false,
        pause_remaining: anabranch_jetstream::Nanos::ZERO,
        time: Timestamp::from_unix_nanos(now),
        priority_groups: consumer.config.priority_groups.first().map(group).into_iter().collect(),
    };
    info.set_pause();
    Ok(info)
}
