//! `/connz`: what is asked for, in which order, and the document. Not where it comes from.

use std::cmp::Ordering;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::gotext;
use super::page::Page;
use super::query::{BadRequest, Query};
use super::subsz::SubDetail;

/// The order of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Cid,
    Start,
    Subs,
    Pending,
    MsgsTo,
    MsgsFrom,
    BytesTo,
    BytesFrom,
    Last,
    Idle,
    Uptime,
    Stop,
    Reason,
    Rtt,
}

/// `sort=` and what it means.
const SORTS: [(&str, Sort); 14] = [
    ("cid", Sort::Cid),
    ("start", Sort::Start),
    ("subs", Sort::Subs),
    ("pending", Sort::Pending),
    ("msgs_to", Sort::MsgsTo),
    ("msgs_from", Sort::MsgsFrom),
    ("bytes_to", Sort::BytesTo),
    ("bytes_from", Sort::BytesFrom),
    ("last", Sort::Last),
    ("idle", Sort::Idle),
    ("uptime", Sort::Uptime),
    ("stop", Sort::Stop),
    ("reason", Sort::Reason),
    ("rtt", Sort::Rtt),
];

impl Sort {
    /// nats-server's documentation has all but `cid` descend; these four do not.
    fn ascends(self) -> bool {
        matches!(self, Self::Cid | Self::Start | Self::Uptime | Self::Reason)
    }
}

/// Which connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Open,
    Closed,
    Any,
}

/// What is shown of a connection's subscriptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subs {
    Counted,
    Listed,
    Detailed,
}

/// The parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) sort: Sort,
    /// Who each connection belongs to is shown.
    pub(super) auth: bool,
    pub(super) subs: Subs,
    pub(super) page: Page,
    /// Only this connection.
    pub(super) cid: Option<u64>,
    pub(super) state: State,
    /// Filters; empty: none.
    pub(super) user: String,
    pub(super) account: String,
    pub(super) mqtt_client: String,
}

impl Request {
    /// Reads the parameters, in nats-server's order, so that of two mistakes the same is named.
    pub(super) fn parse(query: &Query) -> Result<Self, BadRequest> {
        let auth = query.flag("auth")?;
        let subs = if query.text("subs").eq_ignore_ascii_case("detail") {
            Subs::Detailed
        } else if query.flag("subs")? {
            Subs::Listed
        } else {
            Subs::Counted
        };
        let mut page = Page::parse(query)?;
        let cid = Some(query.number("cid")?).filter(|cid| *cid > 0);
        if cid.is_some() {
            page.limit = 1;
        }
        let state = state(query.text("state"))?;
        Ok(Self {
            sort: sort(query.text("sort"), state)?,
            auth,
            subs,
            page,
            cid,
            state,
            user: query.text("user").to_owned(),
            account: query.text("acc").to_owned(),
            mqtt_client: query.text("mqtt_client").to_owned(),
        })
    }
}

fn state(text: &str) -> Result<State, BadRequest> {
    match text.to_lowercase().as_str() {
        "" | "open" => Ok(State::Open),
        "closed" => Ok(State::Closed),
        "any" | "all" => Ok(State::Any),
        _ => Err(BadRequest(format!("Error decoding state for {text}"))),
    }
}

fn sort(text: &str, state: State) -> Result<Sort, BadRequest> {
    if text.is_empty() {
        return Ok(Sort::Cid);
    }
    let Some((name, sort)) = SORTS.iter().find(|(name, _)| *name == text) else {
        return Err(BadRequest(format!("invalid sorting option: {text}")));
    };
    if matches!(sort, Sort::Stop | Sort::Reason) && state != State::Closed {
        return Err(BadRequest(format!("sort by {name} only valid on closed connections")));
    }
    Ok(*sort)
}

/// What connections are sorted by, without what is only shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) cid: u64,
    pub(super) start: SystemTime,
    pub(super) last_activity: SystemTime,
    pub(super) stop: Option<SystemTime>,
    pub(super) reason: Option<&'static str>,
    pub(super) rtt: Duration,
    pub(super) figures: Figures,
}

/// Figures of a connection.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Figures {
    pub(super) pending_bytes: u64,
    pub(super) in_msgs: u64,
    pub(super) out_msgs: u64,
    pub(super) in_bytes: u64,
    pub(super) out_bytes: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) stalls: u64,
    pub(super) subscriptions: usize,
}

impl Standing {
    /// Time that the connection lasted until it ended or `now`.
    fn uptime(&self, now: SystemTime) -> Duration {
        between(self.start, self.stop.unwrap_or(now))
    }

