//! Starts the `nats-server` found in `PATH` for the tests of async-nats. Not a test itself: it
//! offers the functions that those tests call, by the names under which they call them.
//!
//! A server that does not come up panics, so that the test which asked for it fails at once.

mod cluster;
mod directory;
mod server;

pub use cluster::{Cluster, run_cluster};
pub use server::{Server, run_basic_server, run_server, run_server_with_port, set_lame_duck_mode};
