//! Requests of the JetStream API, answered by the shard.

mod backup;
mod change;
mod consumers;
mod direct;
mod messages;
mod streams;

use anabranch_jetstream::advisory::Advisory;
use anabranch_jetstream::api::{self as documents, ConsumerCall, Endpoint, Response, StreamCall};
use anabranch_jetstream::config::exceeds_api_level;
use anabranch_jetstream::json::Strictness;
use anabranch_jetstream::publish::block;
use anabranch_jetstream::{ApiError, error};

pub use change::change;
pub(super) use consumers::{describe_all as consumers_of, surroundings as surroundings_of};
pub use direct::Aside;
use streams::Informing;
pub(super) use streams::{created, state};

use super::advising::{self, advise};
use super::outbox::Outbox;
use super::parked::Asked;
use super::shard::{Shard, now};
use crate::worker::Inbound;

/// A request that was understood so far.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The stream that it is about; empty: none.
    pub stream: &'a str,
    /// Its body.
    pub body: &'a [u8],
    /// Where the answer goes.
    pub reply: &'a [u8],
    /// The whole request.
    message: Inbound<'a>,
    /// Whether unknown fields are errors.
    pub strictness: Strictness,
    /// It needs an API level that this server does not have.
    pub is_too_new: bool,
}

/// What a client is told.
pub struct Reply {
    /// The document.
    body: Vec<u8>,
    /// It is an error.
    failed: bool,
}

impl Reply {
    fn new<T: Response>(outcome: &Result<T, ApiError>) -> Self {
        Self { body: documents::encode(outcome), failed: outcome.is_err() }
    }
}

fn endpoint<'a>(subject: &'a [u8], domain: &str) -> Option<Endpoint<'a>> {
    let domain = Some(domain).filter(|domain| !domain.is_empty());
    documents::parse(str::from_utf8(subject).ok()?, domain)
}

/// The request makes, changes or ends a stream.
#[must_use]
pub fn is_structural(subject: &[u8], domain: &str) -> bool {
    match endpoint(subject, domain) {
        Some(Endpoint::Stream(call, _)) => matches!(
            call,
            StreamCall::Create | StreamCall::Update | StreamCall::Delete | StreamCall::Restore
        ),
        Some(Endpoint::Consumer(call)) => consumers::is_structural(call),
        _ => false,
    }
}

/// The request changes a stream, and so how what is logged behind it is applied.
#[must_use]
pub fn is_update(subject: &[u8], domain: &str) -> bool {
    match endpoint(subject, domain) {
        Some(Endpoint::Stream(call, _)) => call == StreamCall::Update,
        Some(Endpoint::Consumer(call)) => consumers::is_structural(call),
        _ => false,
    }
}

/// The request removes messages, of which there may be many.
#[must_use]
pub fn is_purge(subject: &[u8], domain: &str) -> bool {
    matches!(endpoint(subject, domain), Some(Endpoint::Stream(StreamCall::Purge, _)))
}

/// Carries out a request that makes, changes or ends a stream.
pub fn restructure(shard: &mut Shard, message: &Inbound<'_>, now: i64, outbox: &mut Outbox<'_>) {
    let endpoint = endpoint(message.subject, shard.intake.domain());
    if let Some(Endpoint::Consumer(call)) = endpoint {
        return answer_consumer(shard, message, call, now, outbox);
    }
    let Some(Endpoint::Stream(call, stream)) = endpoint else { return };
    let request = request(shard, message, stream);
    let reply = match call {
        _ if request.is_too_new => match too_new(Endpoint::Stream(call, stream)) {
            Some(reply) => reply,
            None => return,
        },
        StreamCall::Create => Reply::new(&streams::create(shard, &request, now)),
        StreamCall::Update => match streams::update(shard, &request, now).transpose() {
            Some(updated) => Reply::new(&updated),
            None => return,
        },
        StreamCall::Delete => Reply::new(&streams::delete(shard, &request, now, outbox)),
        StreamCall::Restore => return backup::restore(shard, &request, now, outbox),
        _ => return,
    };
    send(shard, &request, &reply, outbox);
}

