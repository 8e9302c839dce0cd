//! Wire bytes of the client protocol, both directions.

pub mod encode;
pub mod parser;
mod size;

pub use parser::{LineLimits, Op, ParseError, Publication, Step, parse};
pub use size::parse_size;
