//! Message ids that were seen within the duplicate window.

use std::collections::VecDeque;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry as Slot;

/// The hash of a message id, keyed by the stream's own random key: ids chosen to collide would
/// have to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdHash(pub u128);

#[derive(Debug, Clone, Copy)]
struct Seen {
    id: IdHash,
    seq: u64,
    time: i64,
}

/// Ids and the sequences that they got. Dropped by time, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Dedup {
    by_id: HashTable<(IdHash, u64)>,
    order: VecDeque<Seen>,
}

impl Dedup {
    /// The sequence that the id got within `window_ns` before `now_ns`.
    #[must_use]
    pub fn find(&self, id: IdHash) -> Option<u64> {
        self.by_id.find(spread(id), |(held, _)| *held == id).map(|&(_, seq)| seq)
    }

    /// Remembers that the id got `seq` at `time_ns`. Times never go back.
    pub fn insert(&mut self, id: IdHash, seq: u64, time_ns: i64) {
        match self.by_id.entry(spread(id), |(held, _)| *held == id, |(held, _)| spread(*held)) {
            Slot::Occupied(mut held) => held.get_mut().1 = seq,
            Slot::Vacant(free) => {
                free.insert((id, seq));
            }
        }
        self.order.push_back(Seen { id, seq, time: time_ns });
    }

    /// Forgets ids that are older than `window_ns` at `now_ns`, at most `count` of them; whether
    /// there are more.
    pub fn expire(&mut self, now_ns: i64, window_ns: i64, count: usize) -> bool {
        let oldest = now_ns.saturating_sub(window_ns);
        for _ in 0..count {
            match self.order.front() {
                Some(seen) if seen.time < oldest => {}
                _ => return false,
            }
            if let Some(seen) = self.order.pop_front() {
                let is_it = |held: &(IdHash, u64)| *held == (seen.id, seen.seq);
                if let Ok(found) = self.by_id.find_entry(spread(seen.id), is_it) {
                    found.remove();
                }
            }
        }
        self.order.front().is_some_and(|seen| seen.time < oldest)
    }

    /// When the oldest id was seen, in nanoseconds since 1970.
    #[must_use]
    pub fn oldest(&self) -> Option<i64> {
        self.order.front().map(|seen| seen.time)
    }

    /// Ids remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// No ids are remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// What is remembered, oldest first: id, sequence, time.
    pub fn iter(&self) -> impl Iterator<Item = (IdHash, u64, i64)> {
        self.order.iter().map(|seen| (seen.id, seen.seq, seen.time))
    }
}

fn spread(id: IdHash) -> u64 {
    let folded = id.0 ^ (id.0 >> 64);
    u64::try_from(folded & u128::from(u64::MAX)).expect("64 bits were kept")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_forgotten_when_the_window_is_over() {
        let mut dedup = Dedup::default();
        for n in 1..=10u64 {
            dedup.insert(IdHash(u128::from(n) << 64 | 5), n, i64::try_from(n).expect("small"));
        }
        assert_eq!(dedup.find(IdHash(3 << 64 | 5)), Some(3));
        assert!(dedup.expire(12, 5, 3));
        assert_eq!(dedup.find(IdHash(3 << 64 | 5)), None);
        assert!(!dedup.expire(12, 5, 100));
        assert_eq!((dedup.len(), dedup.oldest()), (4, Some(7)));
    }

    #[test]
    fn an_id_that_came_again_is_kept_for_its_last_time() {
        let mut dedup = Dedup::default();
        dedup.insert(IdHash(1), 1, 1);
        dedup.insert(IdHash(1), 2, 10);
        dedup.expire(10, 5, 100);
        assert_eq!(dedup.find(IdHash(1)), Some(2));
    }
}
