//! Calling both servers' executables alike.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use anabranch_testkit::certificate::write_with_client;
use anabranch_testkit::server::{Binary, Server};

pub(crate) const TIMEOUT: Duration = Duration::from_secs(20);
const POLL_PAUSE: Duration = Duration::from_millis(5);

/// How a call that ends by itself ended.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
}

impl Call {
    /// What it said, up to the first empty line. Digests, positions (nats-server leaves
    /// some out) and the name that was meant do not count.
    pub(crate) fn first_lines(&self) -> Vec<String> {
        let said = self.output.lines().take_while(|line| !line.is_empty());
        said.map(|line| plain(line.split("; did you mean").next().unwrap_or(line)))
            .map(|line| line.replace("DIR/server.conf:9:9: ", ""))
            .collect()
    }
}

/// The results for our server and for nats-server.
pub(crate) fn both<R>(run: impl Fn(&Binary) -> R) -> [R; 2] {
    let [ours, theirs] = Binary::both().expect("needs both servers");
    [run(&ours), run(&theirs)]
}

/// A server under `config`.
pub(crate) fn running(binary: &Binary, config: &str) -> Server {
    Server::start(binary, config).expect("a valid configuration")
}

/// Calls the executable with `arguments`; there and in `config` `{dir}` is a directory that holds
/// `config` as `server.conf`, and certificates. Program names and the directory are taken out of
/// what it says.
pub(crate) fn call(binary: &Binary, config: &str, arguments: &str) -> Call {
    let place = Server::start_with(binary, "", write_with_client).expect("a valid configuration");
    let directory = place.directory().display().to_string();
    let config = config.replace("{dir}", &directory);
    fs::write(place.directory().join("server.conf"), config).expect("a directory of its own");
    let mut child = Command::new(binary.path())
        .args(arguments.split(' ').map(|word| word.replace("{dir}", &directory)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("an executable");
    let deadline = Instant::now() + TIMEOUT;
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child of this process") {
            break Some(status);
        }
        if Instant::now() >= deadline {
            child.kill().expect("a child of this process");
            break None;
        }
        thread::sleep(POLL_PAUSE);
    };
    let mut output = String::new();
    // Both streams are short: help at most.
    let _ = child.stdout.take().map(|mut stream| stream.read_to_string(&mut output));
    let _ = child.stderr.take().map(|mut stream| stream.read_to_string(&mut output));
    let name = binary.path().file_name().map(|name| name.to_string_lossy().into_owned());
    let output = output
        .replace(&directory, "DIR")
        .replace("nats-server", "NAME")
        .replace(&name.unwrap_or_default(), "NAME");
    Call { code: status.and_then(|status| status.code()), output }
}

/// Lines of a log that contain one of `parts`, without process id, time, and numbers.
pub(crate) fn log_lines(log: &str, parts: &[&str]) -> Vec<String> {
    let wanted = log.lines().filter(|line| parts.iter().any(|part| line.contains(part)));
    wanted.map(plain).collect()
}

/// Checks the head of a line, `[pid] yyyy/mm/dd hh:mm:ss.uuuuuu [LBL] `, and masks what differs
/// from run to run: digits become `9`, runs of them one, and paths end at their last slash.
pub(crate) fn plain(line: &str) -> String {
    let text = if line.starts_with('[') {
        let head: Vec<&str> = line.splitn(5, ' ').collect();
        assert!(head.len() == 5 && head[1].len() == 10 && head[2].len() == 15, "{line}");
        format!("{} {}", head[3], head[4])
    } else {
        line.to_owned()
    };
    let mut masked = String::new();
    // The digest covers the name of the server's directory.
    for character in text.split("(sha256:").next().unwrap_or_default().chars() {
        if !character.is_ascii_digit() {
            masked.push(character);
        } else if !masked.ends_with('9') {
            masked.push('9');
        }
    }
    masked
        .split(' ')
        .map(|word| match word.rsplit_once('/') {
            Some((path, file)) if path.starts_with('/') => file,
            _ => word,
        })
        .collect::<Vec<_>>()
        .join(" ")
}

/// Connects, sends a CONNECT and a PING, reads the PONG, and goes.
pub(crate) fn ping(address: SocketAddr) {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(TIMEOUT)).expect("not zero");
    let connect =
        b"CONNECT {\"verbose\":false,\"name\":\"op\",\"lang\":\"raw\",\"version\":\"1\"}\r\n";
    stream.write_all(connect).expect("loopback takes a line");
    stream.write_all(b"SUB op 1\r\nPUB op 2\r\nhi\r\nPING\r\n").expect("loopback takes a line");
    let mut read = Vec::new();
    let mut piece = [0; 4096];
    while !String::from_utf8_lossy(&read).contains("PONG\r\n") {
        let count = stream.read(&mut piece).expect("an answer in time");
        assert!(count > 0, "closed after {}", String::from_utf8_lossy(&read));
        read.extend_from_slice(&piece[..count]);
    }
}

/// Connects, sends `bytes`, and reads until the server closes.
pub(crate) fn closed_after(address: SocketAddr, bytes: &str) {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(TIMEOUT)).expect("not zero");
    stream.write_all(bytes.as_bytes()).expect("loopback takes a few lines");
    let mut said = Vec::new();
    // A reset is a close too.
    let _ = stream.read_to_end(&mut said);
}

/// The text of the ports file in a directory.
pub(crate) fn ports_file(directory: &Path) -> Option<String> {
    let mut entries = fs::read_dir(directory).ok()?.filter_map(Result::ok);
    let is_ports = |path: &Path| path.extension().is_some_and(|extension| extension == "ports");
    let file = entries.find(|entry| is_ports(&entry.path()))?;
    fs::read_to_string(file.path()).ok()
}

/// Looks again and again until `condition` holds.
pub(crate) fn wait_until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + TIMEOUT;
    while !condition() {
        assert!(Instant::now() < deadline, "the condition does not come true");
        thread::sleep(POLL_PAUSE);
    }
}
