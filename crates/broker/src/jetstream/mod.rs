//! JetStream in the broker: a thread that owns the streams, what comes in for them, and what
//! goes out. What a command means is decided in the crate `jetstream`, where its bytes are kept in
//! the crate `log`.

mod advising;
mod announcing;
mod api;
mod approaching;
mod backlog;
mod batch_limits;
mod capacity;
mod checkpointing;
mod compacting;
#[cfg(test)]
mod compacting_tests;
mod condemned;
mod consuming;
mod draining;
#[cfg(test)]
mod fault_tests;
mod figures;
mod filelist;
mod files;
mod glancing;
mod held;
mod holes;
mod journal;
mod lazily;
#[cfg(test)]
mod lazily_tests;
mod lending;
mod logging;
mod losses;
mod mending;
mod outbox;
mod outcomes;
mod packing;
mod parked;
mod passing;
mod payloads;
mod placing;
mod publishing;
mod pulling;
mod questions;
mod readable;
mod reading;
mod receiving;
mod recovery;
mod repair;
mod resealing;
mod restoring;
mod resuming;
mod rewriting;
mod running;
mod saving;
mod sealing;
#[cfg(test)]
mod sealing_tests;
mod sending;
mod shard;
mod shelf;
mod shot;
#[cfg(test)]
mod simulation;
mod sole;
mod space;
mod sparse;
mod store_reader;
mod streams;
mod studies;
mod taking_turns;
#[cfg(test)]
mod test_store;
mod transfers;
mod trouble;
mod turn_size;
mod upkeep;
mod view;
mod waiting;
mod zones;

pub use capacity::Capacity;
pub use figures::{BOUNDS_US, Measured as Durations, Progress};
pub use repair::{RepairMode, repair_store};
pub use running::JetStream;
pub use store_reader::StoreReader;
pub use view::{Detail, Totals, WithConsumers};
