//! Changing mirrors and sources.

use anabranch_testkit::server::Binary;
use serde_json::{Value, json};

use super::script::{Script, same, start};

#[test]
#[ignore = "needs both servers"]
fn a_mirror_becomes_a_stream_of_its_own() {
    same(|script| {
        let origin = json!({"name": "O", "subjects": ["o.*"], "allow_direct": true});
        script.create(origin);
        script.create(json!({"name": "M", "mirror": {"name": "O"}}));
        script.fill(&["o.a"], 3);
        script.reaches("M", 3);
        let overlap = script.update(json!({"name": "M", "subjects": ["o.*"]}));
        let other = script.update(json!({"name": "M", "mirror": {"name": "P"}}));
        let filter = json!({"name": "O", "filter_subject": "o.a"});
        let changed = script.update(json!({"name": "M", "mirror": filter}));
        let promoted = script.update(json!({"name": "M", "subjects": ["m.*"]}));
        let ack = script.publish("m.a", "", "its own");
        script.fill(&["o.b"], 1);
        let back = script.update(json!({"name": "M", "mirror": {"name": "O"}}));
        let other = json!([other, changed, back]);
        json!([overlap, other, promoted, ack, script.state("M"), script.messages("M")])
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_promoted_mirror_takes_over_its_origins_subjects() {
    same(|script| {
        script.create(json!({"name": "O", "subjects": ["o.*"]}));
        script.create(json!({"name": "M", "mirror": {"name": "O"}, "storage": "file"}));
        script.fill(&["o.a"], 3);
        script.reaches("M", 3);
        script.delete("O");
        let config = json!({"name": "M", "subjects": ["o.*"], "storage": "file"});
        let promoted = script.update(config);
        script.fill(&["o.a"], 2);
        json!([promoted, script.state("M"), script.messages("M")])
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_promoted_mirror_can_take_from_its_origin_again() {
    same(|script| {
        script.create(json!({"name": "O", "subjects": ["o.*"]}));
        script.create(json!({"name": "M", "mirror": {"name": "O"}}));
        script.fill(&["o.a"], 3);
        script.reaches("M", 3);
        let config = json!({"name": "M", "sources": [{"name": "O"}]});
        let promoted = script.update(config);
        json!([promoted, script.reaches("M", 6), script.messages("M")])
    });
}

#[test]
#[ignore = "needs both servers"]
fn sources_come_and_go() {
    same(|script| {
        script.create(json!({"name": "A", "subjects": ["a"]}));
        script.create(json!({"name": "B", "subjects": ["b"]}));
        let with = |sources: Value| json!({"name": "S", "sources": sources, "subjects": ["s"]});
        script.create(with(json!([{"name": "A"}])));
        script.fill(&["a", "b"], 3);
        script.reaches("S", 3);
        script.update(with(json!([{"name": "B"}, {"name": "A"}])));
        script.reaches("S", 6);
        script.update(with(json!([{"name": "B"}])));
        script.fill(&["a"], 2);
        script.fill(&["b"], 1);
        let without = script.reaches("S", 7);
        // Its messages are there: it goes on behind the last of them.
        script.update(with(json!([{"name": "A"}, {"name": "B"}])));
        let again = script.reaches("S", 9);
        script.update(with(Value::Array(Vec::new())));
        script.fill(&["a", "b", "s"], 1);
        json!([without, again, script.state("S"), script.messages("S")])
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_cleared_stream_does_not_take_anew_what_it_took() {
    same(|script| {
        script.create(json!({"name": "O", "subjects": ["o"]}));
        script.create(json!({"name": "S", "sources": [{"name": "O"}]}));
        script.fill(&["o"], 3);
        script.reaches("S", 3);
        script.ask("STREAM.PURGE.S", &Value::Null);
        script.fill(&["o"], 1);
        json!([script.reaches("S", 4), script.messages("S")])
    });
}

#[test]
#[ignore = "needs both servers"]
fn what_is_elsewhere_is_refused_by_name() {
    let binary = Binary::anabranch().expect("the binary is built");
    let store = tempfile::tempdir().expect("there is room");
    let server = start(&binary, store.path());
    let mut script = Script::open(server.address());
    let external = json!({"api": "$JS.hub.API", "deliver": ""});
    let consumer = json!({"name": "C", "deliver_subject": "d"});
    for (origin, words) in [
        (json!({"name": "O", "external": external}), "other accounts and domains"),
        (json!({"name": "O", "consumer": consumer}), "a consumer of one's own"),
    ] {
        for config in
            [json!({"name": "X", "mirror": origin}), json!({"name": "X", "sources": [origin]})]
        {
            let answer = script.ask("STREAM.CREATE.X", &config);
            let text = answer["error"]["description"].as_str().expect("it is refused");
            assert!(text.contains(words), "{answer}");
        }
    }
}

#[test]
#[ignore = "needs both servers"]
fn what_a_mirror_and_sources_cannot_be_is_refused() {
    same(|script| {
        script.create(json!({"name": "O", "subjects": ["o"], "max_msg_size": 1000}));
        let overlapping = json!([{"src": "a.*", "dest": "x"}, {"src": "a.b", "dest": "y"}]);
        let cases = json!([
            {"mirror": {"name": "O"}, "max_msg_size": 10},
            {"mirror": {"name": "O"}, "sources": [{"name": "O"}]},
            {"mirror": {"name": "O"}, "subjects": ["x"]},
            {"mirror": {"name": "O"}, "first_seq": 5},
            {"mirror": {"name": "O"}, "allow_msg_counter": true},
            {"mirror": {"name": "O"}, "allow_atomic": true},
            {"mirror": {"name": "O"}, "allow_batched": true},
            {"mirror": {"name": "O"}, "allow_msg_schedules": true},
            {"mirror": {"name": "O"}, "subject_delete_marker_ttl": 1_000_000_000},
            {"mirror": {"name": "O.P"}},
            {"mirror": {"name": "O", "filter_subject": "a..b"}},
            {"mirror": {"name": "O", "filter_subject": "a", "subject_transforms": overlapping}},
            {"mirror": {"name": "O", "subject_transforms": overlapping}},
            {"mirror": {"name": "O", "subject_transforms": [{"src": "a..b", "dest": "x"}]}},
            {"mirror": {"name": "O", "subject_transforms": [{"src": "a.*", "dest": "$2"}]}},
            {"mirror": {"name": "O", "opt_start_seq": 5, "opt_start_time": "2020-01-01T00:00:00Z"}},
            {"mirror_direct": true},
            {"sources": [{"name": "O"}], "max_msg_size": 10},
            {"sources": [{"name": "O"}], "allow_msg_schedules": true},
            {"sources": [{"name": "O"}, {"name": "O"}]},
            {"sources": [{"name": "O.P"}]},
            {"sources": [{"name": "O", "filter_subject": "a..b"}]},
            {"sources": [{"name": "O", "filter_subject": "a", "subject_transforms": overlapping}]},
            {"sources": [{"name": "O", "subject_transforms": overlapping}]},
            {"sources": [{"name": "O", "subject_transforms": [{"src": "a..b", "dest": "x"}]}]},
            {"sources": [{"name": "O", "subject_transforms": [{"src": "a.*", "dest": "$2"}]}]},
            {"mirror": {"name": "O", "external": {"api": "$JS.API", "deliver": ""}}},
            {"mirror": {"name": "O", "external": {"api": "a.*", "deliver": ""}}},
            {"mirror": {"name": "O", "consumer": {"name": "C"}}},
            {"sources": [{"name": "O", "consumer": {"name": "C"}}]},
        ]);
        let mut seen = Vec::new();
        for (n, case) in cases.as_array().expect("a list").iter().enumerate() {
            let mut config = case.clone();
            config["name"] = json!("X");
            config["storage"] = json!("memory");
            let answer = script.ask("STREAM.CREATE.X", &config);
            if answer["error"].is_null() {
                script.delete("X");
            }
            seen.push(json!([n, answer["error"]]));
        }
        json!(seen)
    });
}
