//! The log: nats-server's lines on standard error, in a file, or in a syslog. Not what is
//! logged: the broker and the binary say that through the `log` crate.
//!
//! Whoever logs hands the line to a bounded queue and goes on; one thread writes. A slow or full
//! disk therefore costs lines, which are counted and reported, and never stops the server.

mod entry;
mod file;
mod line;
mod logger;
mod open;
mod rotation;
mod sink;
mod syslog;
mod syslog_socket;
mod writer;

pub(crate) use logger::Logger;
pub(crate) use open::{WRITER_THREAD, open};
