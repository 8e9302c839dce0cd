//! Streams with everything below them on a simulated disk: real state machines, log, checkpoints
//! and segments under random commands, while the power goes off at any operation. What is there
//! afterwards is what the same commands lead to without a fault; nothing acknowledged is missing.
//!
//! A failure prints its seed; `ANABRANCH_SIM_SEED` runs that one alone, `ANABRANCH_SIM_SEEDS` says
//! how many, `ANABRANCH_SIM_SECONDS` for how long a test goes on.

mod commands;
mod seeds;
mod world;
