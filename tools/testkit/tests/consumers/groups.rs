//! Priority groups, and pauses.

use serde_json::{Value, json};

use super::script::{Script, same};

const SECOND: u64 = 1_000_000_000;

fn grouped(s: &mut Script, policy: &str, more: Value) {
    let mut config = json!({ "priority_groups": ["g"], "priority_policy": policy });
    for (key, value) in more.as_object().into_iter().flatten() {
        config[key] = value.clone();
    }
    s.consumer("C", config);
}

fn asked(more: Value) -> Value {
    let mut body = json!({ "batch": 1, "group": "g", "expires": 20 * SECOND });
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    body
}

#[test]
#[ignore = "needs both servers"]
fn a_group_must_be_named_rightly() {
    same(|s| {
        s.plain_stream();
        s.put(5);
        for policy in ["overflow", "pinned_client", "prioritized"] {
            grouped(s, policy, json!({}));
            for body in [
                json!({ "batch": 1 }),
                json!({ "batch": 1, "group": "h" }),
                json!({ "batch": 1, "group": "" }),
                json!({ "batch": 1, "group": "g", "priority": 10 }),
                json!({ "batch": 1, "group": "g", "priority": -1 }),
                json!({ "batch": 1, "group": "g", "min_pending": -1 }),
                json!({ "batch": 1, "group": "g", "id": "nobody" }),
            ] {
                s.pull("C", &body);
                s.quiet();
            }
            s.ask("CONSUMER.DELETE.S.C", &Value::Null);
            s.quiet();
        }
    });
}

#[test]
#[ignore = "needs both servers"]
fn overflow_serves_who_asks_for_less_than_is_pending() {
    same(|s| {
        s.pending_varies();
        s.plain_stream();
        grouped(s, "overflow", json!({}));
        s.pull("C", &asked(json!({ "min_pending": 3, "batch": 5 })));
        s.until("C", |info| info["num_waiting"] == 1);
        s.put(2);
        s.quiet();
        s.put(1);
        s.quiet();
        s.put(2);
        s.quiet();
        s.pull("C", &asked(json!({ "min_pending": 10 })));
        s.quiet();
        s.pull("C", &asked(json!({})));
        s.quiet();
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn overflow_looks_at_what_is_not_acknowledged() {
    same(|s| {
        s.plain_stream();
        s.put(9);
        grouped(s, "overflow", json!({}));
        s.pull("C", &asked(json!({ "min_ack_pending": 2 })));
        s.quiet();
        s.pull("C", &asked(json!({ "batch": 2 })));
        s.quiet();
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_pinned_client_gets_everything() {
    same(|s| {
        s.pending_varies();
        s.plain_stream();
        s.listen("$JS.EVENT.ADVISORY.CONSUMER.*.S.C", "adv");
        grouped(s, "pinned_client", json!({ "priority_timeout": 60 * SECOND }));
        s.pull("C", &asked(json!({ "batch": 3 })));
        s.until("C", |info| info["num_waiting"] == 1);
        s.pull("C", &asked(json!({ "batch": 3 })));
        s.until("C", |info| info["num_waiting"] == 2);
        s.put(2);
        let got = s.quiet();
        s.info("C");
        let pinned = got.iter().map(|message| super::script::raw_header(message, "Nats-Pin-Id"));
        let pinned = pinned.rev().find(|id| !id.is_empty()).expect("one is pinned");
        s.put(2);
        s.quiet();
        s.pull_quietly("C", &asked(json!({ "id": pinned })));
        s.quiet();
        s.pull("C", &asked(json!({ "id": "other" })));
        s.quiet();
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_client_is_unpinned_on_request() {
    same(|s| {
        s.pending_varies();
        s.plain_stream();
        s.listen("$JS.EVENT.ADVISORY.CONSUMER.*.S.C", "adv");
        grouped(s, "pinned_client", json!({ "priority_timeout": 60 * SECOND }));
        s.ask("CONSUMER.UNPIN.S.C", &json!({ "group": "g" }));
        s.pull("C", &asked(json!({ "batch": 5 })));
        s.until("C", |info| info["num_waiting"] == 1);
        s.put(1);
        s.quiet();
        s.pull("C", &asked(json!({ "batch": 5 })));
        s.until("C", |info| info["num_waiting"] == 2);
        for body in ["", "{}", "{\"group\":\"h\"}", "{\"group\":\"g\"}", "x"] {
            s.ask_text("CONSUMER.UNPIN.S.C", body);
        }
        s.put(1);
        s.quiet();
        s.info("C");
        s.ask("CONSUMER.UNPIN.S.NONE", &json!({ "group": "g" }));
        s.consumer("PLAIN", json!({}));
        s.ask("CONSUMER.UNPIN.S.PLAIN", &json!({ "group": "g" }));
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_client_that_stays_away_is_unpinned() {
    same(|s| {
        s.plain_stream();
        s.listen("$JS.EVENT.ADVISORY.CONSUMER.*.S.C", "adv");
        grouped(s, "pinned_client", json!({ "priority_timeout": SECOND }));
        s.put(1);
        s.pull("C", &asked(json!({})));
        s.quiet();
        s.pull("C", &asked(json!({})));
        s.until("C", |info| info["num_waiting"] == 1);
        s.put(1);
        s.take(3);
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn the_lowest_priority_number_is_served_first() {
    same(|s| {
        s.pending_varies();
        s.plain_stream();
        grouped(s, "prioritized", json!({}));
        for (priority, batch) in [(3, 2), (1, 2), (2, 1), (1, 1)] {
            s.pull("C", &asked(json!({ "priority": priority, "batch": batch })));
        }
        s.until("C", |info| info["num_waiting"] == 4);
        s.put(6);
        s.take(6);
        s.quiet();
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_paused_consumer_delivers_nothing_until_it_goes_on() {
    same(|s| {
        s.plain_stream();
        s.listen("$JS.EVENT.ADVISORY.CONSUMER.PAUSE.>", "adv");
        s.put(2);
        s.consumer("C", json!({}));
        s.ask("CONSUMER.PAUSE.S.C", &json!({ "pause_until": "2199-01-01T00:00:00Z" }));
        s.info("C");
        s.pull("C", &json!({ "batch": 1, "expires": SECOND / 5 }));
        s.quiet();
        s.pull("C", &json!({ "batch": 1, "no_wait": true }));
        s.quiet();
        s.ask("CONSUMER.PAUSE.S.C", &Value::Null);
        s.quiet();
        s.pull("C", &json!({ "batch": 1, "expires": 20 * SECOND }));
        s.quiet();
        s.info("C");
        s.ask("CONSUMER.PAUSE.S.C", &json!({ "pause_until": "2001-01-01T00:00:00Z" }));
        s.ask_text("CONSUMER.PAUSE.S.C", "{\"pause_until\":\"soon\"}");
        s.ask_text("CONSUMER.PAUSE.S.C", "x");
        s.ask("CONSUMER.PAUSE.S.NONE", &json!({}));
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_paused_push_consumer_has_heartbeats_only() {
    same(|s| {
        s.plain_stream();
        s.listen("d", "push");
        s.consumer(
            "C",
            json!({ "deliver_subject": "d", "idle_heartbeat": SECOND / 2,
            "pause_until": "2199-01-01T00:00:00Z" }),
        );
        s.put(1);
        s.take(1);
        s.expect("100 Idle Heartbeat");
        s.ask("CONSUMER.PAUSE.S.C", &json!({}));
        while s.take_unrecorded().payload != b"m1" {}
    });
}
