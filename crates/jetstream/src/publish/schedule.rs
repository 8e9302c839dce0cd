//! Schedules: messages that are published again at a time, or again and again.
//!
//! A pattern is `@at <RFC 3339>`, `@every <duration>`, six fields as of cron (seconds first), or a
//! name such as `@daily`.

mod cron;
mod zone;

use crate::time::{Nanos, Timestamp};

use cron::Cron;
pub use zone::{OnlyUtc, Utc, Zone, Zones};

/// When a message is published.
pub struct Schedule {
    rhythm: Rhythm,
}

enum Rhythm {
    At(i64),
    Every(Nanos),
    Cron(Box<Cron>, Box<dyn Zone>),
}

/// Why a schedule is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScheduleError {
    /// The time zone does not exist.
    TimeZone,
    /// The pattern cannot be read, allows no time zone, or never comes.
    Pattern,
}

/// The names of usual patterns.
const NAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 0 1 1 *"),
    ("@annually", "0 0 0 1 1 *"),
    ("@monthly", "0 0 0 1 * *"),
    ("@weekly", "0 0 0 * * 0"),
    ("@daily", "0 0 0 * * *"),
    ("@midnight", "0 0 0 * * *"),
    ("@hourly", "0 0 * * * *"),
];

const SECOND: i64 = Nanos::SECOND.0;

impl Schedule {
    /// Reads the headers; nothing when there is no pattern, or its time is the zero time. The zone
    /// is looked at first, even without a pattern.
    ///
    /// # Errors
    /// What is wrong.
    pub fn parse(
        pattern: Option<&[u8]>,
        time_zone: Option<&[u8]>,
        zones: &dyn Zones,
    ) -> Result<Option<Self>, ScheduleError> {
        let zone = match time_zone {
            None => None,
            Some(name) => {
                let name = str::from_utf8(name).ok().filter(|name| !name.is_empty());
                let zone = name.and_then(|name| zones.find(name));
                Some(zone.ok_or(ScheduleError::TimeZone)?)
            }
        };
        let Some(pattern) = pattern else {
            return Ok(None);
        };
        let pattern = str::from_utf8(pattern).map_err(|_| ScheduleError::Pattern)?;
        let rhythm = rhythm(pattern, zone).ok_or(ScheduleError::Pattern)?;
        Ok(rhythm.map(|rhythm| Self { rhythm }))
    }

    /// Whether it comes more than once.
    #[must_use]
    pub fn repeats(&self) -> bool {
        !matches!(self.rhythm, Rhythm::At(_))
    }

    /// The next time after `after`, in nanoseconds since 1970; of a schedule that repeats, not one
    /// that is over at `now`. What comes once may be over.
    ///
    /// # Errors
    /// [`ScheduleError::Pattern`] when there is none within five years.
    pub fn next(&self, after: i64, now: i64) -> Result<i64, ScheduleError> {
        match &self.rhythm {
            Rhythm::At(time) => Ok(*time),
            Rhythm::Every(interval) => {
                let next = rounded(after).saturating_add(interval.0);
                Ok(if next < now { rounded(now).saturating_add(interval.0) } else { next })
            }
            Rhythm::Cron(cron, zone) => {
                let next = cron.next(after, &**zone).ok_or(ScheduleError::Pattern)?;
                if next >= now {
                    return Ok(next);
                }
                cron.next(rounded(now), &**zone).ok_or(ScheduleError::Pattern)
            }
        }
    }
}

/// To the nearest second.
fn rounded(nanos: i64) -> i64 {
    nanos.saturating_add(SECOND / 2).div_euclid(SECOND).saturating_mul(SECOND)
}

