//! What is left of consumers when the server comes again.

use anabranch_testkit::server::Signal;
use serde_json::{Value, json};

use super::script::{Script, alone, same};

const SECOND: u64 = 1_000_000_000;

fn on_disk(s: &mut Script, retention: &str) {
    let config = json!({ "name": "S", "subjects": ["s.>"], "storage": "file",
        "retention": retention });
    s.stream(config);
}

#[test]
#[ignore = "needs both servers"]
fn positions_are_kept() {
    same(|s| {
        on_disk(s, "limits");
        s.put(8);
        s.consumer("C", json!({ "ack_wait": 60 * SECOND }));
        s.consumer("NONE", json!({ "ack_policy": "none" }));
        s.consumer("ALL", json!({ "ack_policy": "all", "ack_wait": 60 * SECOND }));
        let got = s.fetch("C", 5);
        for at in [0, 2] {
            s.ack(&got[at], "+ACK");
        }
        s.fetch("NONE", 3);
        let all = s.fetch("ALL", 3);
        s.ack(&all[1], "+ACK");
        s.restart(Signal::TERM);
        for name in ["C", "NONE", "ALL"] {
            s.info(name);
        }
        s.ack(&got[1], "+ACK");
        s.info("C");
        s.fetch("C", 3);
        s.fetch("NONE", 3);
        s.ack(&got[3], "+ACK");
        s.ack(&got[4], "+ACK");
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn what_was_delivered_comes_again_with_its_count() {
    same(|s| {
        on_disk(s, "limits");
        s.put(3);
        s.consumer("C", json!({ "ack_wait": SECOND / 2 }));
        s.fetch("C", 2);
        s.fetch("C", 3);
        s.restart(Signal::TERM);
        for _ in 0..5 {
            s.quiet();
        }
        s.fetch("C", 3);
    });
}

#[test]
#[ignore = "needs both servers"]
fn confirmed_acknowledgements_survive_a_kill() {
    alone(|s| {
        on_disk(s, "limits");
        s.put(6);
        s.consumer("C", json!({ "ack_wait": SECOND }));
        let got = s.fetch("C", 4);
        for message in &got {
            s.ack(message, "+ACK");
        }
        s.restart(Signal::KILL);
        let got = s.fetch("C", 2);
        assert_eq!([&got[0].payload, &got[1].payload], [b"m5", b"m6"]);
    });
}

#[test]
#[ignore = "needs both servers"]
fn pauses_and_configurations_are_kept() {
    same(|s| {
        on_disk(s, "limits");
        s.put(3);
        s.consumer(
            "P",
            json!({ "pause_until": "2199-01-01T00:00:00Z", "metadata": {"a": "b"},
            "filter_subjects": ["s.a", "s.b"], "backoff": [SECOND, 2 * SECOND],
            "description": "kept" }),
        );
        s.consumer("G", json!({ "priority_groups": ["g"], "priority_policy": "overflow" }));
        s.consumer("PUSH", json!({ "deliver_subject": "d", "deliver_policy": "new" }));
        s.restart(Signal::TERM);
        s.ask("CONSUMER.LIST.S", &Value::Null);
        s.put(1);
        s.listen("d", "push");
        s.take(1);
    });
}

#[test]
#[ignore = "needs both servers"]
fn those_in_memory_are_gone_and_those_deleted_stay_so() {
    same(|s| {
        on_disk(s, "limits");
        s.put(3);
        s.consumer("MEM", json!({ "mem_storage": true }));
        s.consumer("GONE", json!({}));
        s.consumer("STAYS", json!({}));
        s.ask("CONSUMER.DELETE.S.GONE", &Value::Null);
        s.restart(Signal::TERM);
        s.ask("CONSUMER.NAMES.S", &Value::Null);
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_work_queue_goes_on_where_it_was() {
    same(|s| {
        on_disk(s, "workqueue");
        s.consumer("C", json!({ "ack_wait": 60 * SECOND }));
        s.put(6);
        let got = s.fetch("C", 4);
        for at in [1, 3] {
            s.ack(&got[at], "+ACK");
        }
        s.restart(Signal::TERM);
        s.ask("STREAM.INFO.S", &json!({ "deleted_details": true }));
        s.info("C");
        s.ack(&got[0], "+ACK");
        s.ack(&got[2], "+ACK");
        s.info("C");
        s.fetch("C", 2);
    });
}

#[test]
#[ignore = "needs both servers"]
fn interest_goes_on_where_it_was() {
    same(|s| {
        on_disk(s, "interest");
        s.consumer("A", json!({ "ack_wait": 60 * SECOND }));
        s.consumer("B", json!({ "ack_wait": 60 * SECOND }));
        s.put(4);
        let a = s.fetch("A", 3);
        let b = s.fetch("B", 2);
        s.ack(&a[0], "+ACK");
        s.ack(&b[0], "+ACK");
        s.ack(&a[1], "+ACK");
        s.restart(Signal::TERM);
        s.ask("STREAM.INFO.S", &json!({ "deleted_details": true }));
        s.ack(&b[1], "+ACK");
        s.ask("STREAM.INFO.S", &json!({ "deleted_details": true }));
        s.fetch("B", 2);
    });
}
