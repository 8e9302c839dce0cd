//! A fixed rate: when the next thing is due, and from when its latency counts.

use std::time::{Duration, Instant};

/// Below this a sleep wakes too late to be of use, and the wait spins.
const SPIN: Duration = Duration::from_micros(120);

/// How a wait passes its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Sleeps, and leaves the processor to others; wakes some 60 us late.
    Sleep,
    /// Sleeps, then spins for the last bit.
    Spin,
}

/// Evenly spaced due times.
#[derive(Debug)]
pub(crate) struct Pace {
    next: Instant,
    gap: Duration,
    wait: Wait,
}

impl Pace {
    /// `rate` per second, from now on; a rate of 0 counts as 1.
    pub(crate) fn new(rate: u64, wait: Wait) -> Pace {
        let gap = Duration::from_nanos(1_000_000_000 / rate.max(1));
        Pace { next: Instant::now() + gap, gap, wait }
    }

    /// The time between two due times.
    pub(crate) fn gap(&self) -> Duration {
        self.gap
    }

    /// Drops the due times up to `now`, for those who cannot make them up.
    pub(crate) fn skip_to(&mut self, now: Instant) {
        if self.next <= now {
            self.next = now + self.gap;
        }
    }

    /// The time to the next due time; zero if it has passed.
    pub(crate) fn left(&self) -> Duration {
        self.next.saturating_duration_since(Instant::now())
    }

    /// Waits for the next due time. Returns it if it passed a whole gap ago, because then what
    /// was due has been waiting since (a stalled server must not slow the count of its own
    /// stall); otherwise the present, so that an overslept timer is not put down to the server.
    pub(crate) fn wait(&mut self) -> Instant {
        let due = self.next;
        self.next += self.gap;
        if Instant::now() >= self.next {
            return due;
        }
        loop {
            let left = due.saturating_duration_since(Instant::now());
            match self.wait {
                _ if left.is_zero() => return Instant::now(),
                Wait::Sleep => std::thread::sleep(left),
                Wait::Spin if left > SPIN => std::thread::sleep(left - SPIN / 2),
                Wait::Spin => std::hint::spin_loop(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipping_leaves_no_arrears() {
        let mut pace = Pace::new(1_000_000, Wait::Sleep);
        while !pace.left().is_zero() {}
        let now = Instant::now();
        pace.skip_to(now);
        assert_eq!(pace.next, now + Duration::from_micros(1));
    }

    #[test]
    fn what_is_overdue_counts_from_its_due_time() {
        let mut pace = Pace::new(1_000_000, Wait::Sleep);
        let start = pace.next;
        while Instant::now() < start + Duration::from_micros(10) {
            std::hint::spin_loop();
        }
        assert_eq!(pace.wait(), start);
        assert_eq!(pace.wait(), start + Duration::from_micros(1));
    }
}
