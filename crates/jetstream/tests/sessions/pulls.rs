//! Requests: who gets a message, and what ends them.

use anabranch_jetstream::Nanos;
use anabranch_jetstream::consumer::{Begin, ConsumerConfig, Effect, End};

use crate::desk::{Desk, List, MILLISECOND, SECOND, pull, seqs};

#[test]
fn a_request_gets_as_many_messages_as_it_asks_for() {
    let mut desk = Desk::new(&pull());
    desk.publish(5);
    let got = desk.ask("a", "3");
    assert_eq!(seqs(&got), [1, 2, 3]);
    let tokens: Vec<_> =
        got.iter().map(|got| (got.deliveries, got.consumer_seq, got.pending)).collect();
    assert_eq!(tokens, [(1, 1, 4), (1, 2, 3), (1, 3, 2)]);
    assert_eq!(got[0].reply, format!("$JS.ACK.S.C.1.1.1.{}.4", desk.now));
    assert_eq!(desk.session.waiting(), 0);
    assert_eq!(desk.places(), [(0, 0), (3, 3)]);
    assert!(desk.statuses.is_empty());
}

#[test]
fn odd_bodies_ask_for_one_message() {
    for body in ["", "  1 ", "word", "{}", "0", "-7", "[]", "{\"batch\":0}"] {
        let mut desk = Desk::new(&pull());
        desk.publish(3);
        assert_eq!(seqs(&desk.ask("a", body)), [1], "{body}");
        assert_eq!(desk.session.waiting(), 0);
    }
}

#[test]
fn requests_take_turns() {
    let mut desk = Desk::new(&pull());
    desk.ask("a", "3");
    desk.ask("b", "2");
    desk.publish(6);
    let got = desk.run();
    let order: Vec<_> = got.iter().map(|got| got.to.as_str()).collect();
    assert_eq!(order, ["a", "b", "a", "b", "a"]);
}

#[test]
fn requests_that_cannot_be_are_refused_in_words() {
    let limited = ConsumerConfig {
        max_request_batch: 5,
        max_request_expires: Nanos(SECOND),
        max_request_bytes: 100,
        ..pull()
    };
    let cases = [
        ("{", "400 Bad Request - unexpected end of JSON input"),
        (
            "{\"batch\":\"x\"}",
            "400 Bad Request - json: cannot unmarshal string into Go struct field .batch of \
             type int",
        ),
        (
            "{\"min_pending\":\"a\"}",
            "400 Bad Request - json: cannot unmarshal string into Go struct field .min_pending of \
             type int64",
        ),
        ("{\"batch\":1}x", "400 Bad Request - invalid character 'x' after top-level value"),
        (
            "{\"expires\":1000000,\"idle_heartbeat\":600000}",
            "400 Bad Request - heartbeat value too large",
        ),
        ("{\"priority\":10}", "400 Bad Request - Priority must be between 0 and 9"),
        ("{\"id\":\"x\"}", "400 Bad Request - Not a Pinned Client Priority consumer"),
        ("{\"min_pending\":1}", "400 Bad Request - Not a Overflow Priority consumer"),
        ("6", "409 Exceeded MaxRequestBatch of 5"),
        ("{\"batch\":1,\"expires\":1000000001}", "409 Exceeded MaxRequestExpires of 1s"),
        ("{\"batch\":1,\"max_bytes\":101}", "409 Exceeded MaxRequestMaxBytes of 100"),
        ("{\"batch\":1,\"no_wait\":true}", "404 No Messages"),
    ];
    for (body, status) in cases {
        let mut desk = Desk::new(&limited);
        desk.ask("a", body);
        assert_eq!(desk.statuses, [format!("a: {status}")], "{body}");
        assert_eq!(desk.session.waiting(), 0);
    }
    let mut desk = Desk::new(&pull());
    let headers = b"NATS/1.0\r\nNats-Required-Api-Level: 99\r\n\r\n";
    desk.session.request(b"a", headers, b"", desk.now, &mut desk.list);
    desk.run();
    assert_eq!(desk.statuses, ["a: 412 Required Api Level"]);
}

#[test]
fn a_request_ends_when_its_time_is_over() {
    let mut desk = Desk::new(&pull());
    desk.publish(1);
    let got = desk.ask("a", "{\"batch\":3,\"expires\":1000000000,\"max_bytes\":1000}");
    let used = 3 + got[0].reply.len() + 10;
    desk.pass(SECOND - 1);
    assert!(desk.statuses.is_empty());
    desk.pass(1);
    let left = 1000 - used;
    let expected =
        format!("a: 408 Request Timeout|Nats-Pending-Messages: 2|Nats-Pending-Bytes: {left}");
    assert_eq!(desk.statuses, [expected]);
    assert_eq!(desk.session.next_deadline(), Some(desk.now + 29 * SECOND + MILLISECOND));
}

