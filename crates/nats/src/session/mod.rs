//! One client's conversation, without I/O. Not a connection: it owns no socket, no buffers and
//! no subscriptions. Bytes and the time go in, effects come out through [`Host`].

mod host;
mod machine;
mod reserved;

pub use host::{Attempt, Delivery, Host, Report, Subscribed, Verdict};
pub use machine::{Auth, Next, Progress, Session, Settings};
