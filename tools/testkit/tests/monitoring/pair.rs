//! Two servers with the same configuration, asked and used alike.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, thread};

use anabranch_testkit::http::Answer;
use anabranch_testkit::server::{Binary, Error, Server};
use anabranch_testkit::{certificate, http};
use serde_json::Value;

const TIMEOUT: Duration = Duration::from_secs(10);
const POLL_PAUSE: Duration = Duration::from_millis(5);

/// Our server and nats-server.
pub(crate) struct Pair {
    ours: Server,
    theirs: Server,
}

impl Pair {
    /// Both servers with this configuration.
    pub(crate) fn start(config: &str) -> Result<Self, Error> {
        let [ours, theirs] = Binary::both()?;
        let ours = Server::start_with(&ours, config, certificate::write_with_client)?;
        let copied = |directory: &Path| copy_certificates(ours.directory(), directory);
        let theirs = Server::start_with(&theirs, config, copied)?;
        Ok(Self { ours, theirs })
    }

    /// Does the same with our server and with nats-server.
    pub(crate) fn each<R>(&self, act: impl Fn(&Server) -> R) -> [R; 2] {
        [act(&self.ours), act(&self.theirs)]
    }

    /// What both answer, ours first.
    pub(crate) fn get(&self, path: &str) -> (Answer, Answer) {
        let ask = |server: &Server| {
            http::get(open(server.monitoring_address().expect("configured with monitoring")), path)
        };
        self.each(ask).into()
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

/// What is said of certificates can only be the same of the same ones.
fn copy_certificates(from: &Path, to: &Path) -> Result<(), Error> {
    for name in certificate::FILES {
        fs::copy(from.join(name), to.join(name))
            .map_err(|source| Error::Io { what: format!("copy {name}"), source })?;
    }
    Ok(())
}

/// Every field of the body with its JSON type; list items count as one, keys of maps of counters
/// too.
pub(crate) fn shape(answer: &Answer) -> BTreeSet<String> {
    let mut shape = BTreeSet::new();
    describe("", &answer.json(), &mut shape);
    shape
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

pub(crate) fn open(address: SocketAddr) -> TcpStream {
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
