//! Cron patterns of six fields: second, minute, hour, day of the month, month, day of the week.
//!
//! As in nats-server, a day has to match both of its fields when one of them is a star, and
//! either when none is. A local time that clocks skip never comes; one that they show twice comes
//! twice.

use super::zone::{Zone, local, midnight};
use crate::time::civil::{DAY_SECONDS, Date};

const SECOND: i64 = 1_000_000_000;
/// How far ahead a time is looked for.
const YEARS: i64 = 5;

/// A pattern.
pub(super) struct Cron {
    second: Field,
    minute: Field,
    hour: Field,
    month_day: Field,
    month: Field,
    week_day: Field,
}

/// The values that a field allows.
#[derive(Clone, Copy, Default)]
struct Field {
    /// Bit n is value n.
    values: u64,
    star: bool,
}

struct Bounds {
    min: u32,
    max: u32,
    names: &'static [&'static str],
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Cron {
    /// Nothing when it is not a pattern.
    pub(super) fn parse(pattern: &str) -> Option<Self> {
        let fields: Vec<&str> = pattern.split_whitespace().collect();
        let [second, minute, hour, month_day, month, week_day] = fields.as_slice() else {
            return None;
        };
        let plain = |field: &str, min, max| Field::parse(field, &Bounds { min, max, names: &[] });
        Some(Self {
            second: plain(second, 0, 59)?,
            minute: plain(minute, 0, 59)?,
            hour: plain(hour, 0, 23)?,
            month_day: plain(month_day, 1, 31)?,
            month: Field::parse(month, &Bounds { min: 1, max: 12, names: &MONTHS })?,
            week_day: Field::parse(week_day, &Bounds { min: 0, max: 6, names: &DAYS })?,
        })
    }

    /// The first second behind `after` that matches; both in nanoseconds since 1970.
    pub(super) fn next(&self, after: i64, zone: &dyn Zone) -> Option<i64> {
        let mut at = after.div_euclid(SECOND) + 1;
        let last_year = local(zone, at).date.year + YEARS;
        let empty = [self.second, self.minute, self.hour, self.month].iter().any(Field::is_empty);
        if empty {
            return None;
        }
        loop {
            let now = local(zone, at);
            if now.date.year > last_year {
                return None;
            }
            let (hour, rest) = (now.seconds / 3600, now.seconds % 3600);
            let (minute, second) = (rest / 60, rest % 60);
            at = if !self.matches_day(now.date) {
                // Where clocks are changed at midnight it may lie behind.
                midnight(zone, Date::from_days(now.date.days() + 1)).max(at + 3600 - rest)
            } else if !self.hour.has(hour) {
                at + 3600 - rest
            } else if !self.minute.has(minute) {
                at + 60 - second
            } else if !self.second.has(second) {
                at + 1
            } else {
                return at.checked_mul(SECOND);
            };
        }
    }

    fn matches_day(&self, date: Date) -> bool {
        if !self.month.has(i64::from(date.month)) {
            return false;
        }
        let month_day = self.month_day.has(i64::from(date.day));
        let week_day = self.week_day.has(i64::from(date.weekday()));
        if self.month_day.star || self.week_day.star {
            month_day && week_day
        } else {
            month_day || week_day
        }
    }
}

impl Field {
    /// Ranges between commas; nothing when one is none.
    fn parse(text: &str, bounds: &Bounds) -> Option<Self> {
        let mut field = Self::default();
        for range in text.split(',').filter(|range| !range.is_empty()) {
            let part = Self::parse_range(range, bounds)?;
            field.values |= part.values;
            field.star |= part.star;
        }
        Some(field)
    }

    /// `*`, `5`, `5-9`, each with `/2` behind it for every second value.
    fn parse_range(text: &str, bounds: &Bounds) -> Option<Self> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, Some(integer(step)?)),
            None => (text, None),
        };
        let (low, high) = match range.split_once('-') {
            Some((low, high)) => (low, Some(high)),
            None => (range, None),
        };
        let all = low == "*" || low == "?";
        let start = if all { bounds.min } else { bounds.value(low)? };
        let end = match high {
            _ if all => bounds.max,
            Some(high) => bounds.value(high)?,
            // A step goes on to the end.
            None if step.is_some() => bounds.max,
            None => start,
        };
        let step = step.unwrap_or(1);
        if start < bounds.min || end > bounds.max || start > end || step == 0 {
            return None;
        }
        let mut values = 0;
        let mut value = start;
        while value <= end {
            values |= 1 << value;
            value = value.saturating_add(step);
        }
        Some(Self { values, star: all && step == 1 })
    }

    fn is_empty(&self) -> bool {
        self.values == 0
    }

    /// `value` is below 64.
    fn has(self, value: i64) -> bool {
        self.values >> value & 1 == 1
    }
}

