//! The shared state itself.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use anabranch_auth::Authenticator;
use anabranch_config::Options;
use anabranch_jetstream::config::API_LEVEL;
use anabranch_nats::Info;
use anabranch_nats::session::{Auth, Settings};
use anabranch_router::{Account, AccountId};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::identity::{PEER_VERSION, ServerIdentity};
use super::registry::Registry;
use super::tasks::Tasks;
use crate::client::{Client, ClientId, Kind, Subscription};
use crate::jetstream::{JetStream, Progress};
use crate::tls::TlsServer;
use crate::worker::{PoolSettings, WorkerPool};

/// Where a server is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It does not listen for clients yet.
    Starting,
    /// It serves.
    Running,
    /// It asks its clients to go elsewhere.
    LameDuck,
    /// It stops.
    Stopping,
}

/// Traffic and events of all clients since start.
#[derive(Debug, Default)]
pub struct Totals {
    /// Messages published by clients.
    pub in_msgs: AtomicU64,
    /// Their bytes.
    pub in_bytes: AtomicU64,
    /// Messages staged for clients.
    pub out_msgs: AtomicU64,
    /// Their bytes.
    pub out_bytes: AtomicU64,
    /// Clients cut off because too much waited for them.
    pub slow_consumers: AtomicU64,
    /// Clients that no longer answered.
    pub stale_connections: AtomicU64,
    /// Times that a producer was made to wait.
    pub stalled_clients: AtomicU64,
}

/// The state that all connections share.
pub struct Server {
    /// Who it is.
    pub identity: ServerIdentity,
    /// How it was configured.
    pub options: Options,
    /// The one account, `$G`.
    pub account: Arc<Account<Arc<Subscription>>>,
    /// Who may connect.
    pub authenticator: Authenticator,
    /// Workers of the runtime's threads.
    pub workers: WorkerPool,
    /// The clients.
    pub registry: Registry,
    /// Traffic of all clients.
    pub totals: Totals,
    /// TLS of the client listener.
    pub tls: Option<TlsServer>,
    /// Permits for slow password checks: as many as threads, so that a flood of logins queues
    /// here instead of starting hundreds of threads.
    pub password_checks: Arc<Semaphore>,
    /// All tasks of this server.
    pub tasks: Tasks,
    /// Cancelled when the server stops.
    pub stop: CancellationToken,
    /// When it started.
    pub started: SystemTime,
    /// The same moment, for durations.
    pub epoch: Instant,
    /// Stands for the server's own subscriptions and messages.
    pub internal: Arc<Client>,
    /// Streams, once they are open.
    pub jetstream: OnceLock<JetStream>,
    /// How far it has got at the start.
    pub recovery: Arc<Progress>,
    seed: u64,
    phase: AtomicU8,
    info: Mutex<Info>,
}

impl Server {
    /// A server that does not listen yet. `threads`: those that will run connections.
    ///
    /// # Errors
    /// When the authorization means nothing, or the TLS files cannot be used.
    pub fn new(options: Options, threads: usize) -> Result<Self, crate::StartError> {
        let tls = options.tls.as_ref().map(TlsServer::new).transpose()?;
        let mapping = match &options.tls {
            Some(tls) if tls.verify_and_map => anabranch_auth::TlsMapping::VerifyAndMap,
            _ => anabranch_auth::TlsMapping::Off,
        };
        let authenticator = Authenticator::new(&options.authorization, mapping)?;
        let identity = ServerIdentity::new(options.server_name.as_deref());
        let seed: u64 = rand::random();
        let settings = PoolSettings {
            pending_max: options.limits.pending_bytes_max,
            match_cache: !options.features.no_match_cache,
            seed,
        };
        let shards = usize::from(options.jetstream.is_some());
        let info = first_info(&identity, &options, &authenticator);
        Ok(Self {
            account: Arc::new(Account::new(AccountId::GLOBAL, "$G", seed)),
            workers: WorkerPool::new(threads + shards, settings),
            registry: Registry::new(options.limits.closed_clients_max),
            totals: Totals::default(),
            password_checks: Arc::new(Semaphore::new(threads.max(1))),
            tasks: Tasks::new(),
            stop: CancellationToken::new(),
            started: SystemTime::now(),
            epoch: Instant::now(),
            internal: Arc::new(internal_client(&options, seed)),
            jetstream: OnceLock::new(),
            recovery: Arc::default(),
            phase: AtomicU8::new(0),
            info: Mutex::new(info),
            identity,
            options,
            authenticator,
            tls,
            seed,
        })
    }

