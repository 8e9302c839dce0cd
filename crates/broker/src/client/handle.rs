//! The client itself.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

use anabranch_auth::{Identity, Permissions, Principal, ResponseGrants};
use anabranch_nats::ConnectOptions;
use anabranch_nats::connect::ClientName;
use tokio::net::tcp::OwnedWriteHalf;

use super::label;
use super::output::Output;
use super::subscription::SubTable;

/// The number of a connection, unique while the server runs. 1 is the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(pub u64);

/// How a client is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// By TCP, with or without TLS.
    Tcp,
    /// From within the process.
    InProcess,
    /// Not at all: it stands for the server's own subscriptions and messages.
    Internal,
}

/// Facts about a client that change seldom.
#[derive(Debug, Clone)]
pub struct Details {
    /// Where it connects from; behind a proxy, what the proxy said.
    pub address: Option<(IpAddr, u16)>,
    /// Name, language and version from CONNECT.
    pub name: ClientName,
    /// Who it is.
    pub principal: Principal,
    /// Name in log lines.
    pub label: Arc<str>,
    /// Last measured round trip.
    pub rtt: Option<Duration>,
    /// TLS version and cipher suite, as Go names them.
    pub tls: Option<TlsDetails>,
}

/// What monitoring shows of a TLS connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsDetails {
    /// `1.2` or `1.3`.
    pub version: String,
    /// `TLS_AES_128_GCM_SHA256` and the like.
    pub cipher_suite: String,
    /// The client's certificates, leaf first, DER.
    pub peer_certificates: Vec<Vec<u8>>,
    /// The handshake came before INFO.
    pub first: bool,
}

/// Traffic of one client since it connected.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Messages that it published.
    pub in_msgs: AtomicU64,
    /// Their bytes, headers included.
    pub in_bytes: AtomicU64,
    /// Messages staged for it.
    pub out_msgs: AtomicU64,
    /// Their bytes.
    pub out_bytes: AtomicU64,
    /// Times that a producer was made to wait for it.
    pub stalls: AtomicU64,
}

/// Replies that the client may publish to, because it was asked.
#[derive(Debug)]
struct Responses {
    permissions: Arc<Permissions>,
    grants: ResponseGrants,
}

/// One connected client.
#[derive(Debug)]
pub struct Client {
    /// Its number.
    pub id: ClientId,
    /// How it is connected.
    pub kind: Kind,
    /// When it connected.
    pub started: SystemTime,
    /// The same moment, for durations.
    pub accepted: Instant,
    /// What waits to be written to it.
    pub output: Output,
    /// Its traffic.
    pub traffic: Traffic,
    /// How many parcels the inbox of the streams had got when it got the last one of this client.
    pub handed_in: AtomicU64,
    /// Weak: a client that is remembered after its end must not keep its socket open.
    direct: OnceLock<Weak<OwnedWriteHalf>>,
    headers: AtomicBool,
    echo: AtomicBool,
    async_info: AtomicBool,
    grants_responses: AtomicBool,
    /// Nanoseconds after `accepted`.
    last_activity: AtomicU64,
    subs: Mutex<SubTable>,
    details: Mutex<Details>,
    responses: Mutex<Option<Responses>>,
}

impl Client {
    /// A client that connected now from `address`. `seed` hides the order of its table.
    #[must_use]
    pub fn new(
        id: ClientId,
        kind: Kind,
        address: Option<(IpAddr, u16)>,
        pending_max: u64,
        seed: u64,
    ) -> Self {
        let plain = label::plain(&shown(address), id.0);
        Self {
            id,
            kind,
            started: SystemTime::now(),
            accepted: Instant::now(),
            output: Output::new(pending_max),
            traffic: Traffic::default(),
            handed_in: AtomicU64::new(0),
            direct: OnceLock::new(),
            headers: AtomicBool::new(false),
            echo: AtomicBool::new(true),
            async_info: AtomicBool::new(false),
            grants_responses: AtomicBool::new(false),
            last_activity: AtomicU64::new(0),
            subs: Mutex::new(SubTable::new(seed)),
            details: Mutex::new(Details {
                address,
                name: ClientName::default(),
                principal: Principal::Anonymous,
                label: plain.into(),
                rtt: None,
                tls: None,
            }),
            responses: Mutex::new(None),
        }
    }

    /// Lets everyone write to `socket`: it is plain TCP and stays so.
    pub fn allow_direct_writes(&self, socket: &Arc<OwnedWriteHalf>) {
        let _ = self.direct.set(Arc::downgrade(socket));
    }

