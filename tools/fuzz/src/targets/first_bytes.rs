//! Whatever a connection begins with, where it may have to begin with a PROXY header, a TLS
//! handshake, either or none: the server takes it in pieces as it does whole, closes when the
//! client has no more to say, and nothing panics.
//!
//! The first byte of an input picks the server's configuration, and whether the others come
//! before TLS or inside of it. Goes through sockets, since what is asked for happens where
//! sockets are read; client and server share a thread, so that neither waits for the machine.

use std::cell::Cell;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::panic;
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anabranch_broker::{Broker, Options};
use anabranch_config::options::{CertificateFiles, HandshakeFirst, Tls, TlsVersion};
use anabranch_testkit::certificate;
use anabranch_testkit::tls::Handshake;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use super::Target;

pub(super) const TARGET: Target =
    Target { name: "first_bytes", check, corpus: CORPUS, dictionary: WORDS };

/// How the first byte of an input is read: its lowest bits are the configuration, and from here on
/// the others are said inside of TLS.
const INSIDE: u8 = 8;

const CORPUS: &[&[u8]] = &[
    b"\x00CONNECT {\"verbose\":false}\r\nPING\r\n",
    b"\x00\x16\x03\x01\x00\x94\x01\x00\x00\x90\x03\x03\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\
      \x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x00\x00\
      \x08\x13\x01\x13\x02\xc0\x2b\xc0\x2f\x01\x00\x00\x5f\x00\x00\x00\x0e\x00\x0c\x00\x00\x09\
      localhost\x00\x0a\x00\x04\x00\x02\x00\x1d\x00\x0d\x00\x0a\x00\x08\x04\x03\x08\x04\x04\x01\
      \x08\x07\x00\x2b\x00\x05\x04\x03\x04\x03\x03\x00\x33\x00\x26\x00\x24\x00\x1d\x00\x20\x09\0\0\
      \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x00\x17\x00\x00",
    b"\x01PROXY TCP4 192.0.2.1 192.0.2.2 51234 4222\r\n\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03",
    b"\x02CONNECT {\"verbose\":false}\r\nSUB a 1\r\nPUB a 2\r\nhi\r\nPING\r\n",
    b"\x02\x16\x03\x03\x00\x02\x01\x00",
    b"\x03PROXY UNKNOWN\r\nCONNECT {}\r\nPING\r\n",
    b"\x03\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02\xc8\x22\x10\x7ePING\r\n",
    b"\x04\x16\x03\x01\x00\x05hello",
    b"\x05\r\n\r\n\0\r\nQUIT\n\x20\0\0\x00\x16\x03\x01\x00\x05hello",
    b"\x06\x15\x03\x01\x00\x02\x02\x46",
    b"\x07PROXY TCP6 2001:db8::1 ::ffff:192.0.2.2 51234 4222\r\n\x80\x2e\x01\x03\x01",
    b"\x08CONNECT {\"verbose\":false}\r\nPING\r\n",
    b"\x0bSUB a 1\r\nPUB a 2\r\nhi\r\nPING\r\n",
    b"\x0cPING\r\n\x16\x03\x01",
];

const WORDS: &[&[u8]] = &[
    b"\x16\x03\x01",
    b"\x16\x03\x01\x40\x00",
    b"\x15\x03\x03\x00\x02\x01\x00",
    b"\x14\x03\x03\x00\x01\x01",
    b"\x17\x03\x03",
    b"\x01\x00\x00",
    b"\x03\x03",
    b"\x00\x2b\x00",
    b"PROXY ",
    b"PROXY UNKNOWN\r\n",
    b"\r\n\r\n\0\r\nQUIT\n",
    b"\x21\x11\0\x0c",
    b"CONNECT {}\r\n",
    b"PING\r\n",
    b"\xff\xff",
];

/// Longer than anything that a server waits for here.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a client may want to say before it is allowed to.
const LATE_MAX: usize = 32 * 1024;
const PROXY: &[u8] = b"PROXY TCP4 192.0.2.1 192.0.2.2 51234 4222\r\n";

