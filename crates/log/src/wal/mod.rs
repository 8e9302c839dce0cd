//! The write-ahead log: what was synced here is never lost again.
//!
//! Not here: what records mean, and when to sync. A [`Wal`] belongs to one thread, which appends
//! records to the batch being gathered, writes and syncs. [`Recovery`] reads what there is when the
//! program starts, and then becomes the [`Wal`] that goes on behind it.

mod file;
mod files;
mod gather;
mod log;
mod options;
mod recovery;
mod repair;
mod reread;
mod scan;
mod window;
mod writer;

pub use log::{MARK_IDLE_NS, Maintenance, Wal};
pub use options::{Usage, WalOptions};
pub use recovery::{Batch, Damage, Item, Recovery, Report, Start};
