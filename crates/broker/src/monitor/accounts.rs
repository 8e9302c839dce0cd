//! `/accountz` and `/accstatz`, of the one account.

use std::time::SystemTime;

use serde::Serialize;

use super::gotext;
use super::subsz;
use super::varz::Volume;

/// The document of `/accountz`.
#[derive(Debug, Serialize)]
pub(super) struct Accountz {
    pub(super) server_id: String,
    #[serde(serialize_with = "gotext::time")]
    pub(super) now: SystemTime,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) accounts: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) account_detail: Option<Detail>,
}

/// What `/accountz` shows of one account.
#[derive(Debug, Serialize)]
pub(super) struct Detail {
    pub(super) account_name: String,
    #[serde(serialize_with = "gotext::time")]
    pub(super) update_time: SystemTime,
    pub(super) expired: bool,
    pub(super) complete: bool,
    pub(super) jetstream_enabled: bool,
    pub(super) leafnode_connections: usize,
    pub(super) client_connections: usize,
    pub(super) subscriptions: u64,
    pub(super) name_tag: String,
    pub(super) sublist_stats: subsz::Stats,
}

/// The document of `/accstatz`.
#[derive(Debug, Serialize)]
pub(super) struct Accstatz {
    pub(super) server_id: String,
    #[serde(serialize_with = "gotext::time")]
    pub(super) now: SystemTime,
    pub(super) account_statz: Vec<Statz>,
}

/// What `/accstatz` shows of one account.
#[derive(Debug, Serialize)]
pub(super) struct Statz {
    pub(super) acc: String,
    pub(super) name: String,
    pub(super) conns: usize,
    pub(super) leafnodes: usize,
    pub(super) total_conns: usize,
    pub(super) num_subscriptions: usize,
    pub(super) sent: ByPeer,
    pub(super) received: ByPeer,
    pub(super) slow_consumers: u64,
}

/// Traffic, and the part of it that other servers carried.
#[derive(Debug, Default, Serialize)]
pub(super) struct ByPeer {
    #[serde(flatten)]
    all: Volume,
    gateways: Volume,
    routes: Volume,
    leafs: Volume,
}

impl ByPeer {
    /// Traffic of clients, and of nobody else.
    #[must_use]
    pub(super) fn of_clients(all: Volume) -> Self {
        Self { all, ..Self::default() }
    }
}
