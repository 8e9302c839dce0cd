//! Acknowledgements, and what comes again without them.

use anabranch_jetstream::Nanos;
use anabranch_jetstream::consumer::{AckPolicy, ConsumerConfig, Report};

use crate::desk::{Desk, MILLISECOND, SECOND, pull, seqs};

fn delivered(config: &ConsumerConfig, count: usize) -> (Desk, Vec<crate::desk::Got>) {
    let mut desk = Desk::new(config);
    desk.publish(count);
    let got = desk.ask("a", &count.to_string());
    assert_eq!(got.len(), count);
    (desk, got)
}

#[test]
fn the_floor_is_below_the_first_that_is_missing() {
    let (mut desk, got) = delivered(&pull(), 4);
    desk.ack(&got[1], "+ACK");
    assert_eq!(desk.places()[0], (0, 0));
    desk.ack(&got[0], "");
    assert_eq!(desk.places()[0], (2, 2));
    desk.ack(&got[3], "+OK");
    desk.ack(&got[2], "");
    assert_eq!(desk.places(), [(4, 4), (4, 4)]);
}

#[test]
fn the_floor_passes_what_was_never_delivered() {
    let mut desk = Desk::new(&pull());
    for _ in 0..3 {
        desk.publish(1);
        desk.list.add_other();
    }
    let got = desk.ask("a", "3");
    assert_eq!(seqs(&got), [1, 3, 5]);
    desk.ack(&got[0], "");
    assert_eq!(desk.places()[0], (1, 2));
    desk.ack(&got[1], "");
    desk.ack(&got[2], "");
    assert_eq!(desk.places()[0], (3, 5));
}

#[test]
fn acknowledgements_are_answered_even_twice() {
    let (mut desk, got) = delivered(&pull(), 1);
    for _ in 0..2 {
        desk.ack_with(&got[0].reply, "r", "");
    }
    desk.ack_with("$JS.ACK.S.C.1.2.2.1.1", "future", "");
    desk.ack_with("$JS.ACK.S.C.1.x.2.1.1", "word", "");
    desk.ack_with("$JS.ACK.S.C.1.0.2.1.1", "zero", "");
    desk.ack_with("$JS.ACK", "short", "");
    desk.ack_with("$JS.ACK.S.C.1.1.1.1.1", "other", "anything");
    desk.ack_with("$JS.ACK.S.C.1.1.1.1.1", "nak", "-NAK");
    assert_eq!(desk.confirmed, ["r", "r", "other", "nak"]);
    assert!(desk.reports.is_empty());
}

#[test]
fn what_is_not_acknowledged_comes_again_in_order() {
    let (mut desk, got) = delivered(&pull(), 3);
    desk.ack(&got[1], "");
    desk.ask("b", "10");
    assert!(desk.pass(30 * SECOND).is_empty());
    let again = desk.pass(MILLISECOND);
    let seen: Vec<_> =
        again.iter().map(|got| (got.seq, got.deliveries, got.consumer_seq)).collect();
    assert_eq!(seen, [(1, 2, 4), (3, 2, 5)]);
    assert_eq!(desk.session.num_redelivered(), 2);
    // The token of the first delivery still works.
    desk.ack(&got[0], "");
    assert_eq!(desk.places()[0], (2, 2));
    desk.ack(&again[1], "");
    assert_eq!(desk.places(), [(5, 3), (5, 3)]);
}

#[test]
fn a_nak_brings_it_again_at_once_or_later() {
    let (mut desk, got) = delivered(&pull(), 4);
    desk.ask("b", "10");
    let again = desk.ack(&got[2], "-NAK");
    assert_eq!((again[0].seq, again[0].deliveries), (3, 2));
    assert!(desk.ack(&got[0], "-NAK {\"delay\": 1000000000}").is_empty());
    assert!(desk.ack(&got[1], "-NAK 2s").is_empty());
    assert_eq!(seqs(&desk.ack(&got[3], "-NAK soon")), [4], "a bad delay is none");
    assert_eq!(seqs(&desk.pass(SECOND + MILLISECOND)), [1]);
    assert_eq!(seqs(&desk.pass(SECOND)), [2]);
    let naks = desk.take_reports();
    assert_eq!(naks[0], Report::Nak { consumer_seq: 3, stream_seq: 3, deliveries: 1 });
    assert_eq!(naks.len(), 4);
}

#[test]
fn a_delay_outlives_a_restart() {
    let (mut desk, got) = delivered(&pull(), 1);
    desk.ack(&got[0], "-NAK 100s");
    desk.restart();
    desk.ask("b", "1");
    assert!(desk.pass(100 * SECOND).is_empty());
    assert_eq!(seqs(&desk.pass(MILLISECOND)), [1]);
}