/// Answers any other request, or not, where nats-server does not either. `refused`: its command
/// could not be logged.
pub fn answer(
    shard: &mut Shard,
    message: &Inbound<'_>,
    refused: Option<ApiError>,
    outbox: &mut Outbox<'_>,
) {
    let Some(endpoint) = endpoint(message.subject, shard.intake.domain()) else { return };
    if let Endpoint::Consumer(call) = endpoint {
        return answer_consumer(shard, message, call, now(), outbox);
    }
    let stream = match endpoint {
        Endpoint::Stream(_, stream) | Endpoint::DirectGet(stream, _) => stream,
        _ => "",
    };
    let request = request(shard, message, stream);
    if request.is_too_new
        && let Some(reply) = too_new(endpoint)
    {
        return send(shard, &request, &reply, outbox);
    }
    let reply = match endpoint {
        Endpoint::DirectGet(_, None) => return direct::get(shard, &request, outbox),
        Endpoint::DirectGet(_, Some(subject)) => {
            return direct::last(shard, subject, &request, outbox);
        }
        Endpoint::AccountInfo => Reply::new(&Ok(streams::account_info(shard))),
        Endpoint::StreamNames => Reply::new(&streams::names(shard, &request)),
        Endpoint::StreamList => Reply::new(&streams::list(shard, &request)),
        Endpoint::Stream(StreamCall::Info, _) => match streams::info(shard, &request) {
            Ok(Informing::Now(described)) => Reply::new(&Ok(*described)),
            Ok(Informing::Later(details)) => {
                return describe_later(shard, message, details, outbox);
            }
            Err(error) => Reply::new::<documents::Described>(&Err(error)),
        },
        Endpoint::Stream(StreamCall::Purge, _) => {
            match messages::purge(shard, &request, refused).transpose() {
                Some(purged) => Reply::new(&purged),
                None => return,
            }
        }
        Endpoint::Stream(StreamCall::MessageGet, _) => {
            match messages::get(shard, &request, outbox) {
                Some(reply) => reply,
                None => return,
            }
        }
        Endpoint::Stream(StreamCall::MessageDelete, _) => {
            Reply::new(&messages::delete(shard, &request, refused))
        }
        Endpoint::Cluster(call) => Reply { body: call.refusal(), failed: true },
        Endpoint::Stream(StreamCall::Snapshot, _) => {
            return backup::snapshot(shard, &request, outbox);
        }
        Endpoint::Stream(..) | Endpoint::Consumer(_) | Endpoint::Silent => return,
    };
    send(shard, &request, &reply, outbox);
}

/// Answers a request about consumers.
fn answer_consumer(
    shard: &mut Shard,
    message: &Inbound<'_>,
    call: &str,
    now: i64,
    outbox: &mut Outbox<'_>,
) {
    let Some(call) = documents::consumer_call(call) else { return };
    if let ConsumerCall::Next(stream, consumer) = call {
        if !consumers::is_there(shard, stream, consumer) {
            // As if nobody listened.
            let block = [b"NATS/1.0 503\r\nNats-Subject: ", message.subject, b"\r\n\r\n"].concat();
            outbox.send(message.reply, b"", block.len(), &block);
        }
        return;
    }
    let request = request(shard, message, call.stream());
    if let Some(reply) = consumers::answer(shard, &request, call, now, outbox) {
        send(shard, &request, &reply, outbox);
    }
}

/// Has a stream described on another thread, then answers.
fn describe_later(
    shard: &mut Shard,
    message: &Inbound<'_>,
    details: Box<streams::Details>,
    outbox: &mut Outbox<'_>,
) {
    let look = move || Reply::new(&details.describe());
    let tell = |shard: &mut Shard, message: &Inbound<'_>, reply, outbox: &mut Outbox<'_>| {
        let Some(stream) = stream_of(message.subject, shard.intake.domain()) else { return };
        let request = request(shard, message, stream);
        send(shard, &request, &reply, outbox);
    };
    shard.look_later(message, look, tell, outbox);
}

