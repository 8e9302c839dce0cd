//! The document of `/varz`, in parts that are each filled from one place. Fields stand in
//! nats-server's order.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::gotext;
use super::jsz::InVarz;

/// The document.
#[derive(Debug, Serialize)]
pub(super) struct Varz {
    #[serde(flatten)]
    pub(super) identity: Identity,
    #[serde(flatten)]
    pub(super) limits: Limits,
    #[serde(flatten)]
    pub(super) absent: Absent,
    pub(super) jetstream: InVarz,
    #[serde(flatten)]
    pub(super) timing: Timing,
    #[serde(flatten)]
    pub(super) process: Process,
    #[serde(flatten)]
    pub(super) connections: Connections,
    #[serde(flatten)]
    pub(super) traffic: Traffic,
    #[serde(flatten)]
    pub(super) trouble: Trouble,
    pub(super) subscriptions: usize,
    pub(super) http_req_stats: BTreeMap<&'static str, u64>,
    #[serde(flatten)]
    pub(super) configured: Configured,
    #[serde(flatten)]
    pub(super) stats: Stats,
    #[serde(serialize_with = "gotext::time_if", skip_serializing_if = "Option::is_none")]
    pub(super) tls_cert_not_after: Option<SystemTime>,
    /// Not nats-server's: which release of ours answers.
    pub(super) anabranch_version: &'static str,
}

/// Who answers, and how clients reach it.
#[derive(Debug, Serialize)]
pub(super) struct Identity {
    pub(super) server_id: String,
    pub(super) server_name: String,
    pub(super) version: String,
    pub(super) proto: i32,
    pub(super) go: String,
    pub(super) host: String,
    pub(super) port: u16,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) auth_required: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) tls_required: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) tls_verify: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) connect_urls: Vec<String>,
}

/// What clients must keep to.
#[derive(Debug, Serialize)]
pub(super) struct Limits {
    pub(super) max_connections: i64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) max_subscriptions: u32,
    #[serde(serialize_with = "gotext::nanos")]
    pub(super) ping_interval: Duration,
    pub(super) ping_max: u32,
    pub(super) http_host: String,
    /// As configured: -1 where the system chose it, 0 where there is none.
    pub(super) http_port: i32,
    pub(super) http_base_path: String,
    pub(super) https_port: i32,
    #[serde(serialize_with = "gotext::float")]
    pub(super) auth_timeout: f64,
    pub(super) max_control_line: u32,
    pub(super) max_payload: u32,
    pub(super) max_pending: u64,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// An object without fields: a part of nats-server that is not configured.
#[derive(Debug, Default, Serialize)]
pub(super) struct Nothing {}

/// Parts that are not there, shown as by a nats-server that does not use them.
#[derive(Debug, Default, Serialize)]
pub(super) struct Absent {
    cluster: Nothing,
    gateway: Nothing,
    leaf: Nothing,
    mqtt: Nothing,
    websocket: Nothing,
}

/// Deadlines and the time.
#[derive(Debug, Serialize)]
pub(super) struct Timing {
    #[serde(serialize_with = "gotext::float")]
    pub(super) tls_timeout: f64,
    #[serde(serialize_with = "gotext::nanos")]
    pub(super) write_deadline: Duration,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) write_timeout: Option<&'static str>,
    #[serde(serialize_with = "gotext::time")]
    pub(super) start: SystemTime,
    #[serde(serialize_with = "gotext::time")]
    pub(super) now: SystemTime,
    pub(super) uptime: String,
}

/// What the process uses.
#[derive(Debug, Serialize)]
pub(super) struct Process {
    /// Resident bytes.
    pub(super) mem: u64,
    pub(super) cores: usize,
    /// Threads that run connections.
    pub(super) gomaxprocs: usize,
    /// Percent of one core, lately.
    #[serde(serialize_with = "gotext::float")]
    pub(super) cpu: f64,
}

/// Who is connected.
#[derive(Debug, Default, Serialize)]
pub(super) struct Connections {
    pub(super) connections: usize,
    pub(super) total_connections: u64,
    pub(super) routes: u64,
    pub(super) remotes: u64,
    pub(super) leafnodes: u64,
}

/// Messages; all come from and go to clients.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub(super) struct Traffic {
    in_msgs: u64,
    in_bytes: u64,
    in_client_msgs: u64,
    in_client_bytes: u64,
    out_msgs: u64,
    out_bytes: u64,
    out_client_msgs: u64,
    out_client_bytes: u64,
}

/// Messages and their bytes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Volume {
    pub(super) msgs: u64,
    pub(super) bytes: u64,
}

impl Traffic {
    /// Traffic of clients, and of nobody else.
    #[must_use]
    pub(super) fn of_clients(received: Volume, sent: Volume) -> Self {
        Self {
            in_msgs: received.msgs,
            in_bytes: received.bytes,
            in_client_msgs: received.msgs,
            in_client_bytes: received.bytes,
            out_msgs: sent.msgs,
            out_bytes: sent.bytes,
            out_client_msgs: sent.msgs,
            out_client_bytes: sent.bytes,
        }
    }
}

/// Clients that did not keep up.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Trouble {
    pub(super) slow_consumers: u64,
    pub(super) stale_connections: u64,
    pub(super) stalled_clients: u64,
}

/// What the operator wrote.
#[derive(Debug, Serialize)]
pub(super) struct Configured {
    #[serde(serialize_with = "gotext::time")]
    pub(super) config_load_time: SystemTime,
    pub(super) config_digest: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tags: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) metadata: BTreeMap<String, String>,
}

/// Figures by kind of connection.
#[derive(Debug, Default, Serialize)]
pub(super) struct Stats {
    slow_consumer_stats: ByKind,
    stale_connection_stats: ByKind,
    disk_io_wait_stats: DiskWaits,
}

impl Stats {
    /// All trouble is clients'.
    #[must_use]
    pub(super) fn of_clients(trouble: Trouble) -> Self {
        Self {
            slow_consumer_stats: ByKind { clients: trouble.slow_consumers, ..ByKind::default() },
            stale_connection_stats: ByKind {
                clients: trouble.stale_connections,
                ..ByKind::default()
            },
            disk_io_wait_stats: DiskWaits::default(),
        }
    }
}

#[derive(Debug, Default, Serialize)]
struct ByKind {
    clients: u64,
    routes: u64,
    gateways: u64,
    leafs: u64,
}

#[derive(Debug, Default, Serialize)]
struct DiskWaits {
    waiters: u64,
    waits: u64,
    wait_time: u64,
    max_wait_time: u64,
}
