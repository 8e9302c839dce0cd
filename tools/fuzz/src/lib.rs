//! What must hold for any input. Each [`Target`] takes bytes and panics if a decoder panics or an
//! invariant breaks.
//!
//! The targets run in two ways: under `cargo fuzz`, guided by coverage, for hours (`fuzz/`), and
//! as a smoke test with seeded mutations of a corpus, in seconds and without a nightly toolchain
//! (`tests/smoke.rs`).

pub mod mutate;
pub mod targets;

pub use mutate::Mutator;
pub use targets::{TARGETS, Target};
