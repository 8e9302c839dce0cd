//! How fast streams take in what waited while they were busy: faster than more comes, so that they
//! catch up under load.

use std::time::Duration;

/// How long work of busy streams is added to a turn,
const WORK_TIME: Duration = Duration::from_millis(1);
/// how long messages that waited are taken in,
const TIME: Duration = Duration::from_millis(2);
/// and at most, if more comes than was taken.
const TIME_MAX: Duration = Duration::from_millis(4);
/// So many times as much as came is taken, if there is time.
const GAIN: usize = 2;
/// Turns take in so much less meanwhile.
const SLOWER: usize = 4;
/// Bytes that wait for all streams, beyond which nothing more is taken for busy ones.
const BYTES_MAX: usize = 128 * 1024 * 1024;

/// What waits for all busy streams, in bytes, and how it becomes less.
#[derive(Debug, Default)]
pub struct Draining {
    waiting: usize,
    /// What came since the last turn's end.
    came: usize,
    /// What was taken in this turn.
    taken: usize,
    is_on: bool,
}

impl Draining {
    /// So many bytes wait from now on.
    pub fn came(&mut self, bytes: usize) {
        self.waiting += bytes;
        self.came += bytes;
    }

    /// So many bytes wait no longer.
    pub fn took(&mut self, bytes: usize) {
        self.taken += bytes;
    }

    /// Enough was done in a turn that went on for so long.
    #[must_use]
    pub fn is_enough(&self, elapsed: Duration) -> bool {
        if self.taken == 0 {
            return elapsed > WORK_TIME;
        }
        let has_gained = !self.is_on || self.taken >= self.came.saturating_mul(GAIN);
        elapsed > TIME_MAX || (elapsed > TIME && has_gained)
    }

    /// The turn is over, and so many bytes still wait.
    pub fn end(&mut self, waiting: usize) {
        self.is_on = self.taken > 0 && waiting > 0;
        *self = Self { waiting, came: 0, taken: 0, is_on: self.is_on };
    }

    /// As much waits as may wait.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.waiting > BYTES_MAX
    }

    /// How much a turn takes that would take `most` otherwise.
    #[must_use]
    pub fn share(&self, most: usize) -> usize {
        if self.is_on { most / SLOWER } else { most }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn work_gets_a_moment_and_what_waited_gets_longer() {
        let mut draining = Draining::default();
        assert!(!draining.is_enough(MS) && draining.is_enough(MS * 2));
        draining.took(1);
        assert!(!draining.is_enough(MS * 2) && draining.is_enough(MS * 3));
    }

    #[test]
    fn more_is_taken_than_comes_and_turns_are_smaller_meanwhile() {
        let mut draining = Draining::default();
        draining.came(1000);
        draining.took(400);
        draining.end(600);
        assert_eq!(draining.share(4096), 1024);
        draining.came(300);
        draining.took(500);
        assert!(!draining.is_enough(MS * 3), "only a little more than came");
        assert!(draining.is_enough(MS * 5), "there is no more time");
        draining.took(100);
        assert!(draining.is_enough(MS * 3));
        draining.end(0);
        assert_eq!(draining.share(4096), 4096);
    }

    #[test]
    fn what_waits_for_all_streams_is_bounded() {
        let mut draining = Draining::default();
        draining.came(BYTES_MAX);
        assert!(!draining.is_full());
        draining.came(1);
        assert!(draining.is_full());
        draining.end(10);
        assert!(!draining.is_full());
    }
}
