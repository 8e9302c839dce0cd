//! CONNECT and credentials: who may speak, and from when on.

use std::time::Duration;

use anabranch_nats::CloseReason;
use anabranch_nats::session::{Attempt, Auth, Next, Settings, Verdict};

use crate::recorder::{READ, SETTINGS, Talk};

const VIOLATION: &str = "-ERR 'Authorization Violation'\r\n";
const REFUSED: Next = Next::Close(CloseReason::AuthenticationViolation);

fn guarded(auth: Auth) -> Talk {
    Talk::with(Settings { auth, ..SETTINGS })
}

#[test]
fn anybody_may_begin_with_anything_where_no_credentials_are_needed() {
    let mut talk = Talk::open();
    assert_eq!(talk.say("SUB a 1\r\nPUB a 2\r\nhi\r\nPING\r\n"), READ);
    assert_eq!(talk.heard(), "+OK\r\n+OK\r\nPONG\r\n");
    assert_eq!(talk.host.attempts, []);
}

#[test]
fn whatever_comes_before_credentials_ends_the_connection() {
    for first in ["PING\r\n", "PUB a 2\r\nhi\r\n", "SUB a 1\r\n", "x", "\r\n", "INFO {}\r\n"] {
        let mut talk = guarded(Auth::Required);
        assert_eq!(talk.say(first), REFUSED, "{first:?}");
        assert_eq!(talk.heard(), VIOLATION);
        assert_eq!(talk.host.reports, ["AuthorizationViolation"]);
        assert_eq!((talk.host.attempts.len(), talk.done().len()), (0, 0), "nothing was asked");
    }
}

#[test]
fn accepted_credentials_open_the_conversation() {
    let mut talk = guarded(Auth::Required);
    assert_eq!(talk.say("connect {\"user\":\"a\",\"name\":\"app\"}\r\nPING\r\n"), READ);
    assert_eq!(talk.heard(), "+OK\r\nPONG\r\n");
    assert_eq!(talk.host.attempts, [Attempt::First]);
    assert_eq!(talk.done(), ["connected \"app\""]);
}

#[test]
fn refused_credentials_end_the_connection_and_what_follows_is_not_looked_at() {
    let mut talk = guarded(Auth::Required);
    talk.host.verdict = Verdict::Refused;
    assert_eq!(talk.say("CONNECT {\"user\":\"a\"}\r\nSUB a 1\r\n"), REFUSED);
    assert_eq!(talk.heard(), VIOLATION);
    assert!(talk.done().is_empty());
}

#[test]
fn what_follows_connect_waits_for_a_pending_verdict() {
    let mut talk = guarded(Auth::Required);
    talk.host.verdict = Verdict::Pending;
    assert_eq!(talk.say("CONNECT {\"verbose\":false}\r\nPING\r\n"), Next::AwaitVerdict);
    assert_eq!((talk.heard().as_str(), talk.done().len()), ("", 0));
    assert_eq!(talk.resume(Verdict::Accepted { restricted: false }), None);
    assert_eq!(talk.say(""), READ);
    assert_eq!(talk.heard(), "PONG\r\n");
}

#[test]
fn a_pending_verdict_may_be_a_refusal() {
    let mut talk = guarded(Auth::Required);
    talk.host.verdict = Verdict::Pending;
    talk.say("CONNECT {}\r\n");
    let ended = talk.resume(Verdict::Refused);
    assert_eq!(ended, Some(CloseReason::AuthenticationViolation));
    assert_eq!(talk.heard(), VIOLATION);
}

#[test]
fn who_does_not_say_connect_in_time_is_told_so() {
    let mut talk = guarded(Auth::Required);
    assert_eq!(talk.session.deadline(), talk.now + SETTINGS.auth_timeout);
    assert_eq!(talk.until_deadline(), Some(CloseReason::AuthenticationTimeout));
    assert_eq!(talk.heard(), "-ERR 'Authentication Timeout'\r\n");
    assert_eq!(talk.host.reports, ["AuthenticationTimeout"]);
}

#[test]
fn half_a_connect_is_none_in_time() {
    let mut talk = guarded(Auth::Required);
    assert_eq!(talk.say("CONNECT {\"user\":"), READ);
    assert_eq!(talk.until_deadline(), Some(CloseReason::AuthenticationTimeout));
}

