//! The binary from outside: arguments, files, signals, exit status, log.
#![cfg(unix)]

#[cfg(test)]
mod command_line;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod log_output;
#[cfg(test)]
mod running;
#[cfg(test)]
mod store;
