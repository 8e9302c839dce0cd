//! The task of one connection: greeting, reading, writing, timers, the end. It drives the
//! session; it decides nothing of the protocol itself.

mod batch;
mod drive;
mod greet;
mod host;
mod negotiate;
mod password_check;
mod redact;
mod serve;
mod trace;
mod transport;

pub use batch::report as account_for;
pub use host::remove;
pub use serve::{serve_in_process, serve_tcp};
