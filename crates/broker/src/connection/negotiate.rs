//! What a TCP client and the server settle before the session: INFO, the connection limit, a
//! PROXY header, TLS, in the order that the options ask for.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use anabranch_auth::TlsIdentity;
use anabranch_config::options::HandshakeFirst;
use anabranch_nats::codec::encode;
use anabranch_nats::proxy::{self, Header};
use anabranch_nats::{CloseReason, error_text as text};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::{Client, TlsDetails};
use crate::server::{Phase, Registered, Server};
use crate::tls::{TlsServer, TlsStream, handshake_failure};

/// Time for the PROXY header.
const PROXY_TIMEOUT: Duration = Duration::from_secs(5);
/// First byte of a TLS handshake record (RFC 8446 §5.1).
const TLS_HANDSHAKE: u8 = 0x16;
/// Time to write INFO or a refusal to a client that does not read.
const WRITE_TIMEOUT: Duration = Duration::from_secs(1);

/// Time for a refused client to read why: each holds a file descriptor meanwhile.
const REFUSED_LINGER: Duration = Duration::from_millis(100);

/// What was settled.
pub(super) enum Negotiated {
    /// Plain TCP, and bytes that came already.
    Plain(TcpStream, Vec<u8>),
    /// TLS, and who the client's certificate says it is.
    Tls(Box<TlsStream>, Option<Box<TlsIdentity>>),
}

/// A stream and what was read from it too early.
struct Early {
    stream: TcpStream,
    bytes: Vec<u8>,
}

/// Settles how the connection goes on.
pub(super) async fn negotiate(
    server: &Arc<Server>,
    client: &Arc<Client>,
    stream: TcpStream,
    nonce: &str,
) -> Result<Negotiated, CloseReason> {
    let options = &server.options;
    let mut early = Early { stream, bytes: Vec::new() };
    let mut first = server.tls.as_ref().map_or(HandshakeFirst::No, |t| t.handshake_first);
    let mut info_sent = false;
    if first == HandshakeFirst::No {
        early.send_info(server, client, nonce).await?;
        info_sent = true;
    }
    register(server, client, &mut early).await?;
    if let HandshakeFirst::Fallback(wait) = first
        && !early.data_within(wait).await
    {
        first = HandshakeFirst::No;
        early.send_info(server, client, nonce).await?;
        info_sent = true;
    }
    if options.listen.proxy_protocol {
        early.read_proxy(client).await?;
    }
    let Some(tls) = &server.tls else { return Ok(Negotiated::Plain(early.stream, early.bytes)) };
    if first == HandshakeFirst::No && options.allow_non_tls {
        early.fill(1, tls.timeout).await;
        if early.bytes.first() != Some(&TLS_HANDSHAKE) {
            return Ok(Negotiated::Plain(early.stream, early.bytes));
        }
    }
    if !tls.rate.allow(server.now()) {
        early.refuse(text::CONNECTION_THROTTLING).await;
        return Err(CloseReason::MaxConnectionsExceeded);
    }
    let (stream, peer) = early.handshake(client, tls).await?;
    if !info_sent {
        let mut info = server.info_for(client);
        nonce.clone_into(&mut info.nonce);
        info.tls_required = true;
        client.output.append(&info.line());
        client.update_details(|d| {
            if let Some(tls) = &mut d.tls {
                tls.first = true;
            }
        });
    }
    Ok(Negotiated::Tls(stream, peer))
}

/// Admits the client, if there is room.
async fn register(
    server: &Server,
    client: &Arc<Client>,
    early: &mut Early,
) -> Result<(), CloseReason> {
    if server.phase() == Phase::Stopping {
        return Err(CloseReason::ServerShutdown);
    }
    match server.registry.add(client, server.options.limits.connections_max) {
        Registered::Yes => Ok(()),
        Registered::TooMany => {
            log::error!("{} - {}", client.label(), text::MAXIMUM_CONNECTIONS);
            early.refuse(text::MAXIMUM_CONNECTIONS).await;
            Err(CloseReason::MaxConnectionsExceeded)
        }
    }
}

