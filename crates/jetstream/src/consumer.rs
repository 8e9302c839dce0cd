//! Consumers: who reads a stream, how far, and what is still to be acknowledged.
//!
//! A consumer is two machines. What is durable, [`State`], changes only by commands of the log;
//! the session beside it decides what is delivered next, and says what is to be logged.

mod change;
pub mod config;
mod numbers;
mod report;
pub mod session;
mod state;

pub use change::{CHANGES_MAX, Change, decode_changes, encode_changes};
pub use config::{AckPolicy, ConsumerConfig, DeliverPolicy, PriorityPolicy, ReplayPolicy};
pub use report::Report;
pub use session::{AckSubject, Begin, Delivery, Effect, End, Found, Next, Session, Source};
pub use state::{Position, State, Unacked};
