//! A server of ours and what can be seen of it from outside.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use anabranch_testkit::server::{Binary, Error, Server};
use serde_json::Value;

use crate::client::{Client, TIMEOUT};

/// Unit of processor times under `/proc`: `USER_HZ` is 100 on Linux.
const TICK_MS: u64 = 10;
const POLL_PAUSE: Duration = Duration::from_millis(2);

/// A server with monitoring.
#[derive(Debug)]
pub(crate) struct Observed {
    pub(crate) server: Server,
}

impl Observed {
    pub(crate) fn start(config: &str) -> Self {
        let binary = Binary::anabranch().expect("needs ANABRANCH_BIN");
        let config = format!("http: \"127.0.0.1:-1\"\n{config}\n");
        let server = Server::start_with(&binary, &config, certificate);
        Self { server: server.expect("a valid configuration") }
    }

    pub(crate) fn client(&self) -> Client {
        Client::open(self.server.address())
    }

    /// A client that has subscribed, with the server knowing.
    pub(crate) fn subscriber(&self, subscriptions: &str) -> Client {
        let mut client = self.client();
        client.send(subscriptions);
        client.barrier();
        client
    }

    /// A monitoring answer.
    pub(crate) fn get(&self, path: &str) -> Value {
        let address = self.server.monitoring_address().expect("configured with monitoring");
        let mut stream = TcpStream::connect(address).expect("monitoring listens");
        stream.set_read_timeout(Some(TIMEOUT)).expect("not zero");
        let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("loopback takes a request");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer in time");
        let (_, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        serde_json::from_str(body).expect("JSON")
    }

    /// A counter of `/varz`.
    pub(crate) fn count(&self, field: &str) -> u64 {
        self.get("/varz")[field].as_u64().expect("a counter")
    }

    /// Waits until a counter of `/varz` has this value.
    pub(crate) fn await_count(&self, field: &str, value: u64) {
        wait_until(field, || self.count(field) == value);
    }

    /// The reasons of the closed connections.
    pub(crate) fn close_reasons(&self) -> Vec<String> {
        let closed = self.get("/connz?state=closed&limit=10000");
        let connections = closed["connections"].as_array().expect("a list").iter();
        let reason = |connection: &Value| connection["reason"].as_str().map(str::to_owned);
        connections.filter_map(reason).collect()
    }

    /// Resident memory now, in bytes.
    pub(crate) fn resident(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The most memory that was ever resident, in bytes.
    pub(crate) fn resident_max(&self) -> u64 {
        self.status("VmHWM:")
    }

    /// Processor time that the server has used.
    pub(crate) fn processor_time(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.server.process_id()));
        let stat = stat.expect("a running process");
        // Numbers 14 and 15, and the second is a name in parentheses.
        let (_, after_name) = stat.rsplit_once(')').expect("a name");
        let ticks = after_name.split_whitespace().skip(11).take(2);
        let ticks: u64 = ticks.map(|word| word.parse::<u64>().expect("a number")).sum();
        Duration::from_millis(ticks * TICK_MS)
    }

    /// A new publisher and a new subscriber reach each other; how long that took.
    pub(crate) fn serves_a_new_pair(&self) -> Duration {
        let begin = Instant::now();
        let mut subscriber = self.subscriber("SUB new.pair 1\r\n");
        self.client().send("PUB new.pair 2\r\nhi\r\n");
        assert_eq!(subscriber.message().payload, b"hi");
        begin.elapsed()
    }

    fn status(&self, field: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.server.process_id()));
        let status = status.expect("a running process");
        let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("a field");
        let number = line.split_whitespace().next().expect("a value");
        number.parse::<u64>().expect("a number") * 1024
    }
}

/// True from its end on, however that comes.
pub(crate) struct Ending<'a>(pub(crate) &'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Looks again and again until `condition` holds.
pub(crate) fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + TIMEOUT;
    while !condition() {
        assert!(Instant::now() < deadline, "{what} does not come true");
        thread::sleep(POLL_PAUSE);
    }
}

/// Adds a measurement to what the test prints.
#[expect(clippy::print_stdout, reason = "what was measured is shown with the test")]
pub(crate) fn tell(measured: &str) {
    println!("{measured}");
}

/// A certificate for the configurations that name one.
fn certificate(directory: &std::path::Path) -> Result<(), Error> {
    let failed = |source| Error::Io { what: "make a certificate".to_owned(), source };
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])
        .map_err(|error| failed(io::Error::other(error)))?;
    fs::write(directory.join("cert.pem"), made.cert.pem()).map_err(failed)?;
    fs::write(directory.join("key.pem"), made.signing_key.serialize_pem()).map_err(failed)
}
