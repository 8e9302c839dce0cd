//! The binary from outside: arguments, files, signals, exit status, log.
#![cfg(unix)]

mod command_line;
mod lifecycle;
mod log_output;
mod running;
