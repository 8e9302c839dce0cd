//! Checkpoints: the state of everything at one LSN, as named blobs.
//!
//! Not here: what the blobs say. Two checkpoints are kept, so that one may be damaged; the
//! write-ahead log is needed from the older one on. A blob that did not change since the last
//! checkpoint is carried: its entry points into the earlier file, which stays as long as one does.

mod blobs;
mod file;
mod reader;
mod store;
mod writer;

pub use crate::format::{BlobKey, BlobPlace};
pub use blobs::Blobs;
pub use reader::BlobReader;
pub use store::{Checkpoint, Checkpoints, Rejected};
pub use writer::{BlobWriter, CheckpointWriter, Finished};
