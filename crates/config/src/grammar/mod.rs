//! The NATS configuration grammar: text to a tree whose every value knows where it stands. Not
//! the meaning of any key.

mod cursor;
mod digest;
mod limits;
mod parser;
mod scalar;
mod tree;

pub use digest::digest;
pub use parser::parse;
pub use tree::{Data, Entry, Map, Value};
