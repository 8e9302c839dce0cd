//! Durable storage: a write-ahead log shared by all streams, segments, checkpoints, recovery.

pub mod checkpoint;
pub mod disk;
mod error;
pub mod format;
pub mod wal;

pub use error::Error;
