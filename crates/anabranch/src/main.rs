//! The Anabranch server binary: a thin shell around the broker library. It reads arguments and
//! configuration files, writes logs, and handles signals; everything else is the broker's.

mod command;
mod io_reason;
mod logging;
mod process;
mod program;
mod serve;
mod source;
mod store;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned());
    let program = program::Program::called(args.next().as_deref());
    command::run(&program, args)
}
