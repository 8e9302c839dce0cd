//! Which messages are schedules, and when they are due next.

use super::blocks::Blocks;

/// Schedules by sequence and by time. One that has left the stream stays until it is due.
#[derive(Debug, Clone, Default)]
pub struct Schedules {
    times: Blocks<(u64, i64)>,
    by_time: Blocks<(i64, u64)>,
}

impl Schedules {
    /// `seq` is due at `time_ns`, and no longer when it was before.
    pub fn set(&mut self, seq: u64, time_ns: i64) {
        self.remove(seq);
        self.times.insert((seq, time_ns), |(other, _)| other.cmp(&seq));
        self.by_time.insert((time_ns, seq), |other| other.cmp(&(time_ns, seq)));
    }

    /// `seq` is no schedule any more.
    pub fn remove(&mut self, seq: u64) {
        if let Some((_, time)) = self.times.find(|(other, _)| other.cmp(&seq)) {
            self.times.remove(|(other, _)| other.cmp(&seq));
            self.by_time.remove(|other| other.cmp(&(time, seq)));
        }
    }

    /// `seq` is a schedule.
    #[must_use]
    pub fn has(&self, seq: u64) -> bool {
        self.times.find(|(other, _)| other.cmp(&seq)).is_some()
    }

    /// The next one that is due: its time and sequence.
    #[must_use]
    pub fn next(&self) -> Option<(i64, u64)> {
        self.by_time.first()
    }

    /// All of them with their times, the first one that is due first.
    pub fn iter_by_time(&self) -> impl Iterator<Item = (i64, u64)> {
        self.by_time.iter()
    }

    /// All of them by sequence, with their times.
    pub fn iter(&self) -> impl Iterator<Item = (u64, i64)> {
        self.times.iter()
    }
}