/// A task of a broker has panicked.
static PANICKED: AtomicBool = AtomicBool::new(false);
thread_local! {
    /// This thread is at the brokers' work, which asserts nothing of its own accord.
    static SERVING: Cell<bool> = const { Cell::new(false) };
}

fn check(input: &[u8]) {
    static STAND: LazyLock<Stand> = LazyLock::new(Stand::new);
    let Some((&choice, bytes)) = input.split_first() else { return };
    let stand = &*STAND;
    let mode = MODES[usize::from(choice) % MODES.len()];
    let address = stand.addresses[usize::from(choice) % MODES.len()];
    if choice & INSIDE == 0 {
        let whole = stand.run(answer(address, [bytes].into_iter()));
        let step = 1 + usize::from(choice) / 16;
        let pieces = bytes.chunks(step.max(bytes.len() / 64));
        let pieces = stand.run(answer(address, pieces));
        // A reset takes answers with it.
        if let (Some(whole), Some(pieces)) = (whole, pieces) {
            assert_eq!(whole, pieces, "{mode:?}");
        }
    } else {
        stand.run(inside(stand.directory.path(), mode, address, bytes));
    }
    assert!(!PANICKED.load(Ordering::SeqCst), "a connection's task panicked");
}

/// Who speaks first, and in what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beginning {
    InfoThenTls,
    InfoThenEither,
    Tls,
    /// TLS, or after a while without it INFO and then TLS.
    TlsOrInfo,
}

/// A configuration.
#[derive(Debug, Clone, Copy)]
struct Mode {
    beginning: Beginning,
    behind_proxy: bool,
}

const MODES: [Mode; 8] = [
    Mode { beginning: Beginning::InfoThenTls, behind_proxy: false },
    Mode { beginning: Beginning::InfoThenTls, behind_proxy: true },
    Mode { beginning: Beginning::InfoThenEither, behind_proxy: false },
    Mode { beginning: Beginning::InfoThenEither, behind_proxy: true },
    Mode { beginning: Beginning::Tls, behind_proxy: false },
    Mode { beginning: Beginning::Tls, behind_proxy: true },
    Mode { beginning: Beginning::TlsOrInfo, behind_proxy: false },
    Mode { beginning: Beginning::TlsOrInfo, behind_proxy: true },
];

impl Mode {
    fn options(self, directory: &Path) -> Options {
        let mut options = Options::default();
        options.listen.host = "127.0.0.1".to_owned();
        options.listen.port = 0;
        options.listen.proxy_protocol = self.behind_proxy;
        options.limits.closed_clients_max = 16;
        options.allow_non_tls = self.beginning == Beginning::InfoThenEither;
        let handshake_first = match self.beginning {
            Beginning::InfoThenTls | Beginning::InfoThenEither => HandshakeFirst::No,
            Beginning::Tls => HandshakeFirst::Yes,
            // Long, so that only what a client says decides, and not when.
            Beginning::TlsOrInfo => HandshakeFirst::Fallback(PATIENCE),
        };
        let file = |name: &str| directory.join(name);
        options.tls = Some(Tls {
            certificates: vec![CertificateFiles {
                cert_file: file("cert.pem"),
                key_file: file("key.pem"),
            }],
            ca_file: Some(file("ca.pem")),
            verify: self.beginning == Beginning::Tls,
            timeout: PATIENCE,
            handshake_first,
            verify_and_map: false,
            connection_rate_limit: 0,
            pinned_certs: Vec::new(),
            min_version: TlsVersion::default(),
            cipher_suites: Vec::new(),
            curve_preferences: Vec::new(),
        });
        options
    }
}

/// A broker for each mode.
struct Stand {
    directory: TempDir,
    addresses: Vec<SocketAddr>,
    runtime: Runtime,
    _brokers: Vec<Broker>,
}

