//! Groups of requests.

use anabranch_jetstream::Nanos;
use anabranch_jetstream::consumer::{ConsumerConfig, PriorityPolicy, Report};

use crate::desk::{Desk, SECOND, pull, seqs};

fn grouped(policy: PriorityPolicy) -> Desk {
    Desk::new(&ConsumerConfig {
        priority_groups: vec!["A".to_owned()],
        priority_policy: policy,
        priority_timeout: Nanos(SECOND),
        ..pull()
    })
}

#[test]
fn a_group_has_to_be_named() {
    let mut desk = grouped(PriorityPolicy::Overflow);
    desk.ask("a", "{\"batch\":1}");
    desk.ask("a", "{\"batch\":1,\"group\":\"B\"}");
    let missing = "a: 400 Bad Request - Priority Group missing";
    assert_eq!(desk.take_statuses(), [missing, "a: 400 Bad Request - Invalid Priority Group"]);
    desk.publish(1);
    assert_eq!(desk.ask("a", "1").len(), 1, "the short form has none");
}

#[test]
fn the_least_number_comes_first() {
    let mut desk = grouped(PriorityPolicy::Prioritized);
    desk.ask("late", "{\"batch\":2,\"group\":\"A\",\"priority\":5}");
    desk.ask("a", "{\"batch\":2,\"group\":\"A\",\"priority\":1}");
    desk.ask("b", "{\"batch\":2,\"group\":\"A\",\"priority\":1}");
    desk.publish(6);
    let order: Vec<_> = desk.run().into_iter().map(|got| got.to).collect();
    assert_eq!(order, ["a", "b", "a", "b", "late", "late"]);
}

#[test]
fn some_take_only_what_overflows() {
    let mut desk = grouped(PriorityPolicy::Overflow);
    desk.ask("spare", "{\"batch\":10,\"group\":\"A\",\"min_pending\":3}");
    desk.publish(2);
    assert!(desk.run().is_empty());
    desk.publish(1);
    assert_eq!(seqs(&desk.run()), [1], "until fewer wait again");
    assert_eq!(desk.ask("main", "{\"batch\":1,\"group\":\"A\"}")[0].to, "main");
    assert_eq!(desk.session.waiting(), 1);
    desk.ask("busy", "{\"batch\":10,\"group\":\"A\",\"min_ack_pending\":3}");
    assert_eq!(desk.session.waiting(), 2);
    let got = desk.ask("main", "{\"batch\":1,\"group\":\"A\"}");
    assert_eq!(got.len(), 1);
    desk.publish(1);
    assert_eq!(desk.run()[0].to, "busy");
}

#[test]
fn one_client_is_pinned_until_it_is_silent() {
    let mut desk = grouped(PriorityPolicy::PinnedClient);
    desk.publish(2);
    let got = desk.ask("a", "{\"batch\":5,\"group\":\"A\"}");
    assert_eq!(got.len(), 2);
    let (pin, since) = desk.session.pinned().map(|(pin, at)| (pin.to_owned(), at)).unwrap();
    assert_eq!(since, desk.now);
    assert!(got.iter().all(|got| got.headers == [("Nats-Pin-Id", pin.clone())]));
    let group = "A".to_owned();
    assert_eq!(desk.take_reports(), [Report::Pinned { group, pin_id: pin.clone() }]);
    desk.ask("b", "{\"batch\":5,\"group\":\"A\"}");
    desk.publish(1);
    assert_eq!(desk.run()[0].to, "a");
    desk.ask("c", "{\"batch\":5,\"group\":\"A\",\"id\":\"x\"}");
    assert_eq!(desk.take_statuses(), ["c: 423 Nats-Pin-Id mismatch"]);
    // Asking with the pin keeps it.
    desk.pass(SECOND - 1);
    desk.ask("a2", &format!("{{\"batch\":5,\"group\":\"A\",\"id\":\"{pin}\"}}"));
    desk.pass(SECOND - 1);
    assert!(desk.take_reports().is_empty());
    desk.pass(1);
    let (group, reason) = ("A".to_owned(), "timeout".to_owned());
    assert_eq!(desk.take_reports(), [Report::Unpinned { group, reason }]);
    assert_eq!(desk.session.pinned(), None);
    desk.publish(1);
    assert_eq!(desk.run()[0].to, "b");
    assert!(desk.take_statuses().is_empty(), "the oldest that may is taken");
    desk.publish(1);
    assert_eq!(desk.run()[0].to, "b");
    let wrong = "423 Nats-Wrong-Pin-Id|Nats-Pending-Messages: ";
    let statuses = desk.take_statuses();
    assert_eq!(statuses.len(), 2);
    assert!(statuses.iter().all(|status| status.contains(wrong)), "{statuses:?}");
}

#[test]
fn an_operator_unpins() {
    let mut desk = grouped(PriorityPolicy::PinnedClient);
    desk.publish(1);
    desk.ask("a", "{\"batch\":1,\"group\":\"A\"}");
    desk.take_reports();
    desk.session.unpin("A");
    desk.run();
    let (group, reason) = ("A".to_owned(), "admin".to_owned());
    assert_eq!(desk.take_reports(), [Report::Unpinned { group, reason }]);
    assert_eq!(desk.session.pinned(), None);
    // Without a group nobody is pinned, but the header is there.
    desk.publish(1);
    assert_eq!(desk.ask("b", "1")[0].headers, [("Nats-Pin-Id", String::new())]);
}

#[test]
fn a_policy_that_is_set_later_holds_for_those_who_wait() {
    let mut desk = Desk::new(&pull());
    desk.ask("early", "5");
    let pinned = ConsumerConfig {
        priority_groups: vec!["A".to_owned()],
        priority_policy: PriorityPolicy::PinnedClient,
        priority_timeout: Nanos(SECOND),
        ..pull()
    };
    desk.session.set_config(&pinned, 0, desk.now);
    desk.publish(1);
    assert_eq!(desk.run()[0].to, "early", "it has no group to be pinned in");
    desk.ask("late", "{\"batch\":5,\"group\":\"A\"}");
    desk.publish(4);
    let order: Vec<_> = desk.run().into_iter().map(|got| got.to).collect();
    assert_eq!(order, ["early", "late", "late", "late"]);
}
