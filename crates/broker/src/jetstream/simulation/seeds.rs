//! How many seeds are tried, and what is expected of them.

#[cfg(feature = "sabotage")]
use std::panic::{AssertUnwindSafe, catch_unwind};

use anabranch_log::disk::sim::seeds;
#[cfg(feature = "sabotage")]
use anabranch_log::sabotage::{Mistake, make};

use super::world::crash_and_recover;

/// With how many seeds at most a mistake is found.
#[cfg(feature = "sabotage")]
const SEEDS_MAX: u64 = 300;

#[test]
fn streams_are_after_crashes_what_acknowledged_commands_made_of_them() {
    let count = seeds(60, crash_and_recover);
    println!("streams: {count} seeds");
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
