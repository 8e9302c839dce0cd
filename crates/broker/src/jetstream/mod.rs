//! JetStream in the broker: a thread that owns the streams, what comes in for them, and what
//! goes out. What a command means is decided in the crate `jetstream`, where its bytes are kept in
//! the crate `log`.

mod api;
mod files;
mod held;
mod journal;
mod outbox;
mod passing;
mod payloads;
mod publishing;
mod recovery;
mod running;
mod shard;
mod streams;

pub use running::JetStream;
