//! How many seeds a simulation tries. A failure prints its seed; `ANABRANCH_SIM_SEED` runs that one
//! alone, `ANABRANCH_SIM_SEEDS` says how many, `ANABRANCH_SIM_SECONDS` for how long it goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// Runs `check` with many seeds: `default` of them, or what the environment says. Gives how many.
///
/// # Panics
/// With the seed with which `check` does.
pub fn seeds(default: u64, check: impl Fn(u64)) -> u64 {
    if let Some(seed) = setting("ANABRANCH_SIM_SEED") {
        check(seed);
        return 1;
    }
    let count = setting("ANABRANCH_SIM_SEEDS").unwrap_or(default);
    let duration = setting("ANABRANCH_SIM_SECONDS").map(Duration::from_secs);
    let begun = Instant::now();
    let goes_on = |seed| match duration {
        Some(duration) => begun.elapsed() < duration,
        None => seed < count,
    };
    let mut seed = 0;
    while goes_on(seed) {
        let checked = catch_unwind(AssertUnwindSafe(|| check(seed)));
        assert!(checked.is_ok(), "fails with ANABRANCH_SIM_SEED={seed}");
        seed += 1;
    }
    seed
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}
