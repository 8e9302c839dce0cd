//! From an accepted stream to a served connection and its end.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use anabranch_nats::CloseReason;
use tokio::io::DuplexStream;
use tokio::net::TcpStream;

use super::greet::{Greeted, greet_in_process, greet_tcp};
use super::host::remove_all;
use crate::client::{Client, Kind, Subscription};
use crate::server::{Phase, Server};
use crate::worker::trace;

/// Serves one TCP connection to its end.
pub async fn serve_tcp(server: Arc<Server>, stream: TcpStream, peer: SocketAddr) {
    // An IPv4 client of a socket for both families comes as a mapped address.
    let address = Some((peer.ip().to_canonical(), peer.port()));
    let client = new_client(&server, Kind::Tcp, address);
    let farewell = Farewell::new(&server, &client);
    let greeting = Box::pin(async move { greet_tcp(&server, &client, stream).await });
    finish(greeting, farewell).await;
}

/// Serves one connection from within the process to its end.
pub async fn serve_in_process(server: Arc<Server>, stream: DuplexStream) {
    let client = new_client(&server, Kind::InProcess, None);
    let farewell = Farewell::new(&server, &client);
    let greeting = Box::pin(async move { greet_in_process(&server, &client, stream).await });
    finish(greeting, farewell).await;
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

/// A greeting under way. Boxed: it needs much more room than the connection's later life.
type Greeting = Pin<Box<dyn Future<Output = Greeted> + Send>>;

async fn finish(greeting: Greeting, mut farewell: Farewell) {
    let server = Arc::clone(&farewell.server);
    // Cancel-safe: a greeting that is dropped closes its stream.
    let greeted = tokio::select! {
        greeted = greeting => greeted,
        () = server.stop.cancelled() => Greeted::Ended(CloseReason::ServerShutdown),
    };
    let reason = match greeted {
        Greeted::Ended(reason) => reason,
        Greeted::Ready(mut connection) => {
            let reason = connection.run().await;
            // Before the last words: while they are written, messages must find others.
            farewell.unsubscribe().await;
            // Boxed for the same reason.
            Box::pin(connection.last_words(reason)).await;
            reason
        }
    };
    farewell.reason = reason;
}

/// Subscriptions removed before others get a turn.
const REMOVED_AT_ONCE: usize = 4096;

/// Takes leave of a client when the task ends, however it ends.
struct Farewell {
    server: Arc<Server>,
    client: Arc<Client>,
    reason: CloseReason,
    subscriptions: Vec<Arc<Subscription>>,
}

impl Farewell {
    fn new(server: &Arc<Server>, client: &Arc<Client>) -> Self {
        log::debug!("{} - Client connection created", client.label());
        let (server, client) = (Arc::clone(server), Arc::clone(client));
        let reason = CloseReason::InternalError;
        Self { server, client, reason, subscriptions: Vec::new() }
    }

    /// Removes the client's subscriptions, however many, without holding up others.
    async fn unsubscribe(&mut self) {
        let subscriptions = self.client.subs().drain();
        for slice in subscriptions.chunks(REMOVED_AT_ONCE) {
            for subscription in slice {
                subscription.close();
            }
            self.server.account.unsubscribe_all(slice);
            tokio::task::yield_now().await;
        }
        self.subscriptions = subscriptions;
    }
}

impl Drop for Farewell {
    fn drop(&mut self) {
        let Self { server, client, reason, subscriptions } = self;
        if server.phase() == Phase::Stopping && *reason == CloseReason::InternalError {
            // The task was aborted with the server.
            *reason = CloseReason::ServerShutdown;
        }
        client.output.close(*reason);
        let mut subscriptions = std::mem::take(subscriptions);
        // What a panic left behind.
        subscriptions.extend(remove_all(server, client));
        // The client is remembered; what it held is not.
        client.output.discard();
        client.set_permissions(None);
        let tracing = trace::is_on(&server.options);
        let removed = if tracing { subscriptions.clone() } else { Vec::new() };
        server.registry.remove(client, *reason, subscriptions);
        if *reason == CloseReason::InternalError {
            log::error!("{} - Client connection closed: {reason}", client.label());
        } else {
            log::debug!("{} - Client connection closed: {reason}", client.label());
        }
        for subscription in &removed {
            trace::removed(subscription, &server.options);
        }
    }
}
