//! Mirrors, while their origins are there.

use anabranch_testkit::server::Binary;
use serde_json::{Value, json};

use super::script::{Script, same, start};

#[test]
#[ignore = "needs both servers"]
fn a_mirror_has_sequences_times_and_gaps_of_its_origin() {
    for storage in [["memory", "memory"], ["memory", "file"], ["file", "memory"], ["file", "file"]]
    {
        same(|script| {
            script.create(json!({"name": "O", "subjects": ["o.>"], "storage": storage[0]}));
            script.fill(&["o.a", "o.b"], 10);
            for seq in [1, 2, 7, 8, 20] {
                script.ask("STREAM.MSG.DELETE.O", &json!({ "seq": seq }));
            }
            let mirror = json!({"name": "O"});
            script.create(json!({"name": "M", "mirror": mirror, "storage": storage[1]}));
            let early = script.reaches("M", 19);
            script.fill(&["o.c"], 5);
            let late = script.reaches("M", 25);
            // What is deleted in the origin afterwards stays.
            script.ask("STREAM.MSG.DELETE.O", &json!({ "seq": 21 }));
            script.ask("STREAM.PURGE.O", &json!({ "filter": "o.a" }));
            script.fill(&["o.d"], 1);
            let last = script.reaches("M", 26);
            let times = script.times("M");
            let of_origin = script.times("O");
            assert!(of_origin.iter().all(|time| times.contains(time)), "{times:?} {of_origin:?}");
            json!([early, late, last, script.messages("M")])
        });
    }
}

