//! How many seeds are tried, and what is expected of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

#[cfg(feature = "sabotage")]
use anabranch_log::sabotage::{Mistake, make};

use super::world::crash_and_recover;

/// With how many seeds at most a mistake is found.
#[cfg(feature = "sabotage")]
const SEEDS_MAX: u64 = 300;

#[test]
fn streams_are_after_crashes_what_acknowledged_commands_made_of_them() {
    seeds(60, crash_and_recover);
}

#[cfg(feature = "sabotage")]
#[test]
fn a_missing_sync_of_the_log_is_found() {
    for mistake in [Mistake::SkipLogSync, Mistake::SkipLogDirectorySync] {
        make(Some(mistake));
        let found = (0..SEEDS_MAX).find(|&seed| {
            let checked = || crash_and_recover(seed);
            catch_unwind(AssertUnwindSafe(checked)).is_err()
        });
        make(None);
        let seed = found.unwrap_or_else(|| panic!("{mistake:?} is not found"));
        println!("{mistake:?} is found with seed {seed}");
        crash_and_recover(seed);
    }
}

/// Runs `check` with many seeds: the default number, or for as long as asked.
fn seeds(default: u64, check: impl Fn(u64)) {
    if let Some(seed) = setting("ANABRANCH_SIM_SEED") {
        return check(seed);
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
        if catch_unwind(AssertUnwindSafe(|| check(seed))).is_err() {
            panic!("fails with ANABRANCH_SIM_SEED={seed}");
        }
        seed += 1;
    }
    println!("{}: {seed} seeds", std::thread::current().name().unwrap_or_default());
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}