impl Stand {
    fn new() -> Self {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |what| {
            if SERVING.get() {
                PANICKED.store(true, Ordering::SeqCst);
            }
            before(what);
        }));
        let directory = TempDir::new().expect("a directory for temporary files");
        certificate::write_with_client(directory.path()).expect("a writable directory");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a poller");
        let start = |mode: &Mode| {
            let options = mode.options(directory.path());
            let broker = Broker::builder().options(options).threads(1).start();
            runtime.block_on(broker).expect("valid options")
        };
        let brokers: Vec<Broker> = MODES.iter().map(start).collect();
        let address = |broker: &Broker| broker.endpoints().clients.expect("it listens");
        let addresses = brokers.iter().map(address).collect();
        Self { directory, addresses, runtime, _brokers: brokers }
    }

    /// Runs a client to its end; none when some of what it was told may be lost.
    fn run<T>(&self, client: impl Future<Output = io::Result<T>>) -> Option<T> {
        SERVING.set(true);
        let ended = self.runtime.block_on(async { tokio::time::timeout(PATIENCE, client).await });
        SERVING.set(false);
        ended.expect("the server closes when it has heard all").ok()
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// What a server says to a client that sends these pieces and then no more.
async fn answer<'a>(
    address: SocketAddr,
    pieces: impl Iterator<Item = &'a [u8]>,
) -> io::Result<String> {
    let mut stream = connect(address).await?;
    for piece in pieces {
        stream.write_all(piece).await?;
        // The server sees the pieces apart.
        tokio::task::yield_now().await;
    }
    stream.shutdown().await?;
    let mut said = Vec::new();
    stream.read_to_end(&mut said).await?;
    Ok(shown(&said))
}

/// An answer without what differs from connection to connection: INFO, and whatever is TLS.
fn shown(mut bytes: &[u8]) -> String {
    let mut text = String::new();
    while let Some(end) = bytes.windows(2).position(|pair| pair == b"\r\n") {
        let line = &bytes[..end];
        if line.iter().any(|byte| !matches!(byte, b' '..=b'~')) {
            break;
        }
        let line = String::from_utf8_lossy(line);
        text.push_str(if line.starts_with("INFO ") { "INFO" } else { &line });
        text.push('\n');
        bytes = &bytes[end + 2..];
    }
    // The kind of the first record.
    if let Some(record) = bytes.first() {
        text.push_str(&format!("TLS {record}"));
    }
    text
}

/// Says `bytes` behind a handshake, as far as the server lets it.
async fn inside(directory: &Path, mode: Mode, address: SocketAddr, bytes: &[u8]) -> io::Result<()> {
    let mut stream = connect(address).await?;
    if matches!(mode.beginning, Beginning::InfoThenTls | Beginning::InfoThenEither) {
        while stream.read_u8().await? != b'\n' {}
    }
    let early = if mode.behind_proxy { PROXY } else { b"" };
    let (late, more) = bytes.split_at(bytes.len().min(LATE_MAX));
    let (mut tls, mut outgoing) = Handshake { early, late, ..Handshake::of(directory) }.begin()?;
    let mut incoming = Vec::new();
    while tls.is_handshaking() {
        stream.write_all(&outgoing).await?;
        incoming.clear();
        if stream.read_buf(&mut incoming).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut rest = &incoming[..];
        while !rest.is_empty() {
            tls.read_tls(&mut rest)?;
            tls.process_new_packets().map_err(io::Error::other)?;
        }
        outgoing.clear();
        while tls.wants_write() {
            tls.write_tls(&mut outgoing)?;
        }
    }
    tls.set_buffer_limit(None);
    tls.writer().write_all(more)?;
    tls.send_close_notify();
    while tls.wants_write() {
        tls.write_tls(&mut outgoing)?;
    }
    stream.write_all(&outgoing).await?;
    stream.shutdown().await?;
    stream.read_to_end(&mut incoming).await.map(|_| ())
}
