//! Input that is not the protocol: what the client hears, and that the connection ends.

use anabranch_nats::CloseReason;
use anabranch_nats::session::Next;

use crate::recorder::{READ, Talk};

fn ends(text: &str, reason: CloseReason, heard: &str) {
    let mut talk = Talk::connected("{\"verbose\":false,\"headers\":true}");
    assert_eq!(talk.say(text), Next::Close(reason), "{text:?}");
    assert_eq!(talk.heard(), heard, "{text:?}");
    assert_eq!(talk.host.reports.len(), 1, "{text:?}: one line in the log");
}

#[test]
fn unknown_operations_are_told() {
    let heard = "-ERR 'Unknown Protocol Operation'\r\n";
    for text in ["NONSENSE\r\n", "x", "\r\n", "MSG a 1 0\r\n", "PUX", "\u{16}\u{3}\u{1}", "GET /"] {
        ends(text, CloseReason::ProtocolViolation, heard);
    }
}

#[test]
fn a_payload_without_its_end_is_no_operation() {
    let heard = "-ERR 'Unknown Protocol Operation'\r\n";
    ends("PUB a 2\r\nhixx", CloseReason::ProtocolViolation, heard);
}

#[test]
fn wrong_arguments_are_not_told() {
    for text in [
        "PUB a\r\n",
        "PUB a b c d\r\n",
        "PUB a x\r\n",
        "PUB a -1\r\n",
        "SUB a\r\n",
        "SUB a b c d\r\n",
        "UNSUB 1 2 3\r\n",
        "HPUB a 5 2\r\n",
        "CONNECT {\r\n",
        "CONNECT {\"verbose\":1}\r\n",
    ] {
        ends(text, CloseReason::ProtocolViolation, "");
    }
}

#[test]
fn lines_over_the_limit_are_told_with_and_without_an_end() {
    let heard = "-ERR 'maximum control line exceeded'\r\n";
    let long = "x".repeat(260);
    ends(&format!("SUB {long} 1\r\n"), CloseReason::MaxControlLineExceeded, heard);
    ends(&format!("SUB {}", "x".repeat(4_000)), CloseReason::MaxControlLineExceeded, heard);
}

#[test]
fn a_clients_own_error_ends_the_connection() {
    ends("-ERR 'I give up'\r\n", CloseReason::ParseError, "");
}

#[test]
fn info_and_ok_of_a_client_mean_nothing() {
    let mut talk = Talk::connected("{}");
    assert_eq!(talk.say("INFO {\"a\":1}\r\n+OK\r\n"), READ);
    assert_eq!(talk.heard(), "");
    assert_eq!(talk.say("INFO nonsense\r\n"), Next::Close(CloseReason::ProtocolViolation));
}

#[test]
fn what_came_before_an_error_is_done_and_what_follows_is_not() {
    let mut talk = Talk::connected("{\"verbose\":false}");
    talk.done();
    let next = talk.say("PUB a 1\r\n1\r\nNONSENSE\r\nPUB a 1\r\n2\r\n");
    assert_eq!(next, Next::Close(CloseReason::ProtocolViolation));
    assert_eq!(talk.done().len(), 2, "one message: its count, and where it goes");
}

#[test]
fn refusals_that_concern_one_operation_keep_the_connection() {
    let mut talk = Talk::connected("{}");
    for text in
        ["SUB .a 1\r\n", "PUB a _R_.x 0\r\n\r\n", "PUB $NRG.x 0\r\n\r\n", "SUB a _sys_ 1\r\n"]
    {
        assert_eq!(talk.say(text), READ, "{text:?}");
        assert!(talk.heard().starts_with("-ERR '"), "{text:?}");
    }
}
