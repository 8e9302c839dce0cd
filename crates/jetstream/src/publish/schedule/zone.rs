//! Time zones, whose data comes from outside.

use crate::time::civil::{DAY_SECONDS, Date};

/// Where time zones are found by name.
pub trait Zones: std::fmt::Debug {
    /// The zone with this name, such as `Europe/Berlin`.
    fn find(&self, name: &str) -> Option<Box<dyn Zone>>;
}

/// A time zone.
pub trait Zone {
    /// Seconds that local time is ahead of UTC at this second since 1970.
    fn offset_seconds(&self, utc_seconds: i64) -> i64;
}

/// No zones but UTC are known.
#[derive(Clone, Copy, Debug)]
pub struct OnlyUtc;

impl Zones for OnlyUtc {
    fn find(&self, name: &str) -> Option<Box<dyn Zone>> {
        (name == "UTC").then(|| Box::new(Utc) as Box<dyn Zone>)
    }
}

/// Coordinated universal time.
#[derive(Clone, Copy, Debug)]
pub struct Utc;

impl Zone for Utc {
    fn offset_seconds(&self, _: i64) -> i64 {
        0
    }
}

/// What clocks in a zone show.
pub(super) struct Local {
    pub(super) date: Date,
    /// Since local midnight; 0 to 86,399.
    pub(super) seconds: i64,
}

pub(super) fn local(zone: &dyn Zone, utc_seconds: i64) -> Local {
    let shown = utc_seconds + zone.offset_seconds(utc_seconds);
    let date = Date::from_days(shown.div_euclid(DAY_SECONDS));
    Local { date, seconds: shown.rem_euclid(DAY_SECONDS) }
}

/// A second at which a day begins; one near it when clocks are changed at midnight.
pub(super) fn midnight(zone: &dyn Zone, date: Date) -> i64 {
    let shown = date.days() * DAY_SECONDS;
    let guess = shown - zone.offset_seconds(shown);
    shown - zone.offset_seconds(guess)
}
