//! Documents about parts of nats-server that are not here, as a nats-server answers that does
//! not use them. Their parameters are checked all the same.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::answer::Answer;
use super::gotext::timestamp;
use super::query::{BadRequest, Query};

/// Answers `/routez`.
pub(super) fn routez(
    query: &Query,
    server_id: &str,
    server_name: &str,
    now: SystemTime,
) -> Result<Answer, BadRequest> {
    subs(query)?;
    Ok(Answer::document(&json!({
        "server_id": server_id,
        "server_name": server_name,
        "now": timestamp(now),
        "num_routes": 0,
        "routes": [],
    })))
}

/// Answers `/gatewayz`.
pub(super) fn gatewayz(
    query: &Query,
    server_id: &str,
    now: SystemTime,
) -> Result<Answer, BadRequest> {
    subs(query)?;
    query.flag("accs")?;
    Ok(Answer::document(&json!({
        "server_id": server_id,
        "now": timestamp(now),
        "outbound_gateways": {},
        "inbound_gateways": {},
    })))
}

/// Answers `/leafz`.
pub(super) fn leafz(query: &Query, server_id: &str, now: SystemTime) -> Result<Answer, BadRequest> {
    query.flag("subs")?;
    Ok(Answer::document(&json!({
        "server_id": server_id,
        "now": timestamp(now),
        "leafnodes": 0,
        "leafs": [],
    })))
}

/// Answers `/jsz`: JetStream is disabled.
pub(super) fn jsz(query: &Query, server_id: &str, now: SystemTime) -> Result<Answer, BadRequest> {
    for name in ["accounts", "streams", "consumers", "direct-consumers", "config"] {
        query.flag(name)?;
    }
    query.int("offset")?;
    query.int("limit")?;
    for name in ["leader-only", "raft", "stream-leader-only"] {
        query.flag(name)?;
    }
    let mut document = json!({
        "api": {"level": 0, "total": 0, "errors": 0},
        "server_id": server_id,
        "now": timestamp(now),
        "disabled": true,
        "config": {"max_memory": 0, "max_storage": 0},
    });
    for count in JETSTREAM_COUNTS {
        document[count] = Value::from(0);
    }
    Ok(Answer::document(&document))
}

const JETSTREAM_COUNTS: [&str; 11] = [
    "memory",
    "storage",
    "reserved_memory",
    "reserved_storage",
    "accounts",
    "ha_assets",
    "streams",
    "consumers",
    "messages",
    "bytes",
    "total",
];

/// Answers `/ipqueuesz`: there are no such queues.
pub(super) fn ipqueuesz(query: &Query) -> Result<Answer, BadRequest> {
    query.flag("all")?;
    Ok(Answer::document(&json!({})))
}

/// Answers `/raftz`: there are no groups.
#[must_use]
pub(super) fn raftz() -> Answer {
    Answer::text(404, "No Raft nodes registered")
}

fn subs(query: &Query) -> Result<(), BadRequest> {
    if !query.text("subs").eq_ignore_ascii_case("detail") {
        query.flag("subs")?;
    }
    Ok(())
}
