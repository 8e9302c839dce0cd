//! Requests that begin a backup or a restore. The rest is done chunk by chunk.

use anabranch_jetstream::advisory::Advisory;
use anabranch_jetstream::api::{RestoreRequest, Restoring, Snapshot, SnapshotRequest};
use anabranch_jetstream::config::{Storage, obstacle, restore as check_restore};
use anabranch_jetstream::stream::{Command, RestoreStep};
use anabranch_jetstream::{ApiError, error, json};

use super::streams::{not_yet, state, surroundings};
use super::{Reply, Request, send};
use crate::jetstream::advising::{self, advise};
use crate::jetstream::held::Held;
use crate::jetstream::outbox::Outbox;
use crate::jetstream::receiving::Receiving;
use crate::jetstream::recovery;
use crate::jetstream::sending::Sending;
use crate::jetstream::shard::Shard;

/// `STREAM.SNAPSHOT`.
pub fn snapshot(shard: &mut Shard, request: &Request<'_>, outbox: &mut Outbox<'_>) {
    let begun = begin_snapshot(shard, request);
    let answer = begun.as_ref().map(|(snapshot, _)| snapshot.clone());
    let reply = Reply::new(&answer.map_err(Clone::clone));
    send(shard, request, &reply, outbox);
    let Ok((Snapshot { config, state }, sending)) = begun else { return };
    log::info!("Starting snapshot for stream '$G > {}'", config.name);
    let client = advising::client(&shard.intake, request.message.from);
    let (stream, state, client) = (&*config.name, &state, &client);
    advise(&shard.intake, &Advisory::SnapshotCreate { stream, state, client }, outbox);
    shard.transfers.send(sending);
}

fn begin_snapshot(shard: &Shard, request: &Request<'_>) -> Result<(Snapshot, Sending), ApiError> {
    let held = shard.streams.find(request.stream.as_bytes());
    let asked = SnapshotRequest::parse(request.body, request.strictness, || held.is_some())?;
    let held = held.ok_or(error::STREAM_NOT_FOUND)?;
    if !shard.transfers.can_send() {
        return Err(error::snapshot_failed("too many backups are under way"));
    }
    let state = state(held);
    let config = held.machine.config().clone();
    let client = advising::client(&shard.intake, request.message.from);
    let sending = Sending::new(&shard.intake, held, asked, &state, client);
    Ok((Snapshot { config, state }, sending))
}

/// `STREAM.RESTORE`.
pub fn restore(shard: &mut Shard, request: &Request<'_>, now: i64, outbox: &mut Outbox<'_>) {
    let begun = begin_restore(shard, request, now);
    let restoring = begun.as_ref().map_err(Clone::clone);
    let deliver_subject = restoring.map(|begun| begun.subject().to_owned());
    if begun.is_ok() {
        log::info!("Starting restore for stream '$G > {}'", request.stream);
        let client = advising::client(&shard.intake, request.message.from);
        let (stream, client) = (request.stream, &client);
        advise(&shard.intake, &Advisory::RestoreCreate { stream, client }, outbox);
    }
    let reply = Reply::new(&deliver_subject.map(|subject| Restoring { deliver_subject: subject }));
    send(shard, request, &reply, outbox);
    if let Ok(receiving) = begun {
        shard.transfers.receive(receiving);
    }
}

fn begin_restore(
    shard: &mut Shard,
    request: &Request<'_>,
    now: i64,
) -> Result<Receiving, ApiError> {
    let asked = RestoreRequest::parse(request.body, request.stream, request.strictness)?;
    let config = check_restore(&asked.config, &surroundings(shard))?;
    not_yet(&config, shard.intake.domain())?;
    if shard.streams.is_restoring(request.stream) {
        return Err(error::RESTORE_NAME_IN_USE);
    }
    if !shard.transfers.can_receive() {
        return Err(error::restore_failed("too many restores are under way"));
    }
    let id = shard.ledger.new_stream();
    let message_max = u64::from(shard.intake.server.options.limits.payload_max);
    let client = advising::client(&shard.intake, request.message.from);
    if let Some(obstacle) = obstacle(&config, &surroundings(shard)) {
        let receiving = Receiving::new(&shard.intake, (id, &config.name), message_max, client);
        return Ok(receiving.doomed(obstacle));
    }
    let home = match config.storage {
        Storage::Memory => None,
        Storage::File => {
            let text = json::to_vec(&config);
            shard.log_now(id, now, &Command::Restore(RestoreStep::Begin(&text)))?;
            Some(shard.journal.home(id))
        }
    };
    let seed = shard.intake.server.seed();
    let held = recovery::create(id, config, now, home, seed);
    let held = Held { is_restoring: true, ..held };
    let name = &held.machine.config().name;
    let receiving = Receiving::new(&shard.intake, (id, name), message_max, client);
    shard.streams.insert(held);
    Ok(receiving)
}