#[test]
fn work_in_progress_begins_the_wait_again() {
    let (mut desk, got) = delivered(&pull(), 1);
    desk.ask("b", "1");
    desk.pass(20 * SECOND);
    desk.ack(&got[0], "+WPI");
    assert!(desk.pass(30 * SECOND).is_empty());
    assert_eq!(desk.pass(MILLISECOND).len(), 1);
}

#[test]
fn the_next_can_be_asked_for_with_an_acknowledgement() {
    let (mut desk, got) = delivered(&pull(), 1);
    desk.publish(3);
    let next = desk.ack_with(&got[0].reply, "b", "+NXT 2");
    assert_eq!(seqs(&next), [2, 3]);
    assert_eq!(next[0].to, "b");
    assert_eq!(desk.places()[0], (1, 1));
    assert!(desk.confirmed.is_empty());
    let next = desk.ack_with(&next[0].reply, "c", "+NXT {\"batch\": 5}");
    assert_eq!(seqs(&next), [4]);
}

#[test]
fn what_is_given_up_never_comes_again() {
    let (mut desk, got) = delivered(&pull(), 2);
    desk.ack_with(&got[0].reply, "r", "+TERM  bad data ");
    assert_eq!(desk.confirmed, ["r"]);
    let reason = "bad data".to_owned();
    let report = Report::Terminated { consumer_seq: 1, stream_seq: 1, deliveries: 1, reason };
    assert_eq!(desk.take_reports(), [report]);
    desk.ask("b", "5");
    assert_eq!(seqs(&desk.pass(31 * SECOND)), [2]);
}

#[test]
fn one_stands_for_all_before_it() {
    let config = ConsumerConfig { ack_policy: AckPolicy::All, ..pull() };
    let (mut desk, got) = delivered(&config, 5);
    desk.ack_with(&got[2].reply, "r", "");
    assert_eq!(desk.places()[0], (3, 3));
    desk.ack_with(&got[1].reply, "s", "");
    assert_eq!(desk.confirmed, ["r", "s"]);
    desk.ask("b", "9");
    assert_eq!(seqs(&desk.pass(31 * SECOND)), [4, 5]);
    desk.ack(&got[4], "");
    assert_eq!(desk.places(), [(5, 5), (7, 5)]);
}

#[test]
fn without_acknowledgements_all_is_acknowledged() {
    let config = ConsumerConfig { ack_policy: AckPolicy::None, ..pull() };
    let (mut desk, got) = delivered(&config, 5);
    assert_eq!(desk.places(), [(5, 5), (5, 5)]);
    assert_eq!(desk.session.next_deadline(), None);
    desk.ack_with(&got[0].reply, "r", "-NAK");
    assert!(desk.confirmed.is_empty() && desk.reports.is_empty());
}

#[test]
fn a_message_comes_only_so_often() {
    let config = ConsumerConfig { max_deliver: 2, ..pull() };
    let (mut desk, _) = delivered(&config, 1);
    desk.ask("b", "5");
    assert_eq!(desk.pass(31 * SECOND).len(), 1);
    assert!(desk.pass(300 * SECOND).is_empty());
    let report = Report::MaxDeliver { stream_seq: 1, deliveries: 2 };
    assert_eq!(desk.take_reports(), [report]);
    let state = desk.session.state();
    assert!(state.needs(1) && state.unacked.is_empty());
    assert_eq!(desk.session.num_redelivered(), 1);
    assert_eq!(desk.places(), [(0, 0), (2, 1)], "nats-server's floor stays before it");
    // Whoever was slow may acknowledge it still.
    desk.ack_with("$JS.ACK.S.C.2.1.2.1.0", "r", "");
    assert_eq!(desk.confirmed, ["r"]);
    assert!(!desk.session.state().needs(1));
}

#[test]
fn a_nak_of_the_last_delivery_gives_it_up_with_the_next_request() {
    let config = ConsumerConfig { max_deliver: 1, ..pull() };
    let (mut desk, got) = delivered(&config, 1);
    desk.ack(&got[0], "-NAK");
    assert_eq!(desk.take_reports().len(), 1);
    desk.ask("b", "1");
    assert_eq!(desk.take_reports(), [Report::MaxDeliver { stream_seq: 1, deliveries: 1 }]);
    assert_eq!(desk.session.num_redelivered(), 0, "not shown when there is one delivery only");
}

