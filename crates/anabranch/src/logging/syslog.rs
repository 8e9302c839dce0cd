//! Messages to a syslog, in the form of Go's `log/syslog`, which nats-server uses: RFC 3164 for
//! the local one; for a remote one with its kind of time and the name of the host.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::entry::{Entry, Label};
use super::line::push_printable;

/// Months as RFC 3164 has them, in any locale.
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Part of a message's priority (logger/syslog.go of nats-server).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Facility {
    /// `LOG_KERN`: messages to a syslog that was named.
    Kernel,
    /// `LOG_DAEMON`: messages to the machine's own.
    Daemon,
}

impl Facility {
    fn bits(self) -> u8 {
        match self {
            Self::Kernel => 0,
            Self::Daemon => 3 << 3,
        }
    }
}

/// Who sends, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sender {
    /// The name by which the program was called.
    pub(super) tag: String,
    pub(super) process_id: u32,
    pub(super) facility: Facility,
    /// For a remote syslog: the name of this machine.
    pub(super) host: Option<String>,
}

/// A message, with a line end, which frames it on a stream.
pub(super) fn message(sender: &Sender, zone: &TimeZone, entry: &Entry) -> String {
    let Sender { tag, process_id, facility, host } = sender;
    let priority = facility.bits() | severity(entry.label);
    let mut message = match host {
        None => {
            let time = stamp(&entry.time.to_zoned(zone.clone()));
            format!("<{priority}>{time} {tag}[{process_id}]: ")
        }
        Some(host) => {
            let time = rfc3339(entry.time, zone);
            format!("<{priority}>{time} {host} {tag}[{process_id}]: ")
        }
    };
    push_printable(&mut message, &entry.text);
    message.push('\n');
    message
}

/// nats-server has no severity for traces and sends them as notices.
fn severity(label: Label) -> u8 {
    match label {
        Label::Fatal => 2,
        Label::Error => 3,
        Label::Warn => 4,
        Label::Info | Label::Trace => 5,
        Label::Debug => 7,
    }
}

/// `Jan _2 15:04:05`
fn stamp(time: &Zoned) -> String {
    let month = usize::try_from(time.month()).unwrap_or_default().saturating_sub(1);
    let month = MONTHS.get(month).copied().unwrap_or_default();
    let (day, hour, minute, second) = (time.day(), time.hour(), time.minute(), time.second());
    format!("{month} {day:2} {hour:02}:{minute:02}:{second:02}")
}

/// `2006-01-02T15:04:05Z07:00`
fn rfc3339(time: Timestamp, zone: &TimeZone) -> String {
    let offset = zone.to_offset(time);
    let t = offset.to_datetime(time);
    let (year, month, day) = (t.year(), t.month(), t.day());
    let (hour, minute, second) = (t.hour(), t.minute(), t.second());
    let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    let minutes = offset.seconds() / 60;
    if minutes == 0 {
        text.push('Z');
    } else {
        let sign = if minutes < 0 { '-' } else { '+' };
        let minutes = minutes.abs();
        text.push_str(&format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(label: Label, text: &str) -> Entry {
        let time = "2026-03-04T05:06:07.8Z".parse().unwrap();
        Entry { time, label, text: text.to_owned() }
    }

    fn sender(host: Option<&str>) -> Sender {
        let facility = if host.is_some() { Facility::Kernel } else { Facility::Daemon };
        let (tag, host) = ("nats-server".to_owned(), host.map(str::to_owned));
        Sender { tag, process_id: 7, facility, host }
    }

    #[test]
    fn local_messages_follow_rfc_3164() {
        let message =
            message(&sender(None), &TimeZone::UTC, &entry(Label::Info, "Server is ready"));
        assert_eq!(message, "<29>Mar  4 05:06:07 nats-server[7]: Server is ready\n");
    }

    #[test]
    fn remote_messages_carry_host_and_offset() {
        let west = TimeZone::fixed(jiff::tz::Offset::from_seconds(-12_600).unwrap());
        let entry = entry(Label::Error, "x");
        assert_eq!(
            message(&sender(Some("h")), &west, &entry),
            "<3>2026-03-04T01:36:07-03:30 h nats-server[7]: x\n"
        );
        assert_eq!(
            message(&sender(Some("h")), &TimeZone::UTC, &entry),
            "<3>2026-03-04T05:06:07Z h nats-server[7]: x\n"
        );
    }

    #[test]
    fn severities_are_nats_servers() {
        let labels =
            [Label::Fatal, Label::Error, Label::Warn, Label::Info, Label::Debug, Label::Trace];
        let severities = labels.map(severity);
        assert_eq!(severities, [2, 3, 4, 5, 7, 5]);
    }

    #[test]
    fn a_text_cannot_pass_for_a_second_message() {
        let message = message(&sender(None), &TimeZone::UTC, &entry(Label::Warn, "a\n<0>b"));
        assert_eq!(message.matches('\n').count(), 1);
    }
}