#[test]
fn one_that_does_not_wait_ends_with_the_messages() {
    let mut desk = Desk::new(&pull());
    desk.publish(2);
    assert_eq!(desk.ask("a", "{\"batch\":5,\"no_wait\":true}").len(), 2);
    assert_eq!(desk.take_statuses(), ["a: 404 No Messages"]);
    // With a time, it waits for the first message only.
    desk.ask("b", "{\"batch\":5,\"no_wait\":true,\"expires\":1000000000}");
    assert!(desk.statuses.is_empty());
    desk.publish(1);
    assert_eq!(desk.run().len(), 1);
    assert_eq!(desk.take_statuses(), ["b: 404 No Messages"]);
    desk.ask("c", "{\"batch\":5,\"no_wait\":true,\"expires\":1000000000}");
    desk.pass(SECOND);
    let expected = "c: 408 Request Timeout|Nats-Pending-Messages: 5|Nats-Pending-Bytes: 0";
    assert_eq!(desk.take_statuses(), [expected]);
}

#[test]
fn one_that_does_not_wait_is_refused_when_others_take_all() {
    let mut desk = Desk::new(&pull());
    desk.ask("a", "10");
    desk.list.add(desk.now, 10);
    let body = b"{\"no_wait\":true,\"batch\":1}";
    desk.session.request(b"b", b"", body, desk.now, &mut desk.list);
    assert_eq!(desk.run()[0].to, "a");
    assert_eq!(desk.statuses, ["b: 408 Requests Pending"]);
}

#[test]
fn bytes_are_counted_with_subject_and_reply() {
    let mut desk = Desk::new(&pull());
    desk.publish(3);
    let reply = format!("$JS.ACK.S.C.1.1.1.{}.2", desk.now).len();
    let size = 3 + reply + 10;
    // Exactly one message: the request is over, although it asked for more of them.
    let body = format!("{{\"batch\":5,\"max_bytes\":{size}}}");
    assert_eq!(desk.ask("a", &body).len(), 1);
    assert!(desk.take_statuses().is_empty());
    assert_eq!(desk.session.waiting(), 0);
    let body = format!("{{\"batch\":5,\"max_bytes\":{}}}", size - 1);
    assert_eq!(desk.ask("b", &body).len(), 0);
    let rest = format!("Nats-Pending-Messages: 5|Nats-Pending-Bytes: {}", size - 1);
    assert_eq!(desk.take_statuses(), [format!("b: 409 Message Size Exceeds MaxBytes|{rest}")]);
    let body = format!("{{\"batch\":1,\"max_bytes\":{}}}", size + 7);
    assert_eq!(desk.ask("c", &body).len(), 1);
    let rest = "Nats-Pending-Messages: 0|Nats-Pending-Bytes: 7";
    assert_eq!(desk.take_statuses(), [format!("c: 409 Batch Completed|{rest}")]);
}

#[test]
fn only_so_many_requests_wait() {
    let mut desk = Desk::new(&ConsumerConfig { max_waiting: 2, ..pull() });
    for reply in ["a", "b", "c"] {
        desk.ask(reply, "1");
    }
    assert_eq!(desk.take_statuses(), ["c: 409 Exceeded MaxWaiting"]);
    desk.ask("d", "{\"batch\":1,\"expires\":10000000000,\"idle_heartbeat\":1000000000}");
    assert!(desk.take_statuses().is_empty());
    assert_eq!(desk.session.waiting(), 2);
    // Those that nobody waits for make room, but they are not looked for all the time.
    desk.list.silent.insert(b"a".to_vec());
    desk.ask("e", "1");
    assert_eq!(desk.take_statuses(), ["e: 409 Exceeded MaxWaiting"]);
    desk.pass(2 * SECOND);
    desk.ask("f", "1");
    assert!(desk.take_statuses().is_empty());
    assert_eq!(desk.session.waiting(), 2);
}

#[test]
fn who_went_away_gets_nothing() {
    let mut desk = Desk::new(&pull());
    desk.ask("a", "2");
    desk.ask("b", "2");
    desk.list.silent.insert(b"a".to_vec());
    desk.publish(2);
    let got = desk.run();
    assert_eq!(got.iter().map(|got| got.to.as_str()).collect::<Vec<_>>(), ["b", "b"]);
    assert!(desk.statuses.is_empty());
    assert_eq!(desk.session.waiting(), 0);
}

#[test]
fn heartbeats_fill_the_silence() {
    let mut desk = Desk::new(&pull());
    desk.list.add_other();
    let body = "{\"batch\":5,\"expires\":10000000000,\"idle_heartbeat\":1000000000}";
    desk.ask("a", body);
    desk.pass(SECOND);
    let beat = "a: 100 Idle Heartbeat|Nats-Last-Consumer: 0|Nats-Last-Stream: 1";
    assert_eq!(desk.take_statuses(), [beat]);
    desk.pass(SECOND / 2);
    desk.publish(1);
    assert_eq!(desk.run().len(), 1);
    desk.pass(SECOND - 1);
    assert!(desk.take_statuses().is_empty());
    desk.pass(1);
    let beat = "a: 100 Idle Heartbeat|Nats-Last-Consumer: 1|Nats-Last-Stream: 2";
    assert_eq!(desk.take_statuses(), [beat]);
}

