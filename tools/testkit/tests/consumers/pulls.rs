//! Pull requests: what they get, in which order, and how they end.

use anabranch_testkit::server::Signal;
use serde_json::{Value, json};

use super::script::same;

const SECOND: u64 = 1_000_000_000;
const MOMENT: u64 = SECOND / 5;

#[test]
#[ignore = "needs both servers"]
fn a_request_says_how_many_in_every_way() {
    same(|s| {
        s.plain_stream();
        s.put(30);
        s.consumer("C", json!({}));
        for body in ["", "2", " 3 ", "{\"batch\":2}", "garbage", "0", "-4", "{}", "{\"batch\":0}"] {
            s.pull_text("C", "", body);
            s.quiet();
        }
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn requests_that_are_wrong_are_told_so() {
    same(|s| {
        s.plain_stream();
        s.put(3);
        s.consumer("C", json!({}));
        for body in [
            "{\"batch\":",
            "{\"batch\":\"x\"}",
            "{\"unknown\":1}",
            "[1]",
            "{\"batch\":1,\"expires\":100000000,\"idle_heartbeat\":60000000}",
            "{\"batch\":1,\"idle_heartbeat\":100000000}",
            "{\"batch\":1,\"no_wait\":true,\"idle_heartbeat\":100000000}",
            "{\"batch\":1,\"group\":\"g\"}",
            "{\"batch\":1,\"min_pending\":5}",
            "{\"batch\":1,\"priority\":5}",
            "{\"batch\":1,\"id\":\"x\"}",
            "{\"batch\":1,\"expires\":-1}",
            "{\"batch\":1,\"max_bytes\":-1}",
        ] {
            s.pull_text("C", "", body);
            s.quiet();
        }
        s.pull_text("C", "Nats-Required-Api-Level: 9", "1");
        s.quiet();
        s.pull_text("C", "Nats-Required-Api-Level: 1", "1");
        s.quiet();
    });
}

#[test]
#[ignore = "needs both servers"]
fn without_waiting_there_is_404_or_what_is_there() {
    same(|s| {
        s.plain_stream();
        s.consumer("C", json!({}));
        s.pull("C", &json!({ "batch": 3, "no_wait": true }));
        s.take(1);
        s.expect("404 No Messages");
        s.put(2);
        s.pull("C", &json!({ "batch": 5, "no_wait": true }));
        s.take(3);
        s.pull("C", &json!({ "batch": 5, "no_wait": true }));
        s.take(1);
        s.put(5);
        s.pull("C", &json!({ "batch": 5, "no_wait": true }));
        s.quiet();
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn without_waiting_but_with_an_expiry_one_message_ends_the_wait() {
    same(|s| {
        s.pending_varies();
        s.plain_stream();
        s.consumer("C", json!({}));
        s.pull("C", &json!({ "batch": 3, "no_wait": true, "expires": MOMENT }));
        s.take(1);
        s.put(2);
        s.pull("C", &json!({ "batch": 3, "no_wait": true, "expires": MOMENT }));
        s.quiet();
        s.pull("C", &json!({ "batch": 3, "no_wait": true, "expires": 10 * SECOND }));
        s.put(1);
        s.quiet();
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_request_that_expires_is_told_what_it_lacked() {
    same(|s| {
        s.plain_stream();
        s.consumer("C", json!({}));
        s.pull("C", &json!({ "batch": 3, "expires": MOMENT }));
        s.take(1);
        s.expect("408 Request Timeout");
        s.put(2);
        s.pull("C", &json!({ "batch": 5, "expires": MOMENT }));
        s.take(3);
        s.expect("Nats-Pending-Messages: 3");
        s.pull("C", &json!({ "batch": 5, "expires": MOMENT, "max_bytes": 1000 }));
        s.take(1);
        s.expect("Nats-Pending-Bytes: 1000");
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_request_gets_what_comes_later() {
    same(|s| {
        s.pending_varies();
        s.plain_stream();
        s.consumer("C", json!({}));
        s.pull("C", &json!({ "batch": 4, "expires": 20 * SECOND }));
        s.put(2);
        s.take(2);
        s.put(1);
        s.take(1);
        s.info("C");
        s.put(3);
        s.take(1);
        s.quiet();
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn bytes_are_counted_and_end_a_request() {
    same(|s| {
        s.plain_stream();
        for size in [10, 10, 300, 10, 10, 10] {
            s.request("s.a", "", &"x".repeat(size));
        }
        s.consumer("C", json!({}));
        s.pull("C", &json!({ "batch": 10, "max_bytes": 150, "expires": MOMENT }));
        s.quiet();
        s.pull("C", &json!({ "batch": 10, "max_bytes": 60, "expires": MOMENT }));
        s.quiet();
        s.pull("C", &json!({ "batch": 10, "max_bytes": 400, "expires": MOMENT }));
        s.quiet();
        s.pull("C", &json!({ "batch": 10, "max_bytes": 4000, "no_wait": true }));
        s.quiet();
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn exactly_the_bytes_that_are_left_complete_a_batch() {
    same(|s| {
        s.plain_stream();
        for size in [10; 6] {
            s.request("s.a", "", &"x".repeat(size));
        }
        s.consumer("C", json!({}));
        // The time in the token always has 19 digits.
        for max_bytes in [54, 55, 56, 57, 58, 59, 110, 112, 114, 116] {
            s.pull("C", &json!({ "batch": 2, "max_bytes": max_bytes, "expires": MOMENT }));
            s.quiet();
        }
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_request_that_is_idle_has_its_heartbeats() {
    same(|s| {
        s.plain_stream();
        s.consumer("C", json!({}));
        let asked = json!({ "batch": 3, "expires": SECOND, "idle_heartbeat": 400_000_000 });
        s.pull("C", &asked);
        s.take(3);
        s.put(2);
        let got = s.fetch("C", 1);
        s.ack(&got[0], "+ACK");
        s.pull("C", &asked);
        s.take(4);
        s.expect("408");
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_consumer_bounds_its_requests() {
    same(|s| {
        s.plain_stream();
        s.put(9);
        s.consumer("C", json!({ "max_batch": 3, "max_expires": SECOND, "max_bytes": 200 }));
        s.pull("C", &json!({ "batch": 4 }));
        s.take(1);
        s.pull("C", &json!({ "batch": 1, "expires": 2 * SECOND }));
        s.take(1);
        s.pull("C", &json!({ "batch": 1, "expires": 90_500_000_000u64 }));
        s.take(1);
        s.pull("C", &json!({ "batch": 1, "max_bytes": 201 }));
        s.take(1);
        s.pull("C", &json!({ "batch": 3, "max_bytes": 200, "expires": SECOND / 2 }));
        s.take(3);
        s.pull("C", &json!({ "batch": 3 }));
        s.quiet();
    });
}

#[test]
#[ignore = "needs both servers"]
fn more_requests_than_may_wait_are_refused() {
    same(|s| {
        s.pending_varies();
        s.plain_stream();
        s.consumer("C", json!({ "max_waiting": 2 }));
        for _ in 0..2 {
            s.pull("C", &json!({ "batch": 2, "expires": 20 * SECOND }));
        }
        s.until("C", |info| info["num_waiting"] == 2);
        s.pull("C", &json!({ "batch": 2, "expires": 20 * SECOND }));
        s.take(1);
        s.expect("409 Exceeded MaxWaiting");
        s.pull("C", &json!({ "batch": 2, "expires": SECOND, "idle_heartbeat": MOMENT }));
        s.put(4);
        s.take(4);
        s.pull("C", &json!({ "batch": 1, "expires": 20 * SECOND }));
        s.until("C", |info| info["num_waiting"] == 1);
    });
}

#[test]
#[ignore = "needs both servers"]
fn requests_take_turns() {
    same(|s| {
        s.pending_varies();
        s.plain_stream();
        s.consumer("C", json!({}));
        s.pull("C", &json!({ "batch": 3, "expires": 20 * SECOND }));
        s.pull("C", &json!({ "batch": 1, "expires": 20 * SECOND }));
        s.pull("C", &json!({ "batch": 4, "expires": 20 * SECOND }));
        s.until("C", |info| info["num_waiting"] == 3);
        s.put(10);
        s.take(8);
        s.until("C", |info| info["num_waiting"] == 0);
        s.quiet();
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_request_whose_asker_left_takes_nothing() {
    same(|s| {
        s.pending_varies();
        s.plain_stream();
        s.consumer("C", json!({}));
        let gone = s.pull("C", &json!({ "batch": 3, "expires": 20 * SECOND }));
        s.until("C", |info| info["num_waiting"] == 1);
        s.leave(&gone);
        s.pull("C", &json!({ "batch": 3, "expires": 20 * SECOND }));
        s.put(4);
        s.take(3);
        s.quiet();
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn who_does_not_wait_is_told_when_earlier_requests_take_all() {
    same(|s| {
        s.plain_stream();
        s.consumer("C", json!({ "max_ack_pending": 1 }));
        s.put(3);
        s.fetch("C", 1);
        s.pull("C", &json!({ "batch": 2, "expires": 2 * SECOND }));
        s.until("C", |info| info["num_waiting"] == 1);
        s.pull("C", &json!({ "batch": 2, "no_wait": true }));
        s.quiet();
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn no_more_is_delivered_than_may_be_unacknowledged() {
    same(|s| {
        s.plain_stream();
        s.consumer("C", json!({ "max_ack_pending": 2 }));
        s.put(6);
        s.pull("C", &json!({ "batch": 5, "expires": 20 * SECOND }));
        let got = s.take(2);
        s.quiet();
        s.info("C");
        s.ack(&got[1], "+ACK");
        s.take(1);
        s.ack(&got[0], "+TERM");
        s.take(1);
        s.quiet();
        s.pull("C", &json!({ "batch": 1, "no_wait": true }));
        s.quiet();
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn requests_that_wait_are_told_when_the_consumer_goes() {
    same(|s| {
        s.plain_stream();
        for name in ["C", "D"] {
            s.consumer(name, json!({}));
            s.pull(name, &json!({ "batch": 3, "expires": 20 * SECOND }));
            s.until(name, |info| info["num_waiting"] == 1);
        }
        s.ask("CONSUMER.DELETE.S.C", &Value::Null);
        s.take(1);
        s.expect("409 Consumer Deleted");
        s.ask("STREAM.DELETE.S", &Value::Null);
        s.take(1);
        s.expect("409 Consumer Deleted");
    });
}

#[test]
#[ignore = "needs both servers"]
fn requests_that_wait_are_told_when_the_server_ends() {
    same(|s| {
        s.plain_stream();
        s.consumer("C", json!({}));
        s.pull("C", &json!({ "batch": 3, "expires": 20 * SECOND }));
        s.until("C", |info| info["num_waiting"] == 1);
        s.stop(Signal::TERM);
        s.take(1);
        s.expect("409 Server Shutdown");
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_push_consumer_is_not_pulled_from() {
    same(|s| {
        s.plain_stream();
        s.consumer("C", json!({ "deliver_subject": "d" }));
        s.pull("C", &json!({ "batch": 3, "expires": 20 * SECOND }));
        s.take(1);
        s.expect("409 Consumer is push based");
    });
}

#[test]
#[ignore = "needs both servers"]
fn headers_and_subjects_come_as_they_were_published() {
    same(|s| {
        s.pending_varies();
        s.plain_stream();
        s.consumer("C", json!({}));
        s.consumer("H", json!({ "headers_only": true }));
        s.request("s.a.b.c", "A: 1\r\nA: 2\r\nb: x y", "body");
        s.request("s.empty", "", "");
        s.request("s.some", "", "12345");
        s.request("s.head", "X: y", "");
        s.fetch("C", 4);
        s.fetch("H", 4);
    });
}