    /// The socket that others may write to, as long as the connection lives.
    #[must_use]
    #[inline]
    pub fn direct(&self) -> Option<Arc<OwnedWriteHalf>> {
        self.direct.get().and_then(Weak::upgrade)
    }

    /// It takes header messages.
    #[must_use]
    #[inline]
    pub fn takes_headers(&self) -> bool {
        self.headers.load(Ordering::Relaxed)
    }

    /// It gets what it publishes itself.
    #[must_use]
    #[inline]
    pub fn wants_echo(&self) -> bool {
        self.echo.load(Ordering::Relaxed)
    }

    /// It takes INFO at any time.
    #[must_use]
    pub fn takes_async_info(&self) -> bool {
        self.async_info.load(Ordering::Relaxed)
    }

    /// CONNECT was accepted.
    pub fn connected(
        &self,
        options: &ConnectOptions,
        headers: bool,
        identity: &Identity,
        account: &str,
    ) {
        self.headers.store(headers, Ordering::Relaxed);
        self.echo.store(options.echo, Ordering::Relaxed);
        self.async_info.store(options.protocol >= 1, Ordering::Relaxed);
        self.set_permissions(identity.permissions.as_ref());
        let mut details = self.lock_details();
        let plain = label::plain(&shown(details.address), self.id.0);
        let user = identity.principal.label();
        let user = (!user.is_empty()).then_some(&*user);
        details.label = label::named(&plain, &options.client, account, user).into();
        details.name = options.client.clone();
        details.principal = identity.principal.clone();
    }

    /// The user's permissions as far as deliveries change them (`allow_responses`).
    pub fn set_permissions(&self, permissions: Option<&Arc<Permissions>>) {
        let responses = permissions.and_then(|p| {
            let grants = ResponseGrants::new(p.responses()?);
            Some(Responses { permissions: Arc::clone(p), grants })
        });
        self.grants_responses.store(responses.is_some(), Ordering::Relaxed);
        *self.lock_responses() = responses;
    }

    /// A request that expects its answer at `reply` is being delivered to this client.
    #[inline]
    pub fn requested(&self, reply: &[u8]) {
        if !reply.is_empty() && self.grants_responses.load(Ordering::Relaxed) {
            self.grant(reply);
        }
    }

    #[cold]
    fn grant(&self, reply: &[u8]) {
        if let Some(responses) = &mut *self.lock_responses()
            && !responses.permissions.can_publish(reply)
        {
            responses.grants.grant(reply, Instant::now());
        }
    }

    /// Uses a right to answer at `reply`, if there is one.
    pub fn may_respond(&self, reply: &[u8]) -> bool {
        self.grants_responses.load(Ordering::Relaxed)
            && self.lock_responses().as_mut().is_some_and(|r| r.grants.take(reply, Instant::now()))
    }

    /// Something was read from or staged for the client at `now`.
    #[inline]
    pub fn touch(&self, now: Instant) {
        let since = now.saturating_duration_since(self.accepted).as_nanos();
        self.last_activity.store(u64::try_from(since).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// When something was last read from or staged for it, after `accepted`.
    #[must_use]
    pub fn last_activity(&self) -> Duration {
        Duration::from_nanos(self.last_activity.load(Ordering::Relaxed))
    }

    /// Its subscriptions. The lock must be held shortly, and with no other.
    pub fn subs(&self) -> MutexGuard<'_, SubTable> {
        self.subs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy of the facts about it.
    #[must_use]
    pub fn details(&self) -> Details {
        self.lock_details().clone()
    }

    /// Its last measured round trip.
    #[must_use]
    pub fn rtt(&self) -> Option<Duration> {
        self.lock_details().rtt
    }

    /// Its name in log lines.
    #[must_use]
    pub fn label(&self) -> Arc<str> {
        Arc::clone(&self.lock_details().label)
    }

    /// Changes facts about it.
    pub fn update_details(&self, change: impl FnOnce(&mut Details)) {
        change(&mut self.lock_details());
    }

    /// A proxy told where the client really comes from.
    pub fn set_address(&self, address: (IpAddr, u16)) {
        let plain = label::plain(&shown(Some(address)), self.id.0);
        self.update_details(|d| {
            d.address = Some(address);
            d.label = plain.into();
        });
    }

    fn lock_details(&self) -> MutexGuard<'_, Details> {
        self.details.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_responses(&self) -> MutexGuard<'_, Option<Responses>> {
        self.responses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn shown(address: Option<(IpAddr, u16)>) -> String {
    match address {
        Some((IpAddr::V6(ip), port)) => format!("[{ip}]:{port}"),
        Some((ip, port)) => format!("{ip}:{port}"),
        None => "pipe".to_owned(),
    }
}
