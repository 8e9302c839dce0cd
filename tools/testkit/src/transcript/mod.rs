//! The language of golden transcripts, and what plays it.
//!
//! Not a general expect tool: it knows the few things that a raw exchange with a NATS server
//! needs. `golden/README.md` describes the files; one module each reads them ([`parse`]), their
//! text forms ([`text`]) and expectations of INFO ([`info`]), plays an exchange ([`play`]), runs
//! all of them against a server ([`suite`]), and writes down what a server answers ([`record`]).

pub mod info;
pub mod nkey;
pub mod parse;
pub mod play;
pub mod record;
pub mod suite;
pub mod text;

pub use parse::{Action, Exchange, Step};
pub use suite::{Suite, Verdict};
