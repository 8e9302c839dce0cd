//! Acknowledgements in all their forms, and what they do to the floors.

use serde_json::{Value, json};

use super::script::same;

const SECOND: u64 = 1_000_000_000;

#[test]
#[ignore = "needs both servers"]
fn every_form_is_understood() {
    same(|s| {
        s.plain_stream();
        s.put(20);
        s.consumer("C", json!({ "ack_wait": 60 * SECOND }));
        for form in ["", "+ACK", "+OK", "+WPI", "+TERM", "+TERM because", "+TERM  a b ", "-NAK"] {
            let got = s.fetch("C", 1);
            s.ack(&got[0], form);
            s.info("C");
        }
        let first = s.fetch("C", 1);
        for form in ["+BAD", "+ack", "ACK", "+ACKS", "-NAKED", "+", "x"] {
            let got = s.fetch("C", 1);
            s.ack_only(&got[0], form);
            s.settle_acks(&first[0]);
            s.info("C");
        }
    });
}

#[test]
#[ignore = "needs both servers"]
fn what_is_acknowledged_already_is_confirmed_again() {
    same(|s| {
        s.plain_stream();
        s.put(3);
        s.consumer("C", json!({}));
        let got = s.fetch("C", 2);
        for form in ["+ACK", "+ACK", "-NAK", "+WPI", "+TERM"] {
            s.ack(&got[0], form);
            s.info("C");
        }
        s.fetch("C", 1);
        s.quiet();
    });
}

#[test]
#[ignore = "needs both servers"]
fn the_floor_follows_what_is_acknowledged_without_a_gap() {
    same(|s| {
        s.plain_stream();
        s.put(8);
        s.consumer("C", json!({}));
        let got = s.fetch("C", 6);
        for at in [1, 3, 0, 5, 2, 4] {
            s.ack(&got[at], "+ACK");
            s.info("C");
        }
    });
}

