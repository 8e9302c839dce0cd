//! SUB and UNSUB: permissions, limits, and maxima.

use anabranch_nats::session::{Settings, Verdict};

use crate::recorder::{READ, SETTINGS, Talk};

fn with(settings: Settings) -> Talk {
    let mut talk = Talk::with(settings);
    assert_eq!(talk.say("CONNECT {}\r\n"), READ);
    talk.heard();
    talk.done();
    talk
}

fn restricted() -> Talk {
    let mut talk = Talk::open();
    talk.host.verdict = Verdict::Accepted { restricted: true };
    assert_eq!(talk.say("CONNECT {}\r\n"), READ);
    talk.heard();
    talk.done();
    talk
}

fn answer(talk: &mut Talk, line: &str) -> String {
    assert_eq!(talk.say(&format!("{line}\r\n")), READ, "{line}: it stays");
    talk.heard()
}

#[test]
fn subject_queue_and_sid_are_handed_on() {
    let mut talk = with(SETTINGS);
    assert_eq!(answer(&mut talk, "SUB a.* 1"), "+OK\r\n");
    assert_eq!(answer(&mut talk, "SUB b workers two"), "+OK\r\n");
    assert_eq!(talk.done(), ["subscribe a.* None 1", "subscribe b Some(\"workers\") two"]);
}

#[test]
fn a_sid_in_use_keeps_its_subscription_and_is_no_error() {
    let mut talk = with(SETTINGS);
    answer(&mut talk, "SUB a 1");
    assert_eq!(answer(&mut talk, "SUB b 1"), "+OK\r\n");
    assert_eq!(talk.done(), ["subscribe a None 1"]);
}

#[test]
fn a_malformed_subject_is_told() {
    assert_eq!(answer(&mut with(SETTINGS), "SUB .a 1"), "-ERR 'Invalid Subject'\r\n");
}

#[test]
fn denied_subjects_and_queues_are_named() {
    let mut talk = restricted();
    for (line, named) in [
        ("SUB no.way 1", "\"no.way\""),
        ("SUB no.way q 1", "\"no.way\" using queue \"q\""),
        ("SUB a no 1", "\"a\" using queue \"no\""),
    ] {
        let told = format!("-ERR 'Permissions Violation for Subscription to {named}'\r\n");
        assert_eq!(answer(&mut talk, line), told);
    }
    assert_eq!((talk.done().len(), talk.host.reports.len()), (0, 3));
    assert_eq!(answer(&mut talk, "SUB a 1"), "+OK\r\n");
}

#[test]
fn the_queue_name_of_servers_is_denied_to_everybody() {
    let told = "-ERR 'Permissions Violation for Subscription to \"a\" using queue \"_sys_\"'\r\n";
    assert_eq!(answer(&mut with(SETTINGS), "SUB a _sys_ 1"), told);
}

#[test]
fn the_number_of_subscriptions_is_limited() {
    let mut talk = with(Settings { subscriptions_max: 2, ..SETTINGS });
    answer(&mut talk, "SUB a 1");
    answer(&mut talk, "SUB a 2");
    let too_many = "-ERR 'maximum subscriptions exceeded'\r\n";
    assert_eq!(answer(&mut talk, "SUB a 3"), too_many);
    assert_eq!(talk.host.reports, ["TooManySubscriptions"]);
    answer(&mut talk, "UNSUB 1");
    assert_eq!(answer(&mut talk, "SUB a 3"), "+OK\r\n", "there is room again");
}

#[test]
fn the_number_of_tokens_is_limited() {
    let mut talk = with(Settings { subject_tokens_max: 3, ..SETTINGS });
    assert_eq!(answer(&mut talk, "SUB a.b.c 1"), "+OK\r\n");
    let told = "-ERR 'Permissions Violation for Subscription to \"a.b.c.d\", too many tokens'\r\n";
    assert_eq!(answer(&mut talk, "SUB a.b.c.d 2"), told);
    assert_eq!(answer(&mut talk, "SUB a.b.c.d q 2"), told);
    assert_eq!(talk.done().len(), 1);
}

#[test]
fn permissions_come_before_limits() {
    let settings = Settings { subject_tokens_max: 1, subscriptions_max: 1, ..SETTINGS };
    let mut talk = Talk::with(settings);
    talk.host.verdict = Verdict::Accepted { restricted: true };
    talk.say("CONNECT {}\r\nSUB a 1\r\n");
    talk.heard();
    let denied = "-ERR 'Permissions Violation for Subscription to \"no.way\"'\r\n";
    assert_eq!(answer(&mut talk, "SUB no.way 2"), denied);
    let tokens = "-ERR 'Permissions Violation for Subscription to \"b.c\", too many tokens'\r\n";
    assert_eq!(answer(&mut talk, "SUB b.c 2"), tokens);
    assert_eq!(answer(&mut talk, "SUB b 2"), "-ERR 'maximum subscriptions exceeded'\r\n");
}

#[test]
fn unsub_ends_now_or_after_a_number_of_messages() {
    let mut talk = with(SETTINGS);
    assert_eq!(answer(&mut talk, "UNSUB 1"), "+OK\r\n");
    assert_eq!(answer(&mut talk, "UNSUB two 5"), "+OK\r\n");
    assert_eq!(talk.done(), ["unsubscribe 1 None", "unsubscribe two Some(5)"]);
}
