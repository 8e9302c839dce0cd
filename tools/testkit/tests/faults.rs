//! The real binary on a disk that is full, read-only or damaged. Needs the right to mount; the part
//! that runs these does so in a namespace of its own.

#[path = "faults/descriptors.rs"]
mod descriptors;

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anabranch_testkit::backup::Admin;
use anabranch_testkit::client::{Client, TIMEOUT};
use anabranch_testkit::http;
use anabranch_testkit::server::{Binary, Error, Server, Signal};
use serde_json::Value;

/// Bytes of a message.
const BODY: usize = 64 * 1024;

/// A file system in memory, unmounted when dropped.
struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    fn new(megabytes: u32) -> Self {
        let folder = tempfile::tempdir().expect("there is room");
        let disk = Self { folder };
        disk.mount(&format!("size={megabytes}m"));
        disk
    }

    fn mount(&self, options: &str) {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(self.folder.path());
        assert!(mount.status().expect("there is mount").success(), "it may be mounted");
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all the space that is left; gives it back when the file is removed.
    fn fill(&self) -> PathBuf {
        let path = self.path().join("others");
        let mut file = File::create(&path).expect("there is a name left");
        for size in [1 << 20, 4096, 1] {
            let piece = vec![1; size];
            while file.write_all(&piece).is_ok() {}
        }
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.folder.path()).status();
    }
}

fn start(store: &Path) -> Result<Server, Error> {
    let binary = Binary::anabranch().expect("the binary is built");
    let store = store.display();
    Server::start(
        &binary,
        &format!("http: \"127.0.0.1:-1\"\njetstream {{ store_dir: \"{store}\" }}"),
    )
}

fn open(server: &Server) -> Client {
    let mut client = Client::open(server.address());
    client.send("SUB _A.> 1\r\n");
    client.barrier();
    client
}

fn request(client: &mut Client, subject: &str, body: &[u8]) -> Value {
    let line = format!("PUB {subject} _A.ask {}\r\n", body.len());
    client.send([line.as_bytes(), body, b"\r\n"].concat());
    serde_json::from_slice(&client.message().payload).expect("answers are JSON")
}

fn ask(client: &mut Client, call: &str, body: &str) -> Value {
    request(client, &format!("$JS.API.{call}"), body.as_bytes())
}

/// Publishes until it is refused; gives the last sequence.
fn publish_until_refused(client: &mut Client) -> u64 {
    let mut last = 0;
    for _ in 0..10_000 {
        let ack = request(client, "s", &[b'x'; BODY]);
        match ack["seq"].as_u64().filter(|&seq| seq > 0) {
            Some(seq) => last = seq,
            None => {
                assert_eq!(ack["error"]["err_code"], 10023, "{ack}");
                return last;
            }
        }
    }
    panic!("the disk has no end")
}

/// Publishes until it is acknowledged: space is freed a moment after it was asked for.
fn publish_until_accepted(client: &mut Client) -> u64 {
    let begun = Instant::now();
    while begun.elapsed() < 2 * TIMEOUT {
        let ack = request(client, "s", b"small");
        if let Some(seq) = ack["seq"].as_u64().filter(|&seq| seq > 0) {
            return seq;
        }
    }
    panic!("there is space, and it is not used")
}

fn get(server: &Server, path: &str) -> (String, Value) {
    let address = server.monitoring_address().expect("it was asked for");
    let answer = http::get(TcpStream::connect(address).expect("it listens"), path);
    (answer.status.clone(), answer.json())
}

fn end(mut server: Server) {
    server.signal(Signal::KILL).expect("the server runs");
    server.await_end(TIMEOUT).expect("it is killed");
}

