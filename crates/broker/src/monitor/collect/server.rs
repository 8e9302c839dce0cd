//! The server as a whole: `/varz`, accounts, metrics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anabranch_config::options::WriteTimeoutPolicy;

use super::jetstream;
use super::process::{self, CpuSampler};
use crate::monitor::accounts::{Accountz, Accstatz, ByPeer, Detail, Statz};
use crate::monitor::endpoint::RequestCounts;
use crate::monitor::gotext;
use crate::monitor::metrics::Measured;
use crate::monitor::query::BadRequest;
use crate::monitor::varz::{
    Absent, Configured, Connections, Identity, Limits, Process, Stats, Timing, Traffic, Trouble,
    Varz, Volume,
};
use crate::server::{Server, Totals};

/// nats-server's TLS timeout in seconds, shown also where TLS is off.
const TLS_TIMEOUT: f64 = 2.0;

/// What monitoring itself observes.
#[derive(Debug, Default)]
pub(in crate::monitor) struct Observed {
    pub(in crate::monitor) requests: RequestCounts,
    pub(in crate::monitor) cpu: CpuSampler,
    /// When the certificate shown to clients expires.
    pub(in crate::monitor) certificate_not_after: Option<SystemTime>,
}

/// The document of `/varz`.
pub(in crate::monitor) fn varz(server: &Server, observed: &Observed, now: SystemTime) -> Varz {
    let trouble = trouble(&server.totals);
    let options = &server.options;
    Varz {
        identity: identity(server),
        limits: limits(server),
        absent: Absent::default(),
        jetstream: jetstream::in_varz(server),
        timing: timing(server, now),
        process: running(observed),
        connections: Connections {
            connections: server.registry.len(),
            total_connections: server.registry.accepted_total(),
            ..Connections::default()
        },
        traffic: Traffic::of_clients(received(&server.totals), sent(&server.totals)),
        trouble,
        subscriptions: server.account.subscription_count(),
        http_req_stats: observed.requests.by_path(),
        configured: Configured {
            config_load_time: server.started,
            config_digest: options.config_digest.clone(),
            tags: options.tags.clone(),
            metadata: options.metadata.iter().cloned().collect(),
        },
        stats: Stats::of_clients(trouble),
        tls_cert_not_after: observed.certificate_not_after,
        anabranch_version: env!("CARGO_PKG_VERSION"),
    }
}

fn identity(server: &Server) -> Identity {
    let info = server.info();
    Identity {
        server_id: info.server_id,
        server_name: info.server_name,
        version: info.version,
        proto: 1,
        go: info.go,
        host: info.host,
        port: info.port,
        auth_required: info.auth_required,
        tls_required: info.tls_required,
        tls_verify: info.tls_verify,
        connect_urls: info.connect_urls,
    }
}

fn limits(server: &Server) -> Limits {
    let options = &server.options;
    let monitor = &options.monitor;
    let host = if monitor.host.is_empty() { &options.listen.host } else { &monitor.host };
    Limits {
        max_connections: options.limits.connections_max,
        max_subscriptions: options.limits.subscriptions_max,
        ping_interval: options.timing.ping_interval,
        ping_max: options.timing.ping_out_max,
        http_host: host.clone(),
        http_port: configured_port(monitor.http_port),
        http_base_path: monitor.base_path.clone(),
        https_port: configured_port(monitor.https_port),
        auth_timeout: server.session_settings().auth_timeout.as_secs_f64(),
        max_control_line: options.limits.control_line_max,
        max_payload: options.limits.payload_max,
        max_pending: options.limits.pending_bytes_max,
    }
}

/// As in the configuration: -1 is any port, 0 none.
fn configured_port(port: Option<u16>) -> i32 {
    match port {
        None => 0,
        Some(0) => -1,
        Some(port) => i32::from(port),
    }
}

