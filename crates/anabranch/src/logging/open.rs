//! From options to a running log.

use std::io::IsTerminal;
use std::path::Path;

use anabranch_config::options::Log;
use jiff::tz::TimeZone;

use super::file::{LogFile, Rotation};
use super::line::{Colours, LineFormat};
use super::logger::{Logger, Verbosity};
use super::sink::Sink;
use super::syslog::Sender;
use super::syslog_socket::{Destination, SyslogSocket};
use super::writer::Writer;
use crate::io_reason::io_reason;
use crate::program::Program;

/// Name of the thread that writes.
pub(crate) const WRITER_THREAD: &str = "log";

/// Opens the log and makes it the one of the process.
///
/// # Errors
/// In nats-server's words, when it cannot be opened.
pub(crate) fn open(program: &Program, options: &Log) -> Result<Logger, String> {
    let sink = sink(program, options)?;
    let verbosity = Verbosity { debug: options.debug, trace: options.trace };
    let (logger, items, progress) = Logger::new(verbosity);
    let writer = Writer::new(items, progress, sink);
    std::thread::Builder::new()
        .name(WRITER_THREAD.to_owned())
        .spawn(move || writer.run())
        .map_err(|why| format!("error starting the log's thread: {}", io_reason(&why)))?;
    logger.install();
    Ok(logger)
}

/// A file goes before a remote syslog, and that before the local one (server/log.go of
/// nats-server).
fn sink(program: &Program, options: &Log) -> Result<Sink, String> {
    if let Some(path) = &options.file {
        return open_file(path, options);
    }
    if let Some(url) = &options.remote_syslog {
        return connect(program, Destination::parse(url)?);
    }
    if options.syslog {
        return connect(program, Destination::Local);
    }
    let colours = if std::io::stderr().is_terminal() { Colours::On } else { Colours::Off };
    Ok(Sink::Stderr(LineFormat::new(std::process::id(), zone(options), colours)))
}

fn open_file(path: &Path, options: &Log) -> Result<Sink, String> {
    let rotation = Rotation { size_max: options.file_size_max, files_max: options.files_max };
    let format = LineFormat::new(std::process::id(), zone(options), Colours::Off);
    LogFile::open(path, rotation, format)
        .map(Sink::File)
        .map_err(|why| format!("error opening file: open {}: {}", path.display(), io_reason(&why)))
}

fn connect(program: &Program, destination: Destination) -> Result<Sink, String> {
    let host = destination.is_remote().then(host_name);
    let tag = program.name().to_owned();
    let facility = destination.facility();
    let sender = Sender { tag, process_id: std::process::id(), facility, host };
    SyslogSocket::connect(destination, sender, TimeZone::system())
        .map(Sink::Syslog)
        .map_err(|why| format!("error connecting to syslog: \"{}\"", io_reason(&why)))
}

fn zone(options: &Log) -> Option<TimeZone> {
    match (options.time, options.time_utc) {
        (false, _) => None,
        (true, true) => Some(TimeZone::UTC),
        (true, false) => Some(TimeZone::system()),
    }
}

#[cfg(unix)]
fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host_name() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_else(|_| "localhost".to_owned())
}