/// Answers a request that took long.
pub fn conclude(shard: &mut Shard, message: &Inbound<'_>, what: Asked, outbox: &mut Outbox<'_>) {
    let Some(stream) = stream_of(message.subject, shard.intake.domain()) else { return };
    let request = request(shard, message, stream);
    let reply = match what {
        Asked::Purge(before) => Reply::new(&messages::purged(shard, &request, before)),
        Asked::Update => Reply::new(&streams::updated(shard, &request)),
    };
    send(shard, &request, &reply, outbox);
}

/// The stream that a request is about.
#[must_use]
pub fn stream_of<'a>(subject: &'a [u8], domain: &str) -> Option<&'a str> {
    match endpoint(subject, domain)? {
        Endpoint::Stream(_, stream) | Endpoint::DirectGet(stream, _) => Some(stream),
        Endpoint::Consumer(call) => Some(documents::consumer_call(call)?.stream()),
        _ => None,
    }
}

/// The request needs an API level (`Nats-Required-Api-Level`) that this server does not have.
fn is_too_new(message: &Inbound<'_>) -> bool {
    let level = || block::value(message.headers, "Nats-Required-Api-Level");
    let Some(level) = level().filter(|_| !message.headers.is_empty()) else { return false };
    str::from_utf8(level).map_or(true, exceeds_api_level)
}

/// What a request that is too new is told.
fn too_new(endpoint: Endpoint<'_>) -> Option<Reply> {
    fn refused<T: Response>() -> Option<Reply> {
        Some(Reply::new::<T>(&Err(error::API_LEVEL_REQUIRED)))
    }
    match endpoint {
        Endpoint::AccountInfo => refused::<documents::AccountInfo>(),
        Endpoint::StreamNames => refused::<documents::Named>(),
        Endpoint::StreamList => refused::<documents::Listed>(),
        Endpoint::Stream(call, _) => match call {
            StreamCall::Create => refused::<documents::Created>(),
            StreamCall::Update => refused::<documents::Updated>(),
            StreamCall::Delete => refused::<documents::Deleted>(),
            StreamCall::Info => refused::<documents::Described>(),
            StreamCall::Purge => refused::<documents::Purged>(),
            StreamCall::MessageGet => refused::<documents::MessageGot<'_>>(),
            StreamCall::MessageDelete => refused::<documents::MessageDeleted>(),
            StreamCall::Snapshot => refused::<documents::Snapshot>(),
            StreamCall::Restore => refused::<documents::Restoring>(),
        },
        _ => None,
    }
}

fn request<'a>(shard: &Shard, message: &Inbound<'a>, stream: &'a str) -> Request<'a> {
    let Inbound { body, reply, .. } = *message;
    let (strictness, message) = (shard.intake.strictness(), *message);
    Request { stream, body, reply, strictness, is_too_new: is_too_new(&message), message }
}

fn send(shard: &mut Shard, request: &Request<'_>, reply: &Reply, outbox: &mut Outbox<'_>) {
    shard.ledger.requests += 1;
    shard.ledger.errors += u64::from(reply.failed);
    for (stream, action) in shard.news.drain(..) {
        advise(&shard.intake, &Advisory::Stream(&stream, action), outbox);
    }
    outbox.send(request.reply, b"", 0, &reply.body);
    if advising::is_audited(&shard.intake) {
        audit(shard, request, reply, outbox);
    }
}

/// Tells of a request that was answered.
#[cold]
fn audit(shard: &Shard, request: &Request<'_>, reply: &Reply, outbox: &mut Outbox<'_>) {
    let message = &request.message;
    let subject = String::from_utf8_lossy(message.subject);
    let in_domain = format!("$JS.{}.API.", shard.intake.domain());
    let subject = match subject.strip_prefix(&in_domain) {
        Some(call) => format!("$JS.API.{call}"),
        None => subject.into_owned(),
    };
    let advisory = Advisory::Api {
        server: &shard.intake.server.identity.name,
        client: &advising::client(&shard.intake, message.from),
        subject: &subject,
        request: &String::from_utf8_lossy(message.body),
        response: &String::from_utf8_lossy(&reply.body),
    };
    advise(&shard.intake, &advisory, outbox);
}
