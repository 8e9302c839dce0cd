//! A point in time with the offset that it was written with: RFC 3339 with nanoseconds.

use std::fmt;

use serde::{Serialize, Serializer};

use super::civil::{DAY_SECONDS, Date, month_days};

/// A point in time between the years 0 and 9999. Written as Go's `time.Time` is: without trailing
/// zeros in the fraction, and with the offset that it was read with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timestamp {
    nanos: i128,
    offset_minutes: i16,
}

const SECOND: i128 = 1_000_000_000;

impl Timestamp {
    /// What Go prints for a time that was never set: `0001-01-01T00:00:00Z`.
    pub const ZERO: Self = Self { nanos: -62_135_596_800 * SECOND, offset_minutes: 0 };

    /// In UTC, from nanoseconds since 1970.
    #[must_use]
    pub fn from_unix_nanos(nanos: i64) -> Self {
        Self { nanos: i128::from(nanos), offset_minutes: 0 }
    }

    /// Nanoseconds since 1970; nothing when they do not fit 64 bits (before 1677, after 2262).
    #[must_use]
    pub fn unix_nanos(&self) -> Option<i64> {
        i64::try_from(self.nanos).ok()
    }

    /// Nanoseconds since 1970; before 1677 the least, after 2262 the greatest that 64 bits hold.
    #[must_use]
    pub fn unix_nanos_saturating(&self) -> i64 {
        let bound = if self.nanos < 0 { i64::MIN } else { i64::MAX };
        self.unix_nanos().unwrap_or(bound)
    }

    /// Reads RFC 3339, strictly as Go's JSON does: capital `T` and `Z`, two-digit fields, a dot
    /// before the fraction. Digits beyond nanoseconds are cut off.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (date, rest) = text.split_once('T')?;
        let date = parse_date(date)?;
        let (clock, rest) = rest.split_at_checked(8)?;
        let seconds = parse_clock(clock)?;
        let (fraction, zone) = parse_fraction(rest)?;
        let offset_minutes = parse_zone(zone)?;
        let local = date.days() * DAY_SECONDS + seconds;
        let utc = i128::from(local - i64::from(offset_minutes) * 60);
        Some(Self { nanos: utc * SECOND + i128::from(fraction), offset_minutes })
    }
}

fn digits(text: &str, length: usize) -> Option<u32> {
    let valid = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    valid.then(|| text.parse().ok()).flatten()
}

fn parse_date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let year = i64::from(digits(parts.next()?, 4)?);
    let month = u8::try_from(digits(parts.next()?, 2)?).ok()?;
    let day = u8::try_from(digits(parts.next()?, 2)?).ok()?;
    let valid = parts.next().is_none()
        && (1..=12).contains(&month)
        && (1..=month_days(year, month)).contains(&day);
    valid.then_some(Date { year, month, day })
}

/// Seconds since midnight of `15:04:05`.
fn parse_clock(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let hour = digits(parts.next()?, 2)?;
    let minute = digits(parts.next()?, 2)?;
    let second = digits(parts.next()?, 2)?;
    let valid = parts.next().is_none() && hour < 24 && minute < 60 && second < 60;
    valid.then(|| i64::from(hour * 3600 + minute * 60 + second))
}

/// Nanoseconds of an optional fraction, and what follows it.
fn parse_fraction(text: &str) -> Option<(u32, &str)> {
    let Some(rest) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    if end == 0 {
        return None;
    }
    let kept = &rest[..end.min(9)];
    let nanos = digits(kept, kept.len())? * 10u32.pow(9 - u32::try_from(kept.len()).ok()?);
    Some((nanos, &rest[end..]))
}

fn parse_zone(text: &str) -> Option<i16> {
    if text == "Z" {
        return Some(0);
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    let valid = hours < 24 && minutes < 60;
    let total = i16::try_from(hours * 60 + minutes).ok()?;
    valid.then_some(sign * total)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = self.nanos + i128::from(self.offset_minutes) * 60 * SECOND;
        let seconds = i64::try_from(local.div_euclid(SECOND)).map_err(|_| fmt::Error)?;
        let nanos = local.rem_euclid(SECOND);
        let Date { year, month, day } = Date::from_days(seconds.div_euclid(DAY_SECONDS));
        let clock = seconds.rem_euclid(DAY_SECONDS);
        let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if nanos > 0 {
            let fraction = format!("{nanos:09}");
            write!(f, ".{}", fraction.trim_end_matches('0'))?;
        }
        match self.offset_minutes {
            0 => f.write_str("Z"),
            offset => {
                let sign = if offset < 0 { '-' } else { '+' };
                let minutes = offset.unsigned_abs();
                write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back_as_they_were_written() {
        for text in [
            "0001-01-01T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "1969-12-31T23:59:59.999999999Z",
            "2024-02-29T12:00:00.1Z",
            "2024-02-29T12:00:00.00000001+05:30",
            "9999-12-31T23:59:59-11:00",
        ] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Timestamp::ZERO.to_string(), "0001-01-01T00:00:00Z");
        assert_eq!(Timestamp::from_unix_nanos(1).to_string(), "1970-01-01T00:00:00.000000001Z");
    }

    #[test]
    fn zeros_at_the_end_and_digits_beyond_nanoseconds_vanish() {
        let printed = |text: &str| Timestamp::parse(text).unwrap().to_string();
        assert_eq!(printed("2024-01-01T00:00:00.500Z"), "2024-01-01T00:00:00.5Z");
        assert_eq!(printed("2024-01-01T00:00:00.1234567899Z"), "2024-01-01T00:00:00.123456789Z");
        assert_eq!(printed("2024-01-01T00:00:00+00:00"), "2024-01-01T00:00:00Z");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2024-01-01",
            "2024-01-01t00:00:00Z",
            "2024-01-01T00:00:00z",
            "2024-13-01T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:00:60Z",
            "2024-01-01T00:00:00,5Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T0:00:00Z",
            "2024-01-01T00:00:00+24:00",
            "2024-01-01T00:00:00+0100",
            "20é4-01-01T00:00:0é",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn unix_nanoseconds_saturate() {
        assert_eq!(Timestamp::ZERO.unix_nanos(), None);
        assert_eq!(Timestamp::ZERO.unix_nanos_saturating(), i64::MIN);
        let late = Timestamp::parse("9999-01-01T00:00:00Z").unwrap();
        assert_eq!(late.unix_nanos_saturating(), i64::MAX);
    }
}
