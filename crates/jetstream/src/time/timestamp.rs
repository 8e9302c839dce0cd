//! A point in time with the offset that it was written with: RFC 3339 with nanoseconds.

use std::fmt;

use serde::{Serialize, Serializer};

use super::Nanos;
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

    /// The same instant, written in UTC.
    #[must_use]
    pub fn in_utc(&self) -> Self {
        Self { offset_minutes: 0, ..*self }
    }

    /// Time from here to `later`, negative when that is before; what does not fit 64 bits becomes
    /// the least or the greatest duration.
    #[must_use]
    pub fn until(&self, later: &Self) -> Nanos {
        let nanos = later.nanos - self.nanos;
        let bound = if nanos < 0 { i64::MIN } else { i64::MAX };
        Nanos(i64::try_from(nanos).unwrap_or(bound))
    }

    /// Appends what it is displayed as.
    pub fn append_to(&self, into: &mut Vec<u8>) {
        let Some(nanos) = self.unix_nanos().filter(|_| self.offset_minutes == 0) else {
            return into.extend_from_slice(self.to_string().as_bytes());
        };
        let (seconds, nanos) = (nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000));
        let Date { year, month, day } = Date::from_days(seconds.div_euclid(DAY_SECONDS));
        let clock = seconds.rem_euclid(DAY_SECONDS);
        let mut text = *b"0000-00-00T00:00:00.000000000";
        put_digits(&mut text[..4], year);
        put_digits(&mut text[5..7], i64::from(month));
        put_digits(&mut text[8..10], i64::from(day));
        put_digits(&mut text[11..13], clock / 3600);
        put_digits(&mut text[14..16], clock / 60 % 60);
        put_digits(&mut text[17..19], clock % 60);
        put_digits(&mut text[20..], nanos);
        let text = if nanos == 0 { &text[..19] } else { without_end_zeros(&text) };
        into.extend_from_slice(text);
        into.push(b'Z');
    }

    /// Reads RFC 3339 as Go's JSON does: capital `T` and `Z`, an hour of one digit if need be, a
    /// fraction behind a dot or a comma. Digits beyond nanoseconds are cut off.
    ///
    /// # Errors
    /// Where the text is no such time.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let mut rest = Rest(text);
        let year = i64::from(rest.number(4, "2006")?);
        rest.byte('-')?;
        let month = rest.small("01")?;
        in_range("month", (1..=12).contains(&month))?;
        rest.byte('-')?;
        let day = rest.small("02")?;
        rest.byte('T')?;
        let hour = rest.hour()?;
        in_range("hour", hour < 24)?;
        rest.byte(':')?;
        let minute = rest.number(2, "04")?;
        in_range("minute", minute < 60)?;
        rest.byte(':')?;
        let second = rest.number(2, "05")?;
        in_range("second", second < 60)?;
        let fraction = rest.fraction();
        let offset_minutes = rest.zone()?;
        if !rest.0.is_empty() {
            return Err(TimeError::Extra(rest.0.to_owned()));
        }
        in_range("day", (1..=month_days(year, month)).contains(&day))?;
        let seconds = Date { year, month, day }.days() * DAY_SECONDS
            + i64::from(hour * 3600 + minute * 60 + second)
            - i64::from(offset_minutes) * 60;
        let nanos = i128::from(seconds) * SECOND + i128::from(fraction);
        Ok(Self { nanos, offset_minutes })
    }
}

/// Writes the last digits of a number that is not negative.
fn put_digits(into: &mut [u8], mut number: i64) {
    for digit in into.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
}

fn without_end_zeros(text: &[u8]) -> &[u8] {
    let kept = text.iter().rposition(|&digit| digit != b'0').map_or(0, |last| last + 1);
    &text[..kept]
}

fn in_range(what: &'static str, fits: bool) -> Result<(), TimeError> {
    if fits { Ok(()) } else { Err(TimeError::Range(what)) }
}

/// Why a text is no time. Displayed as the end of Go's message, after the quoted text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeError {
    /// From here on it is not what the layout has there.
    Expected(String, &'static str),
    /// A part of it does not exist.
    Range(&'static str),
    /// There is more behind it.
    Extra(String),
}

const LAYOUT: &str = "2006-01-02T15:04:05Z07:00";

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expected(rest, part) => {
                let rest = crate::json::go_quoted(rest);
                write!(f, " as \"{LAYOUT}\": cannot parse {rest} as \"{part}\"")
            }
            Self::Range(what) => write!(f, ": {what} out of range"),
            Self::Extra(rest) => write!(f, ": extra text: {}", crate::json::go_quoted(rest)),
        }
    }
}