#[test]
#[ignore = "needs both servers"]
fn a_mirror_begins_where_its_origin_does() {
    same(|script| {
        script.create(json!({"name": "O", "subjects": ["o"], "first_seq": 1000}));
        script.create(json!({"name": "M", "mirror": {"name": "O"}}));
        let empty = script.reaches("M", 999);
        script.fill(&["o"], 2);
        let filled = script.reaches("M", 1001);
        script.ask("STREAM.PURGE.O", &Value::Null);
        script.create(json!({"name": "N", "mirror": {"name": "O"}}));
        let of_purged = script.reaches("N", 1001);
        script.fill(&["o"], 1);
        json!([empty, filled, of_purged, script.reaches("M", 1002), script.reaches("N", 1002)])
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_mirror_begins_where_it_is_told_to() {
    same(|script| {
        script.create(json!({"name": "O", "subjects": ["o"]}));
        script.fill(&["o"], 10);
        let time = script.times("O")[6].1.clone();
        let mirror = |name: &str, origin: Value| json!({"name": name, "mirror": origin});
        script.create(mirror("SEQ", json!({"name": "O", "opt_start_seq": 4})));
        script.create(mirror("TIME", json!({"name": "O", "opt_start_time": time})));
        script.create(mirror("LATER", json!({"name": "O", "opt_start_seq": 50})));
        let future = json!({"name": "O", "opt_start_time": "2200-01-01T00:00:00Z"});
        script.create(mirror("FUTURE", future));
        let later = script.reaches("LATER", 49);
        let future = script.reaches("FUTURE", 10);
        let seq = script.reaches("SEQ", 10);
        let time = script.reaches("TIME", 10);
        script.fill(&["o"], 1);
        let next = [script.reaches("FUTURE", 11), script.reaches("SEQ", 11)];
        json!([later, future, seq, time, next, script.state("LATER"), script.messages("TIME")])
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_mirror_takes_what_its_filters_match_and_changes_subjects() {
    same(|script| {
        script.create(json!({"name": "O", "subjects": ["o.>"]}));
        script.fill(&["o.a", "o.b", "o.c.d"], 4);
        let filtered = json!({"name": "O", "filter_subject": "o.b"});
        script.create(json!({"name": "F", "mirror": filtered}));
        let shapes = json!([
            {"src": "o.a", "dest": "x.a"},
            {"src": "o.c.*", "dest": "y.{{wildcard(1)}}"},
        ]);
        let changed = json!({"name": "O", "subject_transforms": shapes});
        script.create(json!({"name": "T", "mirror": changed}));
        let kept = json!({"name": "O", "subject_transforms": [{"src": "o.b", "dest": ""}]});
        script.create(json!({"name": "K", "mirror": kept}));
        let shape = json!({"src": ">", "dest": "in.>"});
        script.create(json!({"name": "R", "mirror": {"name": "O"}, "subject_transform": shape}));
        let states = [
            script.reaches("F", 11),
            script.reaches("T", 12),
            script.reaches("K", 11),
            script.reaches("R", 12),
        ];
        let all = ["F", "T", "K", "R"].map(|name| script.messages(name));
        json!([states, all])
    });
}

#[test]
#[ignore = "needs both servers"]
fn nobody_publishes_into_a_mirror_and_it_can_be_cleared() {
    same(|script| {
        script.create(json!({"name": "O", "subjects": ["o"]}));
        script.create(json!({"name": "M", "mirror": {"name": "O"}}));
        script.fill(&["o"], 5);
        script.reaches("M", 5);
        let unheard = script.publish("M", "", "x");
        let deleted = script.ask("STREAM.MSG.DELETE.M", &json!({ "seq": 2 }));
        let purged = script.ask("STREAM.PURGE.M", &json!({ "keep": 1 }));
        let kept = script.state("M");
        let emptied = script.ask("STREAM.PURGE.M", &Value::Null);
        let empty = script.state("M");
        script.fill(&["o"], 1);
        json!([unheard, deleted, purged, kept, emptied, empty, script.reaches("M", 6)])
    });
}

#[test]
#[ignore = "needs both servers"]
fn limits_of_a_mirror_are_its_own() {
    same(|script| {
        script.create(json!({"name": "O", "subjects": ["o.*"]}));
        script.fill(&["o.a", "o.b"], 10);
        let mirror = json!({"name": "O"});
        script.create(json!({"name": "FEW", "mirror": mirror, "max_msgs": 3}));
        script.create(json!({"name": "LAST", "mirror": mirror, "max_msgs_per_subject": 1}));
        let few = script.reaches("FEW", 20);
        let last = script.reaches("LAST", 20);
        // The origin loses messages, the mirror does not.
        let config = json!({"name": "O", "subjects": ["o.*"], "max_msgs": 1});
        script.update(config);
        json!([few, last, script.state("FEW"), script.messages("LAST")])
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_mirror_waits_at_a_message_for_which_it_has_no_room() {
    let full = |script: &mut Script| {
        script.create(json!({"name": "O", "subjects": ["o"]}));
        let mirror = json!({"name": "O"});
        let config = json!({"name": "M", "mirror": mirror, "max_msgs": 3, "discard": "new"});
        script.create(config.clone());
        script.fill(&["o"], 3);
        script.reaches("M", 3);
        script.fill(&["o"], 4);
        config
    };
    same(|script| {
        full(script);
        script.messages("M")
    });
    // nats-server's stays as it is until the server starts again; ours goes on when it can.
    let binary = Binary::anabranch().expect("the binary is built");
    let store = tempfile::tempdir().expect("there is room");
    let server = start(&binary, store.path());
    let mut script = Script::open(server.address());
    let mut config = full(&mut script);
    config["max_msgs"] = json!(10);
    script.update(config);
    script.reaches("M", 7);
    assert_eq!(script.messages("M"), script.messages("O"));
}

#[test]
#[ignore = "needs both servers"]
fn the_lag_ends_at_nothing() {
    same(|script| {
        script.create(json!({"name": "O", "subjects": ["o"]}));
        script.fill(&["o"], 20);
        script.create(json!({"name": "M", "mirror": {"name": "O"}}));
        script.create(json!({"name": "S", "sources": [{"name": "O"}]}));
        script.until("M", |info| info["mirror"]["lag"] == 0 && info["mirror"]["active"] != -1);
        script.until("S", |info| info["sources"][0]["seq"] == 20);
        script.until("S", |info| info["sources"][0]["lag"] == 0);
        json!([script.reaches("M", 20), script.reaches("S", 20)])
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_mirror_answers_direct_gets_of_its_origin() {
    same(|script| {
        script.create(json!({"name": "O", "subjects": ["o.*"], "allow_direct": true}));
        script.create(json!({"name": "M", "mirror": {"name": "O"}, "mirror_direct": true}));
        script.fill(&["o.a", "o.b"], 2);
        script.reaches("M", 4);
        script.delete("O");
        let mut seen = Vec::new();
        for (call, body) in
            [("DIRECT.GET.O", r#"{"seq":2}"#), ("DIRECT.GET.O.o.a", ""), ("DIRECT.GET.M", "{}")]
        {
            let answer = script.request(&format!("$JS.API.{call}"), "", body);
            let headers = String::from_utf8_lossy(&answer.headers).into_owned();
            let headers: Vec<&str> =
                headers.lines().filter(|line| !line.starts_with("Nats-Time")).collect();
            let payload = String::from_utf8_lossy(&answer.payload);
            seen.push(json!([headers, payload]));
        }
        json!(seen)
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_mirror_has_headers_rollups_and_expiries_as_its_configuration_says() {
    same(|script| {
        let origin = json!({
            "name": "O", "subjects": ["o.*"], "allow_rollup_hdrs": true, "allow_msg_ttl": true
        });
        script.create(origin);
        script.fill(&["o.a", "o.b"], 2);
        script.publish("o.a", "Nats-Rollup: sub", "rolled");
        script.publish("o.a", "Nats-TTL: 1h\r\nNats-Msg-Id: 1\r\nX: y", "timed");
        script.publish("o.a", "Nats-Expected-Last-Sequence: 6\r\nX: z", "expected");
        script.publish("o.b", "Nats-Expected-Stream: O", "nothing else");
        let mirror = json!({"name": "O"});
        script.create(json!({"name": "PLAIN", "mirror": mirror}));
        script.create(json!({"name": "ROLLS", "mirror": mirror, "allow_rollup_hdrs": true}));
        script.reaches("PLAIN", 8);
        script.reaches("ROLLS", 8);
        script.publish("o.b", "Nats-Rollup: all", "everything");
        let states = [script.reaches("PLAIN", 9), script.reaches("ROLLS", 9)];
        json!([states, script.messages("PLAIN"), script.messages("ROLLS")])
    });
}
