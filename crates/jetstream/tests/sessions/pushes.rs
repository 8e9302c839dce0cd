//! Messages that are sent without being asked for.

use anabranch_jetstream::Nanos;
use anabranch_jetstream::consumer::{AckPolicy, Begin, ConsumerConfig, Effect, ReplayPolicy};

use crate::desk::{Desk, List, MILLISECOND, SECOND, START, push, seqs};

fn listening(config: &ConsumerConfig) -> Desk {
    let mut desk = Desk::new(config);
    desk.session.set_interest(true, desk.now);
    desk
}

#[test]
fn messages_come_when_somebody_listens() {
    let mut desk = Desk::new(&push());
    desk.publish(3);
    assert!(desk.run().is_empty() && !desk.session.wants() && !desk.session.is_bound());
    desk.session.set_interest(true, desk.now);
    let got = desk.run();
    assert_eq!(seqs(&got), [1, 2, 3]);
    assert_eq!(got[0].to, "D");
    assert!(desk.session.wants() && desk.session.is_bound());
    desk.session.set_interest(false, desk.now);
    assert!(desk.pass(100 * SECOND).is_empty());
    desk.session.set_interest(true, desk.now);
    assert_eq!(seqs(&desk.run()), [1, 2, 3]);
}

#[test]
fn nobody_may_ask() {
    let mut desk = listening(&push());
    desk.publish(1);
    desk.ask("a", "1");
    assert_eq!(desk.statuses, ["a: 409 Consumer is push based"]);
}

#[test]
fn heartbeats_come_in_silence_and_only_to_listeners() {
    let mut desk = Desk::new(&ConsumerConfig { heartbeat: Nanos(SECOND), ..push() });
    assert_eq!(desk.session.next_deadline(), None);
    desk.session.set_interest(true, desk.now);
    desk.pass(SECOND);
    let beat = "D: 100 Idle Heartbeat|Nats-Last-Consumer: 0|Nats-Last-Stream: 0";
    assert_eq!(desk.take_statuses(), [beat]);
    desk.pass(SECOND / 2);
    desk.publish(1);
    desk.run();
    desk.pass(SECOND - 1);
    assert!(desk.take_statuses().is_empty());
    desk.pass(1);
    let beat = "D: 100 Idle Heartbeat|Nats-Last-Consumer: 1|Nats-Last-Stream: 1";
    assert_eq!(desk.take_statuses(), [beat]);
}

#[test]
fn only_so_much_is_under_way() {
    let config = ConsumerConfig {
        heartbeat: Nanos(SECOND),
        flow_control: true,
        max_ack_pending: -1,
        ..push()
    };
    let mut desk = listening(&config);
    for _ in 0..10_000 {
        desk.list.add(desk.now, 10_000);
    }
    let first = desk.run().len();
    assert!((205..=212).contains(&first), "a window of 2 MiB: {first}");
    let request = desk.take_statuses();
    assert_eq!(request.len(), 1);
    let subject = request[0].strip_prefix("D (").unwrap();
    let (subject, headers) = subject.split_once("): ").unwrap();
    assert!(subject.starts_with("$JS.FC.S.C."), "{subject}");
    assert_eq!(headers, "100 FlowControl Request");
    desk.pass(SECOND);
    let beat = desk.take_statuses().remove(0);
    assert!(beat.ends_with(&format!("|Nats-Consumer-Stalled: {subject}")), "{beat}");
    desk.session.flow_reply(b"$JS.FC.S.C.nope", b"", desk.now);
    assert!(desk.run().is_empty());
    desk.session.flow_reply(subject.as_bytes(), b"", desk.now);
    let second = desk.run().len();
    assert!(second > first, "{second}");
    desk.session.flow_reply(subject.as_bytes(), b"", desk.now);
    assert!(desk.run().is_empty(), "an answer counts once");
}

#[test]
fn answers_to_flow_control_acknowledge() {
    let config = ConsumerConfig {
        heartbeat: Nanos(SECOND),
        flow_control: true,
        ack_policy: AckPolicy::FlowControl,
        max_ack_pending: 10,
        ..push()
    };
    let mut desk = listening(&config);
    desk.publish(30);
    assert_eq!(desk.run().len(), 10);
    let request = desk.take_statuses().remove(0);
    let subject = request.strip_prefix("D (").unwrap().split_once(')').unwrap().0.to_owned();
    let headers = b"NATS/1.0\r\nNats-Last-Consumer: 4\r\nNats-Last-Stream: 4\r\n\r\n";
    desk.session.flow_reply(subject.as_bytes(), headers, desk.now);
    assert_eq!(desk.run().len(), 4);
    assert_eq!(desk.places()[0], (4, 4));
}