impl Early {
    async fn send_info(
        &mut self,
        server: &Server,
        client: &Client,
        nonce: &str,
    ) -> Result<(), CloseReason> {
        let mut info = server.info_for(client);
        nonce.clone_into(&mut info.nonce);
        if server.options.listen.proxy_protocol {
            // It would be the proxy's.
            info.client_ip.clear();
        }
        self.send(&info.line()).await.map_err(|_| CloseReason::WriteError)
    }

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        timeout(WRITE_TIMEOUT, self.stream.write_all(bytes))
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Says why there will be no session, and lets the client read it.
    async fn refuse(&mut self, why: &str) {
        if self.send(&encode::error_line(why)).await.is_ok() {
            let _ = self.stream.shutdown().await;
            let mut sink = [0; 1024];
            let _ = timeout(REFUSED_LINGER, async {
                while matches!(self.stream.read(&mut sink).await, Ok(n) if n > 0) {}
            })
            .await;
        }
    }

    /// Whether the client sends anything within `wait`.
    async fn data_within(&mut self, wait: Duration) -> bool {
        self.fill(1, wait).await;
        !self.bytes.is_empty()
    }

    /// Reads until there are `count` bytes, the stream ends, or `wait` is over.
    async fn fill(&mut self, count: usize, wait: Duration) {
        let Self { stream, bytes } = self;
        let _ = timeout(wait, async {
            while bytes.len() < count {
                if !matches!(stream.read_buf(bytes).await, Ok(n) if n > 0) {
                    return;
                }
            }
        })
        .await;
    }

    /// Reads the PROXY header, and takes the client's address from it.
    async fn read_proxy(&mut self, client: &Client) -> Result<(), CloseReason> {
        let deadline = tokio::time::Instant::now() + PROXY_TIMEOUT;
        loop {
            match proxy::parse(&self.bytes) {
                Ok(Header::Incomplete) => {
                    let left = deadline.saturating_duration_since(tokio::time::Instant::now());
                    let had = self.bytes.len();
                    self.fill(had + 1, left).await;
                    if self.bytes.len() == had {
                        log::warn!("{} - PROXY protocol header missing", client.label());
                        return Err(CloseReason::ProtocolViolation);
                    }
                }
                Ok(Header::Whole { source, consumed }) => {
                    self.bytes.drain(..consumed);
                    if let Some(address) = source {
                        client.set_address((address.ip(), address.port()));
                    }
                    return Ok(());
                }
                // The client speaks without a proxy: it is served all the same.
                Ok(Header::Absent) => return Ok(()),
                Err(e) => {
                    log::warn!("Error reading PROXY protocol header from {}: {e}", client.label());
                    return Err(CloseReason::ProtocolViolation);
                }
            }
        }
    }

    async fn handshake(
        self,
        client: &Client,
        tls: &TlsServer,
    ) -> Result<(Box<TlsStream>, Option<Box<TlsIdentity>>), CloseReason> {
        log::debug!("{} - Starting TLS client connection handshake", client.label());
        let mut stream = TlsStream::new(tls, self.stream, self.bytes);
        let shaken = timeout(tls.timeout, std::future::poll_fn(|cx| stream.poll_handshake(cx)));
        match shaken.await {
            Ok(Ok(())) => {}
            Ok(Err(e)) => {
                let why = handshake_failure(&e);
                log::error!("{} - TLS handshake error: {why}", client.label());
                return Err(CloseReason::TlsHandshakeError);
            }
            Err(_) => {
                log::debug!("{} - TLS handshake timeout", client.label());
                stream.write_clear(&encode::error_line(text::TLS_REQUIRED));
                return Err(CloseReason::TlsHandshakeError);
            }
        }
        let details = stream.details();
        let peer = peer_identity(&details, client);
        if !tls.accepts_pinned(&details.peer_certificates) {
            log::error!("{} - TLS handshake error: certificate not pinned", client.label());
            return Err(CloseReason::TlsHandshakeError);
        }
        log::debug!(
            "{} - TLS handshake complete, version {}, cipher suite {}",
            client.label(),
            details.version,
            details.cipher_suite
        );
        client.update_details(|d| d.tls = Some(details));
        Ok((Box::new(stream), peer))
    }
}

fn peer_identity(details: &TlsDetails, client: &Client) -> Option<Box<TlsIdentity>> {
    let leaf = details.peer_certificates.first()?;
    match TlsIdentity::from_der(leaf) {
        Ok(identity) => Some(Box::new(identity)),
        Err(e) => {
            log::warn!("{} - client certificate cannot be read: {e}", client.label());
            None
        }
    }
}