    /// What connections compare by, apart from `reason`.
    fn rank(&self, sort: Sort, now: SystemTime) -> u128 {
        let Figures { pending_bytes, in_msgs, out_msgs, in_bytes, out_bytes, .. } = self.figures;
        let since_epoch = |at: SystemTime| between(SystemTime::UNIX_EPOCH, at).as_nanos();
        match sort {
            Sort::Cid | Sort::Start | Sort::Reason => u128::from(self.cid),
            Sort::Subs => u128::try_from(self.figures.subscriptions).unwrap_or(u128::MAX),
            Sort::Pending => u128::from(pending_bytes),
            Sort::MsgsTo => u128::from(out_msgs),
            Sort::MsgsFrom => u128::from(in_msgs),
            Sort::BytesTo => u128::from(out_bytes),
            Sort::BytesFrom => u128::from(in_bytes),
            Sort::Last => since_epoch(self.last_activity),
            Sort::Idle => between(self.last_activity, now).as_nanos(),
            Sort::Uptime => self.uptime(now).as_nanos(),
            Sort::Stop => self.stop.map_or(0, since_epoch),
            Sort::Rtt => self.rtt.as_nanos(),
        }
    }
}

/// Sorts what belongs to each connection; equal ones stay in the order of their numbers.
pub(super) fn arrange<T>(rows: &mut [(Standing, T)], sort: Sort, now: SystemTime) {
    rows.sort_by_cached_key(|(standing, _)| standing.cid);
    rows.sort_by(|(a, _), (b, _)| {
        let order = match sort {
            Sort::Reason => a.reason.cmp(&b.reason),
            _ => a.rank(sort, now).cmp(&b.rank(sort, now)),
        };
        if sort.ascends() { order } else { Ordering::reverse(order) }
    });
}

fn between(from: SystemTime, to: SystemTime) -> Duration {
    to.duration_since(from).unwrap_or_default()
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The document.
#[derive(Debug, Serialize)]
pub(super) struct Connz {
    pub(super) server_id: String,
    #[serde(serialize_with = "gotext::time")]
    pub(super) now: SystemTime,
    pub(super) num_connections: usize,
    pub(super) total: usize,
    pub(super) offset: usize,
    pub(super) limit: usize,
    /// Null where the account is not known.
    pub(super) connections: Option<Vec<Connection>>,
}

impl Connz {
    /// The document of `connections`, already cut to the page, of `total`.
    #[must_use]
    pub(super) fn new(
        server_id: String,
        now: SystemTime,
        page: Page,
        total: usize,
        connections: Vec<Connection>,
    ) -> Self {
        Self {
            server_id,
            now,
            num_connections: connections.len(),
            total,
            offset: page.offset,
            limit: page.limit,
            connections: Some(connections),
        }
    }

    /// What nats-server answers about an account that it does not know.
    #[must_use]
    pub(super) fn of_nobody(now: SystemTime, page: Page) -> Self {
        Self { connections: None, ..Self::new(String::new(), now, page, 0, Vec::new()) }
    }
}

/// One connection.
#[derive(Debug, Serialize)]
pub(super) struct Connection {
    #[serde(flatten)]
    pub(super) life: Life,
    #[serde(flatten)]
    pub(super) figures: Figures,
    #[serde(flatten)]
    pub(super) said: Said,
    #[serde(flatten)]
    pub(super) tls: Tls,
    #[serde(flatten)]
    pub(super) owner: Owner,
}

/// Where from, since when, until when.
#[derive(Debug, Serialize)]
pub(super) struct Life {
    cid: u64,
    kind: &'static str,
    #[serde(rename = "type")]
    protocol: &'static str,
    ip: String,
    port: u16,
    #[serde(serialize_with = "gotext::time")]
    start: SystemTime,
    #[serde(serialize_with = "gotext::time")]
    last_activity: SystemTime,
    #[serde(serialize_with = "gotext::time_if", skip_serializing_if = "Option::is_none")]
    stop: Option<SystemTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    rtt: String,
    uptime: String,
    idle: String,
}

impl Life {
    /// The life of a client from `ip` and `port`, as far as it has come.
    #[must_use]
    pub(super) fn new(standing: &Standing, now: SystemTime, ip: String, port: u16) -> Self {
        let until = standing.stop.unwrap_or(now);
        Self {
            cid: standing.cid,
            kind: "Client",
            protocol: "nats",
            ip,
            port,
            start: standing.start,
            last_activity: standing.last_activity,
            stop: standing.stop,
            reason: standing.reason,
            rtt: gotext::round_trip(standing.rtt),
            uptime: gotext::uptime(standing.uptime(now)),
            idle: gotext::uptime(between(standing.last_activity, until)),
        }
    }
}

/// What the client said of itself.
#[derive(Debug, Default, Serialize)]
pub(super) struct Said {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) lang: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) version: String,
}

/// How the connection is encrypted; all empty where it is not.
#[derive(Debug, Default, Serialize)]
pub(super) struct Tls {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) tls_version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) tls_cipher_suite: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tls_peer_certs: Vec<PeerCertificate>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) tls_first: bool,
}

/// A certificate of the client's.
#[derive(Debug, Serialize)]
pub(super) struct PeerCertificate {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) subject: String,
    pub(super) spki_sha256: String,
    pub(super) cert_sha256: String,
}

/// Whose it is, and what it is subscribed to.
#[derive(Debug, Default, Serialize)]
pub(super) struct Owner {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) authorized_user: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) account: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) subscriptions_list: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) subscriptions_list_detail: Vec<SubDetail>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) name_tag: String,
}

#[cfg(test)]
#[path = "connz_tests.rs"]
mod tests;
