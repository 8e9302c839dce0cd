//! Values as Go writes them: tools that read nats-server's documents parse these texts.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serializer;

const DAY: u64 = 86_400;
/// Days from 0000-03-01 to 1970-01-01 in the Gregorian calendar.
const DAYS_TO_EPOCH: u64 = 719_468;
/// Days of 400 years.
const ERA: u64 = 146_097;

/// RFC 3339 in UTC with as many digits of the second as are not zero (`time.RFC3339Nano`).
#[must_use]
pub(super) fn timestamp(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (year, month, day) = civil(since.as_secs() / DAY);
    let second = since.as_secs() % DAY;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    push_fraction(&mut text, u64::from(since.subsec_nanos()), 9);
    text.push('Z');
    text
}

/// Year, month and day of a day after 1970-01-01. Counted in years that begin with March, so
/// that the leap day is the last.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + DAYS_TO_EPOCH;
    let of_era = days % ERA;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + days / ERA * 400 + u64::from(month <= 2);
    (year, month, day)
}

/// Appends `.` and the digits of `fraction`, which has `digits` of them, without zeros behind.
fn push_fraction(text: &mut String, fraction: u64, digits: usize) {
    if fraction > 0 {
        let shown = format!("{fraction:0digits$}");
        text.push('.');
        text.push_str(shown.trim_end_matches('0'));
    }
}

/// `1.5s`, `2m0s`, `120µs` (`time.Duration.String`).
#[must_use]
pub(super) fn duration(duration: Duration) -> String {
    let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    let mut text = String::new();
    let (unit, digits, name) = match nanos {
        0 => return "0s".to_owned(),
        1..1_000 => (1, 0, "ns"),
        1_000..1_000_000 => (1_000, 3, "µs"),
        1_000_000..1_000_000_000 => (1_000_000, 6, "ms"),
        _ => (1_000_000_000, 9, "s"),
    };
    let mut whole = nanos / unit;
    if name == "s" {
        if whole >= 3600 {
            let _ = write!(text, "{}h", whole / 3600);
        }
        if whole >= 60 {
            let _ = write!(text, "{}m", whole / 60 % 60);
        }
        whole %= 60;
    }
    let _ = write!(text, "{whole}");
    push_fraction(&mut text, nanos % unit, digits);
    text.push_str(name);
    text
}

/// A round trip as connz shows it: below a millisecond, in whole microseconds.
#[must_use]
pub(super) fn round_trip(rtt: Duration) -> String {
    let micros = rtt.as_micros();
    if rtt > Duration::from_micros(1) && micros < 1000 {
        return duration(Duration::from_micros(u64::try_from(micros).unwrap_or(0)));
    }
    duration(rtt)
}

/// `1y2d3h4m5s`, from the first unit that is not zero on.
#[must_use]
pub(super) fn uptime(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / DAY);
    let years = days / 365;
    let units = [
        (years, years, 'y'),
        (days, days % 365, 'd'),
        (hours, hours % 24, 'h'),
        (minutes, minutes % 60, 'm'),
    ];
    let mut text = String::new();
    for (whole, part, name) in units {
        if whole > 0 {
            let _ = write!(text, "{part}{name}");
        }
    }
    let _ = write!(text, "{}s", seconds % 60);
    text
}

/// A number as Go writes a `float64`: without a fraction, as an integer.
pub(super) fn float<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    /// Integers up to here have no digits that a `float64` lacks.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() < EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "an integer below 2^53")]
        let whole = *value as i64;
        return serializer.serialize_i64(whole);
    }
    serializer.serialize_f64(*value)
}

/// A duration as Go marshals it: nanoseconds.
pub(super) fn nanos<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(value.as_nanos()).unwrap_or(u64::MAX))
}

/// Serializes a time as [`timestamp`] writes it.
pub(super) fn time<S: Serializer>(value: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&timestamp(*value))
}

/// Serializes a time that may be missing.
pub(super) fn time_if<S: Serializer>(
    value: &Option<SystemTime>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => time(value, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64, nanos: u32) -> String {
        timestamp(UNIX_EPOCH + Duration::new(seconds, nanos))
    }

    #[test]
    fn writes_times_as_rfc_3339() {
        assert_eq!(at(0, 0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_782_400, 0), "2000-02-29T00:00:00Z");
        assert_eq!(at(951_868_799, 500_000_000), "2000-02-29T23:59:59.5Z");
        assert_eq!(at(1_735_689_599, 1), "2024-12-31T23:59:59.000000001Z");
        assert_eq!(at(4_107_542_400, 120_000), "2100-03-01T00:00:00.00012Z");
        assert_eq!(timestamp(UNIX_EPOCH - Duration::from_secs(9)), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn writes_durations_in_the_unit_that_fits() {
        let nanos = |n| duration(Duration::from_nanos(n));
        assert_eq!(nanos(0), "0s");
        assert_eq!(nanos(999), "999ns");
        assert_eq!(nanos(1_500), "1.5µs");
        assert_eq!(nanos(1_234_567), "1.234567ms");
        assert_eq!(nanos(1_000_000_000), "1s");
        assert_eq!(nanos(61_050_000_000), "1m1.05s");
        assert_eq!(nanos(3_600_000_000_000), "1h0m0s");
    }

    #[test]
    fn truncates_short_round_trips() {
        assert_eq!(round_trip(Duration::from_nanos(991_234)), "991µs");
        assert_eq!(round_trip(Duration::from_nanos(1_991_234)), "1.991234ms");
        assert_eq!(round_trip(Duration::from_nanos(700)), "700ns");
    }

    #[test]
    fn counts_uptime_in_years_days_hours() {
        let seconds = |n| uptime(Duration::from_secs(n));
        assert_eq!(seconds(0), "0s");
        assert_eq!(seconds(61), "1m1s");
        assert_eq!(seconds(3600), "1h0m0s");
        assert_eq!(seconds(93_784), "1d2h3m4s");
        assert_eq!(seconds(366 * 86_400), "1y1d0h0m0s");
    }

    #[test]
    fn writes_whole_floats_as_integers() {
        #[derive(serde::Serialize)]
        struct Floats(
            #[serde(serialize_with = "float")] f64,
            #[serde(serialize_with = "float")] f64,
        );
        assert_eq!(serde_json::to_string(&Floats(2.0, 0.5)).unwrap(), "[2,0.5]");
    }
}
