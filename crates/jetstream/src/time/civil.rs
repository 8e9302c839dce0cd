//! The proleptic Gregorian calendar, without time zones.

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// May be negative.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

/// Seconds of a day without leap seconds.
pub const DAY_SECONDS: i64 = 86_400;

/// Days of four centuries, after which the calendar repeats.
const ERA_DAYS: i64 = 146_097;
/// Days from the first of March of year 0 to the first of January 1970.
const EPOCH_OFFSET: i64 = 719_468;

impl Date {
    /// Days since 1970-01-01, negative before it.
    #[must_use]
    pub fn days(self) -> i64 {
        // Years begin in March, so that the leap day is the last of its year.
        let (month, day) = (i64::from(self.month), i64::from(self.day));
        let year = if month <= 2 { self.year - 1 } else { self.year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * ERA_DAYS + day_of_era - EPOCH_OFFSET
    }

    /// The date that many days after 1970-01-01.
    #[must_use]
    pub fn from_days(days: i64) -> Self {
        let days = days + EPOCH_OFFSET;
        let era = days.div_euclid(ERA_DAYS);
        let day_of_era = days.rem_euclid(ERA_DAYS);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = small(day_of_year - (153 * shifted + 2) / 5 + 1);
        let month = small((shifted + 2) % 12 + 1);
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        Self { year, month, day }
    }

    /// 0 is Sunday.
    #[must_use]
    pub fn weekday(self) -> u8 {
        small((self.days() + 4).rem_euclid(7))
    }
}

/// How many days a month has; `month` is 1 to 12.
#[must_use]
pub fn month_days(year: i64, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

fn small(value: i64) -> u8 {
    u8::try_from(value).expect("parts of a date are small and not negative")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days() {
        for (year, month, day, days) in
            [(1970, 1, 1, 0), (2000, 2, 29, 11_016), (1, 1, 1, -719_162), (2024, 12, 31, 20_088)]
        {
            let date = Date { year, month, day };
            assert_eq!(date.days(), days);
            assert_eq!(Date::from_days(days), date);
        }
    }

    #[test]
    fn days_and_dates_agree_over_eight_centuries() {
        let mut before = Date::from_days(-300_001);
        for days in -300_000..=0 {
            let date = Date::from_days(days);
            assert_eq!(date.days(), days);
            assert!(date > before && date.day <= month_days(date.year, date.month));
            before = date;
        }
    }

    #[test]
    fn weekdays_count_from_sunday() {
        assert_eq!(Date { year: 1970, month: 1, day: 1 }.weekday(), 4);
        assert_eq!(Date { year: 2024, month: 12, day: 29 }.weekday(), 0);
        assert_eq!(Date { year: 1969, month: 12, day: 28 }.weekday(), 0);
    }
}
