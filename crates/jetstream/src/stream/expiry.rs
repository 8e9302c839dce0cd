//! Messages that end at a time of their own (`Nats-TTL`).

use std::collections::BTreeSet;

/// Sequences by the time at which they end.
#[derive(Debug, Clone, Default)]
pub struct Expiries {
    by_time: BTreeSet<(i64, u64)>,
}

impl Expiries {
    /// `seq` ends at `time_ns`.
    pub fn insert(&mut self, seq: u64, time_ns: i64) {
        self.by_time.insert((time_ns, seq));
    }

    /// The next to end: its time and sequence.
    #[must_use]
    pub fn next(&self) -> Option<(i64, u64)> {
        self.by_time.first().copied()
    }

    /// Takes what has ended at `now_ns`, at most `count`, by sequence.
    pub fn take(&mut self, now_ns: i64, count: usize) -> Vec<u64> {
        let mut due = Vec::new();
        while due.len() < count {
            match self.by_time.first() {
                Some(&(time, seq)) if time <= now_ns => {
                    self.by_time.pop_first();
                    due.push(seq);
                }
                _ => break,
            }
        }
        due.sort_unstable();
        due
    }

    /// What is to end, in order: time and sequence.
    pub fn iter(&self) -> impl Iterator<Item = (i64, u64)> {
        self.by_time.iter().copied()
    }
}
