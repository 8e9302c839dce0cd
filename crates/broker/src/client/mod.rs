//! One connected client as the rest of the server sees it: its output, its subscriptions, its
//! figures. Not its conversation: that is the connection task's.

mod crowd;
mod handle;
mod label;
mod output;
mod subscription;

pub use handle::{Client, ClientId, Details, Kind, TlsDetails};
pub use output::{Blocked, Drained, Output, Pushed, Staged, Waiting};
pub use subscription::{Count, Subscription};
