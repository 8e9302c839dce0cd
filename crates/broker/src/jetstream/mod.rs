//! JetStream in the broker: a thread that owns the streams, what comes in for them, and what
//! goes out. What a command means is decided in the crate `jetstream`, where its bytes are kept in
//! the crate `log`.

mod advising;
mod api;
mod capacity;
mod figures;
mod files;
mod held;
mod journal;
mod outbox;
mod packing;
mod passing;
mod payloads;
mod publishing;
mod pulling;
mod questions;
mod receiving;
mod recovery;
mod restoring;
mod running;
mod sending;
mod shard;
mod streams;
mod transfers;
mod view;
mod zones;

pub use capacity::Capacity;
pub use figures::{BOUNDS_US, Measured as Durations};
pub use running::JetStream;
pub use view::{Detail, Totals};
