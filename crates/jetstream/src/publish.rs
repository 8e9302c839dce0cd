//! Publishing into streams: headers, acknowledgements, batches, schedules, counters.
//!
//! Not here: what is in a stream, and so whether an expectation holds. Everything borrows from
//! the message.

mod ack;
pub mod batch;
pub mod block;
pub mod counter;
mod headers;
pub mod rules;
pub mod schedule;
mod ttl;

pub use ack::{Acknowledgement, refusal};
pub use headers::{BatchHeaders, PublishHeaders, Rollup, ScheduleHeaders};
pub use ttl::{Ttl, parse as parse_ttl};
