//! A stream with long work: what comes for it keeps its order, whatever else is asked meanwhile.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Instant;

use anabranch_testkit::backup::Admin;
use anabranch_testkit::client::TIMEOUT;
use anabranch_testkit::server::{Binary, Server, Signal};
use serde_json::{Value, json};

/// Enough that removing half of them takes many turns.
const SUBJECTS: u64 = 60_000;
/// Longer than a message may be for a while.
const LONG: &str = "a message of some length";

fn start(store: &std::path::Path) -> Server {
    let config = format!("jetstream {{ store_dir: \"{}\" }}", store.display());
    let binary = Binary::anabranch().expect("needs ANABRANCH_BIN");
    Server::start(&binary, &config).expect("a valid configuration")
}

fn fill(admin: &mut Admin) {
    let config = json!({ "name": "S", "subjects": ["s.>"] });
    admin.must("STREAM.CREATE.S", &config);
    let mut lines = String::new();
    for number in 0..SUBJECTS {
        let _ = write!(lines, "PUB s.{number}.{} 1\r\nx\r\n", number % 2);
    }
    admin.client.send(lines);
    let begun = Instant::now();
    while messages(admin) < SUBJECTS {
        assert!(begun.elapsed() < TIMEOUT, "they are taken in");
    }
}

fn messages(admin: &mut Admin) -> u64 {
    let state = admin.must("STREAM.INFO.S", &Value::Null)["state"].clone();
    state["messages"].as_u64().expect("a number")
}

/// Sends a purge, messages and changes of the configuration at once; gives the answers by name.
fn ask_all(admin: &mut Admin) -> BTreeMap<String, Value> {
    let update = |most: i64| {
        let config = json!({ "name": "S", "subjects": ["s.>"], "max_msg_size": most });
        ("$JS.API.STREAM.UPDATE.S", config.to_string())
    };
    let purge = ("$JS.API.STREAM.PURGE.S", json!({ "filter": "s.*.1" }).to_string());
    let message = |body: &str| ("s.late.0", body.to_owned());
    let asked = [
        ("0 purge", purge.clone()),
        ("1 long", message(LONG)),
        ("2 shorter", update(10)),
        ("3 refused", message(LONG)),
        ("4 short", message("short")),
        ("5 purge", ("$JS.API.STREAM.PURGE.S", json!({ "filter": "s.*.0" }).to_string())),
        ("6 refused", message(LONG)),
        ("7 longer", update(-1)),
        ("8 long", message(LONG)),
    ];
    let mut lines = String::from("SUB answers.* 900\r\n");
    for (name, (subject, body)) in &asked {
        let reply = name.replace(' ', "_");
        let _ = write!(lines, "PUB {subject} answers.{reply} {}\r\n{body}\r\n", body.len());
    }
    admin.client.send(lines);
    let mut answers = BTreeMap::new();
    while answers.len() < asked.len() {
        let answer = admin.client.message();
        let name = answer.subject.strip_prefix("answers.").expect("an answer").to_owned();
        answers.insert(name, serde_json::from_slice(&answer.payload).expect("JSON"));
    }
    answers
}

#[test]
#[ignore = "needs ANABRANCH_BIN"]
fn changes_of_a_busy_stream_keep_their_place_among_its_messages() {
    let store = tempfile::tempdir().expect("a directory");
    let mut server = start(store.path());
    let mut admin = Admin::open(server.address());
    fill(&mut admin);
    let answers = ask_all(&mut admin);
    let of = |name: &str| &answers[name];
    assert_eq!(of("0_purge")["purged"], SUBJECTS / 2, "{answers:?}");
    assert_eq!(of("1_long")["seq"], SUBJECTS + 1, "{answers:?}");
    assert_eq!(of("2_shorter")["config"]["max_msg_size"], 10, "{answers:?}");
    assert_eq!(of("3_refused")["error"]["err_code"], 10_054, "{answers:?}");
    assert_eq!(of("4_short")["seq"], SUBJECTS + 2, "{answers:?}");
    assert_eq!(of("5_purge")["purged"], SUBJECTS / 2 + 2, "{answers:?}");
    assert_eq!(of("6_refused")["error"]["err_code"], 10_054, "{answers:?}");
    assert_eq!(of("7_longer")["config"]["max_msg_size"], -1, "{answers:?}");
    assert_eq!(of("8_long")["seq"], SUBJECTS + 3, "{answers:?}");
    let before = admin.must("STREAM.INFO.S", &Value::Null);
    server.signal(Signal::KILL).expect("the server runs");
    server.await_end(TIMEOUT).expect("it is killed");
    let server = start(store.path());
    let after = Admin::open(server.address()).must("STREAM.INFO.S", &Value::Null);
    assert_eq!(before["state"], after["state"], "the log has them in the same order");
    assert_eq!(after["state"]["messages"], 1);
}
