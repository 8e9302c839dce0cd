//! PING of the server: when it comes, what delays it, and when the server gives up.

use std::time::Duration;

use anabranch_nats::CloseReason;
use anabranch_nats::session::Settings;

use crate::recorder::{READ, SETTINGS, Talk};

const SECOND: Duration = Duration::from_secs(1);
const EARLY: Duration = Duration::from_millis(2_400);

fn connected(settings: Settings) -> Talk {
    let mut talk = Talk::with(settings);
    assert_eq!(talk.say("CONNECT {\"verbose\":false}\r\n"), READ);
    talk
}

#[test]
fn connect_brings_the_first_ping_forward_to_measure_the_round_trip() {
    let mut talk = Talk::open();
    assert_eq!(talk.session.deadline(), talk.now + SETTINGS.ping_interval);
    talk.say("CONNECT {\"verbose\":false}\r\n");
    assert!((talk.now..=talk.now + EARLY).contains(&talk.session.deadline()));
    assert_eq!(talk.until_deadline(), None);
    assert_eq!(talk.heard(), "PING\r\n");
    talk.now += Duration::from_millis(3);
    talk.say("PONG\r\n");
    assert_eq!(talk.session.rtt(), Some(Duration::from_millis(3)));
    assert_eq!(talk.session.deadline(), talk.now - Duration::from_millis(3) + 120 * SECOND);
}

#[test]
fn an_interval_shorter_than_that_is_kept() {
    let talk = connected(Settings { ping_interval: SECOND, ..SETTINGS });
    assert!(talk.session.deadline() <= talk.now + SECOND + SECOND / 5);
}

#[test]
fn who_never_said_connect_is_pinged_too() {
    let mut talk = Talk::open();
    assert_eq!(talk.until_deadline(), None);
    assert_eq!(talk.heard(), "PING\r\n");
}

#[test]
fn too_many_pings_without_an_answer_end_the_connection() {
    let mut talk = connected(SETTINGS);
    for _ in 0..SETTINGS.ping_out_max {
        assert_eq!(talk.until_deadline(), None);
        assert_eq!(talk.heard(), "PING\r\n");
    }
    assert_eq!(talk.until_deadline(), Some(CloseReason::StaleConnection));
    assert_eq!(talk.heard(), "-ERR 'Stale Connection'\r\n");
    assert_eq!(talk.host.reports, ["Stale"]);
}

#[test]
fn each_pong_starts_the_count_anew() {
    let mut talk = connected(SETTINGS);
    for _ in 0..10 {
        assert_eq!(talk.until_deadline(), None);
        assert_eq!(talk.heard(), "PING\r\n");
        talk.say("PONG\r\n");
    }
}

#[test]
fn whoever_does_something_in_the_interval_is_not_pinged() {
    for doing in ["PING\r\n", "PUB a 2\r\nhi\r\n", "SUB a 1\r\n", "UNSUB 1\r\n"] {
        let mut talk = connected(SETTINGS);
        talk.until_deadline();
        talk.say("PONG\r\n");
        talk.now += SECOND;
        talk.say(doing);
        talk.heard();
        assert_eq!(talk.until_deadline(), None, "{doing}");
        assert_eq!(talk.heard(), "", "{doing}");
        assert_eq!(talk.until_deadline(), None, "{doing}");
        assert_eq!(talk.heard(), "PING\r\n", "{doing}: an interval later");
    }
}

#[test]
fn a_pong_is_nothing_done() {
    let mut talk = connected(SETTINGS);
    talk.until_deadline();
    talk.heard();
    talk.now += SECOND;
    talk.say("PONG\r\n");
    talk.until_deadline();
    assert_eq!(talk.heard(), "PING\r\n");
}

#[test]
fn the_round_trip_is_measured_again_after_an_hour_however_busy_the_client_is() {
    let mut talk = connected(SETTINGS);
    talk.until_deadline();
    talk.say("PONG\r\n");
    let measured = talk.now;
    talk.heard();
    while talk.heard().is_empty() {
        assert!(talk.now < measured + 2 * 3600 * SECOND, "not measured again");
        talk.now = talk.session.deadline();
        talk.say("PUB a 2\r\nhi\r\n");
        assert_eq!(talk.until_deadline(), None);
    }
    assert!(talk.now >= measured + 3600 * SECOND, "{:?}", talk.now - measured);
}

#[test]
fn nothing_is_due_before_the_deadline() {
    let mut talk = connected(SETTINGS);
    let early = talk.session.deadline() - Duration::from_nanos(1);
    assert_eq!(talk.session.on_timer(early, &mut talk.host), None);
    assert_eq!(talk.heard(), "");
}
