//! Accepting connections.

use std::future::Future;
use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio_util::sync::CancellationToken;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4096;
/// First pause after an accept failed, doubled up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(10);
/// Longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Listens on `host:port`; a name is resolved, and its first address that works is taken.
///
/// # Errors
/// When no address of `host` can be listened on.
pub async fn bind(host: &str, port: u16) -> io::Result<TcpListener> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    // Everywhere means everywhere, as with Go: IPv6 too, where the system has it.
    if host == "0.0.0.0"
        && let Ok(listener) = bind_address(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)))
    {
        return Ok(listener);
    }
    let mut last = io::Error::new(io::ErrorKind::NotFound, "no address");
    for address in lookup_host((host, port)).await? {
        match bind_address(address) {
            Ok(listener) => return Ok(listener),
            Err(e) => last = e,
        }
    }
    Err(last)
}

fn bind_address(address: SocketAddr) -> io::Result<TcpListener> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() && address.ip().is_unspecified() {
        socket.set_only_v6(false)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Gives each accepted connection to `serve`, until `stop`. An accept that fails, for want of
/// file descriptors for example, is tried again after a pause: those connected go on.
pub async fn accept_all<F>(
    listener: TcpListener,
    stop: CancellationToken,
    mut serve: impl FnMut(TcpStream, SocketAddr) -> F,
) where
    F: Future<Output = ()>,
{
    let mut pause = PAUSE_MIN;
    loop {
        // Cancel-safe: `accept` loses no connection when it is dropped.
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                pause = PAUSE_MIN;
                serve(stream, peer).await;
            }
            Err(e) if is_of_the_connection(&e) => {}
            Err(e) => {
                log::error!("Temporary Client Accept Error ({e}), sleeping {pause:?}");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(pause) => {}
                }
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
    }
}

/// The connection died before it was accepted; the listener is well.
fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}
