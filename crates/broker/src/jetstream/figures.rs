//! What is measured of JetStream while it runs, for monitoring.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets, in microseconds.
pub const BOUNDS_US: [u64; 11] =
    [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 50_000, 250_000, 1_000_000];

/// How long something took, each time.
#[derive(Debug, Default)]
pub struct Durations {
    /// Times by bucket; the last has no bound.
    buckets: [AtomicU64; BOUNDS_US.len() + 1],
    sum_ns: AtomicU64,
    max_ns: AtomicU64,
}

/// [`Durations`] at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Measured {
    /// Times by bucket; the last has no bound.
    pub buckets: [u64; BOUNDS_US.len() + 1],
    /// All of them together, in nanoseconds.
    pub sum_ns: u64,
    /// The longest, in nanoseconds.
    pub max_ns: u64,
}

impl Durations {
    /// It took this long.
    pub fn add(&self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_US.partition_point(|bound| bound * 1000 < nanos);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum_ns.fetch_add(nanos, Ordering::Relaxed);
        self.max_ns.fetch_max(nanos, Ordering::Relaxed);
    }

    /// What was measured so far.
    #[must_use]
    pub fn read(&self) -> Measured {
        Measured {
            buckets: self.buckets.each_ref().map(|bucket| bucket.load(Ordering::Relaxed)),
            sum_ns: self.sum_ns.load(Ordering::Relaxed),
            max_ns: self.max_ns.load(Ordering::Relaxed),
        }
    }
}

/// How far reading the log has got at a start, in bytes.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
    max: AtomicU64,
}

impl Progress {
    /// So much is read, of at most `max`.
    pub fn show(&self, done: u64, max: u64) {
        self.done.store(done, Ordering::Relaxed);
        self.max.store(max, Ordering::Relaxed);
    }

    /// How much is read, and of how much at most; zeros before the log is reached.
    #[must_use]
    pub fn read(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.max.load(Ordering::Relaxed))
    }
}

/// Everything that is measured.
#[derive(Debug, Default)]
pub struct Figures {
    /// Turns of the shard.
    pub turns: Durations,
    /// Writes and syncs of the log.
    pub commits: Durations,
    /// Bytes of the log that wait for a checkpoint.
    pub log_used: AtomicU64,
    /// Bytes that may.
    pub log_max: AtomicU64,
    /// Segments that were written anew, without what left.
    pub compacted_segments: AtomicU64,
    /// Bytes that were copied for that.
    pub compacted_bytes: AtomicU64,
    /// Nothing is acknowledged any more.
    pub failed: AtomicBool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_fall_into_the_bucket_whose_bound_they_do_not_exceed() {
        let durations = Durations::default();
        for micros in [1, 50, 51, 5_000_000] {
            durations.add(Duration::from_micros(micros));
        }
        let measured = durations.read();
        assert_eq!(measured.buckets, [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(measured.max_ns, 5_000_000_000);
        assert_eq!(measured.sum_ns, 5_000_102_000);
    }
}
