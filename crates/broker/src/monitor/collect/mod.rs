//! Gathers what the documents show. Every lock is taken for a bounded number of entries and let
//! go before the next is taken: a million subscriptions do not hold up traffic.

mod connections;
mod health;
mod jetstream;
mod process;
mod server;
mod subscriptions;

pub(super) use connections::connz;
pub(super) use health::health;
pub(super) use jetstream::jsz;
pub(super) use process::not_after;
pub(super) use server::{Observed, accountz, accstatz, metrics, varz};
pub(super) use subscriptions::subsz;
