//! The document of `/jsz`, and the part of `/varz` that is the same. Fields stand in
//! nats-server's order. There is no cluster yet.

use std::time::{Duration, SystemTime};

use anabranch_jetstream::api::ConsumerInfo;
use anabranch_jetstream::api::info::{ClusterInfo, SourceInfo, StreamState};
use anabranch_jetstream::{StreamConfig, Timestamp};
use serde::Serialize;

use super::gotext;
use super::query::{BadRequest, Query};

/// Accounts in one answer, unless `limit` says otherwise.
const LIMIT: i64 = 1024;

/// What is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Request {
    /// Details of all accounts.
    pub(super) accounts: bool,
    /// Streams of the accounts that are detailed.
    pub(super) streams: bool,
    /// Consumers of those.
    pub(super) consumers: bool,
    /// Those that serve mirrors and sources.
    pub(super) direct_consumers: bool,
    /// Their configurations.
    pub(super) config: bool,
    /// How many streams this server leads.
    pub(super) raft: bool,
    /// Details of this account.
    pub(super) account: String,
    /// Accounts passed over.
    pub(super) offset: i64,
    /// Accounts shown; less than 0: all.
    pub(super) limit: i64,
}

impl Request {
    /// Reads the parameters.
    pub(super) fn parse(query: &Query) -> Result<Self, BadRequest> {
        let accounts = query.flag("accounts")?;
        let streams = query.flag("streams")?;
        let consumers = query.flag("consumers")?;
        let direct_consumers = query.flag("direct-consumers")?;
        let config = query.flag("config")?;
        let offset = query.int("offset")?;
        let limit = query.int("limit")?;
        query.flag("leader-only")?;
        let raft = query.flag("raft")?;
        query.flag("stream-leader-only")?;
        let account = query.text("acc").to_owned();
        let streams = streams || consumers;
        let accounts = accounts || (streams && account.is_empty());
        let limit = if limit == 0 { LIMIT } else { limit };
        Ok(Self {
            accounts,
            streams,
            consumers,
            direct_consumers,
            config,
            raft,
            account,
            offset,
            limit,
        })
    }

    /// Whether the one account is detailed.
    #[must_use]
    pub(super) fn shows(&self, account: &str) -> bool {
        let on_the_page = self.limit < 0 || self.offset <= 0;
        self.account == account || (self.accounts && on_the_page)
    }
}

/// The document of `/jsz`.
#[derive(Debug, Default, Serialize)]
pub(super) struct Jsz {
    #[serde(flatten)]
    pub(super) stats: Stats,
    pub(super) server_id: String,
    #[serde(serialize_with = "gotext::time_if")]
    pub(super) now: Option<SystemTime>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) disabled: bool,
    pub(super) config: Config,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) limits: Option<Limits>,
    pub(super) streams: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) streams_leader: u64,
    pub(super) consumers: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) consumers_leader: u64,
    pub(super) messages: u64,
    pub(super) bytes: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) account_details: Vec<Account>,
    pub(super) total: u64,
}

/// The part of `/varz` about JetStream.
#[derive(Debug, Default, Serialize)]
pub(super) struct InVarz {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) config: Option<Config>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stats: Option<Stats>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) limits: Option<Limits>,
}

/// What is used.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub(super) struct Stats {
    pub(super) memory: u64,
    pub(super) storage: u64,
    pub(super) reserved_memory: u64,
    pub(super) reserved_storage: u64,
    pub(super) accounts: u64,
    pub(super) ha_assets: u64,
    pub(super) api: Api,
}

/// Requests to the API.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub(super) struct Api {
    pub(super) level: u32,
    pub(super) total: u64,
    pub(super) errors: u64,
}

/// How JetStream was configured, with what that means on this machine.
#[derive(Debug, Default, Clone, Serialize)]
pub(super) struct Config {
    pub(super) max_memory: u64,
    pub(super) max_storage: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) store_dir: String,
    #[serde(serialize_with = "gotext::nanos", skip_serializing_if = "Duration::is_zero")]
    pub(super) sync_interval: Duration,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) sync_always: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) domain: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) compress_ok: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) unique_tag: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) strict: bool,
}

/// `jetstream.limits {}`.
#[derive(Debug, Default, Clone, Serialize)]
pub(super) struct Limits {
    #[serde(skip_serializing_if = "is_none")]
    pub(super) max_request_batch: i64,
    #[serde(skip_serializing_if = "is_none")]
    pub(super) max_ack_pending: i64,
    #[serde(skip_serializing_if = "is_none")]
    pub(super) max_ha_assets: i64,
    #[serde(serialize_with = "gotext::nanos", skip_serializing_if = "Duration::is_zero")]
    pub(super) max_duplicate_window: Duration,
    #[serde(skip_serializing_if = "is_none")]
    pub(super) max_batch_inflight_per_stream: i64,
    #[serde(skip_serializing_if = "is_none")]
    pub(super) max_batch_inflight_total: i64,
    #[serde(skip_serializing_if = "is_none")]
    pub(super) max_batch_size: i64,
    #[serde(serialize_with = "gotext::nanos", skip_serializing_if = "Duration::is_zero")]
    pub(super) max_batch_timeout: Duration,
    /// Not configurable.
    pub(super) default_max_consumers: i64,
}

/// One account.
#[derive(Debug, Serialize)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) id: String,
    #[serde(flatten)]
    pub(super) stats: Stats,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) stream_detail: Vec<Stream>,
}

/// One stream.
#[derive(Debug, Serialize)]
pub(super) struct Stream {
    pub(super) name: String,
    pub(super) created: Timestamp,
    pub(super) cluster: ClusterInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) config: Option<StreamConfig>,
    pub(super) state: StreamState,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) consumer_detail: Vec<ConsumerInfo>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) direct_consumer_detail: Vec<ConsumerInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mirror: Option<SourceInfo>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) sources: Vec<SourceInfo>,
}

// serde calls these with references.

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_none(limit: &i64) -> bool {
    *limit == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str) -> Request {
        Request::parse(&Query::parse(query)).unwrap()
    }

    #[test]
    fn streams_are_shown_with_their_accounts() {
        assert!(!asked("").shows("$G"));
        assert!(asked("streams=1").shows("$G") && asked("streams=1").streams);
        assert!(asked("consumers=1").shows("$G") && asked("consumers=1").streams);
        assert!(asked("acc=$G").shows("$G") && !asked("acc=$G").streams);
        assert!(!asked("acc=X&streams=1").shows("$G"));
        assert!(asked("accounts=1&offset=0").shows("$G"));
        assert!(!asked("accounts=1&offset=1").shows("$G"));
        assert!(asked("accounts=1&offset=1&limit=-1").shows("$G"));
    }

    #[test]
    fn parameters_are_refused_one_by_one() {
        for name in ["accounts", "streams", "offset", "limit", "raft", "stream-leader-only"] {
            let query = Query::parse(&format!("{name}=x"));
            let refused = Request::parse(&query).unwrap_err();
            assert!(refused.0.contains(&format!("'{name}'")), "{refused}");
        }
    }

    #[test]
    fn a_server_without_jetstream_shows_zeros() {
        let document = Jsz { disabled: true, ..Jsz::default() };
        let text = serde_json::to_string(&document).unwrap();
        assert!(text.contains(r#""disabled":true,"config":{"max_memory":0,"max_storage":0},"#));
        assert!(text.ends_with(r#""streams":0,"consumers":0,"messages":0,"bytes":0,"total":0}"#));
    }
}
