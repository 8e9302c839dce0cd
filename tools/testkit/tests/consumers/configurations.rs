//! What a consumer may be configured to be, and may become.

use serde_json::{Value, json};

use super::script::{Script, same};

const SECOND: u64 = 1_000_000_000;

fn attempt(s: &mut Script, config: &Value) {
    let mut config = config.clone();
    if config["name"].is_null() && config["durable_name"].is_null() {
        config["durable_name"] = json!("C");
    }
    let name = [&config["name"], &config["durable_name"]].into_iter().find_map(Value::as_str);
    let call = format!("CONSUMER.CREATE.S.{}", name.expect("it has one"));
    s.ask(&call, &json!({ "stream_name": "S", "config": config }));
    let _ = s.request("$JS.API.CONSUMER.DELETE.S.C", "", "");
}

#[test]
#[ignore = "needs both servers"]
fn defaults_are_shown() {
    same(|s| {
        s.plain_stream();
        for policy in ["none", "all", "explicit"] {
            attempt(s, &json!({ "ack_policy": policy }));
            attempt(s, &json!({ "ack_policy": policy, "deliver_subject": "d" }));
            attempt(s, &json!({ "ack_policy": policy, "name": "C" }));
        }
        attempt(s, &json!({}));
    });
}

#[test]
#[ignore = "needs both servers"]
fn every_field_is_kept() {
    same(|s| {
        s.plain_stream();
        attempt(
            s,
            &json!({ "durable_name": "C", "description": "all", "deliver_policy":
            "by_start_sequence", "opt_start_seq": 7, "ack_policy": "explicit", "ack_wait": SECOND,
            "max_deliver": 5, "backoff": [SECOND, 2 * SECOND], "filter_subject": "s.x.>",
            "replay_policy": "original", "sample_freq": "50%", "max_waiting": 7,
            "max_ack_pending": 9, "headers_only": true, "max_batch": 10, "max_expires": 3 * SECOND,
            "max_bytes": 1000, "inactive_threshold": 60 * SECOND, "num_replicas": 1,
            "mem_storage": true, "metadata": { "a": "b" } }),
        );
        attempt(
            s,
            &json!({ "durable_name": "C", "ack_policy": "none", "deliver_subject": "d.x",
            "deliver_group": "g", "rate_limit_bps": 80000, "idle_heartbeat": SECOND,
            "flow_control": true, "filter_subjects": ["s.b", "s.a", "s.c.>"],
            "deliver_policy": "by_start_time", "opt_start_time": "2026-01-02T03:04:05.6Z" }),
        );
        attempt(
            s,
            &json!({ "durable_name": "C", "ack_policy": "none", "deliver_subject": "d.x",
            "idle_heartbeat": SECOND, "flow_control": true }),
        );
        attempt(
            s,
            &json!({ "durable_name": "C", "ack_policy": "explicit",
            "priority_groups": ["g"], "priority_policy": "pinned_client",
            "priority_timeout": 5 * SECOND }),
        );
        attempt(
            s,
            &json!({ "durable_name": "C", "ack_policy": "explicit",
            "pause_until": "2199-01-01T00:00:00Z" }),
        );
        attempt(
            s,
            &json!({ "durable_name": "C", "ack_policy": "explicit",
            "pause_until": "2020-01-01T00:00:00Z" }),
        );
    });
}

