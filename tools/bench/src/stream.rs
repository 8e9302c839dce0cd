//! A connection's bytes, plain or under TLS. It knows nothing of the protocol inside, save that
//! a NATS server greets in plain text before the TLS handshake begins.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};

use crate::args::Args;
use crate::error::{Error, Result};

/// The longest greeting that is read before the TLS handshake.
const GREETING_MAX: usize = 32 * 1024;

/// Where the load goes, and how it gets there.
#[derive(Clone)]
pub(crate) struct Target {
    addr: SocketAddr,
    tls: Option<Arc<ClientConfig>>,
    timeout: Duration,
}

impl Target {
    /// Reads `--addr`, `--ca` (a PEM file; its presence turns TLS on) and `--timeout` (seconds).
    pub(crate) fn from_args(args: &Args) -> Result<Target> {
        let text = args.text("addr", "127.0.0.1:4222");
        let addr: SocketAddr = text
            .parse()
            .map_err(|_| Error::Usage(format!("--addr wants ADDRESS:PORT, not {text:?}")))?;
        if !addr.ip().is_loopback() {
            return Err(Error::Usage("only a loopback address may be loaded".to_owned()));
        }
        let tls = match args.text("ca", "") {
            "" => None,
            file => Some(client_config(file)?),
        };
        let timeout = Duration::from_secs(args.number("timeout", 30)?);
        Ok(Target { addr, tls, timeout })
    }

    /// Opens a connection, takes the greeting and finishes the TLS handshake. The greeting is
    /// returned as it came.
    pub(crate) fn dial(&self) -> Result<(Stream, Vec<u8>)> {
        let mut socket = TcpStream::connect(self.addr)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(self.timeout))?;
        socket.set_write_timeout(Some(self.timeout))?;
        let greeting = read_greeting(&mut socket)?;
        let Some(config) = &self.tls else {
            return Ok((Stream::Plain(socket), greeting));
        };
        let name = ServerName::try_from("localhost").expect("localhost is a valid name");
        let mut session = ClientConnection::new(Arc::clone(config), name)?;
        while session.is_handshaking() {
            session.complete_io(&mut socket)?;
        }
        Ok((Stream::Tls(Box::new(StreamOwned::new(session, socket))), greeting))
    }
}

fn client_config(ca_file: &str) -> Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca_file)? {
        roots.add(certificate?)?;
    }
    Ok(Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
}

/// The first line. A server sends nothing after it until the client speaks, so that reading in
/// chunks takes nothing away from the TLS handshake.
fn read_greeting(socket: &mut TcpStream) -> Result<Vec<u8>> {
    let mut greeting = Vec::new();
    let mut chunk = [0; 4096];
    while !greeting.ends_with(b"\n") {
        let n = socket.read(&mut chunk)?;
        if n == 0 || greeting.len() > GREETING_MAX {
            return Err(Error::Server("closed, or no line, instead of a greeting".to_owned()));
        }
        greeting.extend_from_slice(chunk.get(..n).unwrap_or_default());
    }
    Ok(greeting)
}

/// A connection's bytes.
pub(crate) enum Stream {
    /// Plain TCP.
    Plain(TcpStream),
    /// TLS over TCP.
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Stream {
    /// The socket below.
    pub(crate) fn socket(&self) -> &TcpStream {
        match self {
            Stream::Plain(socket) => socket,
            Stream::Tls(tls) => &tls.sock,
        }
    }

    /// Whether decrypted bytes may be waiting although the socket has none.
    pub(crate) fn buffers_plaintext(&self) -> bool {
        matches!(self, Stream::Tls(_))
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket().as_fd()
    }
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.read(buf),
            Stream::Tls(tls) => tls.read(buf),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.write(buf),
            Stream::Tls(tls) => tls.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(socket) => socket.flush(),
            Stream::Tls(tls) => tls.flush(),
        }
    }
}
