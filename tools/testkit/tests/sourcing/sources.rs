//! Sources, while their origins are there.

use serde_json::{Value, json};

use super::script::same;

/// Messages of several origins come in any order: those of each in theirs.
fn by_origin(messages: &Value) -> Value {
    let mut all: Vec<Value> = messages.as_array().expect("a list").clone();
    for message in &mut all {
        message[0] = Value::Null;
    }
    // The sort is stable.
    all.sort_by_key(|message| {
        let headers = message[2].as_str().unwrap_or_default().to_owned();
        headers
            .split("Nats-Stream-Source: ")
            .nth(1)
            .map(|it| it.chars().take(1).collect::<String>())
    });
    json!(all)
}

#[test]
#[ignore = "needs both servers"]
fn sources_say_where_messages_came_from() {
    for storage in [["memory", "file"], ["file", "memory"], ["file", "file"]] {
        same(|script| {
            for (name, subject) in [("A", "a.>"), ("B", "b.>")] {
                script.create(json!({"name": name, "subjects": [subject], "storage": storage[0]}));
            }
            script.fill(&["a.1", "b.1"], 5);
            script.ask("STREAM.MSG.DELETE.A", &json!({ "seq": 2 }));
            let sources = json!([{"name": "A"}, {"name": "B"}]);
            script.create(json!({"name": "S", "sources": sources, "storage": storage[1]}));
            script.reaches("S", 9);
            script.publish("a.2", "X: y", "with a header");
            script.fill(&["b.2"], 2);
            let state = script.reaches("S", 12);
            json!([state, by_origin(&script.messages("S"))])
        });
    }
}

#[test]
#[ignore = "needs both servers"]
fn sources_take_what_filters_match_and_change_subjects() {
    same(|script| {
        script.create(json!({"name": "O", "subjects": ["o.>"]}));
        script.fill(&["o.a", "o.b", "o.c.d"], 3);
        let shapes = json!([
            {"src": "o.a", "dest": "x.a"},
            {"src": "o.c.*", "dest": "y.{{wildcard(1)}}"},
        ]);
        let sources = json!([{"name": "O", "subject_transforms": shapes}]);
        script.create(json!({"name": "T", "sources": sources}));
        let shape = json!({"src": ">", "dest": "in.>"});
        let sources = json!([{"name": "O", "filter_subject": "o.b"}]);
        script.create(json!({"name": "F", "sources": sources, "subject_transform": shape}));
        let same = json!([{"src": "o.b", "dest": ""}]);
        let sources = json!([{"name": "O", "subject_transforms": same}]);
        script.create(json!({"name": "K", "sources": sources}));
        // Filters may overlap as long as none is a part of another: the first one counts.
        let shapes = json!([{"src": "o.*.d", "dest": "1.$1"}, {"src": "o.c.*", "dest": "2.$1"}]);
        let sources = json!([{"name": "O", "subject_transforms": shapes}]);
        script.create(json!({"name": "L", "sources": sources}));
        let states = [
            script.reaches("T", 6),
            script.reaches("F", 3),
            script.reaches("K", 3),
            script.reaches("L", 3),
        ];
        let all = ["T", "F", "K", "L"].map(|name| script.messages(name));
        json!([states, all])
    });
}

#[test]
#[ignore = "needs both servers"]
fn one_origin_can_be_several_sources() {
    same(|script| {
        script.create(json!({"name": "O", "subjects": ["o.>"]}));
        let sources = json!([
            {"name": "O", "filter_subject": "o.a"},
            {"name": "O", "filter_subject": "o.*"},
        ]);
        script.create(json!({"name": "S", "sources": sources}));
        // Each source waits for the other before the next message comes.
        for last in [2, 3, 5] {
            script.fill(&[if last == 3 { "o.b" } else { "o.a" }], 1);
            script.reaches("S", last);
        }
        let mut all = script.messages("S").as_array().expect("a list").clone();
        all.iter_mut().for_each(|message| message[0] = Value::Null);
        all.sort_by_key(ToString::to_string);
        json!([script.state("S"), all])
    });
}

