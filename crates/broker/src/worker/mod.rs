//! What a thread of the runtime uses while it handles one read of one connection: a read
//! buffer, the match cache and the staging buffers. Not a thread: a worker is borrowed for the
//! length of a read batch and never across an `.await`.

mod deliver;
mod inbox;
mod pool;
mod share;
mod shortcut;
mod stages;
pub mod trace;

pub use deliver::{Publisher, answer_refused, publish, publish_to};
pub use inbox::{Bounds, Delivered, Inbound, Inbox, Parcel, Recipient, Target};
pub use pool::{InUse, PoolSettings, Worker, WorkerPool};
pub use share::Share;
pub use shortcut::{Errand, Shortcut, Taken};
pub use stages::{Flushed, Own, Refused};