#[test]
fn the_time_for_connect_bounds_the_wait_for_a_judge_and_not_the_judging() {
    // Shorter than the time to the first PING, so that it is what is due.
    let auth_timeout = Duration::from_secs(1);
    let mut talk = Talk::with(Settings { auth: Auth::Required, auth_timeout, ..SETTINGS });
    let deadline = talk.now + auth_timeout;
    talk.host.verdict = Verdict::Pending;
    talk.say("CONNECT {}\r\n");
    assert_eq!(talk.session.deadline(), deadline);
    talk.session.judging();
    assert!(talk.session.deadline() > deadline);
}

#[test]
fn no_time_runs_where_no_credentials_are_needed() {
    let mut talk = Talk::open();
    assert_eq!(talk.session.deadline(), talk.now + SETTINGS.ping_interval);
    assert_eq!(talk.until_deadline(), None);
}

#[test]
fn the_default_user_needs_no_connect() {
    let mut talk = guarded(Auth::DefaultUser);
    assert!(talk.session.expects_connect());
    assert_eq!(talk.say("PUB a 2\r\nhi\r\n"), READ);
    assert_eq!(talk.heard(), "+OK\r\n");
    assert_eq!(talk.host.attempts, [Attempt::WithoutConnect]);
    assert!(!talk.session.expects_connect());
    assert!(talk.session.deadline() > talk.now + SETTINGS.auth_timeout, "no time runs any more");
}

#[test]
fn the_default_user_is_asked_for_once() {
    let mut talk = guarded(Auth::DefaultUser);
    talk.say("PING\r\nPING\r\nSUB a 1\r\n");
    assert_eq!(talk.host.attempts, [Attempt::WithoutConnect]);
}

#[test]
fn the_default_user_may_be_refused_and_may_be_restricted() {
    let mut talk = guarded(Auth::DefaultUser);
    talk.host.verdict = Verdict::Refused;
    assert_eq!(talk.say("PING\r\n"), REFUSED);
    assert_eq!(talk.heard(), VIOLATION);
    let mut talk = guarded(Auth::DefaultUser);
    talk.host.verdict = Verdict::Accepted { restricted: true };
    talk.say("SUB no.way 1\r\n");
    assert!(talk.heard().starts_with("-ERR 'Permissions Violation"));
}

#[test]
fn who_says_connect_is_not_the_default_user() {
    let mut talk = guarded(Auth::DefaultUser);
    talk.say("CONNECT {\"user\":\"a\"}\r\n");
    assert_eq!(talk.host.attempts, [Attempt::First]);
}

#[test]
fn a_second_connect_is_judged_again_without_the_subscriptions_of_the_first() {
    let mut talk = Talk::connected("{\"verbose\":false,\"name\":\"one\"}");
    talk.say("SUB a 1\r\n");
    talk.done();
    assert_eq!(talk.say("CONNECT {\"user\":\"b\"}\r\n"), READ);
    assert_eq!(talk.host.attempts, [Attempt::First, Attempt::Again]);
    // What it does not mention stays as it was.
    assert_eq!(talk.done(), ["unsubscribe all", "connected \"one\""]);
    assert_eq!(talk.heard(), "", "not verbose still");
}

#[test]
fn a_second_connect_may_be_refused() {
    let mut talk = Talk::connected("{}");
    talk.host.verdict = Verdict::Refused;
    assert_eq!(talk.say("CONNECT {}\r\n"), REFUSED);
    assert_eq!(talk.heard(), VIOLATION);
}

#[test]
fn accounts_cannot_be_chosen() {
    for options in ["{\"account\":\"A\"}", "{\"new_account\":true}"] {
        let mut talk = Talk::open();
        assert_eq!(talk.say(&format!("CONNECT {options}\r\n")), REFUSED, "{options}");
        assert_eq!(talk.heard(), VIOLATION);
    }
}

#[test]
fn a_first_round_trip_is_estimated_from_the_wait_for_connect() {
    let mut talk = Talk::open();
    assert_eq!(talk.session.rtt(), None);
    talk.now += Duration::from_millis(7);
    talk.say("CONNECT {}\r\n");
    assert_eq!(talk.session.rtt(), Some(Duration::from_millis(7)));
}
