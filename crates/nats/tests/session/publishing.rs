//! PUB and HPUB: what is checked, in which order, and what becomes of the message.

use anabranch_nats::CloseReason;
use anabranch_nats::session::{Next, Verdict};

use crate::recorder::{READ, Talk};

fn quiet() -> Talk {
    Talk::connected("{\"verbose\":false,\"headers\":true,\"no_responders\":true}")
}

fn restricted() -> Talk {
    let mut talk = Talk::open();
    talk.host.verdict = Verdict::Accepted { restricted: true };
    assert_eq!(talk.say("CONNECT {\"verbose\":false}\r\n"), READ);
    talk.done();
    talk
}

#[test]
fn a_message_is_counted_and_then_routed() {
    let mut talk = quiet();
    talk.done();
    assert_eq!(talk.say("PUB to.a reply 5\r\nhello\r\n"), READ);
    assert_eq!(talk.done(), ["count 5", "publish \"to.a\" \"reply\" \"\" \"hello\""]);
    assert_eq!(talk.heard(), "");
}

#[test]
fn a_message_may_come_in_any_pieces() {
    let text = "PUB to.a 5\r\nhello\r\n";
    for cut in 1..text.len() {
        let mut talk = quiet();
        talk.done();
        assert!(matches!(talk.say(&text[..cut]), Next::Read { .. }), "{cut}");
        assert!(talk.done().is_empty(), "{cut}: half a message is none");
        assert_eq!(talk.say(&text[cut..]), READ, "{cut}");
        assert_eq!(talk.done().len(), 2, "{cut}");
    }
}

#[test]
fn the_length_that_a_message_needs_is_told() {
    let line = "PUB to.a 5\r\n";
    let needed = line.len() + "hello\r\n".len();
    assert_eq!(quiet().say(line), Next::Read { needed: Some(needed) });
    assert_eq!(quiet().say("PUB to.a 5"), READ, "not known yet");
}

#[test]
fn a_denied_message_is_counted_and_goes_nowhere() {
    let mut talk = restricted();
    assert_eq!(talk.say("PUB no.way 2\r\nhi\r\n"), READ);
    assert_eq!(talk.heard(), "-ERR 'Permissions Violation for Publish to \"no.way\"'\r\n");
    assert_eq!(talk.done(), ["count 2"]);
    assert_eq!(talk.host.reports.len(), 1);
    assert_eq!(talk.say("PUB to.you 2\r\nhi\r\n"), READ, "it stays");
    assert_eq!(talk.done().len(), 2);
}

#[test]
fn permissions_are_not_asked_for_where_there_are_no_restrictions() {
    let mut talk = quiet();
    talk.done();
    talk.say("PUB no.way 2\r\nhi\r\n");
    assert_eq!(talk.done().len(), 2);
}

#[test]
fn subjects_of_servers_are_denied_to_everybody() {
    for subject in ["_GR_.x", "$NRG.x"] {
        let mut talk = quiet();
        talk.done();
        assert_eq!(talk.say(&format!("PUB {subject} 2\r\nhi\r\n")), READ);
        let denied = format!("-ERR 'Permissions Violation for Publish to \"{subject}\"'\r\n");
        assert_eq!((talk.heard(), talk.done().len()), (denied, 1));
    }
}

#[test]
fn replies_of_servers_are_denied_to_everybody() {
    for reply in ["_R_.x", "$JS.ACK.x", "_GR_.x"] {
        let mut talk = quiet();
        talk.done();
        assert_eq!(talk.say(&format!("PUB to.a {reply} 2\r\nhi\r\n")), READ);
        let denied =
            format!("-ERR 'Permissions Violation for Publish with Reply of \"{reply}\"'\r\n");
        assert_eq!((talk.heard(), talk.done().len()), (denied, 1));
    }
}

#[test]
fn a_denied_subject_is_told_before_a_denied_reply() {
    let mut talk = restricted();
    talk.say("PUB no.way _R_.x 2\r\nhi\r\n");
    assert_eq!(talk.heard(), "-ERR 'Permissions Violation for Publish to \"no.way\"'\r\n");
}

#[test]
fn a_wrong_subject_is_told_before_a_denied_one() {
    let mut talk = restricted();
    talk.say("PUB no..way 2\r\nhi\r\n");
    assert_eq!(
        talk.heard(),
        "-ERR 'Invalid Publish Subject'\r\n\
         -ERR 'Permissions Violation for Publish to \"no..way\"'\r\n"
    );
}

#[test]
fn a_request_that_nobody_hears_is_answered_with_503_to_the_subscription_that_waits() {
    let mut talk = quiet();
    talk.say("SUB inbox.1 7\r\nPUB nobody inbox.1 2\r\nhi\r\n");
    assert_eq!(
        talk.heard(),
        "HMSG inbox.1 7 38 38\r\nNATS/1.0 503\r\nNats-Subject: nobody\r\n\r\n\r\n"
    );
}

#[test]
fn no_503_comes_where_somebody_hears_or_nobody_waits_or_asked() {
    for (what, mut talk, text) in [
        ("somebody hears", quiet(), "SUB inbox.1 7\r\nPUB to.a inbox.1 2\r\nhi\r\n"),
        ("no reply", quiet(), "SUB inbox.1 7\r\nPUB nobody 2\r\nhi\r\n"),
        ("nobody waits", quiet(), "PUB nobody inbox.1 2\r\nhi\r\n"),
        (
            "not asked for",
            Talk::connected("{\"verbose\":false,\"headers\":true}"),
            "SUB inbox.1 7\r\nPUB nobody inbox.1 2\r\nhi\r\n",
        ),
    ] {
        assert_eq!(talk.say(text), READ, "{what}");
        assert_eq!(talk.heard(), "", "{what}");
    }
}

#[test]
fn payloads_up_to_the_limit_pass_and_larger_ones_end_the_connection() {
    let mut talk = quiet();
    assert_eq!(talk.say(&format!("PUB to.a 64\r\n{}\r\n", "x".repeat(64))), READ);
    assert_eq!(talk.say("PUB to.a 65\r\n"), Next::Close(CloseReason::MaxPayloadExceeded));
    assert_eq!(talk.heard(), "-ERR 'Maximum Payload Violation'\r\n");
    assert_eq!(talk.host.reports, ["PayloadViolation(65, 64)"]);
}

#[test]
fn headers_count_towards_the_limit() {
    let mut talk = quiet();
    assert_eq!(talk.say("HPUB to.a 12 65\r\n"), Next::Close(CloseReason::MaxPayloadExceeded));
}

#[test]
fn once_much_is_staged_the_rest_waits() {
    let mut talk = quiet();
    talk.done();
    // Two notes are taken of each message: its count, and where it goes.
    talk.host.saturated_after = Some(2);
    assert_eq!(talk.say("PUB to.a 1\r\n1\r\nPUB to.a 1\r\n2\r\n"), Next::Flush);
    assert_eq!(talk.done().len(), 2);
    talk.host.saturated_after = None;
    assert_eq!(talk.say(""), READ);
    assert_eq!(talk.done().len(), 2);
}
