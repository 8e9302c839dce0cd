//! What is pending: start policies, filters, and what changes below a consumer.

use serde_json::{Value, json};

use super::script::same;

const SECOND: u64 = 1_000_000_000;
const MIXED: [&str; 9] = ["s.a", "s.b", "s.a", "s.c", "s.b.x", "s.a", "s.c", "s.b", "s.a"];

#[test]
#[ignore = "needs both servers"]
fn every_start_policy_begins_where_it_says() {
    same(|s| {
        s.plain_stream();
        s.fill(&MIXED);
        s.ask("STREAM.MSG.DELETE.S", &json!({ "seq": 4 }));
        let starts = [
            json!({ "deliver_policy": "all" }),
            json!({ "deliver_policy": "last" }),
            json!({ "deliver_policy": "new" }),
            json!({ "deliver_policy": "by_start_sequence", "opt_start_seq": 4 }),
            json!({ "deliver_policy": "by_start_sequence", "opt_start_seq": 6 }),
            json!({ "deliver_policy": "by_start_sequence", "opt_start_seq": 10 }),
            json!({ "deliver_policy": "by_start_sequence", "opt_start_seq": 50 }),
            json!({ "deliver_policy": "by_start_time", "opt_start_time": "2020-01-01T00:00:00Z" }),
            json!({ "deliver_policy": "by_start_time", "opt_start_time": "2199-01-01T00:00:00Z" }),
            json!({ "deliver_policy": "last_per_subject", "filter_subject": ">" }),
        ];
        for (at, start) in starts.iter().enumerate() {
            for (more, filter) in ["", "s.a", "s.*", "s.none"].iter().enumerate() {
                let mut config = start.clone();
                if !filter.is_empty() {
                    config["filter_subject"] = json!(filter);
                }
                let name = format!("C{at}_{more}");
                s.consumer(&name, config);
                s.pull(&name, &json!({ "batch": 20, "no_wait": true }));
                s.quiet();
                s.info(&name);
            }
        }
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_start_time_takes_the_message_of_that_moment() {
    same(|s| {
        s.plain_stream();
        s.put(5);
        let answer = s.request("$JS.API.STREAM.MSG.GET.S", "", "{\"seq\":3}");
        let answer: Value = serde_json::from_slice(&answer.payload).expect("JSON");
        let config = json!({ "deliver_policy": "by_start_time", "ack_policy": "explicit",
            "durable_name": "C", "opt_start_time": answer["message"]["time"] });
        let body = json!({ "stream_name": "S", "config": config }).to_string();
        s.request("$JS.API.CONSUMER.CREATE.S.C", "", &body);
        s.fetch("C", 3);
    });
}

#[test]
#[ignore = "needs both servers"]
fn what_comes_after_is_counted_for_every_start_policy() {
    same(|s| {
        s.plain_stream();
        s.fill(&MIXED);
        let policies = [("all", 11), ("last", 3), ("new", 2), ("last_per_subject", 6)];
        for (policy, _) in policies {
            s.consumer(policy, json!({ "deliver_policy": policy, "filter_subject": "s.>" }));
        }
        s.fill(&["s.a", "s.d"]);
        for (policy, pending) in policies {
            s.counted(policy, pending);
            s.pull(policy, &json!({ "batch": 30, "no_wait": true }));
            s.quiet();
            s.info(policy);
        }
    });
}

#[test]
#[ignore = "needs both servers"]
fn pending_counts_follow_deletes_and_purges() {
    same(|s| {
        s.plain_stream();
        s.fill(&MIXED);
        s.fill(&MIXED);
        let filters = [
            ("ALL", json!({})),
            ("A", json!({ "filter_subject": "s.a" })),
            ("WILD", json!({ "filter_subject": "s.*" })),
            ("TWO", json!({ "filter_subjects": ["s.a", "s.b.>"] })),
            ("LAST", json!({ "deliver_policy": "last_per_subject", "filter_subject": "s.>" })),
        ];
        for (name, config) in &filters {
            s.consumer(name, config.clone());
            s.fetch(name, 2);
        }
        let steps = [
            ("STREAM.MSG.DELETE.S", json!({ "seq": 1 })),
            ("STREAM.MSG.DELETE.S", json!({ "seq": 6 })),
            ("STREAM.MSG.DELETE.S", json!({ "seq": 18 })),
            ("STREAM.PURGE.S", json!({ "filter": "s.b.x" })),
            ("STREAM.PURGE.S", json!({ "seq": 8 })),
            ("STREAM.PURGE.S", json!({ "filter": "s.a", "keep": 1 })),
            ("STREAM.PURGE.S", json!({ "keep": 2 })),
            ("STREAM.PURGE.S", json!({})),
        ];
        for (call, body) in steps {
            s.ask(call, &body);
            for (name, _) in &filters {
                s.info(name);
            }
        }
        s.fill(&["s.a", "s.b.y"]);
        for (name, pending) in [("ALL", 2), ("A", 1), ("WILD", 1), ("TWO", 2), ("LAST", 2)] {
            s.counted(name, pending);
            s.pull(name, &json!({ "batch": 5, "no_wait": true }));
            s.quiet();
            s.info(name);
        }
    });
}

#[test]
#[ignore = "needs both servers"]
fn what_limits_take_away_is_not_pending() {
    same(|s| {
        s.stream(json!({ "name": "S", "subjects": ["s.>"], "max_msgs": 5 }));
        s.put(5);
        s.consumer("C", json!({ "ack_wait": 60 * SECOND }));
        let got = s.fetch("C", 3);
        s.put(4);
        s.counted("C", 5);
        s.ack(&got[0], "+ACK");
        s.info("C");
        s.fetch("C", 5);
        s.put(5);
        s.counted("C", 5);
    });
}

#[test]
#[ignore = "needs both servers"]
fn only_the_last_of_a_subject_is_pending_where_the_stream_keeps_one() {
    same(|s| {
        s.stream(json!({ "name": "S", "subjects": ["s.>"], "max_msgs_per_subject": 1 }));
        s.fill(&MIXED);
        s.consumer("ALL", json!({}));
        s.consumer(
            "LAST",
            json!({ "deliver_policy": "last_per_subject",
            "filter_subject": "s.>" }),
        );
        s.fill(&["s.a", "s.c", "s.n"]);
        for name in ["ALL", "LAST"] {
            s.counted(name, 5);
            s.pull(name, &json!({ "batch": 20, "no_wait": true }));
            s.quiet();
            s.info(name);
        }
    });
}

#[test]
#[ignore = "needs both servers"]
fn several_filters_deliver_in_the_order_of_the_stream() {
    same(|s| {
        s.plain_stream();
        s.fill(&MIXED);
        s.consumer("C", json!({ "filter_subjects": ["s.c", "s.a"] }));
        s.pull("C", &json!({ "batch": 4, "no_wait": true }));
        s.take(4);
        s.fill(&["s.a", "s.b", "s.c"]);
        s.counted("C", 4);
        s.pull("C", &json!({ "batch": 20, "no_wait": true }));
        s.quiet();
        s.consumer("NONE", json!({ "filter_subjects": ["s.x", "s.y"] }));
        s.pull("NONE", &json!({ "batch": 20, "no_wait": true }));
        s.quiet();
    });
}

#[test]
#[ignore = "needs both servers"]
fn tokens_count_down_what_is_pending() {
    same(|s| {
        s.plain_stream();
        s.fill(&MIXED);
        s.consumer("C", json!({ "filter_subject": "s.*" }));
        s.pull("C", &json!({ "batch": 20, "no_wait": true }));
        s.quiet();
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_consumer_is_set_back_and_forth() {
    same(|s| {
        s.plain_stream();
        s.fill(&MIXED);
        s.consumer("C", json!({ "filter_subject": "s.a", "ack_wait": 60 * SECOND }));
        let got = s.fetch("C", 3);
        s.ack(&got[0], "+ACK");
        s.ack(&got[1], "-NAK");
        for body in ["", "{}", "{\"seq\":3}", "{\"seq\":99}", "{\"seq\":0}", "x", "{\"a\":1}"] {
            s.ask_text("CONSUMER.RESET.S.C", body);
            s.info("C");
            s.pull("C", &json!({ "batch": 2, "no_wait": true }));
            s.quiet();
        }
        s.request_no_answer("CONSUMER.RESET.S.NONE");
        s.consumer("NEW", json!({ "deliver_policy": "new" }));
        s.ask("CONSUMER.RESET.S.NEW", &json!({ "seq": 2 }));
        s.consumer("SEQ", json!({ "deliver_policy": "by_start_sequence", "opt_start_seq": 4 }));
        for seq in [2, 4, 6] {
            s.ask("CONSUMER.RESET.S.SEQ", &json!({ "seq": seq }));
        }
    });
}
