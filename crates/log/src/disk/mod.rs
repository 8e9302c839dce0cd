//! What the log asks of storage, and who answers: the operating system, or a simulation of it.
//!
//! Not here: formats. A disk knows bytes, names and what a sync promises, nothing of records.

mod error;
mod interface;
pub(crate) mod path;
mod real;
pub mod sim;

pub use error::{DiskError, Operation};
pub use interface::{Disk, DiskFile, DiskLock, Entry, EntryKind, FileSystem, LockMode, OpenMode};
pub use path::sync_path;
pub use real::RealDisk;
pub use sim::SimDisk;
