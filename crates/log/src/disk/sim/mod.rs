//! A disk in memory that forgets what was not synced.
//!
//! Not here: time. Everything follows from the seed and the calls, so that a failing run can be
//! had again. What a write did is seen at once by readers; what of it survives a power cut is
//! chosen sector by sector. Names are kept apart from contents in the same way.

mod contents;
mod fault;
mod names;
mod random;
mod seeds;
mod simulation;

pub use fault::{Fault, FaultKind};
pub use random::Random;
pub use seeds::seeds;
pub use simulation::SimDisk;
