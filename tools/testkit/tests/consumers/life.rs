//! Consumers come, are looked at, change and go.

use serde_json::{Value, json};

use super::script::same;

const SECOND: u64 = 1_000_000_000;

#[test]
#[ignore = "needs both servers"]
fn a_consumer_is_made_by_every_form_of_the_request() {
    same(|s| {
        s.plain_stream();
        let made = |config: Value| json!({ "stream_name": "S", "config": config });
        let explicit = json!({ "ack_policy": "explicit" });
        s.ask("CONSUMER.CREATE.S", &made(explicit.clone()));
        s.ask("CONSUMER.CREATE.S.N", &made(json!({ "name": "N", "ack_policy": "explicit" })));
        let filtered = json!({ "name": "F", "ack_policy": "none", "filter_subject": "s.*.x" });
        s.ask("CONSUMER.CREATE.S.F.s.*.x", &made(filtered));
        let durable = json!({ "durable_name": "D", "ack_policy": "all" });
        s.ask("CONSUMER.DURABLE.CREATE.S.D", &made(durable));
        s.ask("CONSUMER.CREATE.S.M", &made(explicit));
        s.info("D");
        s.info("M");
        s.ask("STREAM.INFO.S", &Value::Null);
        s.ask("INFO", &Value::Null);
    });
}

#[test]
#[ignore = "needs both servers"]
fn names_in_subject_and_body_must_agree() {
    same(|s| {
        s.plain_stream();
        let bodies = [
            ("CONSUMER.CREATE.S.A", json!({ "name": "B" }), "S"),
            ("CONSUMER.CREATE.S.A", json!({ "durable_name": "B" }), "S"),
            ("CONSUMER.CREATE.S.A", json!({ "name": "A", "durable_name": "B" }), "S"),
            ("CONSUMER.CREATE.S.A", json!({ "name": "A" }), "T"),
            ("CONSUMER.CREATE.S.A", json!({}), "S"),
            ("CONSUMER.CREATE.S.A.s.x", json!({ "name": "A", "filter_subject": "s.y" }), "S"),
            ("CONSUMER.CREATE.S.A.s.x", json!({ "name": "A" }), "S"),
            ("CONSUMER.CREATE.S.A.s.x", json!({ "name": "A", "filter_subjects": ["s.x"] }), "S"),
            ("CONSUMER.CREATE.S.A", json!({ "name": "A", "filter_subject": "s.y" }), "S"),
            ("CONSUMER.DURABLE.CREATE.S.A", json!({ "durable_name": "B" }), "S"),
            ("CONSUMER.DURABLE.CREATE.S.A", json!({ "name": "A" }), "S"),
            ("CONSUMER.DURABLE.CREATE.S.A", json!({}), "S"),
            ("CONSUMER.CREATE.S", json!({ "durable_name": "A" }), "S"),
            ("CONSUMER.CREATE.S", json!({ "name": "A" }), "S"),
            ("CONSUMER.CREATE.NONE.A", json!({ "name": "A" }), "NONE"),
            ("CONSUMER.CREATE.NONE", json!({}), "NONE"),
            ("CONSUMER.CREATE.S.A", json!({ "name": "A" }), ""),
        ];
        for (call, mut config, stream) in bodies {
            config["ack_policy"] = json!("explicit");
            s.ask(call, &json!({ "stream_name": stream, "config": config }));
        }
        for body in ["", "{}", "null", "[]", "x", "{\"stream_name\":\"S\"}"] {
            s.ask_text("CONSUMER.CREATE.S.Z", body);
            s.ask_text("CONSUMER.CREATE.S", body);
        }
    });
}

#[test]
#[ignore = "needs both servers"]
fn names_that_are_none_are_refused() {
    same(|s| {
        s.plain_stream();
        let long = "x".repeat(256);
        for name in ["a b", "a.b", "a*", "a>", "a/b", "a\\b", "", "ä", long.as_str()] {
            let config = json!({ "name": name, "ack_policy": "explicit" });
            s.ask("CONSUMER.CREATE.S", &json!({ "stream_name": "S", "config": config }));
            let config = json!({ "durable_name": name, "ack_policy": "explicit" });
            s.ask("CONSUMER.CREATE.S", &json!({ "stream_name": "S", "config": config }));
        }
    });
}

