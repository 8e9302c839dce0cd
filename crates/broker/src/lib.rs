//! The broker: an embeddable NATS server. It listens, serves connections, and answers
//! monitoring; the binary around it only parses flags, handles signals and writes logs.
//!
//! Not here: the protocol (`nats`), who may do what (`auth`), who receives what (`router`),
//! configuration files (`config`).
//!
//! ```no_run
//! # async fn example() -> Result<(), anabranch_broker::StartError> {
//! use anabranch_broker::Broker;
//!
//! let broker = Broker::builder().port(0).start().await?;
//! println!("connect to {}", broker.client_url());
//! broker.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod broker;
mod builder;
mod client;
mod connection;
mod error;
mod jetstream;
mod lame_duck;
mod listener;
mod monitor;
mod server;
mod tls;
mod worker;

pub use anabranch_config::Options;
pub use broker::{Broker, Endpoints};
pub use builder::Builder;
pub use error::StartError;
pub use jetstream::{RepairMode, StoreReader, repair_store};
pub use server::PEER_VERSION;
pub use tls::{PairError, TlsError, check_tls};
