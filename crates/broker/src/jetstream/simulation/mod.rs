//! Streams with everything below them on a simulated disk: real state machines, log, checkpoints
//! and segments under random commands, while the power goes off at any operation. What is there
//! afterwards is what the same commands lead to without a fault; nothing acknowledged is missing.

mod commands;
mod seeds;
mod world;