#[test]
#[ignore = "needs both servers"]
fn the_floor_passes_what_the_filter_left_out() {
    same(|s| {
        s.plain_stream();
        s.fill(&["s.b", "s.a", "s.b", "s.a", "s.b", "s.a", "s.b"]);
        s.consumer("C", json!({ "filter_subject": "s.a" }));
        s.info("C");
        let got = s.fetch("C", 3);
        s.info("C");
        for message in &got {
            s.ack(message, "+ACK");
            s.info("C");
        }
        s.fill(&["s.b"]);
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn acknowledging_all_takes_everything_before() {
    same(|s| {
        s.plain_stream();
        s.put(8);
        s.consumer("C", json!({ "ack_policy": "all" }));
        let got = s.fetch("C", 6);
        s.ack(&got[2], "+ACK");
        s.info("C");
        s.ack(&got[0], "+ACK");
        s.info("C");
        s.ack(&got[3], "-NAK");
        s.info("C");
        s.fetch("C", 1);
        s.ack(&got[4], "+TERM");
        s.info("C");
        s.ack(&got[5], "+ACK");
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn where_nothing_is_acknowledged_nothing_is_pending() {
    same(|s| {
        s.plain_stream();
        s.put(4);
        s.consumer("C", json!({ "ack_policy": "none" }));
        let got = s.fetch("C", 3);
        s.info("C");
        s.publish(&got[0].reply, "", "", "-NAK");
        s.quiet();
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn the_next_message_comes_with_the_acknowledgement() {
    same(|s| {
        s.plain_stream();
        s.put(12);
        s.consumer("C", json!({}));
        s.listen("_NEXT", "next");
        let mut last = s.fetch("C", 1).remove(0);
        for form in ["+NXT", "+NXT 2", "+NXT {\"batch\":2}", "+NXT {\"no_wait\":true}", "+NXT x"] {
            s.note(form);
            s.publish(&last.reply, "_NEXT", "", form);
            let mut got = s.quiet();
            s.info("C");
            last = got.pop().expect("a message");
        }
        s.publish(&last.reply, "", "", "+NXT");
        s.quiet();
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn tokens_of_later_servers_are_understood() {
    same(|s| {
        s.plain_stream();
        s.put(6);
        s.consumer("C", json!({ "ack_wait": 60 * SECOND }));
        let got = s.fetch("C", 6);
        // What stands before the stream is the domain, and the hash of the account's name.
        let words = |at: usize| got[at].reply.split('.').skip(2).collect::<Vec<_>>().join(".");
        for (at, prefix, suffix) in [
            (0, "$JS.ACK._.szMpdrwD", ""),
            (1, "$JS.ACK._.szMpdrwD", ".more"),
            (2, "$JS.ACK._.szMpdrwD", ".more.and.more"),
            (3, "$JS.ACK.dom.szMpdrwD", ""),
            (4, "$JS.ACK", ".more"),
        ] {
            let subject = format!("{prefix}.{}{suffix}", words(at));
            s.publish(&subject, "", "", "+ACK");
            s.settle_acks(&got[5]);
            s.note(format!("{at}"));
            s.info("C");
        }
    });
}

#[test]
#[ignore = "needs both servers"]
fn tokens_that_are_none_change_nothing() {
    same(|s| {
        s.plain_stream();
        s.put(6);
        s.consumer("C", json!({ "ack_wait": 60 * SECOND }));
        let got = s.fetch("C", 3);
        for token in [
            "$JS.ACK.S.C.1.5.5.1700000000000000000.1",
            "$JS.ACK.S.C.1.99.99.1700000000000000000.1",
            "$JS.ACK.S.C.1.0.0.1700000000000000000.1",
            "$JS.ACK.S.C.1.x.y.1700000000000000000.1",
            "$JS.ACK.S.C.1.2",
            "$JS.ACK.S.C.1.-2.-2.1700000000000000000.1",
            "$JS.ACK.S.NONE.1.2.2.1700000000000000000.1",
            "$JS.ACK.S.C.9.2.7.1700000000000000000.1",
        ] {
            s.note(token);
            s.publish(token, "", "", "+ACK");
            s.settle_acks(&got[2]);
            s.info("C");
        }
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_token_of_an_earlier_delivery_still_counts() {
    same(|s| {
        s.plain_stream();
        s.put(3);
        s.consumer("C", json!({ "ack_wait": 60 * SECOND }));
        let first = s.fetch("C", 2);
        s.ack(&first[0], "-NAK");
        s.fetch("C", 1);
        s.info("C");
        s.ack(&first[0], "+ACK");
        s.info("C");
        s.ack(&first[1], "-NAK");
        let again = s.fetch("C", 1);
        s.ack(&again[0], "+ACK");
        s.info("C");
    });
}

#[test]
#[ignore = "needs both servers"]
fn advisories_tell_of_refusals_and_ends() {
    same(|s| {
        s.plain_stream();
        s.listen("$JS.EVENT.ADVISORY.CONSUMER.>", "adv");
        s.listen("$JS.EVENT.METRIC.>", "metric");
        s.put(5);
        s.consumer("C", json!({ "sample_freq": "100%" }));
        s.take(1);
        let got = s.fetch("C", 4);
        for (at, form) in
            ["+TERM no more", "+TERM", "-NAK {\"delay\":20000000000}", "+ACK"].iter().enumerate()
        {
            s.ack(&got[at], form);
            s.quiet();
        }
    });
}

#[test]
#[ignore = "needs both servers"]
fn what_was_deleted_from_the_stream_is_not_pending_any_more() {
    same(|s| {
        s.plain_stream();
        s.put(8);
        s.consumer("C", json!({ "ack_wait": 60 * SECOND }));
        let got = s.fetch("C", 5);
        for seq in [1, 3, 7] {
            s.ask("STREAM.MSG.DELETE.S", &json!({ "seq": seq }));
            s.quiet();
            s.info("C");
        }
        s.ack(&got[0], "+ACK");
        s.ack(&got[1], "+ACK");
        s.info("C");
        s.ask("STREAM.PURGE.S", &json!({ "seq": 5 }));
        s.quiet();
        s.info("C");
        s.fetch("C", 2);
        s.ask("STREAM.PURGE.S", &Value::Null);
        s.quiet();
        s.info("C");
        s.put(1);
        s.quiet();
        s.info("C");
    });
}
