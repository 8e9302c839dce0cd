//! From an accepted stream to a served connection and its end.

use std::net::SocketAddr;
use std::sync::Arc;

use anabranch_nats::CloseReason;
use tokio::io::DuplexStream;
use tokio::net::TcpStream;

use super::greet::{Greeted, greet_in_process, greet_tcp};
use super::host::remove_all;
use crate::client::{Client, Kind};
use crate::server::{Phase, Server};

/// Serves one TCP connection to its end.
pub async fn serve_tcp(server: Arc<Server>, stream: TcpStream, peer: SocketAddr) {
    // An IPv4 client of a socket for both families comes as a mapped address.
    let address = Some((peer.ip().to_canonical(), peer.port()));
    let client = new_client(&server, Kind::Tcp, address);
    let farewell = Farewell::new(&server, &client);
    // Boxed: the greeting needs much more room than the connection's later life.
    let greeted = Box::pin(greet_tcp(&server, &client, stream)).await;
    finish(greeted, farewell).await;
}

/// Serves one connection from within the process to its end.
pub async fn serve_in_process(server: Arc<Server>, stream: DuplexStream) {
    let client = new_client(&server, Kind::InProcess, None);
    let farewell = Farewell::new(&server, &client);
    let greeted = Box::pin(greet_in_process(&server, &client, stream)).await;
    finish(greeted, farewell).await;
}

fn new_client(
    server: &Arc<Server>,
    kind: Kind,
    address: Option<(std::net::IpAddr, u16)>,
) -> Arc<Client> {
    let pending_max = server.options.limits.pending_bytes_max;
    let id = server.registry.next_id();
    Arc::new(Client::new(id, kind, address, pending_max, server.seed()))
}

async fn finish(greeted: Greeted, mut farewell: Farewell) {
    let reason = match greeted {
        Greeted::Ready(mut connection) => connection.run().await,
        Greeted::Ended(reason) => reason,
    };
    farewell.reason = reason;
}

/// Takes leave of a client when the task ends, however it ends.
struct Farewell {
    server: Arc<Server>,
    client: Arc<Client>,
    reason: CloseReason,
}

impl Farewell {
    fn new(server: &Arc<Server>, client: &Arc<Client>) -> Self {
        log::debug!("{} - Client connection created", client.label());
        let (server, client) = (Arc::clone(server), Arc::clone(client));
        Self { server, client, reason: CloseReason::InternalError }
    }
}

impl Drop for Farewell {
    fn drop(&mut self) {
        let Self { server, client, reason } = self;
        if server.phase() == Phase::Stopping && *reason == CloseReason::InternalError {
            // The task was aborted with the server.
            *reason = CloseReason::ServerShutdown;
        }
        client.output.close(*reason);
        let subscriptions = remove_all(server, client);
        server.registry.remove(client, *reason, subscriptions);
        if *reason == CloseReason::InternalError {
            log::error!("{} - Client connection closed: {reason}", client.label());
        } else {
            log::debug!("{} - Client connection closed: {reason}", client.label());
        }
    }
}
