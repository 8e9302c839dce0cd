//! The state that all connections share. Not the tasks: those are started by
//! [`crate::Broker`].

mod identity;
mod registry;
mod state;
mod tasks;

pub use identity::PEER_VERSION;
pub use registry::{ClosedClient, Registered};
pub use state::{Phase, Server, Totals};
