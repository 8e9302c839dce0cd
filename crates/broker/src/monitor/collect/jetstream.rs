//! JetStream, as its shard tells. All of this blocks until the shard has a moment.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use anabranch_jetstream::api::ConsumerInfo;
use anabranch_jetstream::api::info::ClusterInfo;
use anabranch_jetstream::config::API_LEVEL;

use crate::jetstream::{Detail, JetStream, Totals, WithConsumers};
use crate::monitor::jsz::{Account, Api, Config, InVarz, Jsz, Limits, Request, Stats, Stream};
use crate::monitor::stream_metrics::{Measured, STREAMS_MAX, StreamFigures};
use crate::server::Server;

/// Shown by nats-server; nobody can configure it.
const DEFAULT_MAX_CONSUMERS: i64 = 1000;
/// Without a limit nats-server shows -1 as it is without its sign.
const UNLIMITED: u64 = u64::MAX;

/// The document of `/jsz`.
pub(in crate::monitor) fn jsz(server: &Server, request: &Request, now: SystemTime) -> Jsz {
    let server_id = server.identity.id.clone();
    let Some((jetstream, totals)) = running(server) else {
        return Jsz { server_id, now: Some(now), disabled: true, ..Jsz::default() };
    };
    let account = server.account.name();
    let shown = request.shows(account).then(|| details(server, jetstream, &totals, request));
    Jsz {
        stats: stats(&totals),
        server_id,
        now: Some(now),
        disabled: false,
        config: config(server, jetstream),
        limits: Some(limits(server)),
        streams: totals.streams,
        streams_leader: if request.raft { totals.streams } else { 0 },
        consumers: totals.consumers,
        consumers_leader: if request.raft { totals.consumers } else { 0 },
        messages: totals.messages,
        bytes: totals.memory + totals.storage,
        account_details: shown.into_iter().collect(),
        total: 1,
    }
}

/// The part of `/varz`; empty where JetStream is off.
pub(in crate::monitor) fn in_varz(server: &Server) -> InVarz {
    let Some((jetstream, totals)) = running(server) else { return InVarz::default() };
    InVarz {
        config: Some(config(server, jetstream)),
        stats: Some(stats(&totals)),
        limits: Some(limits(server)),
    }
}

/// What `/metrics` shows of it.
pub(super) fn measured(server: &Server) -> Option<Measured> {
    let (jetstream, totals) = running(server)?;
    let figures = jetstream.figures();
    let load = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
    let streams = jetstream.details(STREAMS_MAX, WithConsumers::default()).unwrap_or_default();
    let named = |detail: Detail| StreamFigures {
        name: detail.config.name,
        messages: detail.state.messages,
        bytes: detail.state.bytes,
    };
    Some(Measured {
        account: server.account.name().to_owned(),
        totals,
        streams: streams.into_iter().map(named).collect(),
        capacity: jetstream.capacity(),
        turns: figures.turns.read(),
        commits: figures.commits.read(),
        log_used: load(&figures.log_used),
        log_max: load(&figures.log_max),
        compacted_segments: load(&figures.compacted_segments),
        compacted_bytes: load(&figures.compacted_bytes),
        failed: figures.failed.load(Ordering::Relaxed),
    })
}

/// JetStream and what is in it, where it runs.
fn running(server: &Server) -> Option<(&JetStream, Totals)> {
    let jetstream = server.jetstream.get()?;
    Some((jetstream, jetstream.totals()?))
}

fn stats(totals: &Totals) -> Stats {
    Stats {
        memory: totals.memory,
        storage: totals.storage,
        reserved_memory: totals.reserved_memory,
        reserved_storage: totals.reserved_storage,
        accounts: 1,
        ha_assets: 0,
        api: Api { level: API_LEVEL, total: totals.requests, errors: totals.errors },
    }
}

fn config(server: &Server, jetstream: &JetStream) -> Config {
    let options = server.options.jetstream.clone().unwrap_or_default();
    Config {
        max_memory: jetstream.capacity().memory,
        max_storage: jetstream.capacity().file,
        store_dir: jetstream.store_dir().display().to_string(),
        sync_interval: options.sync_interval,
        sync_always: options.sync_always,
        domain: options.domain,
        compress_ok: true,
        unique_tag: options.unique_tag,
        strict: options.strict,
    }
}

fn limits(server: &Server) -> Limits {
    let options = server.options.jetstream.as_ref();
    let limits = options.map(|options| options.limits.clone()).unwrap_or_default();
    Limits {
        max_request_batch: limits.max_request_batch,
        max_ack_pending: limits.max_ack_pending,
        max_ha_assets: limits.max_ha_assets,
        max_duplicate_window: limits.duplicate_window,
        max_batch_inflight_per_stream: limits.batch.inflight_per_stream,
        max_batch_inflight_total: limits.batch.inflight_total,
        max_batch_size: limits.batch.messages,
        max_batch_timeout: limits.batch.timeout,
        default_max_consumers: DEFAULT_MAX_CONSUMERS,
    }
}

fn details(server: &Server, jetstream: &JetStream, totals: &Totals, request: &Request) -> Account {
    let name = server.account.name().to_owned();
    let with = WithConsumers {
        own: request.consumers,
        direct: request.consumers && request.direct_consumers,
    };
    let streams = if request.streams { jetstream.details(usize::MAX, with) } else { None };
    let leader = &server.identity.name;
    let shown = |detail| shown(detail, leader, request);
    Account {
        id: name.clone(),
        name,
        stats: Stats {
            reserved_memory: UNLIMITED,
            reserved_storage: UNLIMITED,
            accounts: 0,
            api: Api { level: 0, total: totals.requests, errors: totals.errors },
            ..stats(totals)
        },
        stream_detail: streams.unwrap_or_default().into_iter().map(shown).collect(),
    }
}

fn shown(detail: Detail, leader: &str, request: &Request) -> Stream {
    let consumer = |info: ConsumerInfo| ConsumerInfo {
        config: info.config.filter(|_| request.config),
        ..info
    };
    let consumers = |all: Vec<ConsumerInfo>| all.into_iter().map(consumer).collect();
    Stream {
        name: detail.config.name.clone(),
        created: detail.created,
        cluster: ClusterInfo { leader: leader.to_owned() },
        config: request.config.then_some(detail.config),
        state: detail.state,
        consumer_detail: consumers(detail.consumers),
        direct_consumer_detail: consumers(detail.direct_consumers),
        mirror: detail.mirror,
        sources: detail.sources,
    }
}