#[test]
fn the_end_is_told_to_those_who_wait() {
    let mut desk = Desk::new(&pull());
    desk.ask("a", "2");
    desk.session.end(End::Deleted);
    desk.run();
    assert_eq!(desk.take_statuses(), ["a: 409 Consumer Deleted"]);
    desk.ask("b", "{\"batch\":2,\"max_bytes\":9}");
    desk.session.end(End::ServerShutdown);
    desk.run();
    let rest = "Nats-Pending-Messages: 2|Nats-Pending-Bytes: 9";
    assert_eq!(desk.take_statuses(), [format!("b: 409 Server Shutdown|{rest}")]);
    assert_eq!(desk.session.waiting(), 0);
}

#[test]
fn nothing_comes_while_it_is_paused() {
    let mut desk = Desk::new(&pull());
    desk.publish(1);
    let until = anabranch_jetstream::Timestamp::from_unix_nanos(desk.now + SECOND);
    let paused = ConsumerConfig { pause_until: Some(until), ..pull() };
    desk.session.set_config(&paused, 0, desk.now);
    assert!(desk.session.is_paused(desk.now));
    assert!(desk.ask("a", "1").is_empty());
    assert!(!desk.session.wants());
    assert!(desk.pass(SECOND - 1).is_empty());
    assert_eq!(desk.pass(1).len(), 1);
    assert_eq!(desk.others, [Effect::Resumed]);
}

#[test]
fn what_is_unused_ends() {
    let config = ConsumerConfig { durable: String::new(), ..pull() };
    let mut desk = Desk::new(&config);
    desk.pass(5 * SECOND);
    assert!(desk.others.is_empty());
    desk.ask("a", "{\"batch\":1,\"expires\":20000000000}");
    desk.pass(19 * SECOND);
    assert!(desk.others.is_empty(), "a request waits");
    desk.pass(12 * SECOND);
    // As long as it is there, it is told so again.
    assert_eq!(desk.others.first(), Some(&Effect::Inactive));
}

#[test]
fn it_is_used_while_a_client_may_be_at_work() {
    let config = ConsumerConfig { inactive_threshold: Nanos(SECOND), ..pull() };
    let mut desk = Desk::new(&config);
    desk.publish(1);
    let got = desk.ask("a", "1");
    desk.pass(30 * SECOND);
    assert!(desk.others.is_empty());
    desk.ack(&got[0], "");
    desk.pass(2 * SECOND);
    assert_eq!(desk.others, [Effect::Inactive]);
}

#[test]
fn durable_ones_stay() {
    let mut desk = Desk::new(&pull());
    assert_eq!(desk.session.next_deadline(), None);
    desk.pass(1000 * SECOND);
    assert!(desk.others.is_empty());
}

#[test]
fn the_last_of_each_subject_come_first_then_all() {
    let mut list = List::default();
    for _ in 0..6 {
        list.add(1, 1);
    }
    let begin = Begin { first: 2, skip: vec![2, 5, 6], last_seq: 6, burst: 0 };
    let mut desk = Desk::with(&pull(), list, begin);
    assert_eq!(desk.session.num_pending(&mut desk.list), 3);
    desk.publish(2);
    desk.list.messages.remove(&5);
    desk.session.removed(5);
    let got = desk.ask("a", "10");
    assert_eq!(seqs(&got), [2, 6, 7, 8]);
    assert_eq!(got.iter().map(|got| got.pending).collect::<Vec<_>>(), [3, 2, 1, 0]);
}

#[test]
fn many_requests_cost_little_a_message() {
    let mut desk = Desk::new(&pull());
    for index in 0..512 {
        desk.ask(&format!("r{index}"), "{\"batch\":1000,\"expires\":1000000000000}");
    }
    desk.list.asked = 0;
    for _ in 0..900 {
        desk.publish(1);
        assert_eq!(desk.run().len(), 1);
    }
    assert_eq!(desk.list.asked, 900, "only the request that gets it is looked at");
}

#[test]
fn what_is_not_found_at_once_is_not_skipped() {
    let mut desk = Desk::new(&pull());
    desk.publish(2);
    desk.list.is_slow = true;
    assert!(desk.ask("a", "{\"batch\":5,\"no_wait\":true}").is_empty());
    assert!(desk.statuses.is_empty(), "it is not the end");
    assert_eq!(desk.session.position(), 1);
    desk.list.is_slow = false;
    assert_eq!(seqs(&desk.run()), [1, 2]);
    assert_eq!(desk.statuses, ["a: 404 No Messages"]);
}

#[test]
fn what_was_passed_over_is_shown_before_the_first_delivery_only() {
    let mut desk = Desk::new(&pull());
    desk.list.add_other();
    desk.ask("a", "1");
    assert_eq!(desk.session.delivered().stream, 1);
    desk.publish(1);
    desk.run();
    desk.list.add_other();
    desk.ask("a", "1");
    let delivered = desk.session.delivered();
    assert_eq!((delivered.consumer, delivered.stream), (1, 2));
}
