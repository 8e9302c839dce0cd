//! A shard on a simulated disk: crashes between any two operations, and faults. A failure prints
//! its seed; `ANABRANCH_SIM_SEED` runs that one alone, `ANABRANCH_SIM_SEEDS` says how many.

#![expect(clippy::unwrap_used, reason = "a test ends where something unexpected happens")]

mod crashes;
mod faults;
mod oracle;
mod shard;

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `check` with many seeds.
fn seeds(default: u64, check: impl Fn(u64)) {
    let setting = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    if let Some(seed) = setting("ANABRANCH_SIM_SEED") {
        return check(seed);
    }
    for seed in 0..setting("ANABRANCH_SIM_SEEDS").unwrap_or(default) {
        if catch_unwind(AssertUnwindSafe(|| check(seed))).is_err() {
            panic!("fails with ANABRANCH_SIM_SEED={seed}");
        }
    }
}
