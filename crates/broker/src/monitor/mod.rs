//! HTTP monitoring, with nats-server's documents, and metrics for Prometheus. Not `$SYS`.
//!
//! What is asked for and what is answered is decided by pure code, a module per document;
//! [`collect`] takes the locks and fills them; `http` speaks HTTP; `serve` puts them together.

mod absent;
mod accounts;
mod answer;
mod collect;
mod connz;
mod endpoint;
mod gotext;
mod healthz;
mod http;
mod index;
mod jsz;
mod metrics;
mod page;
mod query;
mod serve;
mod start;
mod stream_metrics;
mod subsz;
mod varz;

pub use start::{Bound, start};
