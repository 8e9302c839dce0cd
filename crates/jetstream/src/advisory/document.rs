//! The JSON of advisories: fields in nats-server's order (`server/jetstream_events.go`).

use serde::Serialize;

use super::consumer::{self, ConsumerBody, Place};
use super::{Advisory, BatchAbandoned, Client, Envelope, StreamAction};
use crate::api::info::StreamState;
use crate::time::Timestamp;

#[derive(Serialize)]
pub(super) struct Document<'a> {
    #[serde(rename = "type")]
    kind: String,
    id: &'a str,
    timestamp: Timestamp,
    #[serde(flatten)]
    body: Body<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Body<'a> {
    Stream(StreamBody<'a>),
    Consumer(ConsumerBody<'a>),
    SnapshotCreate(SnapshotCreate<'a>),
    SnapshotComplete(SnapshotComplete<'a>),
    RestoreCreate(RestoreCreate<'a>),
    RestoreComplete(RestoreComplete<'a>),
    BatchAbandoned(BatchAbandonedBody<'a>),
    OutOfStorage(OutOfStorage<'a>),
    ApiLimitReached(ApiLimitReached<'a>),
    Api(ApiAudit<'a>),
}

#[derive(Serialize)]
struct StreamBody<'a> {
    stream: &'a str,
    action: StreamAction,
    #[serde(skip_serializing_if = "str::is_empty")]
    domain: &'a str,
}

#[derive(Serialize)]
struct SnapshotCreate<'a> {
    stream: &'a str,
    state: &'a StreamState,
    client: &'a Client,
    #[serde(skip_serializing_if = "str::is_empty")]
    domain: &'a str,
}

#[derive(Serialize)]
struct SnapshotComplete<'a> {
    stream: &'a str,
    start: Timestamp,
    end: Timestamp,
    client: &'a Client,
    #[serde(skip_serializing_if = "str::is_empty")]
    domain: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    error: &'a str,
}

#[derive(Serialize)]
struct RestoreCreate<'a> {
    stream: &'a str,
    client: &'a Client,
    #[serde(skip_serializing_if = "str::is_empty")]
    domain: &'a str,
}

#[derive(Serialize)]
struct RestoreComplete<'a> {
    stream: &'a str,
    start: Timestamp,
    end: Timestamp,
    bytes: u64,
    client: &'a Client,
    #[serde(skip_serializing_if = "str::is_empty")]
    domain: &'a str,
}

#[derive(Serialize)]
struct BatchAbandonedBody<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    account: &'a str,
    stream: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    domain: &'a str,
    batch: &'a str,
    reason: BatchAbandoned,
}

#[derive(Serialize)]
struct OutOfStorage<'a> {
    server: &'a str,
    server_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    stream: &'a str,
    cluster: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    domain: &'a str,
}

#[derive(Serialize)]
struct ApiLimitReached<'a> {
    server: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    domain: &'a str,
    dropped: u64,
}

#[derive(Serialize)]
struct ApiAudit<'a> {
    server: &'a str,
    client: &'a Client,
    subject: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    request: &'a str,
    response: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    domain: &'a str,
}

impl<'a> Document<'a> {
    pub(super) fn of(advisory: &Advisory<'a>, envelope: &Envelope<'a>) -> Self {
        let (name, body) = body(advisory, envelope);
        let family = if name == consumer::METRIC { "metric" } else { "advisory" };
        Self {
            kind: format!("io.nats.jetstream.{family}.v1.{name}"),
            id: envelope.id,
            timestamp: envelope.time,
            body,
        }
    }
}

fn body<'a>(advisory: &Advisory<'a>, envelope: &Envelope<'a>) -> (&'static str, Body<'a>) {
    let domain = envelope.domain;
    match *advisory {
        Advisory::Consumer { account, stream, consumer, event } => {
            let place = Place { account, stream, consumer, domain };
            let (name, body) = consumer::body(place, event, envelope.time);
            (name, Body::Consumer(body))
        }
        Advisory::Stream(stream, action) => {
            ("stream_action", Body::Stream(StreamBody { stream, action, domain }))
        }
        Advisory::SnapshotCreate { stream, state, client } => (
            "snapshot_create",
            Body::SnapshotCreate(SnapshotCreate { stream, state, client, domain }),
        ),
        Advisory::SnapshotComplete { stream, start, end, client, error } => (
            "snapshot_complete",
            Body::SnapshotComplete(SnapshotComplete { stream, start, end, client, domain, error }),
        ),
        Advisory::RestoreCreate { stream, client } => {
            ("restore_create", Body::RestoreCreate(RestoreCreate { stream, client, domain }))
        }
        Advisory::RestoreComplete { stream, start, end, bytes, client } => (
            "restore_complete",
            Body::RestoreComplete(RestoreComplete { stream, start, end, bytes, client, domain }),
        ),
        Advisory::BatchAbandoned { account, stream, batch, reason } => (
            "stream_batch_abandoned",
            Body::BatchAbandoned(BatchAbandonedBody { account, stream, domain, batch, reason }),
        ),
        Advisory::OutOfStorage { server, server_id, stream, cluster } => (
            "server_out_of_space",
            Body::OutOfStorage(OutOfStorage { server, server_id, stream, cluster, domain }),
        ),
        Advisory::ApiLimitReached { server, dropped } => (
            "api_limit_reached",
            Body::ApiLimitReached(ApiLimitReached { server, domain, dropped }),
        ),
        Advisory::Api { server, client, subject, request, response } => (
            "api_audit",
            Body::Api(ApiAudit { server, client, subject, request, response, domain }),
        ),
    }
}
