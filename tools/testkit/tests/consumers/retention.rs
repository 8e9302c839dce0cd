//! Streams that keep what their consumers need: work queues and interest.

use serde_json::{Value, json};

use super::script::{Script, same};

const SECOND: u64 = 1_000_000_000;

fn keeping(s: &mut Script, retention: &str) {
    s.stream(json!({ "name": "S", "subjects": ["s.>"], "retention": retention }));
}

fn attempt(s: &mut Script, name: &str, config: Value) {
    let mut config = config;
    config["durable_name"] = json!(name);
    if config["ack_policy"].is_null() {
        config["ack_policy"] = json!("explicit");
    }
    let body = json!({ "stream_name": "S", "config": config });
    s.ask(&format!("CONSUMER.CREATE.S.{name}"), &body);
}

fn state(s: &mut Script) {
    s.ask("STREAM.INFO.S", &json!({ "deleted_details": true }));
}

#[test]
#[ignore = "needs both servers"]
fn a_work_queue_loses_what_is_acknowledged_in_any_order() {
    same(|s| {
        keeping(s, "workqueue");
        s.put(5);
        s.consumer("C", json!({}));
        let got = s.fetch("C", 4);
        for (at, form) in [(2, "+ACK"), (0, "+TERM"), (1, "-NAK"), (3, "+WPI")] {
            s.ack(&got[at], form);
            state(s);
            s.info("C");
        }
        s.fetch("C", 2);
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_work_queue_has_one_consumer_for_each_message() {
    same(|s| {
        keeping(s, "workqueue");
        attempt(s, "A", json!({ "filter_subject": "s.a" }));
        attempt(s, "A2", json!({ "filter_subject": "s.a" }));
        attempt(s, "ALL", json!({}));
        attempt(s, "WILD", json!({ "filter_subject": "s.*" }));
        attempt(s, "B", json!({ "filter_subjects": ["s.b", "s.c"] }));
        attempt(s, "C", json!({ "filter_subject": "s.c" }));
        attempt(s, "NONE", json!({ "ack_policy": "none", "filter_subject": "s.d" }));
        attempt(s, "EVERY", json!({ "ack_policy": "all", "filter_subject": "s.d" }));
        attempt(s, "NEW", json!({ "deliver_policy": "new", "filter_subject": "s.e" }));
        attempt(s, "LAST", json!({ "deliver_policy": "last", "filter_subject": "s.e" }));
        attempt(s, "PUSH", json!({ "deliver_subject": "d", "filter_subject": "s.f" }));
        s.ask("CONSUMER.NAMES.S", &Value::Null);
        s.ask("CONSUMER.DELETE.S.A", &Value::Null);
        attempt(s, "A2", json!({ "filter_subject": "s.a" }));
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_work_queue_keeps_what_was_delivered_too_often() {
    same(|s| {
        keeping(s, "workqueue");
        s.put(2);
        s.consumer("C", json!({ "max_deliver": 1, "ack_wait": SECOND / 5 }));
        s.fetch("C", 2);
        s.quiet();
        s.quiet();
        state(s);
        s.info("C");
        s.ask("CONSUMER.DELETE.S.C", &Value::Null);
        s.consumer("D", json!({}));
        s.fetch("D", 2);
    });
}

#[test]
#[ignore = "needs both servers"]
fn without_interest_nothing_is_kept() {
    same(|s| {
        keeping(s, "interest");
        s.put(2);
        state(s);
        s.consumer("A", json!({ "filter_subject": "s.a" }));
        s.fill(&["s.a", "s.b", "s.a"]);
        state(s);
        s.info("A");
        let got = s.fetch("A", 2);
        for message in &got {
            s.ack(message, "+ACK");
            state(s);
        }
    });
}

#[test]
#[ignore = "needs both servers"]
fn with_interest_a_message_goes_when_all_have_acknowledged_it() {
    same(|s| {
        keeping(s, "interest");
        s.consumer("ALL", json!({}));
        s.consumer("A", json!({ "filter_subject": "s.a" }));
        s.consumer("B", json!({ "filter_subject": "s.b" }));
        s.fill(&["s.a", "s.b", "s.c", "s.a", "s.b"]);
        state(s);
        let all = s.fetch("ALL", 5);
        for message in &all {
            s.ack(message, "+ACK");
        }
        state(s);
        let a = s.fetch("A", 2);
        s.ack(&a[1], "+ACK");
        state(s);
        s.ack(&a[0], "+TERM");
        state(s);
        s.ask("CONSUMER.DELETE.S.B", &Value::Null);
        s.quiet();
        state(s);
        for name in ["ALL", "A"] {
            s.info(name);
        }
    });
}

#[test]
#[ignore = "needs both servers"]
fn with_interest_a_delivery_is_enough_where_nothing_is_acknowledged() {
    same(|s| {
        keeping(s, "interest");
        s.consumer("N", json!({ "ack_policy": "none" }));
        s.put(3);
        state(s);
        s.fetch("N", 2);
        s.quiet();
        state(s);
    });
}

#[test]
#[ignore = "needs both servers"]
fn with_interest_acknowledging_all_frees_what_was_before() {
    same(|s| {
        keeping(s, "interest");
        s.consumer("A", json!({ "ack_policy": "all" }));
        s.put(5);
        let got = s.fetch("A", 4);
        s.ack(&got[2], "+ACK");
        state(s);
        s.info("A");
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_later_consumer_has_a_say_in_what_is_still_there() {
    same(|s| {
        keeping(s, "interest");
        s.consumer("A", json!({}));
        s.put(4);
        let got = s.fetch("A", 2);
        s.ack(&got[0], "+ACK");
        s.consumer("B", json!({}));
        s.consumer("NEW", json!({ "deliver_policy": "new" }));
        s.info("B");
        s.ack(&got[1], "+ACK");
        state(s);
        let b = s.fetch("B", 3);
        for message in &b {
            s.ack(message, "+ACK");
        }
        state(s);
        s.ask("CONSUMER.DELETE.S.A", &Value::Null);
        s.quiet();
        state(s);
    });
}

#[test]
#[ignore = "needs both servers"]
fn nobody_acknowledges_what_he_was_not_given() {
    same(|s| {
        for retention in ["workqueue", "interest"] {
            keeping(s, retention);
            s.consumer("C", json!({}));
            s.put(3);
            s.counted("C", 3);
            let got = s.fetch("C", 1);
            let later = got[0].reply.replace(".1.1.1.", ".1.3.3.");
            s.publish(&later, "", "", "+ACK");
            s.settle_acks(&got[0]);
            s.info("C");
            state(s);
            s.ask("STREAM.DELETE.S", &Value::Null);
        }
    });
}

#[test]
#[ignore = "needs both servers"]
fn retention_changes_only_where_it_may() {
    same(|s| {
        keeping(s, "limits");
        s.put(2);
        for (retention, name) in [
            ("interest", ""),
            ("limits", "A"),
            ("interest", "B"),
            ("workqueue", ""),
            ("limits", ""),
        ] {
            let config = json!({ "name": "S", "subjects": ["s.>"], "retention": retention,
                "storage": "memory" });
            s.ask("STREAM.UPDATE.S", &config);
            if !name.is_empty() {
                s.consumer(name, json!({}));
            }
            state(s);
        }
    });
}

#[test]
#[ignore = "needs both servers"]
fn limits_of_a_stream_are_not_set_below_those_of_its_consumers() {
    same(|s| {
        let stream = json!({ "name": "S", "subjects": ["s.>"] });
        s.stream(stream.clone());
        let much = json!({ "max_ack_pending": 50, "inactive_threshold": 10 * SECOND });
        s.consumer("C", much);
        let mut update = |limits: Value| {
            let mut stream = stream.clone();
            stream["storage"] = json!("memory");
            stream["consumer_limits"] = limits;
            s.ask("STREAM.UPDATE.S", &stream)
        };
        for limits in [json!({ "max_ack_pending": 10 }), json!({ "inactive_threshold": SECOND })] {
            assert_eq!(update(limits)["error"]["err_code"], 10_069);
        }
        update(json!({ "max_ack_pending": 50, "inactive_threshold": 10 * SECOND }));
    });
}
