//! Where lines end up.

use std::io::{self, Write};

use super::entry::Entry;
use super::file::LogFile;
use super::line::LineFormat;
use super::syslog_socket::SyslogSocket;

/// Where lines end up.
#[derive(Debug)]
pub(super) enum Sink {
    /// Standard error.
    Stderr(LineFormat),
    /// A file, rotated by size.
    File(LogFile),
    /// A syslog, here or elsewhere.
    Syslog(SyslogSocket),
}

impl Sink {
    /// Writes lines, in order.
    ///
    /// # Errors
    /// How many of the lines may be missing, and why.
    pub(super) fn write(&mut self, entries: &[Entry]) -> Result<(), Lost> {
        match self {
            Self::Stderr(format) => {
                let mut text = Vec::new();
                for entry in entries {
                    format.append(&mut text, entry);
                }
                io::stderr().write_all(&text).map_err(|why| Lost { lines: entries.len(), why })
            }
            Self::File(file) => file.write(entries),
            Self::Syslog(socket) => socket.write(entries),
        }
    }

    /// Opens the log file again, after somebody moved it. False where there is none.
    ///
    /// # Errors
    /// When that fails; the file that was open is kept.
    pub(super) fn reopen(&mut self) -> io::Result<bool> {
        match self {
            Self::File(file) => file.reopen().map(|()| true),
            Self::Stderr(_) | Self::Syslog(_) => Ok(false),
        }
    }
}

/// Lines that could not be written.
#[derive(Debug)]
pub(super) struct Lost {
    /// How many.
    pub(super) lines: usize,
    /// Why the first of them could not.
    pub(super) why: io::Error,
}