#[test]
#[ignore = "needs both servers"]
fn creating_and_updating_can_be_told_apart() {
    same(|s| {
        s.plain_stream();
        let body = |action: &str, ack_wait: u64| {
            let config = json!({ "durable_name": "C", "ack_policy": "explicit",
                "ack_wait": ack_wait * SECOND });
            json!({ "stream_name": "S", "config": config, "action": action })
        };
        for (action, ack_wait) in [
            ("update", 5),
            ("create", 5),
            ("create", 5),
            ("create", 6),
            ("update", 6),
            ("update", 6),
            ("", 7),
            ("", 7),
            ("other", 7),
        ] {
            s.ask("CONSUMER.CREATE.S.C", &body(action, ack_wait));
        }
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn names_and_infos_are_listed_in_order_and_in_pages() {
    same(|s| {
        s.plain_stream();
        s.ask("CONSUMER.NAMES.S", &Value::Null);
        s.ask("CONSUMER.LIST.S", &Value::Null);
        for name in ["C2", "A", "b", "C10", "C1"] {
            s.consumer(name, json!({}));
        }
        for call in ["CONSUMER.NAMES.S", "CONSUMER.LIST.S"] {
            for offset in [0, 1, 4, 5, 99] {
                s.ask(call, &json!({ "offset": offset }));
            }
            s.ask(call, &json!({ "offset": -1 }));
            s.ask(call, &json!({ "other": 1 }));
            s.ask_text(call, "x");
        }
        s.ask("CONSUMER.NAMES.NONE", &Value::Null);
        s.ask("CONSUMER.LIST.NONE", &Value::Null);
    });
}

#[test]
#[ignore = "needs both servers"]
fn more_consumers_than_a_page_holds_are_listed_over_several() {
    same(|s| {
        s.plain_stream();
        for number in 0..300 {
            let config = json!({ "durable_name": format!("C{number:03}"), "ack_policy": "none" });
            let body = json!({ "stream_name": "S", "config": config }).to_string();
            s.request(&format!("$JS.API.CONSUMER.CREATE.S.C{number:03}"), "", &body);
        }
        for offset in [0, 256, 299, 300] {
            for call in ["CONSUMER.NAMES.S", "CONSUMER.LIST.S"] {
                s.ask(call, &json!({ "offset": offset }));
            }
        }
    });
}

#[test]
#[ignore = "needs both servers"]
fn what_is_not_there_is_told_so() {
    same(|s| {
        s.plain_stream();
        s.consumer("C", json!({}));
        for call in ["CONSUMER.INFO", "CONSUMER.DELETE"] {
            for path in ["S.NONE", "NONE.C", "S"] {
                s.request_no_answer(&format!("{call}.{path}"));
            }
            s.ask_text(&format!("{call}.S.C"), "x");
        }
        s.ask("CONSUMER.INFO.S.C", &json!({}));
        s.ask("CONSUMER.DELETE.S.C", &Value::Null);
        s.ask("CONSUMER.DELETE.S.C", &Value::Null);
        s.info("C");
        s.pull("C", &Value::Null);
        s.take(1);
        s.expect("503");
        s.ask("STREAM.INFO.S", &Value::Null);
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_stream_and_the_account_have_maxima_of_consumers() {
    same(|s| {
        s.stream(json!({ "name": "S", "subjects": ["s.>"], "max_consumers": 2 }));
        for name in ["A", "B"] {
            s.consumer(name, json!({}));
        }
        let body = json!({ "stream_name": "S",
            "config": { "durable_name": "C", "ack_policy": "explicit" } });
        s.ask("CONSUMER.CREATE.S.C", &body);
        s.ask("CONSUMER.DELETE.S.A", &Value::Null);
        s.ask("CONSUMER.CREATE.S.C", &body);
        s.ask("CONSUMER.CREATE.S.C", &body);
    });
}

#[test]
#[ignore = "needs both servers"]
fn advisories_tell_of_those_that_come_and_go() {
    same(|s| {
        s.plain_stream();
        s.listen("$JS.EVENT.ADVISORY.CONSUMER.>", "adv");
        s.consumer("C", json!({}));
        s.consumer("C", json!({}));
        s.consumer("C", json!({ "description": "changed" }));
        s.ask("CONSUMER.DELETE.S.C", &Value::Null);
        s.consumer("D", json!({}));
        s.ask("STREAM.DELETE.S", &Value::Null);
        s.quiet();
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_consumer_that_nobody_uses_goes_after_its_threshold() {
    same(|s| {
        s.plain_stream();
        s.listen("$JS.EVENT.ADVISORY.CONSUMER.DELETED.>", "adv");
        let config = json!({ "name": "E", "ack_policy": "explicit",
            "inactive_threshold": SECOND / 5 });
        s.ask("CONSUMER.CREATE.S.E", &json!({ "stream_name": "S", "config": config }));
        s.consumer("D", json!({ "inactive_threshold": SECOND / 5 }));
        s.consumer("STAYS", json!({}));
        s.pull("D", &json!({ "expires": 20 * SECOND }));
        s.take(1);
        s.expect("CONSUMER.DELETED.S.E");
        s.put(1);
        s.take(1);
        s.ask("CONSUMER.NAMES.S", &Value::Null);
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_push_consumer_goes_when_nobody_listens_any_more() {
    same(|s| {
        s.plain_stream();
        s.listen("$JS.EVENT.ADVISORY.CONSUMER.DELETED.>", "adv");
        s.listen("d.e", "push");
        let config = json!({ "name": "E", "ack_policy": "none", "deliver_subject": "d.e",
            "inactive_threshold": SECOND / 5 });
        s.ask("CONSUMER.CREATE.S.E", &json!({ "stream_name": "S", "config": config }));
        s.put(1);
        s.take(1);
        s.leave("push");
        s.take(1);
        s.expect("CONSUMER.DELETED.S.E");
    });
}