#[test]
fn the_wait_grows_by_the_list() {
    let backoff = vec![Nanos(SECOND), Nanos(5 * SECOND)];
    let config = ConsumerConfig { ack_wait: Nanos(SECOND), backoff, ..pull() };
    let (mut desk, _) = delivered(&config, 1);
    desk.ask("b", "10");
    assert_eq!(desk.pass(SECOND + MILLISECOND).len(), 1);
    assert_eq!(desk.pass(5 * SECOND).len(), 0);
    assert_eq!(desk.pass(MILLISECOND).len(), 1);
    assert_eq!(desk.pass(5 * SECOND).len(), 0);
    assert_eq!(desk.pass(MILLISECOND).len(), 1);
}

#[test]
fn only_so_many_wait_for_their_acknowledgement() {
    let config = ConsumerConfig { max_ack_pending: 2, ..pull() };
    let mut desk = Desk::new(&config);
    desk.publish(5);
    let got = desk.ask("a", "{\"batch\":5,\"no_wait\":true}");
    assert_eq!(seqs(&got), [1, 2]);
    assert!(!desk.session.wants());
    assert!(desk.statuses.is_empty(), "the messages are not at their end");
    assert_eq!(seqs(&desk.ack(&got[0], "")), [3]);
    // What comes again needs no room.
    assert_eq!(seqs(&desk.ack(&got[1], "-NAK")), [2]);
}

#[test]
fn what_left_the_stream_is_not_waited_for() {
    let (mut desk, _) = delivered(&pull(), 5);
    desk.list.messages.remove(&1);
    desk.session.removed(1);
    desk.run();
    assert_eq!(desk.places()[0], (1, 1));
    let reason = "Unacknowledged message was deleted".to_owned();
    let report = Report::Terminated { consumer_seq: 1, stream_seq: 1, deliveries: 1, reason };
    assert_eq!(desk.take_reports(), [report]);
    desk.list.messages = desk.list.messages.split_off(&4);
    desk.session.purged(4);
    desk.ask("b", "9");
    assert_eq!(desk.places(), [(3, 3), (5, 5)]);
    desk.list.messages.clear();
    desk.list.last = 10;
    desk.session.purged(11);
    desk.run();
    assert_eq!(desk.places(), [(5, 10), (5, 10)]);
    assert!(desk.reports.is_empty());
    assert!(desk.pass(100 * SECOND).is_empty());
}

#[test]
fn a_restart_knows_what_was_delivered() {
    let (mut desk, got) = delivered(&pull(), 4);
    desk.ack(&got[1], "");
    desk.publish(1);
    desk.restart();
    assert_eq!(seqs(&desk.ask("b", "10")), [5]);
    assert_eq!(seqs(&desk.pass(31 * SECOND)), [1, 3, 4, 5]);
    desk.session.reset(3);
    desk.ask("c", "10");
    assert_eq!(desk.places(), [(0, 2), (3, 5)]);
}

#[test]
fn a_shorter_wait_counts_at_once() {
    let (mut desk, _) = delivered(&pull(), 2);
    desk.ask("b", "10");
    desk.pass(5 * SECOND);
    let config = ConsumerConfig { ack_wait: Nanos(SECOND), ..pull() };
    desk.session.set_config(&config, 0, desk.now);
    assert_eq!(desk.pass(0).len(), 2);
}

#[test]
fn a_sample_of_acknowledgements_is_reported() {
    let config = ConsumerConfig { sample_frequency: "100%".to_owned(), ..pull() };
    let (mut desk, got) = delivered(&config, 1);
    desk.pass(SECOND);
    desk.ack(&got[0], "");
    desk.ack(&got[0], "");
    let delay = Nanos(SECOND);
    let report = Report::Acked { consumer_seq: 1, stream_seq: 1, delay, deliveries: 1 };
    assert_eq!(desk.take_reports(), [report]);
    let config = ConsumerConfig { sample_frequency: "30".to_owned(), ..pull() };
    let (mut desk, got) = delivered(&config, 1000);
    for got in &got {
        desk.ack(got, "");
    }
    let count = desk.take_reports().len();
    assert!((200..450).contains(&count), "{count}");
}

#[test]
fn many_that_end_together_are_handled_in_steps() {
    let config = ConsumerConfig { max_ack_pending: -1, ..pull() };
    let (mut desk, _) = delivered(&config, 5000);
    desk.ask("b", "5000");
    let again = desk.pass(31 * SECOND);
    assert_eq!(again.len(), 5000);
    assert!(again.windows(2).all(|pair| pair[0].seq < pair[1].seq));
}
