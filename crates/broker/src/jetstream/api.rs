//! Requests of the JetStream API, answered by the shard.

mod change;
mod direct;
mod messages;
mod streams;

use anabranch_jetstream::ApiError;
use anabranch_jetstream::api::{self as documents, Endpoint, Response, StreamCall};
use anabranch_jetstream::json::Strictness;

pub use change::change;

use super::outbox::Outbox;
use super::shard::Shard;
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
    /// Whether unknown fields are errors.
    pub strictness: Strictness,
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

fn endpoint<'a>(subject: &'a [u8]) -> Option<Endpoint<'a>> {
    documents::parse(str::from_utf8(subject).ok()?, None)
}

/// The request makes, changes or ends a stream.
#[must_use]
pub fn is_structural(subject: &[u8]) -> bool {
    matches!(
        endpoint(subject),
        Some(Endpoint::Stream(StreamCall::Create | StreamCall::Update | StreamCall::Delete, _))
    )
}

/// Carries out a request that makes, changes or ends a stream.
pub fn restructure(shard: &mut Shard, message: &Inbound<'_>, now: i64, outbox: &mut Outbox<'_>) {
    let Some(Endpoint::Stream(call, stream)) = endpoint(message.subject) else { return };
    let request = request(shard, message, stream);
    let reply = match call {
        StreamCall::Create => Reply::new(&streams::create(shard, &request, now)),
        StreamCall::Update => Reply::new(&streams::update(shard, &request, now)),
        StreamCall::Delete => Reply::new(&streams::delete(shard, &request, now)),
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
    let Some(endpoint) = endpoint(message.subject) else { return };
    let stream = match endpoint {
        Endpoint::Stream(_, stream) | Endpoint::DirectGet(stream, _) => stream,
        _ => "",
    };
    let request = request(shard, message, stream);
    let reply = match endpoint {
        Endpoint::DirectGet(_, None) => return direct::get(shard, &request, outbox),
        Endpoint::DirectGet(_, Some(subject)) => {
            return direct::last(shard, subject, &request, outbox);
        }
        Endpoint::AccountInfo => Reply::new(&Ok(streams::account_info(shard))),
        Endpoint::StreamNames => Reply::new(&streams::names(shard, &request)),
        Endpoint::StreamList => Reply::new(&streams::list(shard, &request)),
        Endpoint::Stream(StreamCall::Info, _) => Reply::new(&streams::info(shard, &request)),
        Endpoint::Stream(StreamCall::Purge, _) => {
            Reply::new(&messages::purge(shard, &request, refused))
        }
        Endpoint::Stream(StreamCall::MessageGet, _) => messages::get(shard, &request),
        Endpoint::Stream(StreamCall::MessageDelete, _) => {
            Reply::new(&messages::delete(shard, &request, refused))
        }
        Endpoint::Cluster(call) => Reply { body: call.refusal(), failed: true },
        Endpoint::Stream(..) | Endpoint::Consumer(_) | Endpoint::Silent => return,
    };
    send(shard, &request, &reply, outbox);
}

fn request<'a>(shard: &Shard, message: &Inbound<'a>, stream: &'a str) -> Request<'a> {
    let Inbound { body, reply, .. } = *message;
    Request { stream, body, reply, strictness: shard.intake.strictness() }
}

fn send(shard: &mut Shard, request: &Request<'_>, reply: &Reply, outbox: &mut Outbox<'_>) {
    shard.ledger.requests += 1;
    shard.ledger.errors += u64::from(reply.failed);
    outbox.send(request.reply, b"", 0, &reply.body);
}
