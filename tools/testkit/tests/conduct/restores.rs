//! Restores that something else in the server stands in the way of.

use anabranch_testkit::backup::{Admin, Backup};
use anabranch_testkit::server::{Binary, Server};
use serde_json::{Value, json};

const CONFIG: &str = "jetstream { store_dir: \"{{dir}}/store\", max_mem: 100MB, max_file: 1GB }";

fn both() -> [(Server, Admin); 2] {
    Binary::both().expect("needs both servers").map(|binary| {
        let server = Server::start(&binary, CONFIG).expect("a valid configuration");
        let admin = Admin::open(server.address());
        (server, admin)
    })
}

/// A backup of a stream that is gone.
fn backup(admin: &mut Admin, storage: &str) -> Backup {
    admin.must("STREAM.CREATE.OLD", &config("OLD", "old.>", storage));
    for number in 0..5 {
        let ack = admin.ask(&format!("old.{number}"), "", b"x").payload;
        assert!(ack.starts_with(b"{\"stream\":"), "{}", String::from_utf8_lossy(&ack));
    }
    let backup = admin.backup("OLD", &json!({}));
    admin.must("STREAM.DELETE.OLD", &Value::Null);
    backup
}

fn config(name: &str, subject: &str, storage: &str) -> Value {
    json!({ "name": name, "subjects": [subject], "storage": storage })
}

/// The answers to the request, to each chunk, and to the end.
fn restore(admin: &mut Admin, answer: &Value, bytes: &[u8]) -> Vec<Value> {
    let to = match admin.begin_restore("OLD", answer) {
        Ok(to) => to,
        Err(refusal) => return vec![refusal],
    };
    let mut answers = vec![Value::Null];
    for chunk in [bytes, b""] {
        let payload = admin.ask(&to, "", chunk).payload;
        if payload.is_empty() {
            answers.push(Value::Null);
            continue;
        }
        let answer: Value = serde_json::from_slice(&payload).expect("JSON");
        answers.push(answer["error"].clone());
        break;
    }
    answers
}

#[test]
#[ignore = "needs both servers"]
fn subjects_that_another_stream_takes_are_no_place_for_a_restored_one() {
    for storage in ["file", "memory"] {
        let outcomes = both().map(|(_server, mut admin)| {
            let backup = backup(&mut admin, storage);
            admin.must("STREAM.CREATE.NEW", &config("NEW", "old.3", storage));
            let answers = restore(&mut admin, &backup.answer, &backup.bytes);
            let left = admin.api("STREAM.INFO.OLD", &Value::Null)["error"].clone();
            admin.must("STREAM.DELETE.NEW", &Value::Null);
            let again = restore(&mut admin, &backup.answer, &backup.bytes);
            (answers, left, again)
        });
        assert_eq!(outcomes[0], outcomes[1]);
    }
}

#[test]
#[ignore = "needs both servers"]
fn backups_go_to_a_subject_without_wildcards() {
    for (_server, mut admin) in both() {
        admin.must("STREAM.CREATE.OLD", &config("OLD", "old.>", "file"));
        for subject in ["", "a.*", "a b"] {
            let answer = admin.api("STREAM.SNAPSHOT.OLD", &json!({ "deliver_subject": subject }));
            assert_eq!(answer["error"]["err_code"], 10_015, "{subject:?}: {answer}");
        }
    }
}

/// nats-server has no such bound.
#[test]
#[ignore = "needs both servers"]
fn backups_that_nobody_goes_on_with_are_few() {
    let [(server, mut admin), _] = both();
    admin.must("STREAM.CREATE.OLD", &config("OLD", "old.>", "file"));
    // What fills the window of each, and cannot be packed.
    let mut state = 1u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_be_bytes()[0]
    })
    .take(900_000)
    .collect();
    for _ in 0..3 {
        let ack = admin.ask("old.a", "", &noise).payload;
        assert!(ack.starts_with(b"{\"stream\":"), "{}", String::from_utf8_lossy(&ack));
    }
    let window = 128 * 1024;
    let request = json!({ "deliver_subject": "nobody.acknowledges", "window_size": window });
    let mut silent = Admin::open(server.address());
    silent.client.send("SUB nobody.acknowledges 77\r\n");
    silent.client.barrier();
    for _ in 0..16 {
        admin.must("STREAM.SNAPSHOT.OLD", &request);
    }
    let answer = admin.api("STREAM.SNAPSHOT.OLD", &request);
    assert_eq!(answer["error"]["err_code"], 10_064, "{answer}");
}

#[test]
#[ignore = "needs both servers"]
fn headers_have_a_bound_of_their_own() {
    let outcomes = both().map(|(_server, mut admin)| {
        admin.must("STREAM.CREATE.S", &config("S", "s.>", "file"));
        // With `NATS/1.0`, the name and the ends of lines.
        let others = "NATS/1.0\r\nX: \r\n\r\n".len();
        [65_535, 65_536].map(|len: usize| {
            let headers = format!("NATS/1.0\r\nX: {}\r\n\r\n", "x".repeat(len - others));
            let ack = admin.ask("s.a", &headers, b"").payload;
            serde_json::from_slice::<Value>(&ack).expect("JSON")
        })
    });
    assert_eq!(outcomes[0], outcomes[1]);
    assert_eq!(outcomes[0][0]["seq"], 1, "{:?}", outcomes[0]);
    assert_eq!(outcomes[0][1]["error"]["err_code"], 10_097, "{:?}", outcomes[0]);
}
