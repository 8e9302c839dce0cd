//! The machine's time zones, for schedules (`Nats-Schedule-Time-Zone`).

use anabranch_jetstream::publish::schedule::{Utc, Zone, Zones};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Zones by their names in the machine's time zone database, as nats-server finds them: the case
/// of letters matters, and `Local` is the machine's own zone.
#[derive(Clone, Copy, Debug)]
pub struct MachineZones;

impl Zones for MachineZones {
    fn find(&self, name: &str) -> Option<Box<dyn Zone>> {
        match name {
            "UTC" => return Some(Box::new(Utc)),
            "Local" => return Some(Box::new(Named(TimeZone::system()))),
            _ => {}
        }
        let zone = TimeZone::get(name).ok()?;
        (zone.iana_name() == Some(name)).then(|| Box::new(Named(zone)) as Box<dyn Zone>)
    }
}

struct Named(TimeZone);

impl Zone for Named {
    fn offset_seconds(&self, utc_seconds: i64) -> i64 {
        // Beyond the years that calendars are made for there is no summer time to keep.
        let time = Timestamp::from_second(utc_seconds).unwrap_or(Timestamp::MAX);
        i64::from(self.0.to_offset(time).seconds())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_know_summer_and_winter() {
        let berlin = MachineZones.find("Europe/Berlin").unwrap();
        assert_eq!(berlin.offset_seconds(1_767_225_600), 3600);
        assert_eq!(berlin.offset_seconds(1_782_864_000), 7200);
        assert_eq!(MachineZones.find("UTC").unwrap().offset_seconds(0), 0);
        assert!(MachineZones.find("Local").unwrap().offset_seconds(0).abs() < 24 * 3600);
        assert_eq!(berlin.offset_seconds(i64::MAX), berlin.offset_seconds(i64::MAX - 1));
    }

    #[test]
    fn names_that_are_none_are_not_found() {
        for name in ["", "Europe/berlin", "Mars/Phobos", "../etc/passwd", "/etc/localtime", "UTC\0"]
        {
            assert!(MachineZones.find(name).is_none(), "{name:?}");
        }
    }
}
