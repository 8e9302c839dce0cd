//! Streams with `compression: s2`: everything stays as it was, and takes less room.

use std::path::Path;
use std::time::Duration;

use anabranch_testkit::backup::Admin;
use anabranch_testkit::server::{Binary, Server, Signal};
use serde_json::{Value, json};

const HEADERS: &str = "NATS/1.0\r\nContent-Type: application/json\r\n\r\n";

fn config(compression: &str) -> Value {
    json!({ "name": "S", "subjects": ["s.>"], "storage": "file", "compression": compression,
        "max_msgs_per_subject": 700 })
}

/// Messages of many sizes, with headers and without; about 1.2 MB, most of it repeated.
fn publish(admin: &mut Admin) {
    for number in 0..300usize {
        let row = format!("{{\"number\":{number},\"name\":\"a name\",\"state\":\"ready\"}},");
        let body = row.repeat(number % 150);
        let headers = if number % 3 == 0 { HEADERS } else { "" };
        let ack = admin.ask(&format!("s.{}", number % 4), headers, body.as_bytes()).payload;
        assert!(ack.starts_with(b"{\"stream\":"), "{}", String::from_utf8_lossy(&ack));
    }
}

/// What every server shows of the same messages; times differ.
fn seen(admin: &mut Admin) -> Value {
    let mut contents = admin.contents("S");
    contents["state"]["first_ts"] = Value::Null;
    for message in contents["messages"].as_array_mut().into_iter().flatten() {
        if let Some(fields) = message.as_object_mut() {
            fields.remove("time");
        }
    }
    contents
}

#[test]
#[ignore = "needs both servers"]
fn compressed_streams_hold_the_same_and_can_be_changed_back_and_forth() {
    let config_file = "jetstream { store_dir: \"{{dir}}/store\" }";
    let seen = Binary::both().expect("needs both servers").map(|binary| {
        let server = Server::start(&binary, config_file).expect("a valid configuration");
        let mut admin = Admin::open(server.address());
        admin.must("STREAM.CREATE.S", &config("none"));
        for compression in ["none", "s2", "none", "s2"] {
            admin.must("STREAM.UPDATE.S", &config(compression));
            publish(&mut admin);
        }
        seen(&mut admin)
    });
    assert_eq!(seen[0]["config"]["compression"], "s2");
    assert_eq!(seen[0], seen[1]);
}

#[test]
#[ignore = "needs both servers"]
fn compressed_messages_take_less_room_and_outlive_restarts() {
    let binary = Binary::anabranch().expect("needs ANABRANCH_BIN");
    let sizes = ["none", "s2"].map(|compression| {
        let store = tempfile::tempdir().expect("a directory");
        let file = format!("jetstream {{ store_dir: \"{}\" }}", store.path().display());
        let mut server = Server::start(&binary, &file).expect("a valid configuration");
        let mut admin = Admin::open(server.address());
        admin.must("STREAM.CREATE.S", &config(compression));
        publish(&mut admin);
        let before = admin.contents("S");
        // A crash, from which the log brings everything back, and an end in order.
        for signal in [Signal::KILL, Signal::TERM] {
            server.signal(signal).expect("it runs");
            server.await_end(Duration::from_secs(20)).expect("it ends");
            server = Server::start(&binary, &file).expect("it recovers");
            admin = Admin::open(server.address());
            assert_eq!(admin.contents("S"), before);
        }
        size_of(&store.path().join("anabranch/streams"))
    });
    assert!(sizes[1] * 4 < sizes[0], "{sizes:?}");
}

fn size_of(path: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(path) else {
        return std::fs::metadata(path).map_or(0, |file| file.len());
    };
    entries.map(|entry| size_of(&entry.expect("an entry").path())).sum()
}
