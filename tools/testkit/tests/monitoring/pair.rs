//! Two servers with the same configuration, asked and used alike.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use anabranch_testkit::server::{Binary, Error, Server};
use serde_json::Value;

const TIMEOUT: Duration = Duration::from_secs(10);
const POLL_PAUSE: Duration = Duration::from_millis(5);

/// Our server and nats-server.
pub(crate) struct Pair {
    ours: Server,
    theirs: Server,
}

/// An HTTP answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: String,
    pub(crate) content_type: String,
    pub(crate) body: String,
}

impl Pair {
    /// Both servers with this configuration.
    pub(crate) fn start(config: &str) -> Result<Self, Error> {
        let peer = Binary::nats_server()?
            .ok_or_else(|| Error::NoBinary("NATS_SERVER_BIN is not set".to_owned()))?;
        let start = |binary: &Binary| Server::start_with(binary, config, certificate);
        Ok(Self { ours: start(&Binary::anabranch()?)?, theirs: start(&peer)? })
    }

    /// What both answer, ours first.
    pub(crate) fn get(&self, path: &str) -> (Answer, Answer) {
        let ask = |server: &Server| {
            get(server.monitoring_address().expect("configured with monitoring"), path)
        };
        (ask(&self.ours), ask(&self.theirs))
    }

    /// On both servers a client per name, which subscribes and publishes to itself.
    pub(crate) fn clients(&self, names: &[&str]) -> Vec<TcpStream> {
        let each = |server: &Server| {
            let client = |name: &&str| {
                let connect = format!(
                    "CONNECT {{\"verbose\":false,\"name\":\"{name}\",\"lang\":\"raw\",\
                     \"version\":\"1\"}}\r\nSUB mon.{name} q 1\r\nPUB mon.{name} 2\r\nhi\r\n"
                );
                client(server.address(), &connect)
            };
            names.iter().map(client).collect::<Vec<_>>()
        };
        [each(&self.ours), each(&self.theirs)].into_iter().flatten().collect()
    }

    /// On both servers a client with this CONNECT.
    pub(crate) fn clients_saying(&self, connect: &str) -> [TcpStream; 2] {
        let line = format!("CONNECT {connect}\r\n");
        [client(self.ours.address(), &line), client(self.theirs.address(), &line)]
    }

    /// On both servers a client without a CONNECT.
    pub(crate) fn clients_saying_nothing(&self) -> [TcpStream; 2] {
        [client(self.ours.address(), ""), client(self.theirs.address(), "")]
    }

    /// Both servers close a connection that sends this.
    pub(crate) fn closes_after(&self, bytes: &str) {
        for server in [&self.ours, &self.theirs] {
            let mut stream = open(server.address());
            stream.write_all(bytes.as_bytes()).expect("loopback takes a line");
            let mut rest = Vec::new();
            // A reset is a close too.
            let _ = stream.read_to_end(&mut rest);
        }
    }

    /// Asks both until both answers satisfy `condition`.
    pub(crate) fn wait_until(&self, path: &str, condition: impl Fn(&Answer) -> bool) {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            let (ours, theirs) = self.get(path);
            if condition(&ours) && condition(&theirs) {
                return;
            }
            assert!(Instant::now() < deadline, "{path}: {} / {}", ours.body, theirs.body);
            thread::sleep(POLL_PAUSE);
        }
    }
}

impl Answer {
    /// The body as JSON; null if it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// Every field with its JSON type; list items count as one, keys of maps of counters too.
    pub(crate) fn shape(&self) -> BTreeSet<String> {
        let mut shape = BTreeSet::new();
        describe("", &self.json(), &mut shape);
        shape
    }
}

/// A certificate for the configurations that name one.
fn certificate(directory: &Path) -> Result<(), Error> {
    let failed = |source| Error::Io { what: "make a certificate".to_owned(), source };
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])
        .map_err(|error| failed(io::Error::other(error)))?;
    fs::write(directory.join("cert.pem"), made.cert.pem()).map_err(failed)?;
    fs::write(directory.join("key.pem"), made.signing_key.serialize_pem()).map_err(failed)
}

fn describe(path: &str, value: &Value, shape: &mut BTreeSet<String>) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(items) => {
            items.iter().for_each(|item| describe(&format!("{path}[]"), item, shape));
            "list"
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                // Which paths were asked for differs by nothing that matters.
                let name = if path.ends_with("http_req_stats") { "*" } else { name };
                describe(&format!("{path}.{name}"), field, shape);
            }
            "map"
        }
    };
    shape.insert(format!("{path}: {kind}"));
}

fn open(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(TIMEOUT)).expect("not zero");
    stream
}

/// A client that has sent `bytes` and got the answer to a PING behind them.
fn client(address: SocketAddr, bytes: &str) -> TcpStream {
    let mut stream = open(address);
    stream.write_all(format!("{bytes}PING\r\n").as_bytes()).expect("loopback takes a few lines");
    let mut read = Vec::new();
    let mut piece = [0; 4096];
    while !String::from_utf8_lossy(&read).contains("PONG\r\n") {
        let count = stream.read(&mut piece).expect("an answer in time");
        assert!(count > 0, "closed after {}", String::from_utf8_lossy(&read));
        read.extend_from_slice(&piece[..count]);
    }
    stream
}

fn get(address: SocketAddr, path: &str) -> Answer {
    let mut stream = open(address);
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("loopback takes a request");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an answer in time");
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    let header = |name: &str| {
        let line = head.lines().find_map(|line| {
            line.split_once(": ").filter(|(found, _)| found.eq_ignore_ascii_case(name))
        });
        line.map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    let body =
        if header("transfer-encoding") == "chunked" { joined(body) } else { body.to_owned() };
    let status = head.split(' ').nth(1).unwrap_or_default().to_owned();
    Answer { status, content_type: header("content-type"), body }
}

/// The chunks of a chunked body, put together.
fn joined(body: &str) -> String {
    let mut whole = String::new();
    let mut rest = body;
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).expect("a chunk's size");
        let Some(chunk) = after.get(..size).filter(|chunk| !chunk.is_empty()) else { break };
        whole.push_str(chunk);
        rest = after[size..].trim_start_matches("\r\n");
    }
    whole
}
