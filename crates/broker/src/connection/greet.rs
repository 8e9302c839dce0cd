//! From an accepted stream to a session that can begin: INFO, the connection limit, the PROXY
//! header, TLS.

use std::sync::Arc;
use std::time::Duration;

use anabranch_nats::codec::encode;
use anabranch_nats::session::Session;
use anabranch_nats::{CloseReason, error_text as text};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::io::DuplexStream;
use tokio::net::TcpStream;

use super::batch::Input;
use super::drive::Connection;
use super::host::UserState;
use super::negotiate::{Negotiated, negotiate};
use super::transport::Transport;
use crate::client::{Client, Drained};
use crate::server::{Phase, Registered, Server};

/// What came of a greeting.
pub(super) enum Greeted {
    /// The session can begin.
    Ready(Box<Connection>),
    /// The connection ended before.
    Ended(CloseReason),
}

/// Bytes of a nonce before base64.
const NONCE_BYTES: usize = 11;

/// Greets a TCP client.
pub(super) async fn greet_tcp(
    server: &Arc<Server>,
    client: &Arc<Client>,
    stream: TcpStream,
) -> Greeted {
    if let Err(e) = stream.set_nodelay(true) {
        log::debug!("{} - Unable to set TCP_NODELAY: {e}", client.label());
    }
    let nonce = new_nonce(server);
    match negotiate(server, client, stream, &nonce).await {
        Ok(Negotiated::Plain(stream, early)) => {
            let (transport, write) = Transport::tcp(stream);
            client.allow_direct_writes(&write);
            ready(server, client, transport, UserState::new(nonce, None), early)
        }
        Ok(Negotiated::Tls(stream, peer)) => {
            let user = UserState::new(nonce, peer);
            ready(server, client, Transport::Tls(stream), user, Vec::new())
        }
        Err(reason) => Greeted::Ended(reason),
    }
}

/// Greets a client within the process.
pub(super) async fn greet_in_process(
    server: &Arc<Server>,
    client: &Arc<Client>,
    stream: DuplexStream,
) -> Greeted {
    let nonce = new_nonce(server);
    let mut info = server.info_for(client);
    info.nonce.clone_from(&nonce);
    client.output.append(&info.line());
    if server.registry.add(client, server.options.limits.connections_max) == Registered::TooMany {
        client.output.append(&encode::error_line(text::MAXIMUM_CONNECTIONS));
        client.output.close(CloseReason::MaxConnectionsExceeded);
    }
    ready(server, client, Transport::pipe(stream), UserState::new(nonce, None), Vec::new())
}

fn ready(
    server: &Arc<Server>,
    client: &Arc<Client>,
    transport: Transport,
    user: UserState,
    early: Vec<u8>,
) -> Greeted {
    if server.phase() == Phase::Stopping {
        client.output.close(CloseReason::ServerShutdown);
    }
    let session = Session::new(server.session_settings(), server.now());
    let due = tokio::time::Instant::from_std(server.epoch + session.deadline());
    Greeted::Ready(Box::new(Connection {
        server: Arc::clone(server),
        client: Arc::clone(client),
        session,
        transport,
        user,
        input: Input::starting_with(early),
        timer: Box::pin(tokio::time::sleep_until(due)),
        armed: Duration::ZERO,
        drained: Drained::All,
        checking: None,
    }))
}

/// A nonce, where nkeys may be used: 11 random bytes, as nats-server makes them.
fn new_nonce(server: &Server) -> String {
    if !server.authenticator.needs_nonce() {
        return String::new();
    }
    let bytes: [u8; NONCE_BYTES] = rand::random();
    URL_SAFE_NO_PAD.encode(bytes)
}