    /// Time since start: what sessions take as now.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    /// Where it is in its life.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Starting,
            1 => Phase::Running,
            2 => Phase::LameDuck,
            _ => Phase::Stopping,
        }
    }

    /// Moves on in life; false if it was there or beyond.
    pub fn advance(&self, to: Phase) -> bool {
        let rank = match to {
            Phase::Starting => 0,
            Phase::Running => 1,
            Phase::LameDuck => 2,
            Phase::Stopping => 3,
        };
        self.phase.fetch_max(rank, Ordering::AcqRel) < rank
    }

    /// The INFO that every client's is made of.
    #[must_use]
    pub fn info(&self) -> Info {
        self.info.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes what later INFOs say.
    pub fn update_info(&self, change: impl FnOnce(&mut Info)) {
        change(&mut self.info.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The listener is bound: INFO names its port from now on, or what is advertised.
    pub fn set_bound(&self, bound: Option<SocketAddr>) {
        let port = bound.map_or(self.options.listen.port, |address| address.port());
        self.update_info(|info| info.port = port);
        if let Some(advertised) = &self.options.listen.client_advertise {
            let (host, given) = split_advertised(advertised);
            self.update_info(|info| {
                info.host = host.to_owned();
                info.port = given.unwrap_or(port);
            });
        }
    }

    /// The INFO of one client.
    #[must_use]
    pub fn info_for(&self, client: &Client) -> Info {
        let mut info = self.info();
        info.client_id = client.id.0;
        let address = client.details().address;
        info.client_ip = address.map_or_else(String::new, |(ip, _)| ip.to_string());
        if client.kind == Kind::InProcess && info.tls_required {
            info.tls_required = false;
            info.tls_available = true;
        }
        info
    }

    /// A seed for a client's tables.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// What sessions must keep to.
    #[must_use]
    pub fn session_settings(&self) -> Settings {
        let Options { limits, timing, .. } = &self.options;
        let auth = if !self.authenticator.enforced() {
            Auth::Open
        } else if self.options.authorization.no_auth_user.is_some() {
            Auth::DefaultUser
        } else {
            Auth::Required
        };
        Settings {
            control_line_max: limits.control_line_max,
            payload_max: limits.payload_max,
            subscriptions_max: limits.subscriptions_max,
            subject_tokens_max: limits.subject_tokens_max,
            headers: !self.options.features.no_header_support,
            auth,
            auth_timeout: self.auth_timeout(),
            ping_interval: timing.ping_interval,
            ping_out_max: timing.ping_out_max,
        }
    }

    /// Time for CONNECT: as configured, or 2 s, with TLS its timeout and a second more.
    fn auth_timeout(&self) -> Duration {
        self.options.authorization.timeout.unwrap_or_else(|| match &self.options.tls {
            Some(tls) => tls.timeout + Duration::from_secs(1),
            None => Duration::from_secs(2),
        })
    }
}

fn internal_client(options: &Options, seed: u64) -> Client {
    let pending_max = options.limits.pending_bytes_max;
    Client::new(ClientId(0), Kind::Internal, None, pending_max, seed)
}

/// `host[:port]`, where an IPv6 host with a port stands in brackets.
fn split_advertised(advertised: &str) -> (&str, Option<u16>) {
    if let Some((host, port)) = advertised.rsplit_once(':')
        && let Ok(port) = port.parse()
        && (host.starts_with('[') || !host.contains(':'))
    {
        return (host.trim_start_matches('[').trim_end_matches(']'), Some(port));
    }
    (advertised.trim_start_matches('[').trim_end_matches(']'), None)
}

fn first_info(identity: &ServerIdentity, options: &Options, auth: &Authenticator) -> Info {
    let tls = options.tls.is_some();
    Info {
        server_id: identity.id.clone(),
        server_name: identity.name.clone(),
        version: PEER_VERSION.to_owned(),
        proto: 1,
        git_commit: option_env!("ANABRANCH_GIT_COMMIT").unwrap_or_default().to_owned(),
        go: concat!("anabranch", env!("CARGO_PKG_VERSION")).to_owned(),
        host: options.listen.host.clone(),
        port: options.listen.port,
        headers: !options.features.no_header_support,
        auth_required: auth.required(),
        tls_required: tls && !options.allow_non_tls,
        tls_available: tls && options.allow_non_tls,
        tls_verify: options.tls.as_ref().is_some_and(|t| t.verify || t.verify_and_map),
        max_payload: options.limits.payload_max,
        jetstream: options.jetstream.is_some(),
        domain: options.jetstream.as_ref().map_or_else(String::new, |js| js.domain.clone()),
        api_lvl: if options.jetstream.is_some() { API_LEVEL } else { 0 },
        ..Info::default()
    }
}
