//! A server with monitoring, and what can be seen of it from outside.
//!
//! As with [`crate::client`], what a test does not expect ends the test: the functions here panic
//! when an answer does not come, or is none.

use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

use serde_json::Value;

use crate::client::{Client, TIMEOUT};
use crate::server::{Binary, Server};
use crate::{certificate, http};

/// Unit of processor times under `/proc`: `USER_HZ` is 100 on Linux.
const TICK_MS: u64 = 10;
const POLL_PAUSE: Duration = Duration::from_millis(2);

/// A server with monitoring.
#[derive(Debug)]
pub struct Observed {
    /// The server itself.
    pub server: Server,
}

/// Does the same with our server and with nats-server, each under `config` and monitored.
///
/// # Panics
/// When one of the binaries or the configuration is wrong, and where `check` does.
pub fn on_both(config: &str, check: impl Fn(&Observed)) {
    for binary in Binary::both().expect("needs both servers") {
        tell(&format!("with {:?}", binary.kind()));
        check(&Observed::start_on(&binary, config));
    }
}

impl Observed {
    /// Our server under `config`, in which the files of [`crate::certificate`] in its
    /// directory may be named.
    ///
    /// # Panics
    /// When there is no such binary, or it refuses the configuration.
    #[must_use]
    pub fn start(config: &str) -> Self {
        Self::start_on(&Binary::anabranch().expect("needs ANABRANCH_BIN"), config)
    }

    /// As [`Observed::start`], with this executable.
    ///
    /// # Panics
    /// When it refuses the configuration.
    #[must_use]
    pub fn start_on(binary: &Binary, config: &str) -> Self {
        let config = format!("http: \"127.0.0.1:-1\"\n{config}\n");
        let server = Server::start_with(binary, &config, certificate::write_with_client);
        Self { server: server.expect("a valid configuration") }
    }

    /// A client whose CONNECT was answered.
    ///
    /// # Panics
    /// As [`Client::open`].
    #[must_use]
    pub fn client(&self) -> Client {
        Client::open(self.server.address())
    }

    /// A client that calls itself `name`, for [`Observed::connection`].
    ///
    /// # Panics
    /// As [`Client::open`].
    #[must_use]
    pub fn client_named(&self, name: &str) -> Client {
        let options = format!("{{\"verbose\":false,\"protocol\":1,\"name\":\"{name}\"}}");
        Client::open_saying(self.server.address(), &options)
    }

    /// A client that has sent these lines, with the server knowing.
    ///
    /// # Panics
    /// As [`Client::barrier`].
    #[must_use]
    pub fn subscriber(&self, subscriptions: &str) -> Client {
        let mut client = self.client();
        client.send(subscriptions);
        client.barrier();
        client
    }

    /// A monitoring answer.
    ///
    /// # Panics
    /// When it does not come, or is no JSON.
    #[must_use]
    pub fn get(&self, path: &str) -> Value {
        let address = self.server.monitoring_address().expect("configured with monitoring");
        let stream = TcpStream::connect(address).expect("monitoring listens");
        stream.set_read_timeout(Some(TIMEOUT)).expect("not zero");
        serde_json::from_str(&http::get(stream, path).body).expect("JSON")
    }

    /// A counter of `/varz`.
    ///
    /// # Panics
    /// When there is no such counter.
    #[must_use]
    pub fn count(&self, field: &str) -> u64 {
        self.get("/varz")[field].as_u64().expect("a counter")
    }

    /// Waits until a counter of `/varz` has this value.
    ///
    /// # Panics
    /// When it does not.
    pub fn await_count(&self, field: &str, value: u64) {
        wait_until(field, || self.count(field) == value);
    }

    /// The open connection that named itself `name`, as `/connz` shows it.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn connection(&self, name: &str) -> Value {
        let open = self.get("/connz?subs=1&auth=1&limit=10000");
        let mut connections = open["connections"].as_array().expect("a list").iter();
        connections.find(|one| one["name"] == name).cloned().expect("a connection of that name")
    }

    /// The reasons of the closed connections.
    ///
    /// # Panics
    /// When monitoring does not answer.
    #[must_use]
    pub fn close_reasons(&self) -> Vec<String> {
        let closed = self.get("/connz?state=closed&limit=10000");
        let connections = closed["connections"].as_array().expect("a list").iter();
        let reason = |connection: &Value| connection["reason"].as_str().map(str::to_owned);
        connections.filter_map(reason).collect()
    }

    /// Resident memory now, in bytes.
    ///
    /// # Panics
    /// Where the system does not tell.
    #[must_use]
    pub fn resident(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The most memory that was ever resident, in bytes.
    ///
    /// # Panics
    /// Where the system does not tell.
    #[must_use]
    pub fn resident_max(&self) -> u64 {
        self.status("VmHWM:")
    }

    /// File descriptors that the server holds.
    ///
    /// # Panics
    /// Where the system does not tell.
    #[must_use]
    pub fn descriptors(&self) -> usize {
        let directory = format!("/proc/{}/fd", self.server.process_id());
        fs::read_dir(directory).expect("a running process").count()
    }

    /// Processor time that the server has used.
    ///
    /// # Panics
    /// Where the system does not tell.
    #[must_use]
    pub fn processor_time(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.server.process_id()));
        let stat = stat.expect("a running process");
        // Numbers 14 and 15, and the second is a name in parentheses.
        let (_, after_name) = stat.rsplit_once(')').expect("a name");
        let ticks = after_name.split_whitespace().skip(11).take(2);
        let ticks: u64 = ticks.map(|word| word.parse::<u64>().expect("a number")).sum();
        Duration::from_millis(ticks * TICK_MS)
    }

    /// A new publisher and a new subscriber reach each other; how long that took.
    ///
    /// # Panics
    /// When they do not.
    pub fn serves_a_new_pair(&self) -> Duration {
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
#[derive(Debug)]
pub struct Ending<'a>(pub &'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Looks again and again until `condition` holds.
///
/// # Panics
/// When it does not within [`TIMEOUT`].
pub fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + TIMEOUT;
    while !condition() {
        assert!(Instant::now() < deadline, "{what} does not come true");
        thread::sleep(POLL_PAUSE);
    }
}

/// Adds a measurement to what the test prints.
#[expect(clippy::print_stdout, reason = "what was measured is shown with the test")]
pub fn tell(measured: &str) {
    println!("{measured}");
}
