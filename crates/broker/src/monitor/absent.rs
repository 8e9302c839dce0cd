//! Documents about parts of nats-server that are not here, as a nats-server answers that does
//! not use them. Their parameters are checked all the same.

use std::time::SystemTime;

use serde_json::json;

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
