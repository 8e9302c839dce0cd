//! Few files may be open, and a stream has many segments.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anabranch_jetstream::api::info::StreamState;
use anabranch_jetstream::backup::{Message, Writer};
use anabranch_testkit::backup::Admin;
use anabranch_testkit::client::Client;
use anabranch_testkit::server::{Binary, Server};
use serde_json::{Value, json};

use super::{ask, end, open, stop};

/// Files that may be open, and segments.
const FILES_MAX: u32 = 150;
const SEGMENTS: u64 = 3000;
/// So many sequences apart, messages are in segments of their own.
const APART: u64 = 5_000_000_000;

fn seq(number: u64) -> u64 {
    number * APART + 1
}

/// A backup of a stream with a segment for each message.
fn backup() -> Vec<u8> {
    let state = StreamState {
        messages: SEGMENTS,
        first_seq: seq(0),
        last_seq: seq(SEGMENTS - 1),
        ..StreamState::default()
    };
    let mut writer = Writer::new(&state, 1);
    for number in 0..SEGMENTS {
        let (subject, body) = (b"s".to_vec(), format!("message {number}").into_bytes());
        let time = i64::try_from(number).expect("few") + 1;
        writer.message(&Message { seq: seq(number), time, subject, body, ..Message::default() });
    }
    writer.end();
    let frames = writer.frames();
    frames.take(frames.len())
}

fn fill(store: &Path) {
    let server = super::start(store).expect("it starts");
    let mut admin = Admin::open(server.address());
    let answer = json!({ "config": { "name": "S", "subjects": ["s"] }, "state": {} });
    let restored = admin.restore("S", &answer, &backup());
    assert_eq!(restored["state"]["messages"], SEGMENTS, "{restored}");
    stop(server);
    let segments = fs::read_dir(store.join("anabranch/streams/1/1")).expect("it is there");
    assert_eq!(segments.count(), usize::try_from(SEGMENTS).expect("few"));
}

/// Reads all messages; gives what they say, in order.
fn read_all(client: &mut Client) -> Vec<Value> {
    let mut lines = String::new();
    for number in 0..SEGMENTS {
        let get = format!("{{\"seq\":{}}}", seq(number));
        let len = get.len();
        let _ = write!(lines, "PUB $JS.API.STREAM.MSG.GET.S _A.{number} {len}\r\n{get}\r\n");
    }
    client.send(lines);
    let mut answers = vec![Value::Null; usize::try_from(SEGMENTS).expect("few")];
    for _ in 0..SEGMENTS {
        let answer = client.message();
        let number: usize = answer.subject["_A.".len()..].parse().expect("a number");
        let answer: Value = serde_json::from_slice(&answer.payload).expect("JSON");
        answers[number] = answer["message"]["seq"].clone();
    }
    answers
}

fn open_files(server: &Server) -> usize {
    let folder = format!("/proc/{}/fd", server.process_id());
    fs::read_dir(folder).expect("it runs").count()
}

#[test]
#[ignore = "faults"]
fn more_segments_are_read_than_files_may_be_open() {
    let folder = tempfile::tempdir().expect("there is room");
    let store = folder.path().join("store");
    fill(&store);
    let binary = Binary::anabranch().expect("the binary is built");
    let limited = binary.with_files_max(FILES_MAX, folder.path()).expect("there is a shell");
    let store = store.display();
    let config = format!("jetstream {{ store_dir: \"{store}\" }}");
    let server = Server::start(&limited, &config).expect("few files are enough to start");
    let mut client = open(&server);
    for _ in 0..3 {
        for (number, found) in (0..).zip(read_all(&mut client)) {
            assert_eq!(found, seq(number), "{}", server.log());
        }
        assert!(open_files(&server) < usize::try_from(FILES_MAX).expect("few"));
    }
    let info = ask(&mut client, "STREAM.INFO.S", "");
    assert_eq!(info["state"]["lost"], Value::Null, "{info}");
    assert!(!server.log().contains("ERR"), "{}", server.log());
    end(server);
}
