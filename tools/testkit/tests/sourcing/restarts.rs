//! Mirrors and sources over restarts, orderly and not.

use anabranch_testkit::client::TIMEOUT;
use anabranch_testkit::server::{Binary, Server, Signal};
use serde_json::{Value, json};

use super::script::{Script, start};

/// Rounds of killing.
const ROUNDS: usize = 5;
/// Messages of each round.
const MESSAGES: usize = 300;
/// Messages that receivers begin behind.
const BEHIND: usize = 3000;

fn end(mut server: Server, signal: Signal) {
    server.signal(signal).expect("the server runs");
    server.await_end(TIMEOUT).expect("it ends");
}

/// The origin's sequence that each message names, in order.
fn named_in(messages: &Value) -> Vec<u64> {
    let name = |message: &Value| {
        let headers = message[2].as_str()?;
        let value = headers.split("Nats-Stream-Source: ").nth(1)?;
        value.split(' ').nth(1)?.parse().ok()
    };
    messages.as_array().expect("a list").iter().filter_map(name).collect()
}

#[test]
#[ignore = "needs both servers"]
fn nothing_is_lost_or_taken_twice_over_kill_9() {
    let binary = Binary::anabranch().expect("the binary is built");
    let store = tempfile::tempdir().expect("there is room");
    let mut server = start(&binary, store.path());
    let mut script = Script::open(server.address());
    for config in [
        json!({"name": "O", "subjects": ["o.*"]}),
        json!({"name": "M", "mirror": {"name": "O"}}),
        json!({"name": "S", "sources": [{"name": "O"}]}),
        json!({"name": "F", "sources": [{"name": "O", "filter_subject": "o.1"}]}),
        json!({"name": "N", "mirror": {"name": "S"}}),
    ] {
        let mut config = config;
        config["storage"] = json!("file");
        script.create(config);
    }
    let mut last = 0;
    for round in 0..ROUNDS {
        for n in 0..MESSAGES {
            let ack = script.publish(&format!("o.{}", n % 3), "", &format!("{round}.{n}"));
            last = ack["seq"].as_u64().expect("it is stored");
        }
        // Receivers are wherever they are.
        end(server, Signal::KILL);
        server = start(&binary, store.path());
        script = Script::open(server.address());
        script.reaches("M", last);
        script.reaches("S", last);
        script.reaches("N", last);
        script.reaches("F", last / 3);
    }
    let origin = script.messages("O");
    assert_eq!(script.messages("M"), origin, "a mirror has what its origin has");
    let all: Vec<u64> = (1..=last).collect();
    assert_eq!(named_in(&script.messages("S")), all, "each once, in order");
    assert_eq!(script.messages("N"), script.messages("S"));
    let third: Vec<u64> = (1..=last).filter(|seq| seq % 3 == 2).collect();
    assert_eq!(named_in(&script.messages("F")), third);
}

#[test]
#[ignore = "needs both servers"]
fn receivers_that_are_killed_on_the_way_go_on_where_they_were() {
    let binary = Binary::anabranch().expect("the binary is built");
    let store = tempfile::tempdir().expect("there is room");
    let mut server = start(&binary, store.path());
    let mut script = Script::open(server.address());
    script.create(json!({"name": "O", "subjects": ["o.*"], "storage": "file"}));
    script.fill(&["o.0", "o.1", "o.2"], BEHIND / 3);
    let last = u64::try_from(BEHIND).expect("few");
    for round in 0..ROUNDS {
        let named = |name: &str| format!("{name}{round}");
        let [mirror, sourcing] = ["M", "S"].map(named);
        let origin = json!({"name": "O"});
        script.create(json!({"name": mirror, "mirror": origin, "storage": "file"}));
        script.create(json!({"name": sourcing, "sources": [origin], "storage": "file"}));
        end(server, Signal::KILL);
        server = start(&binary, store.path());
        script = Script::open(server.address());
        script.reaches(&mirror, last);
        script.reaches(&sourcing, last);
        assert_eq!(script.messages(&mirror), script.messages("O"));
        let all: Vec<u64> = (1..=last).collect();
        assert_eq!(named_in(&script.messages(&sourcing)), all, "each once, in order");
    }
}

#[test]
#[ignore = "needs both servers"]
fn receivers_go_on_after_a_restart_whatever_they_lost() {
    let seen = Binary::both().expect("both servers are there").map(|binary| {
        let store = tempfile::tempdir().expect("there is room");
        let server = start(&binary, store.path());
        let mut script = Script::open(server.address());
        let file = |mut config: Value| {
            config["storage"] = json!("file");
            config
        };
        script.create(file(json!({"name": "O", "subjects": ["o.*"]})));
        script.fill(&["o.a", "o.b"], 3);
        script.create(file(json!({"name": "M", "mirror": {"name": "O", "opt_start_seq": 3}})));
        script.create(file(json!({"name": "S", "sources": [{"name": "O"}]})));
        let filtered = json!([{"name": "O", "filter_subject": "o.b"}]);
        script.create(file(json!({"name": "F", "sources": filtered, "max_msgs": 1})));
        script.reaches("M", 6);
        script.reaches("S", 6);
        script.reaches("F", 3);
        script.ask("STREAM.PURGE.S", &Value::Null);
        script.ask("STREAM.PURGE.M", &json!({ "seq": 5 }));
        end(server, Signal::TERM);
        let server = start(&binary, store.path());
        let mut script = Script::open(server.address());
        script.fill(&["o.a", "o.b"], 1);
        let states = [script.reaches("M", 8), script.reaches("S", 8), script.reaches("F", 4)];
        let all = ["M", "S", "F"].map(|name| script.messages(name));
        json!([states, all])
    });
    assert_eq!(seen[0], seen[1], "ours, and nats-server's");
}

#[test]
#[ignore = "needs both servers"]
fn receivers_on_disk_outlive_origins_in_memory() {
    let seen = Binary::both().expect("both servers are there").map(|binary| {
        let store = tempfile::tempdir().expect("there is room");
        let server = start(&binary, store.path());
        let mut script = Script::open(server.address());
        let origin = json!({"name": "O", "subjects": ["o"]});
        script.create(origin.clone());
        script.create(json!({"name": "M", "mirror": {"name": "O"}, "storage": "file"}));
        let sources = json!([{"name": "O"}]);
        script.create(json!({"name": "S", "sources": sources, "storage": "file"}));
        script.fill(&["o"], 3);
        script.reaches("M", 3);
        script.reaches("S", 3);
        end(server, Signal::TERM);
        let server = start(&binary, store.path());
        let mut script = Script::open(server.address());
        let is_missed = |info: &Value| {
            let error = |origin: &Value| origin["error"]["err_code"] == 10059;
            error(&info["mirror"]) || error(&info["sources"][0])
        };
        let missed = [script.until("M", is_missed), script.until("S", is_missed)];
        script.create(origin);
        script.fill(&["o"], 5);
        let found = [script.reaches("M", 5), script.reaches("S", 8)];
        json!([missed, found, script.messages("M"), script.messages("S")])
    });
    assert_eq!(seen[0], seen[1], "ours, and nats-server's");
}
