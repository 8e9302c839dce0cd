//! A schedule of any text is read or refused, and its next time is found in bounded time, behind
//! the last one.

use anabranch_jetstream::publish::schedule::{Schedule, Utc, Zone, Zones};

use super::Target;

pub(super) const TARGET: Target =
    Target { name: "schedule", check, corpus: CORPUS, dictionary: WORDS };

const CORPUS: &[&[u8]] = &[
    b"@at 2030-01-01T00:00:00Z",
    b"@every 1h30m",
    b"@daily\nHalf",
    b"*/15 0 12 * * MON-FRI",
    b"0 0 0 29 feb ?\nShifting",
    b"1,5-9/2 59 23 31 12 *\nUTC",
];

const WORDS: &[&[u8]] = &[
    b"@at ",
    b"@every ",
    b"@yearly",
    b"*",
    b"?",
    b"/",
    b"-",
    b",",
    b" ",
    b"0",
    b"59",
    b"dec",
    b"sun",
    b"\nShifting",
    b"\nHalf",
    b"9999999999",
    b"9999-12-31T23:59:59Z",
];

/// Half an hour ahead.
struct Half;

impl Zone for Half {
    fn offset_seconds(&self, _: i64) -> i64 {
        1800
    }
}

/// Changes its clocks by an hour every 50 days, at any time of the day.
struct Shifting;

impl Zone for Shifting {
    fn offset_seconds(&self, utc_seconds: i64) -> i64 {
        if utc_seconds.div_euclid(50 * 86_400 + 1_234).rem_euclid(2) == 0 { 3600 } else { 0 }
    }
}

#[derive(Debug)]
struct Known;

impl Zones for Known {
    fn find(&self, name: &str) -> Option<Box<dyn Zone>> {
        match name {
            "UTC" => Some(Box::new(Utc)),
            "Half" => Some(Box::new(Half)),
            "Shifting" => Some(Box::new(Shifting)),
            _ => None,
        }
    }
}

fn check(input: &[u8]) {
    let (pattern, zone) = match input.iter().position(|byte| *byte == b'\n') {
        Some(cut) => (&input[..cut], Some(&input[cut + 1..])),
        None => (input, None),
    };
    let Ok(Some(schedule)) = Schedule::parse(Some(pattern), zone, &Known) else {
        return;
    };
    // The input's length stands for the time, so that many are tried.
    let start = i64::try_from(input.len()).unwrap_or_default() * 987_654_321_987_654;
    let Ok(first) = schedule.next(start, start) else {
        return;
    };
    if schedule.repeats() {
        assert!(first > start, "{first} is not behind {start}");
        if let Ok(second) = schedule.next(first, first) {
            assert!(second > first || second == i64::MAX, "{second} is not behind {first}");
        }
    }
}
