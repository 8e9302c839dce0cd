//! One thing to log.

use jiff::Timestamp;

/// Kind of a line, as nats-server labels it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    Info,
    Debug,
    Warn,
    Error,
    Fatal,
    Trace,
}

impl Label {
    /// Three letters.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Info => "INF",
            Self::Debug => "DBG",
            Self::Warn => "WRN",
            Self::Error => "ERR",
            Self::Fatal => "FTL",
            Self::Trace => "TRC",
        }
    }

    /// Parameters of the terminal's colour (logger/log.go of nats-server).
    pub(super) fn colour(self) -> &'static str {
        match self {
            Self::Info => "32",
            Self::Debug => "36",
            Self::Warn => "0;93",
            Self::Error | Self::Fatal => "31",
            Self::Trace => "33",
        }
    }
}

impl From<log::Level> for Label {
    fn from(level: log::Level) -> Self {
        match level {
            log::Level::Error => Self::Error,
            log::Level::Warn => Self::Warn,
            log::Level::Info => Self::Info,
            log::Level::Debug => Self::Debug,
            log::Level::Trace => Self::Trace,
        }
    }
}

/// One thing to log.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) time: Timestamp,
    pub(super) label: Label,
    pub(super) text: String,
}

impl Entry {
    pub(super) fn now(label: Label, text: String) -> Self {
        Self { time: Timestamp::now(), label, text }
    }
}