#[test]
#[ignore = "faults"]
fn a_full_disk_refuses_messages_and_goes_on_when_there_is_space() {
    let disk = Disk::new(64);
    let server = start(disk.path()).expect("it starts");
    let mut client = open(&server);
    let created = ask(&mut client, "STREAM.CREATE.S", r#"{"name":"S","subjects":["s"]}"#);
    assert!(created["error"].is_null(), "{created}");
    let mut listener = Client::open(server.address());
    listener.send("SUB $JS.EVENT.ADVISORY.SERVER.OUT_OF_STORAGE 1\r\n");
    listener.barrier();
    let last = publish_until_refused(&mut client);
    let lack: Value = serde_json::from_slice(&listener.message().payload).expect("JSON");
    assert_eq!(lack["type"], "io.nats.jetstream.advisory.v1.server_out_of_space", "{lack}");
    assert!(lack["server_id"].is_string(), "{lack}");
    assert!(last > 20, "a good part of the disk is for messages: {last}");
    // Everything that takes no space goes on.
    let got = ask(&mut client, "STREAM.MSG.GET.S", &format!("{{\"seq\":{last}}}"));
    assert!(got["message"]["data"].is_string(), "{got}");
    assert_eq!(ask(&mut client, "STREAM.MSG.DELETE.S", r#"{"seq":1}"#)["success"], true);
    assert_eq!(get(&server, "/healthz").0, "200");
    let others = disk.fill();
    assert_eq!(ask(&mut client, "STREAM.MSG.DELETE.S", r#"{"seq":2}"#)["success"], true);
    // What others write is seen within moments.
    let last = publish_until_refused(&mut client).max(last);
    fs::remove_file(others).expect("it is there");
    let purged = ask(&mut client, "STREAM.PURGE.S", "");
    assert_eq!(purged["success"], true, "{purged}");
    let next = publish_until_accepted(&mut client);
    assert_eq!(next, last + 1);
    let begun = Instant::now();
    while request(&mut client, "s", &[b'x'; BODY])["seq"].as_u64().unwrap_or(0) < last + 20 {
        assert!(begun.elapsed() < 2 * TIMEOUT, "what was purged is free again");
    }
    assert!(server.log().contains("out of disk space"), "{}", server.log());
    end(server);
    let server = start(disk.path()).expect("it starts on a full disk");
    let mut client = open(&server);
    let info = ask(&mut client, "STREAM.INFO.S", "");
    assert_eq!(info["state"]["first_seq"], next, "{info}");
    end(server);
}

#[test]
#[ignore = "faults"]
fn a_read_only_disk_is_named() {
    let disk = Disk::new(64);
    end(start(disk.path()).expect("it starts"));
    disk.mount("remount,ro");
    let error = start(disk.path()).expect_err("it cannot be used").to_string();
    assert!(error.contains("Read-only file system"), "{error}");
    assert!(error.contains(&disk.path().display().to_string()), "{error}");
}

/// Flips a bit of the first place in `folder` where `text` is.
fn damage(folder: &Path, text: &[u8]) {
    for entry in fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("read")) {
        let mut bytes = Vec::new();
        let mut file =
            OpenOptions::new().read(true).write(true).open(entry.path()).expect("it opens");
        file.read_to_end(&mut bytes).expect("it is read");
        if let Some(at) = bytes.windows(text.len()).position(|window| window == text) {
            let place = u64::try_from(at).expect("files are small");
            file.seek(SeekFrom::Start(place)).expect("it is there");
            file.write_all(&[bytes[at] ^ 1]).expect("it is written");
            return;
        }
    }
    panic!("{} is nowhere in {}", text.escape_ascii(), folder.display());
}

#[test]
#[ignore = "faults"]
fn damage_costs_what_it_touched_and_is_told() {
    let folder = tempfile::tempdir().expect("there is room");
    let server = start(folder.path()).expect("it starts");
    let mut client = open(&server);
    for name in ["s", "g"] {
        let config = format!("{{\"name\":\"{name}\",\"subjects\":[\"{name}\"]}}");
        ask(&mut client, &format!("STREAM.CREATE.{name}"), &config);
    }
    for number in 1..=5 {
        for subject in ["s", "g"] {
            let ack = request(&mut client, subject, format!("body-{number}-{subject}").as_bytes());
            assert_eq!(ack["seq"], number, "{ack}");
        }
    }
    end(server);
    damage(&folder.path().join("anabranch/wal"), b"body-3-s");
    let server = start(folder.path()).expect("damage is no reason not to start");
    let mut client = open(&server);
    let info = ask(&mut client, "STREAM.INFO.s", "");
    assert_eq!(info["state"]["lost"]["msgs"], serde_json::json!([3]), "{info}");
    assert_eq!((&info["state"]["messages"], &info["state"]["last_seq"]), (&4.into(), &5.into()));
    let whole = ask(&mut client, "STREAM.INFO.g", "");
    assert_eq!((&whole["state"]["messages"], &whole["state"]["lost"]), (&5.into(), &Value::Null));
    let got = ask(&mut client, "STREAM.MSG.GET.s", r#"{"seq":5}"#);
    assert_eq!(got["message"]["data"], "Ym9keS01LXM=", "{got}");
    let (status, health) = get(&server, "/healthz");
    assert_eq!((status.as_str(), &health["lost"][0]["stream"]), ("200", &"s".into()), "{health}");
    assert!(server.log().contains("wal/00000000000000000001.wal, byte "), "{}", server.log());
    assert_eq!(request(&mut client, "s", b"more")["seq"], 6);
    end(server);
}

#[test]
#[ignore = "faults"]
fn async_streams_outlast_a_killed_server_and_erased_messages_leave_their_file() {
    let folder = tempfile::tempdir().expect("there is room");
    let server = start(folder.path()).expect("it starts");
    let mut client = open(&server);
    let config = r#"{"name":"a","subjects":["a"],"persist_mode":"async"}"#;
    let created = ask(&mut client, "STREAM.CREATE.a", config);
    assert_eq!(created["config"]["persist_mode"], "async", "{created}");
    for number in 1..=50 {
        let ack = request(&mut client, "a", format!("secret-{number:02}").as_bytes());
        assert_eq!(ack["seq"], number, "{ack}");
    }
    assert_eq!(ask(&mut client, "STREAM.MSG.DELETE.a", r#"{"seq":7}"#)["success"], true);
    let ack = request(&mut client, "a", b"last");
    assert_eq!(ack["seq"], 51, "{ack}");
    let segment = folder.path().join("anabranch/streams/1/1/00000000000000000001.seg");
    let bytes = fs::read(segment).expect("it is there");
    let has = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(has(b"secret-06") && !has(b"secret-07"));
    end(server);
    let server = start(folder.path()).expect("it starts");
    let mut client = open(&server);
    let info = ask(&mut client, "STREAM.INFO.a", "");
    assert_eq!((&info["state"]["messages"], &info["state"]["last_seq"]), (&50.into(), &51.into()));
    end(server);
}

/// Ends the server in order, so that the next start reads files and not the log.
fn stop(mut server: Server) {
    server.signal(Signal::TERM).expect("the server runs");
    server.await_end(TIMEOUT).expect("it ends");
}

/// Publishes with one header; gives the answer.
fn publish(client: &mut Client, subject: &str, header: &str, body: &str) -> Value {
    let headers = format!("NATS/1.0\r\n{header}\r\n\r\n");
    let (head, all) = (headers.len(), headers.len() + body.len());
    client.send(format!("HPUB {subject} _A.ask {head} {all}\r\n{headers}{body}\r\n"));
    serde_json::from_slice(&client.message().payload).expect("answers are JSON")
}

#[test]
#[ignore = "faults"]
fn a_counter_that_cannot_be_read_is_refused_and_its_stream_goes_on() {
    let folder = tempfile::tempdir().expect("there is room");
    let server = start(folder.path()).expect("it starts");
    let mut client = open(&server);
    let config = r#"{"name":"c","subjects":["c.>"],"allow_msg_counter":true}"#;
    ask(&mut client, "STREAM.CREATE.c", config);
    for subject in ["c.a", "c.b"] {
        let ack = publish(&mut client, subject, "Nats-Incr: 10", "");
        assert_eq!(ack["val"], "10", "{ack}");
        let number = if subject == "c.a" { "771177" } else { "1" };
        publish(&mut client, subject, &format!("Nats-Incr: {number}"), "");
    }
    stop(server);
    damage(&folder.path().join("anabranch/streams/1/1"), b"771187");
    let server = start(folder.path()).expect("damage is no reason not to start");
    let mut client = open(&server);
    for _ in 0..2 {
        let refused = publish(&mut client, "c.a", "Nats-Incr: 1", "");
        assert_eq!(refused["error"]["err_code"], 10_172, "{refused}");
        let ack = publish(&mut client, "c.b", "Nats-Incr: 1", "");
        assert!(ack["val"] == "12" || ack["val"] == "13", "{ack}");
    }
    let info = ask(&mut client, "STREAM.INFO.c", "");
    assert_eq!((&info["state"]["messages"], &info["state"]["last_seq"]), (&6.into(), &6.into()));
    assert_eq!(get(&server, "/healthz").0, "200");
    // Who wants to count from 0 says so.
    assert_eq!(ask(&mut client, "STREAM.PURGE.c", r#"{"filter":"c.a"}"#)["purged"], 2);
    assert_eq!(publish(&mut client, "c.a", "Nats-Incr: 5", "")["val"], "5");
    end(server);
    let server = start(folder.path()).expect("it starts");
    let mut client = open(&server);
    assert_eq!(publish(&mut client, "c.a", "Nats-Incr: 5", "")["val"], "10");
    end(server);
}

#[test]
#[ignore = "faults"]
fn a_schedule_that_cannot_be_read_ends_and_others_go_on() {
    let folder = tempfile::tempdir().expect("there is room");
    let server = start(folder.path()).expect("it starts");
    let mut client = open(&server);
    let config = r#"{"name":"e","subjects":["e.>"],"allow_msg_schedules":true}"#;
    ask(&mut client, "STREAM.CREATE.e", config);
    for (schedule, target) in [("bad", "e.never"), ("good", "e.always")] {
        let header = format!("Nats-Schedule: @every 1s\r\nNats-Schedule-Target: {target}");
        let ack = publish(&mut client, &format!("e.{schedule}"), &header, schedule);
        assert!(ack["error"].is_null(), "{ack}");
    }
    stop(server);
    damage(&folder.path().join("anabranch/streams/1/1"), b"e.never");
    let server = start(folder.path()).expect("damage is no reason not to start");
    let mut client = open(&server);
    let begun = Instant::now();
    let subjects = loop {
        let info = ask(&mut client, "STREAM.INFO.e", r#"{"subjects_filter":">"}"#);
        let subjects = info["state"]["subjects"].clone();
        if subjects["e.always"].as_u64().is_some_and(|count| count >= 2) {
            break subjects;
        }
        assert!(begun.elapsed() < 2 * TIMEOUT, "it goes on: {info}");
    };
    assert_eq!(subjects["e.never"], Value::Null, "{subjects}");
    assert!(server.log().contains("schedule 1 ends"), "{}", server.log());
    assert_eq!(get(&server, "/healthz").0, "200");
    end(server);
}

#[test]
#[ignore = "faults"]
fn more_than_the_log_holds_comes_from_a_stream_and_from_a_backup() {
    // The log takes a quarter of it.
    let disk = Disk::new(128);
    let server = start(disk.path()).expect("it starts");
    let mut client = open(&server);
    ask(&mut client, "STREAM.CREATE.o", r#"{"name":"o","subjects":["o"]}"#);
    let mut state = 1u64;
    let mut noise = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_be_bytes()[0]
    };
    for number in 1..=480 {
        let body: Vec<u8> = (0..BODY).map(&mut noise).collect();
        assert_eq!(request(&mut client, "o", &body)["seq"], number);
    }
    ask(&mut client, "STREAM.CREATE.m", r#"{"name":"m","mirror":{"name":"o"}}"#);
    let begun = Instant::now();
    while ask(&mut client, "STREAM.INFO.m", "")["state"]["messages"] != 480 {
        assert!(begun.elapsed() < 3 * TIMEOUT, "it takes all: {}", server.log());
    }
    ask(&mut client, "STREAM.DELETE.m", "");
    let mut admin = Admin::open(server.address());
    let backup = admin.backup("o", &serde_json::json!({}));
    ask(&mut client, "STREAM.DELETE.o", "");
    // Its files go with the checkpoints that name them.
    let restored = admin.restore("o", &backup.answer, &backup.bytes);
    assert_eq!(restored["state"]["messages"], 480, "{restored}");
    let log = server.log();
    assert!(!log.contains("refused") && !log.contains("ERR"), "{log}");
    end(server);
}
