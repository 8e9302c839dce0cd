//! The command line: a table of flags, read the way nats-server reads them (Go's `flag`), help
//! and completion. Not what a flag leads to: the binary acts on an [`Invocation`].

mod apply;
mod flags;
mod help;
mod parse;

pub use apply::Overrides;
pub use flags::{Effect, FLAGS, Flag, Topic, secret_flags};
pub use help::{command, help, tls_help};
pub use parse::{CliError, Invocation, Shell, SignalCommand, StoreCommand, parse};
