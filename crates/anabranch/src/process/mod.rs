//! The process and its surroundings: signals in and out, limits, panics, and the files by which
//! other programs find it. Not the log.

mod descriptors;
mod file;
mod panics;
mod pid_file;
mod ports_file;
pub(crate) mod send_signal;
mod signals;

pub(crate) use descriptors::raise_descriptor_limit;
pub(crate) use panics::log_panics;
pub(crate) use pid_file::write_pid_file;
pub(crate) use ports_file::{ClientScheme, PortsFile};
pub(crate) use signals::{Signal, Signals};
