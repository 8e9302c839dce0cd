use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use crate::directory::Directory;

/// What precedes the address in the log line that tells where clients connect.
const LISTENING: &str = "Listening for client connections on ";
const START_LIMIT: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(10);
/// How long INFO may take. A server that expects TLS first sends none in the clear.
const INFO_LIMIT: Duration = Duration::from_secs(2);

/// A running server; it ends, and what it stored goes, when this is dropped.
#[derive(Debug)]
pub struct Server {
    process: Mutex<Child>,
    arguments: Vec<OsString>,
    directory: Directory,
}

/// A server with this configuration file, on a port that the system chooses.
pub fn run_server(configuration: &str) -> Server {
    run_server_with_port(configuration, None)
}

/// A server without a configuration file, on a port that the system chooses.
pub fn run_basic_server() -> Server {
    run_server("")
}

/// A server on the given port; without one the system chooses. An empty `configuration` is none.
pub fn run_server_with_port(configuration: &str, port: Option<&str>) -> Server {
    Server::start(configuration, port.unwrap_or("-1"), &[])
}

/// Tells the server to send its clients elsewhere and to end.
pub fn set_lame_duck_mode(server: &Server) {
    let done = Command::new("nats-server")
        .arg("--signal")
        .arg(format!("ldm={}", server.process().id()))
        .status()
        .expect("nats-server is in PATH");
    assert!(done.success(), "nats-server --signal: {done}");
}

impl Server {
    pub(crate) fn start(configuration: &str, port: &str, more: &[String]) -> Self {
        let directory = Directory::new();
        let store = directory.path().join("store");
        let mut arguments: Vec<OsString> = vec!["--port".into(), port.into()];
        arguments.extend(["--store_dir".into(), store.into()]);
        arguments.extend(["--log".into(), log_of(&directory).into()]);
        if !configuration.is_empty() {
            arguments.extend(["--config".into(), configuration.into()]);
        }
        arguments.extend(more.iter().map(OsString::from));
        let process = Mutex::new(spawn(&arguments));
        Self { process, arguments, directory }
    }

    /// Where clients connect: scheme, name of this host, and port.
    pub fn client_url(&self) -> String {
        let port = self.client_port();
        let scheme = if requires_tls(port) { "tls" } else { "nats" };
        format!("{scheme}://localhost:{port}")
    }

    /// The port that the server listens on for clients.
    pub fn client_port(&self) -> u16 {
        let deadline = Instant::now() + START_LIMIT;
        loop {
            let log = fs::read_to_string(log_of(&self.directory)).unwrap_or_default();
            if let Some(port) = port_in(&log) {
                return port;
            }
            assert!(Instant::now() < deadline && !self.ended(), "not listening:\n{log}");
            thread::sleep(PAUSE);
        }
    }

    /// Ends the server without a warning and starts it again with the same arguments and files.
    pub fn restart(&mut self) {
        self.end();
        fs::remove_file(log_of(&self.directory)).expect("the server wrote a log");
        *self.process() = spawn(&self.arguments);
        self.client_port();
    }

    fn process(&self) -> MutexGuard<'_, Child> {
        self.process.lock().expect("nobody panics while holding it")
    }

    fn ended(&self) -> bool {
        matches!(self.process().try_wait(), Ok(Some(_)))
    }

    fn end(&self) {
        let mut process = self.process();
        // Both fail only for a process that has ended already.
        let _ = process.kill();
        let _ = process.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

fn spawn(arguments: &[OsString]) -> Child {
    Command::new("nats-server")
        .args(arguments)
        .stdin(Stdio::null())
        .spawn()
        .expect("nats-server is in PATH")
}

fn log_of(directory: &Directory) -> PathBuf {
    directory.path().join("server.log")
}

fn port_in(log: &str) -> Option<u16> {
    let line = log.lines().find_map(|line| line.split_once(LISTENING))?.1;
    line.rsplit_once(':')?.1.trim().parse().ok()
}

/// What INFO says. It is looked for on the loopback address and by hand, since the tests check
/// a client, which therefore cannot be used to prepare them.
fn requires_tls(port: u16) -> bool {
    let Ok(connection) = TcpStream::connect(("localhost", port)) else { return false };
    let limited = connection.set_read_timeout(Some(INFO_LIMIT));
    let mut info = String::new();
    let read = BufReader::new(connection).read_line(&mut info);
    limited.is_ok() && read.is_ok() && info.contains("\"tls_required\":true")
}
