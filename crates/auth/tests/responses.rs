//! Rights to answer requests. Sequences and outcomes without a comment were tried on nats-server.
#![expect(clippy::disallowed_methods, reason = "an `Instant` to count from has no other source")]

use std::time::{Duration, Instant};

use anabranch_auth::ResponseGrants;
use anabranch_config::options::ResponsePermission;

fn grants(messages_max: i64, expires: Duration) -> ResponseGrants {
    ResponseGrants::new(ResponsePermission { messages_max, expires })
}

const LONG: Duration = Duration::from_secs(120);

/// Runs steps, `Q` a request and `P` a publication, all with one reply subject.
fn run(messages_max: i64, steps: &str) -> String {
    let now = Instant::now();
    let mut grants = grants(messages_max, LONG);
    let mut answers = String::new();
    for step in steps.chars() {
        match step {
            'Q' => grants.grant(b"R", now),
            _ => answers.push(if grants.take(b"R", now) { 'y' } else { 'n' }),
        }
    }
    answers
}

#[test]
fn a_request_gives_the_configured_number_of_responses() {
    assert_eq!(run(1, "P"), "n");
    assert_eq!(run(1, "QPP"), "yn");
    assert_eq!(run(0, "QPP"), "yn");
    assert_eq!(run(2, "QPPP"), "yyn");
    assert_eq!(run(-1, "QPPPP"), "yyyy");
    assert_eq!(run(1, "QPQPP"), "yyn");
}

#[test]
fn another_request_uses_a_standing_right_instead_of_renewing_it() {
    assert_eq!(run(1, "QQPP"), "nn");
    assert_eq!(run(1, "QQQPP"), "yn");
    assert_eq!(run(2, "QQPP"), "yn");
}

#[test]
fn rights_expire() {
    let start = Instant::now();
    let mut grants = grants(5, Duration::from_millis(200));
    grants.grant(b"R", start);
    assert!(grants.take(b"R", start + Duration::from_millis(200)));
    assert!(!grants.take(b"R", start + Duration::from_millis(201)));
    assert!(grants.is_empty());
}

#[test]
fn zero_life_is_unlimited_life() {
    let start = Instant::now();
    let mut grants = grants(1, Duration::ZERO);
    grants.grant(b"R", start);
    assert!(grants.take(b"R", start + Duration::from_secs(1 << 30)));
}

#[test]
fn subjects_are_compared_exactly_and_an_empty_one_has_no_right() {
    let now = Instant::now();
    let mut grants = grants(1, LONG);
    grants.grant(b"", now);
    grants.grant(b"a.*", now);
    assert!(!grants.take(b"", now));
    assert!(!grants.take(b"a.b", now));
    assert!(grants.take(b"a.*", now));
}

#[test]
fn expired_rights_are_forgotten_by_later_grants() {
    let start = Instant::now();
    let mut grants = grants(1, LONG);
    for index in 0..1000_u32 {
        grants.grant(format!("old.{index}").as_bytes(), start);
    }
    grants.grant(b"new", start + LONG + Duration::from_millis(1));
    assert_eq!(grants.len(), 1);
}

#[test]
fn used_rights_leave_nothing_behind() {
    let now = Instant::now();
    let mut grants = grants(1, Duration::ZERO);
    for index in 0..100_000_u32 {
        let reply = format!("_INBOX.{index}");
        grants.grant(reply.as_bytes(), now);
        assert!(grants.take(reply.as_bytes(), now));
    }
    assert!(grants.is_empty());
}

#[test]
fn above_the_bound_the_oldest_right_goes() {
    let now = Instant::now();
    let mut grants = grants(-1, Duration::ZERO);
    for index in 0..70_000_u32 {
        grants.grant(&index.to_be_bytes(), now);
    }
    assert_eq!(grants.len(), 65_536);
    assert!(!grants.take(&0_u32.to_be_bytes(), now));
    assert!(grants.take(&69_999_u32.to_be_bytes(), now));
}

#[test]
fn the_bytes_of_subjects_are_bounded_too() {
    let now = Instant::now();
    let mut grants = grants(-1, Duration::ZERO);
    let mut reply = vec![b'x'; 1024 * 1024];
    for index in 0..40_u8 {
        reply[0] = index;
        grants.grant(&reply, now);
    }
    assert_eq!(grants.len(), 16);
    assert!(grants.take(&reply, now));
}