#[test]
#[ignore = "needs both servers"]
fn sources_begin_where_they_are_told_to() {
    same(|script| {
        script.create(json!({"name": "O", "subjects": ["o"], "first_seq": 100}));
        script.fill(&["o"], 10);
        let time = script.times("O")[6].1.clone();
        let from = |name: &str, source: Value| json!({"name": name, "sources": [source]});
        script.create(from("ALL", json!({"name": "O"})));
        script.create(from("SEQ", json!({"name": "O", "opt_start_seq": 104})));
        script.create(from("TIME", json!({"name": "O", "opt_start_time": time})));
        script.create(from("LATER", json!({"name": "O", "opt_start_seq": 200})));
        let states =
            [script.reaches("ALL", 10), script.reaches("SEQ", 6), script.reaches("TIME", 4)];
        json!([states, script.messages("SEQ"), script.messages("TIME"), script.state("LATER")])
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_sourcing_stream_listens_too_and_drops_what_it_knows() {
    same(|script| {
        script.create(json!({"name": "O", "subjects": ["o.*"]}));
        let window = 120_000_000_000u64;
        let config = json!({
            "name": "S", "subjects": ["s.*"], "sources": [{"name": "O"}],
            "duplicate_window": window
        });
        script.create(config);
        script.publish("s.a", "Nats-Msg-Id: 1", "mine");
        script.publish("o.a", "Nats-Msg-Id: 1", "a duplicate");
        script.publish("o.a", "Nats-Msg-Id: 2", "new");
        script.reaches("S", 2);
        let duplicate = script.publish("s.a", "Nats-Msg-Id: 2", "a duplicate");
        let refused = script.publish("s.a", "Nats-Stream-Source: O 1 > > o.a", "a lie");
        json!([duplicate, refused, script.messages("S"), script.state("S")])
    });
}

#[test]
#[ignore = "needs both servers"]
fn headers_that_meant_something_to_the_origin_go() {
    same(|script| {
        script.create(json!({"name": "O", "subjects": ["o.*"], "allow_atomic": true}));
        script.publish("o.a", "Nats-Expected-Last-Sequence: 0\r\nX: 1", "expected");
        script.publish("o.a", "Nats-Expected-Stream: O", "expected");
        script.publish("o.a", "Nats-Batch-Id: b\r\nNats-Batch-Sequence: 1\r\nX: 2", "batched");
        let last = "Nats-Batch-Id: b\r\nNats-Batch-Sequence: 2\r\nNats-Batch-Commit: 1";
        script.publish("o.a", last, "batched");
        script.create(json!({"name": "S", "sources": [{"name": "O"}]}));
        script.create(json!({"name": "M", "mirror": {"name": "O"}}));
        script.reaches("S", 4);
        script.reaches("M", 4);
        // The chain goes on: only the last origin is named; a mirror keeps that.
        script.create(json!({"name": "T", "sources": [{"name": "S"}]}));
        script.create(json!({"name": "N", "mirror": {"name": "S"}}));
        script.reaches("T", 4);
        script.reaches("N", 4);
        let all = ["S", "M", "T", "N"].map(|name| script.messages(name));
        json!(all)
    });
}

#[test]
#[ignore = "needs both servers"]
fn what_is_taken_is_rolled_up_expires_and_is_published_again_as_configured() {
    same(|script| {
        let origin = json!({
            "name": "O", "subjects": ["o.*"], "allow_rollup_hdrs": true, "allow_msg_ttl": true
        });
        script.create(origin);
        let again = json!({"src": ">", "dest": "again.>"});
        let config = json!({
            "name": "S", "sources": [{"name": "O"}], "allow_rollup_hdrs": true,
            "republish": again
        });
        script.listen("again.>");
        script.create(config);
        script.create(json!({"name": "P", "sources": [{"name": "O"}], "deny_purge": true}));
        script.fill(&["o.a", "o.b"], 2);
        // Both have begun before something leaves the origin.
        script.reaches("S", 4);
        script.reaches("P", 4);
        script.publish("o.a", "Nats-TTL: 1s", "short here");
        script.reaches("S", 5);
        script.reaches("P", 5);
        script.publish("o.a", "Nats-Rollup: sub", "rolled");
        let states = [script.reaches("S", 6), script.reaches("P", 6)];
        json!([states, script.messages("S"), script.messages("P"), script.heard()])
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_source_waits_at_a_message_that_is_refused() {
    same(|script| {
        script.create(json!({"name": "O", "subjects": ["o"]}));
        let config = json!({
            "name": "S", "sources": [{"name": "O"}], "max_msgs": 2, "discard": "new"
        });
        script.create(config);
        script.fill(&["o"], 4);
        script.until("S", |info| info["state"]["messages"] == 2);
        script.ask("STREAM.PURGE.S", &Value::Null);
        script.reaches("S", 4);
        json!([script.messages("S"), script.state("S")])
    });
}
