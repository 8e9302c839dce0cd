//! Wire bytes of the client protocol, both directions.

pub mod encode;
pub mod parser;
mod plain;
mod size;

pub use parser::{LineLimits, Op, ParseError, Publication, Step, name_and_arguments, parse};
pub use plain::plain_publication;
pub use size::parse_size;
