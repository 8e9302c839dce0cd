//! JetStream: its errors, stream configurations, API documents and publish headers.
//!
//! Not here: where messages are kept (`log`), who may ask (`auth`), and how requests arrive
//! (`broker`). Everything is a function of its arguments; the time is one of them.

pub mod advisory;
pub mod api;
pub mod backup;
pub mod config;
pub mod consumer;
pub mod error;
pub mod json;
pub mod name;
pub mod publish;
pub mod stream;
pub mod time;

pub use config::StreamConfig;
pub use error::ApiError;
pub use name::StreamName;
pub use time::{Nanos, Timestamp};