#[test]
fn a_rate_is_kept() {
    // 1000 bytes a second, 500 at once.
    let config = ConsumerConfig { rate_limit: 8000, max_ack_pending: -1, ..push() };
    let begin = Begin { first: 1, burst: 500, ..Begin::default() };
    let mut desk = Desk::with(&config, List::default(), begin);
    for _ in 0..1000 {
        desk.list.add(desk.now, 10);
    }
    desk.session.set_interest(true, desk.now);
    let at_once = desk.run().len();
    assert!((4..=9).contains(&at_once), "{at_once}");
    let in_ten_seconds = desk.pass(10 * SECOND).len();
    assert!((110..=170).contains(&in_ten_seconds), "{in_ten_seconds}");
}

#[test]
fn stored_messages_come_at_their_pace() {
    let mut list = List::default();
    for step in [0, 100, 150, 400] {
        list.add(step * MILLISECOND, 10);
    }
    let config = ConsumerConfig { replay_policy: ReplayPolicy::Original, ..push() };
    let begin = Begin { first: 1, last_seq: 4, ..Begin::default() };
    let mut desk = Desk::with(&config, list, begin);
    desk.session.set_interest(true, desk.now);
    assert_eq!(seqs(&desk.run()), [1]);
    assert_eq!(seqs(&desk.pass(99 * MILLISECOND)), [0_u64; 0]);
    assert_eq!(seqs(&desk.pass(MILLISECOND)), [2]);
    assert_eq!(seqs(&desk.pass(50 * MILLISECOND)), [3]);
    assert_eq!(seqs(&desk.pass(250 * MILLISECOND)), [4]);
    desk.list.add(START + 100 * SECOND, 10);
    assert_eq!(seqs(&desk.run()), [5], "what comes now comes at once");
}

#[test]
fn it_ends_when_nobody_listens_for_long() {
    let config = ConsumerConfig { inactive_threshold: Nanos(SECOND), ..push() };
    let mut desk = Desk::new(&config);
    desk.pass(SECOND / 2);
    desk.session.set_interest(true, desk.now);
    desk.pass(100 * SECOND);
    assert!(desk.others.is_empty());
    desk.session.set_interest(false, desk.now);
    desk.pass(SECOND - 1);
    assert!(desk.others.is_empty());
    desk.pass(1);
    assert_eq!(desk.others, [Effect::Inactive]);
}

#[test]
fn another_subject_gets_all_that_is_missing() {
    let mut desk = listening(&push());
    desk.publish(3);
    let got = desk.run();
    desk.ack(&got[1], "");
    let config = ConsumerConfig { deliver_subject: "E".to_owned(), ..push() };
    desk.session.set_config(&config, 0, desk.now);
    let got = desk.run();
    assert_eq!(seqs(&got), [1, 3]);
    assert_eq!(got[0].to, "E");
}

#[test]
fn heartbeats_go_on_in_a_pause() {
    let until = anabranch_jetstream::Timestamp::from_unix_nanos(START + 10 * SECOND);
    let config = ConsumerConfig { heartbeat: Nanos(SECOND), pause_until: Some(until), ..push() };
    let mut desk = listening(&config);
    desk.publish(1);
    assert!(desk.pass(5 * SECOND).is_empty());
    assert_eq!(desk.statuses.len(), 5);
    assert_eq!(desk.pass(5 * SECOND).len(), 1);
}

#[test]
fn nothing_is_due_for_ever_when_nobody_listens_any_more() {
    let config = ConsumerConfig { replay_policy: ReplayPolicy::Original, ..push() };
    let mut list = List::default();
    list.add(START, 1);
    list.add(START + 10 * SECOND, 1);
    let begin = Begin { first: 1, last_seq: 2, ..Begin::default() };
    let mut desk = Desk::with(&config, list, begin);
    desk.session.set_interest(true, desk.now);
    desk.pass(SECOND);
    desk.session.set_interest(false, desk.now);
    desk.pass(20 * SECOND);
    assert!(desk.session.next_deadline().is_none_or(|due| due > desk.now));
}
