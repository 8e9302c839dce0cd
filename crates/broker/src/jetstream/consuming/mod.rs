//! Consumers as their shard serves them: what they are sent and when is decided by their sessions,
//! what outlives a crash by the streams.

mod delivering;
mod ending;
mod interests;
mod keeping;
mod served;
mod source;
mod timing;

pub use delivering::Consuming;
pub use keeping::consumed;
pub use served::{Key, Loss, ServedAll};
