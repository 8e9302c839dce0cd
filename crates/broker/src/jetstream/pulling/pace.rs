//! How much is taken from origins at once, so that nobody waits long for the shard.

use std::time::Duration;

/// How much is looked at before others have their turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Messages, taken or not.
    pub looks: usize,
    /// Messages that are taken.
    pub messages: usize,
    /// Their bytes.
    pub bytes: u64,
}

impl Budget {
    /// Others have their turn.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.looks == 0 || self.messages == 0 || self.bytes == 0
    }

    /// What one feed has of it when `others` wait too: its part, and enough to be worth it.
    #[must_use]
    pub fn share(&self, others: usize) -> Self {
        let parts = others.saturating_add(1);
        let bytes = self.bytes / u64::try_from(parts).unwrap_or(u64::MAX);
        Self {
            looks: (self.looks / parts).max(LEAST.looks).min(self.looks),
            messages: (self.messages / parts).max(LEAST.messages).min(self.messages),
            bytes: bytes.max(LEAST.bytes).min(self.bytes),
        }
    }

    /// Takes off what was used.
    pub fn spend(&mut self, looks: usize, messages: usize, bytes: u64) {
        self.looks = self.looks.saturating_sub(looks);
        self.messages = self.messages.saturating_sub(messages);
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

const LEAST: Budget = Budget { looks: 1024, messages: 32, bytes: 32 * 1024 };

/// Sixteen times the least at most, a share of that after turns that took long.
#[derive(Debug)]
pub struct Pace {
    /// 1 to [`FASTEST`] times the least.
    times: u8,
}

const FASTEST: u8 = 16;
/// A turn of the shard should last 5 ms at most, of which a commit has its part.
const LONG: Duration = Duration::from_millis(3);
const SHORT: Duration = Duration::from_millis(1);

impl Default for Pace {
    fn default() -> Self {
        Self { times: FASTEST / 4 }
    }
}

impl Pace {
    /// What all feeds together take before the shard has its turn.
    #[must_use]
    pub fn budget(&self) -> Budget {
        let times = usize::from(self.times);
        Budget {
            looks: LEAST.looks * times,
            messages: LEAST.messages * times,
            bytes: LEAST.bytes * u64::from(self.times),
        }
    }

    /// So long that took, without the commit.
    pub fn took(&mut self, time: Duration) {
        if time > LONG {
            self.times = (self.times / 2).max(1);
        } else if time < SHORT {
            self.times = (self.times + 1).min(FASTEST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_feed_has_all_and_many_have_their_part() {
        let all = Pace { times: FASTEST }.budget();
        assert_eq!(all.share(0), all);
        assert_eq!(all.share(3).messages, all.messages / 4);
        assert_eq!(all.share(1000), LEAST);
        let mut left = all;
        left.spend(10, all.messages - 5, 10);
        assert_eq!(left.share(1000).messages, 5);
        left.spend(0, 5, 0);
        assert!(left.is_spent());
    }

    #[test]
    fn long_turns_become_shorter() {
        let mut pace = Pace::default();
        for _ in 0..100 {
            pace.took(Duration::ZERO);
        }
        assert_eq!(pace.times, FASTEST);
        for times in [8, 4, 2, 1, 1] {
            pace.took(LONG * 2);
            assert_eq!(pace.times, times);
        }
        pace.took(SHORT);
        assert_eq!(pace.times, 1);
    }
}
