//! Listening for monitoring.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anabranch_config::options::TlsVersion;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use super::collect::{Observed, not_after};
use super::http;
use super::serve::Monitor;
use crate::error::StartError;
use crate::listener::{accept_all, bind};
use crate::server::Server;
use crate::tls::TlsServer;

/// Connections served at a time; one more is closed.
const CONNECTIONS_MAX: usize = 256;
/// Time for a TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// How often CPU use is measured.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);

/// Where monitoring listens.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// In the clear.
    pub http: Option<SocketAddr>,
    /// With TLS.
    pub https: Option<SocketAddr>,
}

/// Starts monitoring if the options ask for it. It ends when the server stops, not in lame duck
/// mode.
///
/// # Errors
/// When the options contradict each other or the address cannot be listened on.
pub async fn start(server: &Arc<Server>) -> Result<Bound, StartError> {
    let monitor = &server.options.monitor;
    let mut bound = Bound::default();
    match (monitor.http_port, monitor.https_port) {
        (None, None) => {}
        (Some(http), Some(https)) => {
            return Err(StartError::Options(format!(
                "can't specify both HTTP ({http}) and HTTPs ({https}) ports"
            )));
        }
        (Some(port), None) => {
            let listener = listen(server, "http", port).await?;
            bound.http = listener.local_addr().ok();
            spawn(server, listener, None);
        }
        (None, Some(port)) => {
            let Some(tls) = &server.tls else {
                let missing = "TLS cert and key required for HTTPS";
                return Err(StartError::Options(missing.to_owned()));
            };
            let acceptor = acceptor(server, tls)?;
            let listener = listen(server, "https", port).await?;
            bound.https = listener.local_addr().ok();
            spawn(server, listener, Some(acceptor));
        }
    }
    Ok(bound)
}

async fn listen(
    server: &Server,
    protocol: &'static str,
    port: u16,
) -> Result<TcpListener, StartError> {
    let options = &server.options;
    let host = match options.monitor.host.as_str() {
        "" => options.listen.host.as_str(),
        host => host,
    };
    let shown = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let listener = bind(host, port).await.map_err(|source| StartError::Listen {
        what: "monitor port",
        address: format!("{shown}:{port}"),
        source,
    })?;
    let port = listener.local_addr().map_or(port, |address| address.port());
    log::info!("Starting {protocol} monitor on {shown}:{port}");
    Ok(listener)
}

/// TLS with the client listener's certificate. Who monitors needs none.
fn acceptor(server: &Server, tls: &TlsServer) -> Result<TlsAcceptor, StartError> {
    let versions: &[_] = match server.options.tls.as_ref().map(|tls| tls.min_version) {
        Some(TlsVersion::V13) => &[&rustls::version::TLS13],
        _ => &[&rustls::version::TLS13, &rustls::version::TLS12],
    };
    let provider = Arc::clone(tls.config.crypto_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(|e| StartError::Options(format!("no TLS for the monitor port: {e}")))?
        .with_no_client_auth()
        .with_cert_resolver(Arc::clone(&tls.config.cert_resolver));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn spawn(server: &Arc<Server>, listener: TcpListener, tls: Option<TlsAcceptor>) {
    let certificate = server.options.tls.as_ref().and_then(|tls| tls.certificates.first());
    let observed = Observed {
        certificate_not_after: certificate.and_then(|files| not_after(&files.cert_file)),
        ..Observed::default()
    };
    let monitor = Arc::new(Monitor::new(server, observed));
    let sampled = Arc::clone(&monitor);
    let stop = server.stop.clone();
    server.tasks.spawn(async move {
        // Cancel-safe: a measurement that is dropped is not missed.
        tokio::select! {
            () = stop.cancelled() => {}
            () = sampled.observed.cpu.run(SAMPLE_EVERY) => {}
        }
    });
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let (owner, stop) = (Arc::clone(server), server.stop.clone());
    server.tasks.spawn(accept_all(listener, stop.clone(), move |stream, peer| {
        match Arc::clone(&room).try_acquire_owned() {
            Ok(place) => {
                let (monitor, tls, stop) = (Arc::clone(&monitor), tls.clone(), stop.clone());
                owner.tasks.spawn(async move {
                    match tls {
                        None => http::serve(stream, monitor, stop).await,
                        Some(tls) => serve_tls(stream, peer, tls, monitor, stop).await,
                    }
                    drop(place);
                });
            }
            Err(_) => log::debug!("monitoring: {peer} refused, {CONNECTIONS_MAX} are served"),
        }
        std::future::ready(())
    }));
}

async fn serve_tls(
    stream: TcpStream,
    peer: SocketAddr,
    tls: TlsAcceptor,
    monitor: Arc<Monitor>,
    stop: tokio_util::sync::CancellationToken,
) {
    // Cancel-safe: a handshake that is dropped closes its connection.
    let handshake = tokio::select! {
        handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)) => handshake,
        () = stop.cancelled() => return,
    };
    match handshake {
        Ok(Ok(stream)) => http::serve(stream, monitor, stop).await,
        Ok(Err(e)) => log::debug!("monitoring: TLS handshake error from {peer}: {e}"),
        Err(_) => log::debug!("monitoring: TLS handshake of {peer} took too long"),
    }
}
