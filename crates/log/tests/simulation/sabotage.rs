//! Mistakes put in on purpose are found. Built with `--features sabotage` only.

use std::panic::{AssertUnwindSafe, catch_unwind};

use anabranch_log::sabotage::{Mistake, make};

use crate::crashes::crash_and_recover;
use crate::faults::{checkpoint_at_rest, failed_sync, log_at_rest, segment_at_rest};

/// With how many seeds at most a mistake is found.
const SEEDS_MAX: u64 = 500;

#[test]
fn every_mistake_is_found() {
    for mistake in Mistake::ALL {
        let check = match mistake {
            Mistake::SkipRewrite => failed_sync,
            Mistake::SkipLogChecksum => log_at_rest,
            Mistake::ReleaseEarly => checkpoint_at_rest,
            Mistake::SkipSegmentChecksum => segment_at_rest,
            _ => crash_and_recover,
        };
        make(Some(mistake));
        let found =
            (0..SEEDS_MAX).find(|seed| catch_unwind(AssertUnwindSafe(|| check(*seed))).is_err());
        make(None);
        let seed = found.unwrap_or_else(|| panic!("{mistake:?} is not found"));
        println!("{mistake:?} is found with seed {seed}");
        check(seed);
    }
}
