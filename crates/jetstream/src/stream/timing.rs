//! What happens because time passes.

use super::index::Removed;
use super::machine::{Stream, TICK_ITEMS_MAX};

/// What one tick left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ticked {
    /// Nothing that is due.
    Done,
    /// There is more that is due.
    More,
}

impl Stream {
    /// When the next tick is needed, in nanoseconds since 1970.
    #[must_use]
    pub fn next_deadline(&self) -> Option<i64> {
        let by_age = self.next_by_age().map(|(_, time)| time);
        let by_ttl = self.expiries.next().map(|(time, _)| time);
        by_age.into_iter().chain(by_ttl).min()
    }

    /// The next message to end by its age, and when.
    fn next_by_age(&self) -> Option<(u64, i64)> {
        let max_age = Some(self.config.max_age.0).filter(|&age| age > 0)?;
        let floor = self.age_floor.max(self.index.first_seq());
        let mut from_there = self.index.pages().iter_from(floor);
        let (seq, meta) = from_there.find(|(_, meta)| !meta.never_expires)?;
        Some((seq, meta.time.saturating_add(max_age)))
    }

    /// Lets `now` pass: ends what is due, in slices.
    pub fn tick(&mut self, now: i64, removed: &mut Vec<Removed>) -> Ticked {
        let mut budget = TICK_ITEMS_MAX;
        while let Some((seq, ends)) = self.next_by_age() {
            self.age_floor = seq;
            if ends > now {
                break;
            }
            if budget == 0 {
                return Ticked::More;
            }
            budget -= 1;
            removed.extend(self.index.remove(seq));
        }
        let due = self.expiries.take(now, budget);
        for &seq in &due {
            removed.extend(self.index.remove(seq));
        }
        if budget > 0 && due.len() == budget { Ticked::More } else { Ticked::Done }
    }
}
