//! A bucket in which a few keys are written once and others again and again does not keep all that
//! was ever written: its directory shrinks, on this server as on nats-server, and nothing of what
//! is left is lost over a kill on the way.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use anabranch_testkit::client::{Client, TIMEOUT};
use anabranch_testkit::http;
use anabranch_testkit::server::{Binary, Kind, Server, Signal};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// Messages that are published in all: several segments of this server.
const MESSAGES: u64 = 300_000;
/// One in so many is of a key that is written once.
const COLD_EVERY: u64 = 100;
/// Keys that are written again and again.
const HOT: u64 = 500;
/// Bytes of a message.
const BODY: usize = 256;
/// Messages in flight.
const WINDOW: u64 = 2000;
/// How long the directory may take to shrink.
const PATIENCE: Duration = Duration::from_secs(90);
const POLL_PAUSE: Duration = Duration::from_millis(100);

fn start(binary: &Binary, store: &Path) -> Server {
    // nats-server looks for what it can free each time it syncs.
    let jetstream = format!("store_dir: \"{}\", sync_interval: 1s", store.display());
    let config = format!("http: \"127.0.0.1:-1\"\njetstream {{ {jetstream} }}");
    Server::start(binary, &config).expect("it starts on what it left behind")
}

fn open(address: SocketAddr) -> Client {
    let mut client = Client::open(address);
    client.send("SUB _A.> 1\r\n");
    client.barrier();
    client
}

fn ask(client: &mut Client, call: &str, body: &str) -> Value {
    client.send(format!("PUB $JS.API.{call} _A.ask {}\r\n{body}\r\n", body.len()));
    serde_json::from_slice(&client.message().payload).expect("answers are JSON")
}

/// The message of that number: its key, and its body.
fn message(number: u64) -> (String, String) {
    let key = match number % COLD_EVERY {
        0 => format!("k.cold.{number}"),
        _ => format!("k.hot.{}", number % HOT),
    };
    (key, format!("{number:0BODY$}"))
}

/// Publishes the messages from `from` on, up to `to`; each is acknowledged.
fn publish(client: &mut Client, from: u64, to: u64) {
    let mut next = from;
    while next < to {
        let end = to.min(next + WINDOW);
        let mut lines = String::new();
        for number in next..end {
            let (key, body) = message(number);
            lines.push_str(&format!("PUB {key} _A.ack {BODY}\r\n{body}\r\n"));
        }
        client.send(lines);
        for _ in next..end {
            let ack: Value = serde_json::from_slice(&client.message().payload).expect("JSON");
            assert!(ack["seq"].is_u64(), "{ack}");
        }
        next = end;
    }
}

/// Bytes of all files below a folder but those of the log, which has a size of its own.
fn size(folder: &Path) -> u64 {
    let Ok(entries) = folder.read_dir() else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(facts) if facts.is_dir() && entry.file_name() != "wal" => size(&entry.path()),
        Ok(facts) if facts.is_file() => facts.len(),
        _ => 0,
    });
    sizes.sum()
}

/// A figure of `/metrics`, of which nats-server has none.
fn measured(server: &Server, name: &str) -> Option<String> {
    let address = server.monitoring_address().expect("it was configured");
    let answer = http::get(TcpStream::connect(address).expect("it listens"), "/metrics");
    let line = answer.body.lines().find_map(|line| line.strip_prefix(name));
    line.map(|value| value.trim().to_owned())
}

fn rewritten(server: &Server) -> u64 {
    let value = measured(server, "anabranch_compaction_rewritten_bytes_total ");
    value.and_then(|value| value.parse().ok()).expect("it is measured")
}

fn longest_turn(server: &Server) -> String {
    let value = measured(server, "anabranch_shard_turn_max_seconds ");
    value.map_or("not told".to_owned(), |seconds| format!("{seconds} s"))
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "not in {PATIENCE:?}: {what}");
        std::thread::sleep(POLL_PAUSE);
    }
}

/// Every key has its last message.
fn check(client: &mut Client) {
    let mut expected = BTreeMap::new();
    expected.extend((0..MESSAGES).map(message));
    let info = ask(client, "STREAM.INFO.KV_B", "");
    assert_eq!(info["state"]["messages"], expected.len(), "{info}");
    assert!(info["state"]["lost"].is_null(), "{info}");
    let details = ask(client, "STREAM.INFO.KV_B", "{\"deleted_details\":true}");
    let gone = MESSAGES - details["state"]["first_seq"].as_u64().expect("a sequence") + 1
        - u64::try_from(expected.len()).expect("few");
    let listed = details["state"]["deleted"].as_array().map(Vec::len);
    assert_eq!(listed, usize::try_from(gone).ok(), "all that left are listed");
    let keys: Vec<_> = expected.iter().collect();
    let mut found_all = BTreeMap::new();
    for some in keys.chunks(200) {
        for (key, _) in some {
            let body = format!("{{\"last_by_subj\":\"{key}\"}}");
            let len = body.len();
            client.send(format!("PUB $JS.API.STREAM.MSG.GET.KV_B _A.get {len}\r\n{body}\r\n"));
        }
        // nats-server does not answer in order.
        for _ in some {
            let answer: Value = serde_json::from_slice(&client.message().payload).expect("JSON");
            let (key, data) = (&answer["message"]["subject"], &answer["message"]["data"]);
            let data = data.as_str().unwrap_or_else(|| panic!("{answer}"));
            let found = STANDARD.decode(data).expect("it is base64");
            found_all.insert(key.as_str().expect("a subject").to_owned(), found);
        }
    }
    for (key, body) in &expected {
        assert_eq!(found_all.get(key).map(Vec::as_slice), Some(body.as_bytes()), "{key}");
    }
}

#[test]
#[ignore = "compaction"]
fn a_bucket_with_cold_keys_among_hot_ones_shrinks() {
    let written = MESSAGES * u64::try_from(BODY).expect("small");
    for binary in Binary::both().expect("both are there") {
        let store = tempfile::tempdir().expect("there is room");
        let mut server = start(&binary, store.path());
        let mut client = open(server.address());
        let config = "\"subjects\":[\"k.>\"],\"max_msgs_per_subject\":1,\"num_replicas\":1";
        let config = format!("{{\"name\":\"KV_B\",\"storage\":\"file\",{config}}}");
        let created = ask(&mut client, "STREAM.CREATE.KV_B", &config);
        assert!(created["error"].is_null(), "{created}");
        publish(&mut client, 0, MESSAGES / 2);
        if binary.kind() == Kind::Anabranch {
            // Killed in the middle: something was copied, or is being copied at this moment.
            wait_until("segments are written anew", || rewritten(&server) > 0);
            publish(&mut client, MESSAGES / 2, MESSAGES * 2 / 3);
            server.signal(Signal::KILL).expect("the server runs");
            server.await_end(TIMEOUT).expect("it is killed");
            server = start(&binary, store.path());
            client = open(server.address());
            publish(&mut client, MESSAGES * 2 / 3, MESSAGES);
        } else {
            publish(&mut client, MESSAGES / 2, MESSAGES);
        }
        let begun = Instant::now();
        let before = size(store.path());
        wait_until("it shrinks", || size(store.path()) < written / 10);
        let after = size(store.path());
        let turn = longest_turn(&server);
        println!(
            "{:?}: {written} bytes were published; {before} bytes stored, {after} after {:?}; \
             longest turn since the start: {turn}",
            binary.kind(),
            begun.elapsed()
        );
        check(&mut client);
    }
}
