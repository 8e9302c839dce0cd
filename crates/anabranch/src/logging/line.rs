//! A line as nats-server writes it: `[pid] 2006/01/02 15:04:05.000000 [INF] text`.

use jiff::tz::TimeZone;

use super::entry::Entry;

/// Whether labels are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colours {
    Off,
    On,
}

/// How lines look.
#[derive(Debug, Clone)]
pub(super) struct LineFormat {
    process_id: u32,
    /// `None`: lines carry no time.
    zone: Option<TimeZone>,
    colours: Colours,
}

impl LineFormat {
    pub(super) fn new(process_id: u32, zone: Option<TimeZone>, colours: Colours) -> Self {
        Self { process_id, zone, colours }
    }

    /// Appends a line with its end.
    pub(super) fn append(&self, out: &mut Vec<u8>, entry: &Entry) {
        let mut line = format!("[{}] ", self.process_id);
        if let Some(zone) = &self.zone {
            let t = zone.to_datetime(entry.time);
            line.push_str(&format!(
                "{:04}/{:02}/{:02} {:02}:{:02}:{:02}.{:06} ",
                t.year(),
                t.month(),
                t.day(),
                t.hour(),
                t.minute(),
                t.second(),
                t.subsec_nanosecond() / 1000
            ));
        }
        let label = entry.label.text();
        match self.colours {
            Colours::Off => line.push_str(&format!("[{label}] ")),
            Colours::On => {
                line.push_str(&format!("[\x1b[{}m{label}\x1b[0m] ", entry.label.colour()));
            }
        }
        push_printable(&mut line, &entry.text);
        line.push('\n');
        out.extend_from_slice(line.as_bytes());
    }
}

/// Control characters are escaped: what a client sends must neither pass for a line of the log
/// nor command a terminal.
pub(super) fn push_printable(line: &mut String, text: &str) {
    for letter in text.chars() {
        if letter.is_control() && letter != '\t' {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::entry::Label;
    use super::*;

    fn line(zone: Option<TimeZone>, colours: Colours, label: Label, text: &str) -> String {
        let time: Timestamp = "2006-01-02T03:04:05.000678901Z".parse().unwrap();
        let entry = Entry { time, label, text: text.to_owned() };
        let mut out = Vec::new();
        LineFormat::new(42, zone, colours).append(&mut out, &entry);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_are_nats_servers() {
        let utc = Some(TimeZone::UTC);
        assert_eq!(
            line(utc, Colours::Off, Label::Info, "Server is ready"),
            "[42] 2006/01/02 03:04:05.000678 [INF] Server is ready\n"
        );
        let east = Some(TimeZone::fixed(jiff::tz::offset(9)));
        assert_eq!(
            line(east, Colours::Off, Label::Warn, "x"),
            "[42] 2006/01/02 12:04:05.000678 [WRN] x\n"
        );
        assert_eq!(line(None, Colours::Off, Label::Fatal, "x"), "[42] [FTL] x\n");
    }

    #[test]
    fn labels_are_coloured_for_terminals() {
        assert_eq!(line(None, Colours::On, Label::Error, "x"), "[42] [\x1b[31mERR\x1b[0m] x\n");
        assert_eq!(line(None, Colours::On, Label::Warn, "x"), "[42] [\x1b[0;93mWRN\x1b[0m] x\n");
    }

    #[test]
    fn a_text_cannot_pass_for_a_second_line() {
        assert_eq!(
            line(None, Colours::Off, Label::Debug, "a\r\n[1] [INF] b\x1b[2J\tc"),
            "[42] [DBG] a\\r\\n[1] [INF] b\\u{1b}[2J\tc\n"
        );
    }
}