fn timing(server: &Server, now: SystemTime) -> Timing {
    let timing = &server.options.timing;
    let tls_timeout = server.options.tls.as_ref().map(|tls| tls.timeout.as_secs_f64());
    Timing {
        tls_timeout: tls_timeout.unwrap_or(TLS_TIMEOUT),
        write_deadline: timing.write_deadline,
        write_timeout: match timing.write_timeout {
            WriteTimeoutPolicy::Default => None,
            WriteTimeoutPolicy::Close => Some("close"),
            WriteTimeoutPolicy::Retry => Some("retry"),
        },
        start: server.started,
        now,
        uptime: gotext::uptime(server.now()),
    }
}

fn running(observed: &Observed) -> Process {
    Process {
        mem: process::resident_bytes(),
        cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        gomaxprocs: tokio::runtime::Handle::current().metrics().num_workers(),
        cpu: observed.cpu.percent(),
    }
}

fn load(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn received(totals: &Totals) -> Volume {
    Volume { msgs: load(&totals.in_msgs), bytes: load(&totals.in_bytes) }
}

fn sent(totals: &Totals) -> Volume {
    Volume { msgs: load(&totals.out_msgs), bytes: load(&totals.out_bytes) }
}

fn trouble(totals: &Totals) -> Trouble {
    Trouble {
        slow_consumers: load(&totals.slow_consumers),
        stale_connections: load(&totals.stale_connections),
        stalled_clients: load(&totals.stalled_clients),
    }
}

/// The document of `/accountz` about all accounts, or about the one `named`.
pub(in crate::monitor) fn accountz(
    server: &Server,
    named: &str,
    now: SystemTime,
) -> Result<Accountz, BadRequest> {
    let name = server.account.name();
    let server_id = server.identity.id.clone();
    if named.is_empty() {
        let accounts = vec![name.to_owned()];
        return Ok(Accountz { server_id, now, accounts, account_detail: None });
    }
    if named != name {
        return Err(BadRequest(format!("Account {named} does not exist")));
    }
    let stats = server.account.stats();
    let detail = Detail {
        account_name: name.to_owned(),
        update_time: server.started,
        expired: false,
        complete: true,
        jetstream_enabled: server.options.jetstream.is_some(),
        leafnode_connections: 0,
        client_connections: server.registry.len(),
        subscriptions: stats.subscriptions,
        name_tag: name.to_owned(),
        sublist_stats: stats.into(),
    };
    Ok(Accountz { server_id, now, accounts: Vec::new(), account_detail: Some(detail) })
}

/// The document of `/accstatz`; an account without clients is shown only with `unused`.
pub(in crate::monitor) fn accstatz(server: &Server, unused: bool, now: SystemTime) -> Accstatz {
    let conns = server.registry.len();
    let mut account_statz = Vec::new();
    if conns > 0 || unused {
        let name = server.account.name();
        account_statz.push(Statz {
            acc: name.to_owned(),
            name: name.to_owned(),
            conns,
            leafnodes: 0,
            total_conns: conns,
            num_subscriptions: server.account.subscription_count(),
            sent: ByPeer::of_clients(sent(&server.totals)),
            received: ByPeer::of_clients(received(&server.totals)),
            slow_consumers: load(&server.totals.slow_consumers),
        });
    }
    Accstatz { server_id: server.identity.id.clone(), now, account_statz }
}

/// Everything for `/metrics`.
pub(in crate::monitor) fn metrics(server: &Server) -> Measured {
    let stats = server.account.stats();
    let started = server.started.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Measured {
        connections: u64::try_from(server.registry.len()).unwrap_or(u64::MAX),
        connections_total: server.registry.accepted_total(),
        closed_total: server.registry.closed_total(),
        subscriptions: stats.subscriptions,
        received: received(&server.totals),
        sent: sent(&server.totals),
        trouble: trouble(&server.totals),
        matches: stats.matches,
        cache_hits: stats.cache_hits,
        resident_bytes: process::resident_bytes(),
        cpu_seconds: process::cpu_time().as_secs_f64(),
        start_seconds: started.as_secs_f64(),
        jetstream: jetstream::measured(server),
    }
}
