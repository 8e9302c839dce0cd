//! Consumers: who reads a stream, how far, and what is still to be acknowledged.
//!
//! A consumer is two machines. What is durable, [`State`], changes only by commands of the log;
//! the session beside it decides what is delivered next, and says what is to be logged.

pub mod config;
mod report;
mod state;

pub use config::{AckPolicy, ConsumerConfig, DeliverPolicy, PriorityPolicy, ReplayPolicy};
pub use report::Report;
pub use state::{Change, Position, State, Unacked};
