//! A shard on a simulated disk: crashes between any two operations, and faults. A failure prints
//! its seed; `ANABRANCH_SIM_SEED` runs that one alone, `ANABRANCH_SIM_SEEDS`
//! says how many, `ANABRANCH_SIM_SECONDS` for how long each test goes on.

#![expect(clippy::unwrap_used, reason = "a test ends where something unexpected happens")]
#![expect(clippy::print_stdout, reason = "says how many seeds there were")]

mod crashes;
mod faults;
mod oracle;
#[cfg(feature = "sabotage")]
mod sabotage;
mod shard;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// Runs `check` with many seeds: the default number, or for as long as asked.
fn seeds(default: u64, check: impl Fn(u64)) {
    if let Some(seed) = setting("ANABRANCH_SIM_SEED") {
        return check(seed);
    }
    let count = setting("ANABRANCH_SIM_SEEDS").unwrap_or(default);
    let duration = setting("ANABRANCH_SIM_SECONDS").map(Duration::from_secs);
    let start = Instant::now();
    let goes_on = |seed| match duration {
        Some(duration) => start.elapsed() < duration,
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