/// Each is wrong in one way.
fn wrong() -> Vec<Value> {
    vec![
        json!({ "deliver_policy": "by_start_sequence" }),
        json!({ "deliver_policy": "by_start_time" }),
        json!({ "deliver_policy": "all", "opt_start_seq": 3 }),
        json!({ "deliver_policy": "new", "opt_start_time": "2026-01-02T03:04:05Z" }),
        json!({ "deliver_policy": "last", "opt_start_seq": 3 }),
        json!({ "deliver_policy": "by_start_sequence", "opt_start_seq": 3,
            "opt_start_time": "2026-01-02T03:04:05Z" }),
        json!({ "deliver_policy": "last_per_subject" }),
        json!({ "deliver_policy": "sometimes" }),
        json!({ "ack_policy": "perhaps" }),
        json!({ "ack_policy": "flow_control" }),
        json!({ "replay_policy": "backwards" }),
        json!({ "filter_subject": "t.x" }),
        json!({ "filter_subject": "s..x" }),
        json!({ "filter_subjects": ["s.a", "s.a"] }),
        json!({ "filter_subjects": ["s.a", "s.*"] }),
        json!({ "filter_subjects": ["s.a", ""] }),
        json!({ "filter_subjects": ["s.a", "t.b"] }),
        json!({ "filter_subject": "s.a", "filter_subjects": ["s.b"] }),
        json!({ "backoff": [SECOND, SECOND], "max_deliver": 1 }),
        json!({ "backoff": [-5] }),
        json!({ "backoff": [SECOND], "ack_policy": "none" }),
        json!({ "max_deliver": 0 }),
        json!({ "max_deliver": -7 }),
        json!({ "ack_wait": -1 }),
        json!({ "max_waiting": -1 }),
        json!({ "max_ack_pending": -5 }),
        json!({ "max_batch": -1 }),
        json!({ "max_bytes": -1 }),
        json!({ "max_expires": 1000 }),
        json!({ "max_expires": -1 }),
        json!({ "inactive_threshold": -1 }),
        json!({ "sample_freq": "often" }),
        json!({ "sample_freq": "150%" }),
        json!({ "sample_freq": "-1" }),
        json!({ "num_replicas": 3 }),
        json!({ "num_replicas": -1 }),
        json!({ "rate_limit_bps": 1000 }),
        json!({ "flow_control": true }),
        json!({ "idle_heartbeat": SECOND }),
        json!({ "deliver_group": "g" }),
        json!({ "unknown": 1 }),
        json!({ "description": "x".repeat(4097) }),
        json!({ "metadata": { "a": "x".repeat(128 * 1024) } }),
        json!({ "priority_policy": "overflow" }),
        json!({ "priority_groups": ["g"] }),
        json!({ "priority_groups": ["g", "h"], "priority_policy": "overflow" }),
        json!({ "priority_groups": [""], "priority_policy": "overflow" }),
        json!({ "priority_groups": ["a b"], "priority_policy": "overflow" }),
        json!({ "priority_groups": ["12345678901234567"], "priority_policy": "overflow" }),
        json!({ "priority_groups": ["g"], "priority_policy": "loudest" }),
        json!({ "priority_groups": ["g"], "priority_policy": "overflow",
            "priority_timeout": SECOND }),
        json!({ "priority_groups": ["g"], "priority_policy": "pinned_client",
            "ack_policy": "none" }),
        json!({ "pause_until": "tomorrow" }),
    ]
}

#[test]
#[ignore = "needs both servers"]
fn what_a_pull_consumer_cannot_be_is_refused() {
    same(|s| {
        s.plain_stream();
        for mut config in wrong() {
            if config["ack_policy"].is_null() {
                config["ack_policy"] = json!("explicit");
            }
            attempt(s, &config);
        }
    });
}

#[test]
#[ignore = "needs both servers"]
fn what_a_push_consumer_cannot_be_is_refused() {
    same(|s| {
        s.plain_stream();
        let mut configs = wrong();
        configs.extend([
            json!({ "deliver_subject": "d.*" }),
            json!({ "deliver_subject": "d..x" }),
            json!({ "deliver_subject": "s.x" }),
            json!({ "max_waiting": 5 }),
            json!({ "idle_heartbeat": 1000 }),
            json!({ "idle_heartbeat": SECOND, "flow_control": true, "deliver_group": "g" }),
            json!({ "ack_policy": "flow_control", "flow_control": true,
                "idle_heartbeat": SECOND }),
            json!({ "direct": true }),
            json!({ "deliver_group": "a b" }),
        ]);
        for mut config in configs {
            if config["ack_policy"].is_null() {
                config["ack_policy"] = json!("explicit");
            }
            if config["deliver_subject"].is_null() {
                config["deliver_subject"] = json!("d");
            }
            attempt(s, &config);
        }
    });
}