impl Bounds {
    fn value(&self, text: &str) -> Option<u32> {
        let name = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        match name {
            Some(place) => Some(self.min + u32::try_from(place).ok()?),
            None => integer(text),
        }
    }
}

/// A number that is not negative, with or without `+`.
fn integer(text: &str) -> Option<u32> {
    text.parse().ok()
}

/// The calendar repeats within this many days; more are never looked at.
const _: () = assert!(YEARS * 366 * DAY_SECONDS < i64::MAX / SECOND);

#[cfg(test)]
mod tests {
    use super::super::zone::Utc;
    use super::*;
    use crate::time::Timestamp;

    fn nanos(text: &str) -> i64 {
        Timestamp::parse(text).unwrap().unix_nanos().unwrap()
    }

    fn next_in(zone: &dyn Zone, pattern: &str, after: &str) -> Option<String> {
        let next = Cron::parse(pattern).unwrap().next(nanos(after), zone)?;
        Some(Timestamp::from_unix_nanos(next).to_string())
    }

    #[test]
    fn the_next_time_matches_every_field() {
        for (pattern, after, expected) in [
            ("* * * * * *", "2024-01-01T00:00:00Z", "2024-01-01T00:00:01Z"),
            ("*/15 * * * * *", "2024-01-01T00:00:14.5Z", "2024-01-01T00:00:15Z"),
            ("5/20 0 0 * * *", "2024-01-01T00:00:06Z", "2024-01-01T00:00:25Z"),
            ("0 30 4 * * *", "2024-01-01T04:30:00Z", "2024-01-02T04:30:00Z"),
            ("0 0 0 29 feb *", "2024-03-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("0 0 0 1,15 * *", "2024-01-02T00:00:00Z", "2024-01-15T00:00:00Z"),
            ("0 0 12 * * MON-FRI", "2024-01-05T12:00:00Z", "2024-01-08T12:00:00Z"),
            // Without a star either day will do.
            ("0 0 0 13 * fri", "2024-01-01T00:00:00Z", "2024-01-05T00:00:00Z"),
            ("0 0 0 ? * 0", "2024-01-01T00:00:00Z", "2024-01-07T00:00:00Z"),
            ("0 0 0 31 12 ?", "1969-12-31T00:00:00Z", "1970-12-31T00:00:00Z"),
        ] {
            assert_eq!(next_in(&Utc, pattern, after).as_deref(), Some(expected), "{pattern}");
        }
    }

    #[test]
    fn what_never_comes_is_not_looked_for_for_ever() {
        for pattern in ["0 0 0 31 2 *", ", * * * * *", "0 , * * * *", "0 0 0 30 feb *"] {
            assert_eq!(next_in(&Utc, pattern, "2024-01-01T00:00:00Z"), None, "{pattern}");
        }
        assert_eq!(Cron::parse("* * * * * *").unwrap().next(i64::MAX, &Utc), None);
    }

    #[test]
    fn patterns_that_are_none_are_refused() {
        for pattern in [
            "",
            "* * * * *",
            "* * * * * * *",
            "60 * * * * *",
            "* * 24 * * *",
            "* * * 0 * *",
            "* * * * 0 *",
            "* * * * * 7",
            "1-2-3 * * * * *",
            "1/2/3 * * * * *",
            "*/0 * * * * *",
            "9-5 * * * * *",
            "-5 * * * * *",
            "x * * * * *",
            "* * * * mon *",
        ] {
            assert!(Cron::parse(pattern).is_none(), "{pattern}");
        }
        assert!(Cron::parse("+5,*/99 * * * * *").is_some());
    }

    /// One hour ahead from the 100th day of 2024, 01:00 UTC, to the 200th.
    struct Summer;

    impl Zone for Summer {
        fn offset_seconds(&self, utc_seconds: i64) -> i64 {
            let start = Date { year: 2024, month: 1, day: 1 }.days() * DAY_SECONDS + 3600;
            let (begin, end) = (start + 99 * DAY_SECONDS, start + 199 * DAY_SECONDS);
            if (begin..end).contains(&utc_seconds) { 3600 } else { 0 }
        }
    }

    #[test]
    fn skipped_hours_never_come_and_repeated_ones_come_twice() {
        let next = |pattern, after| next_in(&Summer, pattern, after).unwrap();
        assert_eq!(next("0 30 1 * * *", "2024-04-08T12:00:00Z"), "2024-04-10T00:30:00Z");
        assert_eq!(next("0 30 2 * * *", "2024-07-17T12:00:00Z"), "2024-07-18T02:30:00Z");
        assert_eq!(next("0 30 1 * * *", "2024-07-17T12:00:00Z"), "2024-07-18T00:30:00Z");
        assert_eq!(next("0 30 1 * * *", "2024-07-18T00:30:00Z"), "2024-07-18T01:30:00Z");
        assert_eq!(next("0 0 0 * * *", "2024-04-10T12:00:00Z"), "2024-04-10T23:00:00Z");
    }
}
