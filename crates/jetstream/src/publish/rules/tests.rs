//! The answers were seen from nats-server 2.15.1.

use super::super::schedule::{Utc, Zone};
use super::*;

#[derive(Debug)]
struct Known;

impl Zones for Known {
    fn find(&self, name: &str) -> Option<Box<dyn Zone>> {
        (name == "Europe/Berlin").then(|| Box::new(Utc) as Box<dyn Zone>)
    }
}

fn plain() -> StreamConfig {
    StreamConfig {
        name: "Q".to_owned(),
        subjects: vec!["q.>".to_owned()],
        ..StreamConfig::default()
    }
}

fn everything() -> StreamConfig {
    StreamConfig {
        allow_msg_ttl: true,
        allow_rollup_hdrs: true,
        allow_msg_schedules: true,
        ..plain()
    }
}

/// All rules in nats-server's order, for a message to `q.1`; 0 when none is broken.
fn refused(config: &StreamConfig, lines: &[&str], payload: usize) -> u16 {
    let block = format!("NATS/1.0\r\n{}\r\n\r\n", lines.join("\r\n"));
    let headers = PublishHeaders::parse(block.as_bytes());
    let outcome = counter(&headers, config, payload)
        .and_then(|()| expected_stream(&headers, config))
        .and_then(|()| ttl_allowed(&headers, config))
        .and_then(|()| expected_subject(&headers))
        .and_then(|()| schedule(&headers, b"q.1", config, 0, &Known).map(|_| ()))
        .and_then(|()| ended_schedule(&headers, b"q.1", config).map(|_| ()))
        .and_then(|()| source_header(&headers))
        .and_then(|()| rollup(&headers, config).map(|_| ()))
        .and_then(|()| counter_missing(&headers, config))
        .and_then(|()| match &headers.ttl {
            Some(Err(error)) => Err(error.clone()),
            _ => Ok(()),
        });
    outcome.err().map_or(0, |error| error.err_code)
}

const TARGET: &str = "Nats-Schedule-Target: q.t";
const HOURLY: &str = "Nats-Schedule: @every 1h";

#[test]
fn a_plain_stream_refuses_what_it_does_not_allow() {
    for (lines, code) in [
        (&["Nats-Msg-Id: a"][..], 0),
        (&["Nats-Expected-Stream: Q"], 0),
        (&["Nats-Expected-Stream: X"], 10060),
        (&["Nats-Expected-Last-Subject-Sequence-Subject: a"], 10193),
        (&["Nats-Rollup: sub"], 10111),
        (&["Nats-Rollup: x"], 10111),
        (&["Nats-TTL: 1s"], 10166),
        (&["Nats-TTL: NEVER"], 10166),
        (&["Nats-TTL: x"], 10165),
        (&["Nats-TTL: 0"], 10165),
        (&["Nats-TTL: x", "Nats-Rollup: y"], 10111),
        (&["Nats-Incr: 1"], 10168),
        (&["Nats-Incr: x"], 10171),
        (&["Nats-Schedule: bad"], 10188),
        (&["Nats-Schedule-Time-Zone: X"], 10188),
        (&["Nats-Schedule: @at 0001-01-01T00:00:00Z"], 0),
        (&["Nats-Scheduler: x"], 10212),
        (&["Nats-Schedule-Next: purge", "Nats-Scheduler: q.s"], 10188),
        (&["Nats-Stream-Source: x"], 10227),
    ] {
        assert_eq!(refused(&plain(), lines, 1), code, "{lines:?}");
    }
}

#[test]
fn schedules_have_to_be_whole() {
    for (lines, code) in [
        (&[HOURLY, TARGET][..], 0),
        (&[HOURLY, TARGET, "Nats-Rollup: SUB", "Nats-Schedule-TTL: 5m"], 0),
        (&["Nats-Schedule: @at 2030-01-01T00:00:00Z"], 10190),
        (&["Nats-Schedule: bad"], 10189),
        (&["Nats-Schedule: @every 500ms", TARGET], 10189),
        (&["Nats-Schedule: 0 0 0 31 2 *", TARGET], 10189),
        (&["Nats-Schedule: @daily", TARGET, "Nats-Schedule-Time-Zone: Europe/Berlin"], 0),
        (&["Nats-Schedule: @daily", TARGET, "Nats-Schedule-Time-Zone: X"], 10223),
        (&["Nats-Schedule-Time-Zone: X"], 10223),
        (&["Nats-Schedule-Time-Zone:"], 10223),
        (&[HOURLY, "Nats-Schedule-Target: zz"], 10190),
        (&[HOURLY, "Nats-Schedule-Target: q.1"], 10190),
        (&[HOURLY, "Nats-Schedule-Target: q.*"], 10190),
        (&[HOURLY, TARGET, "Nats-Schedule-TTL: x"], 10191),
        (&[HOURLY, TARGET, "Nats-Schedule-Rollup: all"], 10192),
        (&[HOURLY, TARGET, "Nats-Rollup: all"], 10192),
        (&[HOURLY, TARGET, "Nats-Schedule-Source: q.t"], 10203),
        (&[HOURLY, TARGET, "Nats-Schedule-Source: zz"], 10203),
        (&["Nats-Schedule-Next: x"], 10212),
        (&["Nats-Schedule-Next: purge"], 10212),
        (&["Nats-Schedule-Next: purge", "Nats-Scheduler: q.1"], 10212),
        (&["Nats-Schedule-Next: purge", "Nats-Scheduler: q.2"], 0),
        (&["Nats-Rollup: x"], 10111),
    ] {
        assert_eq!(refused(&everything(), lines, 1), code, "{lines:?}");
    }
    let without_ttl = StreamConfig { allow_msg_ttl: false, ..everything() };
    assert_eq!(refused(&without_ttl, &[HOURLY, TARGET, "Nats-Schedule-TTL: 5m"], 1), 10166);
}

#[test]
fn counters_take_increments_alone() {
    let counter = StreamConfig { allow_msg_counter: true, ..plain() };
    for (lines, payload, code) in [
        (&["A: b"][..], 0, 10169),
        (&["Nats-Incr: 1"], 1, 10170),
        (&["Nats-Incr: +5"], 0, 0),
        (&["Nats-Incr: 0x1"], 0, 10171),
        (&["Nats-Incr: 1", "Nats-Msg-Id: m"], 0, 0),
        (&["Nats-Incr: 1", "Nats-Rollup: sub"], 0, 10171),
        (&["Nats-Incr: 1", "Nats-Expected-Last-Sequence: 1"], 0, 10171),
    ] {
        assert_eq!(refused(&counter, lines, payload), code, "{lines:?}");
    }
}