#[test]
#[ignore = "needs both servers"]
fn pedantic_requests_are_not_given_other_values() {
    same(|s| {
        s.stream(json!({ "name": "S", "subjects": ["s.>"], "consumer_limits":
            { "inactive_threshold": 60 * SECOND, "max_ack_pending": 50 } }));
        for config in [
            json!({ "ack_wait": 0 }),
            json!({ "max_deliver": 0 }),
            json!({ "backoff": [SECOND], "ack_wait": 2 * SECOND }),
            json!({ "max_ack_pending": 100 }),
            json!({ "max_ack_pending": 20, "inactive_threshold": 5 * SECOND }),
            json!({ "inactive_threshold": 500 * SECOND, "max_ack_pending": 50 }),
            json!({}),
        ] {
            for pedantic in [false, true] {
                let mut config = config.clone();
                config["name"] = json!("C");
                config["ack_policy"] = json!("explicit");
                let body = json!({ "stream_name": "S", "config": config, "pedantic": pedantic });
                s.ask("CONSUMER.CREATE.S.C", &body);
                let _ = s.request("$JS.API.CONSUMER.DELETE.S.C", "", "");
            }
        }
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_pull_consumer_may_become_some_things_and_not_others() {
    same(|s| {
        s.plain_stream();
        s.put(3);
        let base = json!({ "durable_name": "C", "ack_policy": "explicit", "ack_wait": SECOND });
        let update = |s: &mut Script, more: Value| {
            let mut config = base.clone();
            for (key, value) in more.as_object().into_iter().flatten() {
                config[key] = value.clone();
            }
            s.ask("CONSUMER.CREATE.S.C", &json!({ "stream_name": "S", "config": config }));
        };
        update(s, json!({}));
        for change in [
            json!({ "description": "new" }),
            json!({ "ack_wait": 5 * SECOND }),
            json!({ "max_deliver": 3 }),
            json!({ "sample_freq": "20" }),
            json!({ "max_ack_pending": 5 }),
            json!({ "headers_only": true }),
            json!({ "filter_subject": "s.b" }),
            json!({ "filter_subjects": ["s.a", "s.c"] }),
            json!({ "filter_subject": "t" }),
            json!({ "backoff": [SECOND, 3 * SECOND], "max_deliver": 4 }),
            json!({ "inactive_threshold": 30 * SECOND }),
            json!({ "metadata": { "k": "v" } }),
            json!({ "max_batch": 3, "max_bytes": 500, "max_expires": SECOND }),
            json!({ "deliver_policy": "last" }),
            json!({ "ack_policy": "all" }),
            json!({ "replay_policy": "original" }),
            json!({ "max_waiting": 3 }),
            json!({ "deliver_subject": "d" }),
            json!({ "mem_storage": true }),
            json!({ "num_replicas": 3 }),
            json!({ "opt_start_seq": 2, "deliver_policy": "by_start_sequence" }),
            json!({ "priority_groups": ["g"], "priority_policy": "overflow" }),
            json!({ "pause_until": "2199-01-01T00:00:00Z" }),
            json!({}),
        ] {
            update(s, change);
        }
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_push_consumer_may_become_some_things_and_not_others() {
    same(|s| {
        s.plain_stream();
        s.listen("d", "push");
        let base = json!({ "durable_name": "C", "ack_policy": "explicit", "deliver_subject": "e",
            "idle_heartbeat": 5 * SECOND });
        let update = |s: &mut Script, more: Value| {
            let mut config = base.clone();
            for (key, value) in more.as_object().into_iter().flatten() {
                config[key] = value.clone();
            }
            s.ask("CONSUMER.CREATE.S.C", &json!({ "stream_name": "S", "config": config }));
        };
        update(s, json!({}));
        for change in [
            json!({ "deliver_group": "g" }),
            json!({ "flow_control": true }),
            json!({ "idle_heartbeat": SECOND }),
            json!({ "rate_limit_bps": 5000 }),
            json!({ "deliver_subject": "" }),
            json!({ "deliver_subject": "f" }),
            json!({ "deliver_subject": "d" }),
            json!({ "deliver_subject": "g" }),
            json!({ "deliver_subject": "d", "description": "bound" }),
        ] {
            update(s, change);
        }
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_new_filter_takes_effect_on_what_is_pending() {
    same(|s| {
        s.plain_stream();
        s.fill(&["s.a", "s.b", "s.a", "s.b", "s.c"]);
        s.consumer("C", json!({ "filter_subject": "s.a" }));
        let got = s.fetch("C", 1);
        s.ack(&got[0], "+ACK");
        s.consumer("C", json!({ "filter_subject": "s.b" }));
        s.fetch("C", 1);
        s.consumer("C", json!({ "filter_subjects": ["s.a", "s.c"] }));
        s.fetch("C", 2);
        s.info("C");
        s.consumer("C", json!({}));
        s.info("C");
    });
}
