//! Push consumers: where they deliver, their heartbeats and their flow control.

use serde_json::{Value, json};

use super::script::{header, same};

const SECOND: u64 = 1_000_000_000;
const MOMENT: u64 = SECOND / 5;

#[test]
#[ignore = "needs both servers"]
fn messages_are_delivered_to_who_listens() {
    same(|s| {
        s.pending_varies();
        s.plain_stream();
        s.put(2);
        s.listen("d", "push");
        s.consumer("C", json!({ "deliver_subject": "d" }));
        let got = s.take(2);
        s.put(1);
        s.take(1);
        s.ack(&got[0], "+ACK");
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn delivery_begins_when_somebody_listens_and_ends_when_nobody_does() {
    same(|s| {
        s.pending_varies();
        s.plain_stream();
        s.put(2);
        s.consumer("C", json!({ "deliver_subject": "d" }));
        s.quiet();
        s.info("C");
        s.listen("d", "one");
        s.take(2);
        s.until("C", |info| info["push_bound"] == true);
        s.leave("one");
        s.until("C", |info| info["push_bound"].is_null());
        s.put(2);
        s.quiet();
        s.info("C");
        s.listen("d", "two");
        s.take(2);
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_group_shares_what_is_delivered() {
    same(|s| {
        s.plain_stream();
        s.consumer("C", json!({ "deliver_subject": "d", "deliver_group": "g" }));
        s.listen("d", "plain");
        s.put(1);
        s.quiet();
        s.info("C");
        s.listen("d g", "member");
        s.take(1);
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_consumer_that_somebody_listens_to_cannot_be_made_anew() {
    same(|s| {
        s.plain_stream();
        s.listen("d", "push");
        s.listen("e", "other");
        s.consumer("C", json!({ "deliver_subject": "d" }));
        s.until("C", |info| info["push_bound"] == true);
        for subject in ["d", "e"] {
            let config = json!({ "durable_name": "C", "ack_policy": "explicit",
                "deliver_subject": subject });
            let body = json!({ "stream_name": "S", "config": config });
            s.ask("CONSUMER.DURABLE.CREATE.S.C", &body);
            s.ask("CONSUMER.CREATE.S.C", &body);
        }
        s.leave("push");
        s.until("C", |info| info["push_bound"].is_null());
        let config = json!({ "durable_name": "C", "ack_policy": "explicit",
            "deliver_subject": "e" });
        s.ask("CONSUMER.CREATE.S.C", &json!({ "stream_name": "S", "config": config }));
        s.put(1);
        s.take(1);
    });
}

#[test]
#[ignore = "needs both servers"]
fn heartbeats_come_while_nothing_else_does() {
    same(|s| {
        s.pending_varies();
        s.plain_stream();
        s.listen("d", "push");
        s.consumer("C", json!({ "deliver_subject": "d", "idle_heartbeat": 2 * MOMENT }));
        s.take(2);
        s.put(2);
        s.take(4);
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn heartbeats_come_while_acknowledgements_are_waited_for() {
    same(|s| {
        s.plain_stream();
        s.listen("d", "push");
        s.put(3);
        s.consumer(
            "C",
            json!({ "deliver_subject": "d", "idle_heartbeat": 2 * MOMENT,
            "max_ack_pending": 1 }),
        );
        let got = s.take(2);
        s.ack(&got[0], "+ACK");
        s.take(2);
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_receiver_that_confirms_nothing_is_waited_for() {
    same(|s| {
        s.plain_stream();
        s.listen("d", "push");
        let body = "x".repeat(100_000);
        for _ in 0..60 {
            s.request("s.a", "", &body);
        }
        s.consumer(
            "C",
            json!({ "deliver_subject": "d", "ack_policy": "none",
            "flow_control": true, "idle_heartbeat": 2 * SECOND }),
        );
        let mut confirmed = 0;
        let mut delivered = 0;
        while delivered < 60 {
            let message = s.take_unrecorded();
            if message.reply.starts_with("$JS.FC.") {
                confirmed += 1;
                s.note(format!("asked after {delivered}"));
                s.publish(&message.reply, "", "", "");
            } else if message.payload.is_empty() {
                s.note(format!("after {delivered}: {}", header(&message, "Nats-Consumer-Stalled")));
            } else {
                delivered += 1;
            }
        }
        s.note(format!("{} {delivered}", confirmed > 0));
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_stalled_receiver_hears_of_it_in_heartbeats() {
    same(|s| {
        s.plain_stream();
        s.listen("d", "push");
        let body = "x".repeat(500_000);
        for _ in 0..20 {
            s.request("s.a", "", &body);
        }
        s.consumer(
            "C",
            json!({ "deliver_subject": "d", "ack_policy": "none",
            "flow_control": true, "idle_heartbeat": SECOND / 2 }),
        );
        let mut delivered = 0;
        loop {
            let message = s.take_unrecorded();
            if message.reply.starts_with("$JS.FC.") {
                s.note("asked");
            } else if message.payload.is_empty() {
                s.note(format!("stalled: {}", header(&message, "Nats-Consumer-Stalled")));
                break;
            } else {
                delivered += 1;
            }
        }
        s.note(format!("{delivered} delivered"));
    });
}

#[test]
#[ignore = "needs both servers"]
fn an_ordered_consumer_is_numbered_without_gaps() {
    same(|s| {
        s.pending_varies();
        s.plain_stream();
        s.fill(&["s.a", "s.b", "s.a", "s.b", "s.a"]);
        s.ask("STREAM.MSG.DELETE.S", &json!({ "seq": 3 }));
        s.listen("d", "push");
        let config = json!({ "name": "O", "ack_policy": "none", "max_deliver": 1,
            "mem_storage": true, "num_replicas": 1, "flow_control": true,
            "idle_heartbeat": 5 * SECOND, "deliver_subject": "d", "filter_subject": "s.a",
            "inactive_threshold": 300 * SECOND });
        s.ask("CONSUMER.CREATE.S.O.s.a", &json!({ "stream_name": "S", "config": config }));
        s.take(2);
        s.fill(&["s.b", "s.a"]);
        s.take(1);
        s.info("O");
    });
}

#[test]
#[ignore = "needs both servers"]
fn headers_alone_tell_of_the_size() {
    same(|s| {
        s.plain_stream();
        s.listen("d", "push");
        s.request("s.a", "A: b", "body");
        s.request("s.a", "", "1234567890");
        s.request("s.a", "", "");
        s.consumer(
            "C",
            json!({ "deliver_subject": "d", "headers_only": true,
            "ack_wait": MOMENT }),
        );
        s.take(3);
        s.take(3);
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_pushed_message_that_is_not_acknowledged_comes_again() {
    same(|s| {
        s.plain_stream();
        s.listen("d", "push");
        s.put(2);
        s.consumer("C", json!({ "deliver_subject": "d", "ack_wait": MOMENT, "max_deliver": 3 }));
        s.take(6);
        s.quiet();
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn messages_come_at_the_pace_they_were_published() {
    same(|s| {
        s.plain_stream();
        s.listen("d", "push");
        s.listen("_WAIT", "wait");
        s.put(1);
        s.consumer("W", json!({}));
        s.fetch("W", 1);
        s.pull("W", &json!({ "batch": 1, "expires": 3 * MOMENT }));
        s.take(1);
        s.put(1);
        s.consumer("C", json!({ "deliver_subject": "d", "replay_policy": "original" }));
        s.take(1);
        let begun = std::time::Instant::now();
        s.take(1);
        s.note(format!("{}", begun.elapsed().as_millis() > 400));
    });
}

#[test]
#[ignore = "needs both servers"]
fn whoever_listens_is_told_nothing_when_the_consumer_goes() {
    same(|s| {
        s.plain_stream();
        s.listen("d", "push");
        s.consumer("C", json!({ "deliver_subject": "d" }));
        s.put(1);
        s.take(1);
        s.ask("CONSUMER.DELETE.S.C", &Value::Null);
        s.put(1);
        s.quiet();
    });
}