impl std::error::Error for TimeError {}

/// What is left of the text.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn number(&mut self, length: usize, part: &'static str) -> Result<u32, TimeError> {
        let digits = self.0.get(..length).filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        let value = digits.and_then(|text| text.parse().ok());
        let value = value.ok_or_else(|| self.expected(part))?;
        self.0 = &self.0[length..];
        Ok(value)
    }

    fn small(&mut self, part: &'static str) -> Result<u8, TimeError> {
        let value = self.number(2, part)?;
        Ok(u8::try_from(value).unwrap_or(u8::MAX))
    }

    fn hour(&mut self) -> Result<u32, TimeError> {
        let two = self.0.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        self.number(if two { 2 } else { 1 }, "15")
    }

    fn byte(&mut self, wanted: char) -> Result<(), TimeError> {
        let part = match wanted {
            '-' => "-",
            ':' => ":",
            _ => "T",
        };
        self.0 = self.0.strip_prefix(wanted).ok_or_else(|| self.expected(part))?;
        Ok(())
    }

    /// Nanoseconds of a fraction, if there is one.
    fn fraction(&mut self) -> u32 {
        let Some(rest) = self.0.strip_prefix(['.', ',']) else { return 0 };
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        if length == 0 {
            return 0;
        }
        let padded = format!("{:0<9}", &rest[..length.min(9)]);
        self.0 = &rest[length..];
        padded.parse().unwrap_or_default()
    }

    /// Minutes east of Greenwich.
    fn zone(&mut self) -> Result<i16, TimeError> {
        const PART: &str = "Z07:00";
        if let Some(rest) = self.0.strip_prefix('Z') {
            self.0 = rest;
            return Ok(0);
        }
        let sign = match self.0.bytes().next() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Err(self.expected(PART)),
        };
        let whole = Rest(self.0);
        let mut inner = Rest(&self.0[1..]);
        let parts = (inner.number(2, PART), inner.byte(':'), inner.number(2, PART));
        let (Ok(hours), Ok(()), Ok(minutes)) = parts else {
            return Err(whole.expected(PART));
        };
        in_range("time zone offset minute", minutes < 60)?;
        in_range("time zone offset hour", hours < 24)?;
        self.0 = inner.0;
        Ok(sign * i16::try_from(hours * 60 + minutes).unwrap_or_default())
    }

    fn expected(&self, part: &'static str) -> TimeError {
        TimeError::Expected(self.0.to_owned(), part)
    }
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
    fn what_is_appended_is_what_is_displayed() {
        let texts = [
            "1970-01-01T00:00:00Z",
            "1969-12-31T23:59:59.5Z",
            "2262-04-11T23:47:16.1Z",
            "1677-09-21T00:12:44Z",
            "2024-02-29T01:02:03.000000001Z",
            "9999-12-31T23:59:59Z",
            "0001-01-01T00:00:00Z",
            "2020-01-01T00:00:00.12+05:30",
            "2020-10-20T10:20:30.123456789Z",
        ];
        for text in texts {
            let mut appended = Vec::new();
            Timestamp::parse(text).unwrap().append_to(&mut appended);
            assert_eq!(String::from_utf8(appended).unwrap(), text);
        }
    }

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
        assert_eq!(printed("2024-01-01T1:00:00,5Z"), "2024-01-01T01:00:00.5Z");
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
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00+24:00",
            "2024-01-01T00:00:00+0100",
            "20é4-01-01T00:00:0é",
            "2024-01-01T00:00:00Z ",
            "2024-01-01T00:00:00+01:0é",
        ] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_between_times_saturate() {
        let time = |text: &str| Timestamp::parse(text).unwrap();
        let noon = time("2024-01-01T12:00:00Z");
        assert_eq!(noon.until(&time("2024-01-01T14:00:00.5+02:00")), Nanos(500_000_000));
        assert_eq!(noon.until(&time("2024-01-01T11:59:59Z")), Nanos(-1_000_000_000));
        assert_eq!(noon.until(&time("9999-01-01T00:00:00Z")), Nanos(i64::MAX));
        assert_eq!(noon.until(&Timestamp::ZERO), Nanos(i64::MIN));
        assert_eq!(time("2024-01-01T14:00:00+02:00").in_utc(), noon);
    }

    #[test]
    fn unix_nanoseconds_saturate() {
        assert_eq!(Timestamp::ZERO.unix_nanos(), None);
        assert_eq!(Timestamp::ZERO.unix_nanos_saturating(), i64::MIN);
        let late = Timestamp::parse("9999-01-01T00:00:00Z").unwrap();
        assert_eq!(late.unix_nanos_saturating(), i64::MAX);
    }
}
