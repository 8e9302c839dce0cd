//! What monitoring says while a server reads what was stored.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anabranch_testkit::client::{Client, TIMEOUT};
use anabranch_testkit::server::{Binary, Server, Signal};

/// Enough that reading them takes many requests.
const MESSAGES: usize = 300_000;
/// Fewer than either server lets wait.
const AT_ONCE: usize = 20_000;
const PAUSE: Duration = Duration::from_millis(1);

/// What was answered, in order, what came twice in a row once.
type Seen = Vec<(String, String)>;

/// A port that nobody listens to, for a server that is asked before it says where it listens.
fn free_port() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    listener.local_addr().expect("it is bound")
}

fn start(binary: &Binary, store: &Path, monitoring: SocketAddr) -> Server {
    let store = store.display();
    let config = format!("http: \"{monitoring}\"\njetstream {{ store_dir: \"{store}\" }}");
    Server::start(binary, &config).expect("a valid configuration")
}

/// A stream of which there is much to read, since the server is killed.
fn fill(server: &mut Server) {
    let mut client = Client::open(server.address());
    client.send("SUB answers 1\r\n");
    let config = "{\"name\":\"S\",\"subjects\":[\"s\"]}";
    client.send(format!("PUB $JS.API.STREAM.CREATE.S answers {}\r\n{config}\r\n", config.len()));
    client.message();
    let line = format!("PUB s 200\r\n{}\r\n", "x".repeat(200));
    for _ in 0..MESSAGES / AT_ONCE {
        client.send(line.repeat(AT_ONCE));
        client.send("PUB s answers 4\r\nlast\r\n");
        let ack = client.message().payload;
        assert!(ack.starts_with(b"{\"stream\":"), "{}", String::from_utf8_lossy(&ack));
    }
    server.signal(Signal::KILL).expect("the server runs");
    server.await_end(TIMEOUT).expect("it is killed");
}

/// Asks until told to stop, and until the server was well. Nothing listens at first.
fn watch(address: SocketAddr, path: &str, stop: &AtomicBool) -> Seen {
    let mut seen = Seen::new();
    let deadline = Instant::now() + TIMEOUT * 3;
    while Instant::now() < deadline {
        if let Some(answer) = ask(address, path) {
            let is_well = answer.0 == "200";
            if seen.last() != Some(&answer) {
                seen.push(answer);
            }
            if is_well && stop.load(Ordering::Relaxed) {
                return seen;
            }
        }
        thread::sleep(PAUSE);
    }
    panic!("it does not get well: {seen:?}")
}

fn ask(address: SocketAddr, path: &str) -> Option<(String, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(TIMEOUT)).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.to_owned(), body.to_owned()))
}

/// What each path says while a server starts on what another left.
fn seen_by(binary: &Binary, paths: &'static [&'static str]) -> BTreeMap<&'static str, Seen> {
    let store = tempfile::tempdir().expect("a directory");
    fill(&mut start(binary, store.path(), free_port()));
    let (monitoring, stop) = (free_port(), AtomicBool::new(false));
    thread::scope(|scope| {
        let stop = &stop;
        let watched = |&path| (path, scope.spawn(move || watch(monitoring, path, stop)));
        let watched: Vec<_> = paths.iter().map(watched).collect();
        let server = start(binary, store.path(), monitoring);
        stop.store(true, Ordering::Relaxed);
        let seen = |(path, thread): (_, thread::ScopedJoinHandle<'_, Seen>)| {
            (path, thread.join().expect("it watches"))
        };
        let seen = watched.into_iter().map(seen).collect();
        drop(server);
        seen
    })
}

#[test]
#[ignore = "needs both servers"]
fn a_server_is_not_ready_before_it_has_read_what_was_stored() {
    let [ours, theirs] = Binary::both().expect("needs both servers");
    let seen = seen_by(&ours, &["/healthz", "/readyz"]);
    let theirs = seen_by(&theirs, &["/healthz"]);
    assert_eq!(seen["/healthz"], theirs["/healthz"], "first not well, then well");
    let ready = &seen["/readyz"];
    let (last, before) = ready.split_last().expect("it was asked");
    assert_eq!((last.0.as_str(), last.1.trim()), ("200", "{\"status\":\"ok\"}"));
    assert!(!before.is_empty() && before.iter().all(|(status, _)| status == "503"), "{ready:?}");
    assert!(before.iter().all(|(_, body)| body.contains("starting: ")), "{ready:?}");
    let shows = |(_, body): &(String, String)| body.contains(" MiB of the log are read");
    assert!(before.iter().any(shows), "how far it got is shown: {ready:?}");
}
