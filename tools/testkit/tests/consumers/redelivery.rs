//! What comes again: when, in which order, and how often.

use serde_json::json;

use super::script::same;

const SECOND: u64 = 1_000_000_000;
const MOMENT: u64 = SECOND / 5;

#[test]
#[ignore = "needs both servers"]
fn what_is_not_acknowledged_in_time_comes_again_in_order() {
    same(|s| {
        s.plain_stream();
        s.put(4);
        s.consumer("C", json!({ "ack_wait": MOMENT }));
        let got = s.fetch("C", 4);
        s.ack(&got[1], "+ACK");
        let again = s.fetch("C", 3);
        s.info("C");
        for message in &again {
            s.ack(message, "+ACK");
        }
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn progress_holds_redelivery_back() {
    same(|s| {
        s.plain_stream();
        s.put(2);
        s.consumer("C", json!({ "ack_wait": 3 * SECOND / 5 }));
        let got = s.fetch("C", 2);
        for _ in 0..2 {
            s.pull("C", &json!({ "batch": 1, "expires": 2 * MOMENT }));
            s.take(1);
            s.expect("408");
            s.ack(&got[0], "+WPI");
            s.ack(&got[1], "+WPI");
        }
        s.fetch("C", 2);
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_refused_message_comes_again_at_once_and_before_new_ones() {
    same(|s| {
        s.plain_stream();
        s.put(6);
        s.consumer("C", json!({ "ack_wait": 60 * SECOND }));
        let got = s.fetch("C", 4);
        for at in [2, 0, 3] {
            s.ack(&got[at], "-NAK");
        }
        s.info("C");
        s.fetch("C", 5);
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_refused_message_comes_again_after_its_delay() {
    same(|s| {
        s.plain_stream();
        s.put(3);
        s.consumer("C", json!({ "ack_wait": 60 * SECOND }));
        let got = s.fetch("C", 3);
        s.ack(&got[0], "-NAK {\"delay\":600000000}");
        s.ack(&got[1], "-NAK 300ms");
        s.ack(&got[2], "-NAK {\"delay\":\"x\"}");
        s.pull("C", &json!({ "batch": 1, "no_wait": true }));
        s.take(1);
        s.pull("C", &json!({ "batch": 1, "no_wait": true }));
        s.take(1);
        s.fetch("C", 2);
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn waits_grow_as_the_backoff_says() {
    same(|s| {
        s.plain_stream();
        s.put(1);
        s.consumer("C", json!({ "backoff": [MOMENT, 3 * MOMENT], "max_deliver": 4 }));
        s.pull("C", &json!({ "batch": 9, "expires": 20 * SECOND }));
        s.take(1);
        let begun = std::time::Instant::now();
        s.take(1);
        let first = begun.elapsed();
        s.take(1);
        let second = begun.elapsed() - first;
        s.take(1);
        let third = begun.elapsed() - first - second;
        s.note(format!("{} {} {}", in_fifths(first), in_fifths(second), in_fifths(third)));
        s.info("C");
    });
}

/// Near enough: a busy machine may take longer.
fn in_fifths(waited: std::time::Duration) -> &'static str {
    match waited.as_millis() {
        0..150 => "too early",
        150..550 => "one",
        _ => "three",
    }
}

#[test]
#[ignore = "needs both servers"]
fn a_message_is_delivered_so_often_and_no_more() {
    same(|s| {
        s.pending_varies();
        s.plain_stream();
        s.listen("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>", "adv");
        s.put(2);
        s.consumer("C", json!({ "ack_wait": MOMENT, "max_deliver": 2 }));
        s.pull("C", &json!({ "batch": 9, "expires": 20 * SECOND }));
        s.take(4);
        s.take_in_any_order(2);
        s.quiet();
        s.info("C");
        s.put(1);
        s.take(1);
        s.info("C");
        s.ask("STREAM.INFO.S", &serde_json::Value::Null);
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_message_refused_for_the_last_time_is_given_up() {
    same(|s| {
        s.plain_stream();
        s.listen("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>", "adv");
        s.put(2);
        s.consumer("C", json!({ "ack_wait": 60 * SECOND, "max_deliver": 2 }));
        let got = s.fetch("C", 1);
        s.ack(&got[0], "-NAK");
        let got = s.fetch("C", 1);
        s.ack(&got[0], "-NAK");
        s.pull("C", &json!({ "batch": 2, "expires": SECOND }));
        s.quiet();
        s.info("C");
        s.ack(&got[0], "+ACK");
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn delivered_once_means_never_again() {
    same(|s| {
        s.plain_stream();
        s.listen("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>", "adv");
        s.put(3);
        s.consumer("C", json!({ "ack_wait": MOMENT, "max_deliver": 1 }));
        s.pull("C", &json!({ "batch": 5, "expires": 20 * SECOND }));
        s.take(3);
        s.take_in_any_order(3);
        s.quiet();
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn what_was_refused_by_one_request_goes_to_the_next_that_waits() {
    same(|s| {
        s.plain_stream();
        s.put(1);
        s.consumer("C", json!({ "ack_wait": 60 * SECOND }));
        let mut got = s.fetch("C", 1);
        s.pull("C", &json!({ "batch": 1, "expires": 20 * SECOND }));
        s.pull("C", &json!({ "batch": 1, "expires": 20 * SECOND }));
        s.until("C", |info| info["num_waiting"] == 2);
        for _ in 0..2 {
            s.ack_only(&got[0], "-NAK");
            got = s.take(1);
        }
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn what_was_deleted_meanwhile_does_not_come_again() {
    same(|s| {
        s.plain_stream();
        s.put(4);
        s.consumer("C", json!({ "ack_wait": MOMENT }));
        s.fetch("C", 3);
        s.ask("STREAM.MSG.DELETE.S", &json!({ "seq": 2 }));
        s.fetch("C", 3);
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn messages_that_were_terminated_do_not_come_again() {
    same(|s| {
        s.plain_stream();
        s.put(3);
        s.consumer("C", json!({ "ack_wait": MOMENT }));
        let got = s.fetch("C", 3);
        s.ack(&got[1], "+TERM");
        s.fetch("C", 2);
        s.info("C");
    });
}
