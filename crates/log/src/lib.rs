//! Durable storage: a write-ahead log shared by all streams, segments, checkpoints, recovery.

pub mod disk;
pub mod format;
