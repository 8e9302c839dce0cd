//! Messages that end at a time of their own (`Nats-TTL`).

use super::blocks::Blocks;

/// Sequences by the time at which they end.
#[derive(Debug, Clone, Default)]
pub struct Expiries {
    by_time: Blocks<(i64, u64)>,
}

impl Expiries {
    /// `seq` ends at `time_ns`.
    pub fn insert(&mut self, seq: u64, time_ns: i64) {
        let item = (time_ns, seq);
        self.by_time.insert(item, |other| other.cmp(&item));
    }

    /// The next to end: its time and sequence.
    #[must_use]
    pub fn next(&self) -> Option<(i64, u64)> {
        self.by_time.first()
    }

    /// Takes what has ended at `now_ns`, at most `count`, by sequence.
    pub fn take(&mut self, now_ns: i64, count: usize) -> Vec<u64> {
        let due = self.by_time.take_first(count, |&(time, _)| time <= now_ns);
        let mut due: Vec<u64> = due.into_iter().map(|(_, seq)| seq).collect();
        due.sort_unstable();
        due
    }

    /// How many are to end.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_time.len()
    }

    /// What is to end, in order: time and sequence.
    pub fn iter(&self) -> impl Iterator<Item = (i64, u64)> {
        self.by_time.iter()
    }
}