/// Outer nothing: not a pattern. Inner nothing: the zero time.
fn rhythm(pattern: &str, zone: Option<Box<dyn Zone>>) -> Option<Option<Rhythm>> {
    if let Some(time) = pattern.strip_prefix("@at ") {
        let time = Timestamp::parse(time).ok().filter(|_| zone.is_none())?;
        let never = time == Timestamp::ZERO;
        return Some((!never).then(|| Rhythm::At(time.unix_nanos_saturating())));
    }
    if let Some(interval) = pattern.strip_prefix("@every ") {
        let interval = Nanos::parse(interval).filter(|_| zone.is_none())?;
        return (interval >= Nanos::SECOND).then_some(Some(Rhythm::Every(interval)));
    }
    let named = NAMES.iter().find(|(name, _)| *name == pattern);
    let cron = Cron::parse(named.map_or(pattern, |(_, fields)| fields))?;
    Some(Some(Rhythm::Cron(Box::new(cron), zone.unwrap_or_else(|| Box::new(Utc)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct NoZones;

    impl Zones for NoZones {
        fn find(&self, name: &str) -> Option<Box<dyn Zone>> {
            (name == "UTC").then(|| Box::new(Utc) as Box<dyn Zone>)
        }
    }

    fn nanos(text: &str) -> i64 {
        Timestamp::parse(text).unwrap().unix_nanos().unwrap()
    }

    fn parse(pattern: &str, zone: Option<&str>) -> Result<Option<Schedule>, ScheduleError> {
        Schedule::parse(Some(pattern.as_bytes()), zone.map(str::as_bytes), &NoZones)
    }

    fn next(pattern: &str, after: &str) -> String {
        let schedule = parse(pattern, None).unwrap().unwrap();
        let after = nanos(after);
        Timestamp::from_unix_nanos(schedule.next(after, after).unwrap()).to_string()
    }

    #[test]
    fn patterns_give_their_next_time() {
        for (pattern, after, expected) in [
            ("@at 2030-01-01T00:00:00.5+01:00", "2024-01-01T00:00:00Z", "2029-12-31T23:00:00.5Z"),
            ("@every 90s", "2024-01-01T00:00:00.4Z", "2024-01-01T00:01:30Z"),
            ("@every 1.5s", "2024-01-01T00:00:00.6Z", "2024-01-01T00:00:02.5Z"),
            ("@yearly", "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"),
            ("@weekly", "2024-01-03T00:00:00Z", "2024-01-07T00:00:00Z"),
            ("@hourly", "2024-01-01T00:59:59.9Z", "2024-01-01T01:00:00Z"),
        ] {
            assert_eq!(next(pattern, after), expected, "{pattern}");
        }
    }

    #[test]
    fn what_was_missed_comes_once() {
        let schedule = parse("@every 10s", None).unwrap().unwrap();
        let (after, now) = (nanos("2024-01-01T00:00:00Z"), nanos("2024-01-01T01:00:00.2Z"));
        assert_eq!(schedule.next(after, now), Ok(nanos("2024-01-01T01:00:10Z")));
        let schedule = parse("0 * * * * *", None).unwrap().unwrap();
        assert_eq!(schedule.next(after, now), Ok(nanos("2024-01-01T01:01:00Z")));
        let schedule = parse("@at 2024-01-01T00:00:00Z", None).unwrap().unwrap();
        assert_eq!(schedule.next(after, now), Ok(after));
        assert!(!schedule.repeats());
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for pattern in [
            "bad",
            "@at x",
            "@at 2024-01-01",
            "@every 500ms",
            "@every x",
            "@every",
            "@fortnightly",
            "* * * * *",
            "60 * * * * *",
            "0 0 0 0 * *",
            "0 0 0 * 13 *",
            "5-1 * * * * *",
            " ",
        ] {
            assert_eq!(parse(pattern, None).err(), Some(ScheduleError::Pattern), "{pattern}");
        }
        assert_eq!(parse("@hourly", Some("X")).err(), Some(ScheduleError::TimeZone));
        assert_eq!(parse("@hourly", Some("")).err(), Some(ScheduleError::TimeZone));
        for pattern in ["@at 2030-01-01T00:00:00Z", "@every 1h"] {
            assert_eq!(parse(pattern, Some("UTC")).err(), Some(ScheduleError::Pattern));
        }
        assert!(parse("@daily", Some("UTC")).unwrap().is_some());
        assert!(parse("@at 0001-01-01T00:00:00Z", None).unwrap().is_none());
        assert!(matches!(
            Schedule::parse(None, Some(b"X"), &NoZones),
            Err(ScheduleError::TimeZone)
        ));
    }
}
