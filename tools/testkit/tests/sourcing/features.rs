//! What streams can do besides, where messages come from other streams.

use serde_json::{Value, json};

use super::script::{Script, same};

const SECOND: u64 = 1_000_000_000;

/// Waits until nothing is left in the stream.
fn empties(script: &mut Script, name: &str) -> Value {
    script.until(name, |info| info["state"]["messages"] == 0)
}

#[test]
#[ignore = "needs both servers"]
fn messages_end_by_the_age_that_the_receiver_says() {
    same(|script| {
        script.create(json!({"name": "O", "subjects": ["o.*"]}));
        script.fill(&["o.a", "o.b"], 3);
        // Sources count from when they took a message, mirrors from when the origin did.
        script.create(json!({"name": "M", "mirror": {"name": "O"}, "max_age": SECOND}));
        script.create(json!({"name": "S", "sources": [{"name": "O"}], "max_age": SECOND}));
        script.until("M", |info| info["state"]["last_seq"] == 6);
        script.until("S", |info| info["state"]["last_seq"] == 6);
        json!([empties(script, "M"), empties(script, "S"), script.state("O")])
    });
}

#[test]
#[ignore = "needs both servers"]
fn times_to_live_hold_where_they_are_allowed() {
    same(|script| {
        let origin = json!({"name": "O", "subjects": ["o.*"], "allow_msg_ttl": true});
        script.create(origin);
        let age = SECOND;
        let mirror = json!({"name": "O"});
        script
            .create(json!({"name": "M", "mirror": mirror, "allow_msg_ttl": true, "max_age": age}));
        script.create(json!({"name": "N", "mirror": mirror}));
        let source = json!([{"name": "O"}]);
        script.create(json!({"name": "S", "sources": source, "allow_msg_ttl": true}));
        script.publish("o.a", "Nats-TTL: 2s", "short");
        script.publish("o.b", "Nats-TTL: never", "for ever");
        for name in ["M", "N", "S"] {
            script.reaches(name, 2);
        }
        script.until("M", |info| info["state"]["messages"] == 1);
        script.until("S", |info| info["state"]["messages"] == 1);
        let all = ["M", "N", "S"].map(|name| script.messages(name));
        json!(all)
    });
}

#[test]
#[ignore = "needs both servers"]
fn markers_of_deleted_subjects_are_passed_on() {
    same(|script| {
        let origin = json!({
            "name": "O", "subjects": ["o.*"], "max_age": SECOND, "allow_msg_ttl": true,
            "subject_delete_marker_ttl": 60 * SECOND
        });
        script.create(origin);
        script.create(json!({"name": "M", "mirror": {"name": "O"}}));
        let config = json!({
            "name": "S", "sources": [{"name": "O"}], "allow_rollup_hdrs": true,
            "allow_msg_ttl": true
        });
        script.create(config);
        script.fill(&["o.a"], 1);
        script.reaches("M", 2);
        script.reaches("S", 2);
        json!([script.messages("M"), script.messages("S")])
    });
}

#[test]
#[ignore = "needs both servers"]
fn what_is_sealed_or_denied_stays() {
    same(|script| {
        script.create(json!({"name": "O", "subjects": ["o"]}));
        let deny = |mut config: Value| {
            config["deny_delete"] = json!(true);
            config["deny_purge"] = json!(true);
            config
        };
        let mirror = deny(json!({"name": "M", "mirror": {"name": "O"}}));
        let sourcing = deny(json!({"name": "S", "sources": [{"name": "O"}]}));
        script.create(mirror.clone());
        script.create(sourcing.clone());
        script.fill(&["o"], 2);
        script.reaches("M", 2);
        script.reaches("S", 2);
        let refused = [
            script.ask("STREAM.PURGE.S", &Value::Null),
            script.ask("STREAM.PURGE.M", &Value::Null),
            script.ask("STREAM.MSG.DELETE.M", &json!({ "seq": 1 })),
        ];
        let sealed = |mut config: Value| {
            config["sealed"] = json!(true);
            config
        };
        script.update(sealed(mirror));
        script.update(sealed(sourcing));
        script.fill(&["o"], 2);
        // By when another one has them, they had their chance.
        script.create(json!({"name": "N", "mirror": {"name": "O"}}));
        script.reaches("N", 4);
        json!([refused, script.messages("M"), script.messages("S")])
    });
}

#[test]
#[ignore = "needs both servers"]
fn buckets_are_copied_under_their_own_names_and_others() {
    same(|script| {
        let bucket = |mut config: Value| {
            for key in ["allow_rollup_hdrs", "deny_delete", "allow_direct"] {
                config[key] = json!(true);
            }
            config["max_msgs_per_subject"] = json!(1);
            config["discard"] = json!("new");
            config
        };
        script.create(bucket(json!({"name": "KV_A", "subjects": ["$KV.A.>"]})));
        let copy = json!({"name": "KV_B", "mirror": {"name": "KV_A"}, "mirror_direct": true});
        script.create(bucket(copy));
        let shape = json!([{"src": "$KV.A.>", "dest": "$KV.C.>"}]);
        let sources = json!([{"name": "KV_A", "subject_transforms": shape}]);
        script.create(bucket(json!({"name": "KV_C", "subjects": ["$KV.C.>"], "sources": sources})));
        for last in [3, 6] {
            script.fill(&["$KV.A.x", "$KV.A.y", "$KV.A.z"], 1);
            script.reaches("KV_B", last);
            script.reaches("KV_C", last);
        }
        script.publish("$KV.A.y", "KV-Operation: PURGE\r\nNats-Rollup: sub", "");
        script.publish("$KV.A.x", "KV-Operation: DEL", "");
        let states = [script.reaches("KV_B", 8), script.reaches("KV_C", 8)];
        json!([states, script.messages("KV_B"), script.messages("KV_C")])
    });
}

#[test]
#[ignore = "needs both servers"]
fn schedules_are_copied_and_never_due() {
    same(|script| {
        let origin = json!({"name": "O", "subjects": ["o.*"], "allow_msg_schedules": true});
        script.create(origin);
        script.create(json!({"name": "M", "mirror": {"name": "O"}}));
        script.create(json!({"name": "S", "sources": [{"name": "O"}]}));
        let schedule = "Nats-Schedule: @at 2200-01-01T00:00:00Z\r\nNats-Schedule-Target: o.t";
        script.publish("o.s", schedule, "later");
        script.publish("o.t", "", "now");
        script.reaches("M", 2);
        script.reaches("S", 2);
        json!([script.messages("M"), script.messages("S")])
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_promoted_mirror_knows_the_messages_that_it_copied() {
    same(|script| {
        script.create(json!({"name": "O", "subjects": ["o.*"]}));
        let window = 120 * SECOND;
        let mirror = json!({"name": "O"});
        script.create(json!({"name": "M", "mirror": mirror, "duplicate_window": window}));
        for id in 1..=3 {
            script.publish("o.a", &format!("Nats-Msg-Id: {id}"), "x");
        }
        script.reaches("M", 3);
        let config = json!({"name": "M", "subjects": ["m.*"], "duplicate_window": window});
        let promoted = script.update(config);
        let acks = [2, 4].map(|id| script.publish("m.a", &format!("Nats-Msg-Id: {id}"), "y"));
        json!([promoted, acks, script.messages("M")])
    });
}
