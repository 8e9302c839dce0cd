//! Configuration: the NATS configuration grammar, the option table, the command line, and the
//! validated options. Reads no file and no environment itself: both come in through [`Source`].

mod build;
mod certificates;
mod check;
pub mod cli;
pub mod duration;
pub mod grammar;
mod load;
pub mod options;
mod problem;
mod reference;
mod source;
mod suggest;
pub mod table;

pub use build::{cipher_suite_names, curve_names};
pub use load::{Loaded, load, validate};
pub use options::Options;
pub use problem::{Errors, Position, Problem, Severity};
pub use reference::reference;
pub use source::{MemorySource, Source, TlsCheck, open_error};
