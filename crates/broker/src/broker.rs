//! A running broker.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anabranch_config::Options;
use anabranch_nats::CloseReason;
use tokio::io::DuplexStream;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::builder::Builder;
use crate::connection::{serve_in_process, serve_tcp};
use crate::error::StartError;
use crate::jetstream::JetStream;
use crate::lame_duck;
use crate::listener::{accept_all, bind};
use crate::monitor;
use crate::server::{Phase, Server};

/// Bytes that a pipe of an in-process connection holds in each direction.
const PIPE: usize = 64 * 1024;
/// Time that connections get to end when the broker stops.
const FAREWELL: Duration = Duration::from_secs(2);
/// How often idle workers let go of what they no longer need.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// Match results looked at per sweep.
const SWEEP_ENTRIES: usize = 256;

/// Where a broker listens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// For clients.
    pub clients: Option<SocketAddr>,
    /// For HTTP monitoring.
    pub http: Option<SocketAddr>,
    /// For HTTPS monitoring.
    pub https: Option<SocketAddr>,
}

/// A running broker. Dropping it stops it without waiting for its clients;
/// [`Broker::shutdown`] does it in order.
pub struct Broker {
    server: Arc<Server>,
    listeners: CancellationToken,
    endpoints: Endpoints,
}

impl Broker {
    /// A builder with nats-server's defaults.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) async fn start(options: Options, threads: usize) -> Result<Self, StartError> {
        let listen = options.listen.clone();
        let server = Arc::new(Server::new(options, threads)?);
        let opened = match open(&server).await {
            Ok(opened) => opened,
            Err(error) => {
                server.stop.cancel();
                let _ = server.tasks.end(FAREWELL).await;
                in_jetstream(&server, JetStream::stop).await;
                return Err(error);
            }
        };
        let (monitoring, listener) = opened;
        let bound = listener.local_addr().ok();
        server.set_bound(bound);
        server.advance(Phase::Running);
        let listeners = server.stop.child_token();
        let endpoints =
            Endpoints { clients: bound, http: monitoring.http, https: monitoring.https };
        let accepting = Arc::clone(&server);
        let stop = listeners.clone();
        server.tasks.spawn(async move {
            accept_all(listener, stop, |stream, peer| {
                let server = Arc::clone(&accepting);
                accepting.tasks.spawn(serve_tcp(server, stream, peer));
                std::future::ready(())
            })
            .await;
        });
        server.tasks.spawn(sweep(Arc::clone(&server)));
        if let Some(address) = bound {
            log::info!("Listening for client connections on {}:{}", listen.host, address.port());
        }
        Ok(Self { server, listeners, endpoints })
    }

    /// Where it listens.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The address for clients on this machine, as `nats://host:port`.
    #[must_use]
    pub fn client_url(&self) -> String {
        match self.endpoints.clients {
            Some(address) => format!("nats://{}", reachable(address)),
            None => String::new(),
        }
    }

    /// Identity of this run, `N…`.
    #[must_use]
    pub fn server_id(&self) -> &str {
        &self.server.identity.id
    }

    /// Name shown to clients.
    #[must_use]
    pub fn server_name(&self) -> &str {
        &self.server.identity.name
    }

    /// A client connection without a socket: a byte stream that speaks the NATS protocol, INFO
    /// first, as a socket to the server would.
    #[must_use]
    pub fn connect_in_process(&self) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(PIPE);
        let server = Arc::clone(&self.server);
        self.server.tasks.spawn(serve_in_process(server, ours));
        theirs
    }

    /// Lame duck mode: no new clients, those here are told, and closed over the configured
    /// duration. Returns when they are gone; the broker still has to be shut down. False if
    /// that was under way already.
    pub async fn lame_duck(&self) -> bool {
        if !self.server.advance(Phase::LameDuck) {
            return false;
        }
        log::info!("Entering lame duck mode, stop accepting new clients");
        self.listeners.cancel();
        lame_duck::run(&self.server).await;
        true
    }

    /// Stops: listeners first, then every client, whose output is written as far as it takes
    /// it. What has not ended after two seconds is aborted.
    pub async fn shutdown(self) {
        self.server.advance(Phase::Stopping);
        self.listeners.cancel();
        in_jetstream(&self.server, JetStream::bid_farewell).await;
        self.stop();
        let aborted = self.server.tasks.end(FAREWELL).await;
        if aborted > 0 {
            log::warn!("{aborted} tasks did not end in time and were aborted");
        }
        in_jetstream(&self.server, JetStream::stop).await;
    }

    fn stop(&self) {
        self.server.advance(Phase::Stopping);
        self.listeners.cancel();
        self.server.stop.cancel();
        for client in self.server.registry.open() {
            client.output.close(CloseReason::ServerShutdown);
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.stop();
        if let Some(jetstream) = self.server.jetstream.get() {
            jetstream.close();
        }
    }
}

/// Opens what a server needs: monitoring first, which tells how the rest gets on, and the listener
/// for clients last.
async fn open(server: &Arc<Server>) -> Result<(monitor::Bound, TcpListener), StartError> {
    let monitoring = monitor::start(server).await?;
    start_jetstream(server).await?;
    let listen = &server.options.listen;
    let listener = bind(&listen.host, listen.port).await.map_err(|source| {
        let address = format!("{}:{}", listen.host, listen.port);
        StartError::Listen { what: "port", address, source }
    })?;
    Ok((monitoring, listener))
}

/// Has JetStream do something that blocks, if it runs.
async fn in_jetstream(server: &Arc<Server>, what: fn(&JetStream)) {
    let server = Arc::clone(server);
    let work = move || server.jetstream.get().map_or((), what);
    if let Err(panic) = tokio::task::spawn_blocking(work).await {
        log::error!("JetStream did not stop: {panic}");
    }
}

/// Starts JetStream if the options ask for it. Monitoring is there meanwhile: recovery may last.
async fn start_jetstream(server: &Arc<Server>) -> Result<(), StartError> {
    let Some(options) = server.options.jetstream.clone() else { return Ok(()) };
    let starting = Arc::clone(server);
    let started = tokio::task::spawn_blocking(move || JetStream::start(&starting, &options));
    let jetstream = started.await.map_err(|panic| StartError::Options(panic.to_string()))??;
    let _ = server.jetstream.set(jetstream);
    Ok(())
}

/// An address that a client on this machine can connect to.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        ip if !ip.is_unspecified() => address,
        IpAddr::V4(_) => SocketAddr::from(([127, 0, 0, 1], address.port())),
        IpAddr::V6(_) => SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], address.port())),
    }
}

/// Forgets clients that are gone, even where no traffic makes a worker do it.
async fn sweep(server: Arc<Server>) {
    let mut every = tokio::time::interval(SWEEP_EVERY);
    loop {
        // Cancel-safe: a tick that is dropped is only late.
        tokio::select! {
            () = server.stop.cancelled() => return,
            _ = every.tick() => {}
        }
        server.workers.for_each_idle(|worker| worker.cache.sweep(SWEEP_ENTRIES));
        server.tasks.reap();
    }
}
