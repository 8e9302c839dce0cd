//! Configuration: the NATS configuration grammar, the option table and the validated options.
//! Reads no file and no environment itself: both come in through [`Source`]-like arguments.

pub mod options;

pub use options::Options;
