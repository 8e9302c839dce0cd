//! Message ids that were seen within the duplicate window.
//!
//! They lie in slices, oldest first, which copies share. Each has a number: how many came before
//! it. The table finds the number of an id, and from that its slice.

use std::collections::VecDeque;
use std::sync::Arc;

use super::bytes::{Bytes, DecodeError};
use super::table::Table;

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

/// Ids of a slice.
const SLICE: u64 = 1024;
const SLICE_MAX: usize = 1024;

#[derive(Debug, Clone, Default)]
struct Slice {
    seen: Vec<Seen>,
    /// The epoch in which it changed last.
    changed: u64,
}

/// Ids and the sequences that they got. Dropped by time, oldest first.
///
/// `first <= next`; all slices but the last are full
#[derive(Debug, Clone, Default)]
pub struct Dedup {
    by_id: Table<u64>,
    slices: VecDeque<Arc<Slice>>,
    /// The number of the oldest id; of what is before it in the first slice nothing is known.
    first: u64,
    /// The number of the next id.
    next: u64,
    epoch: u64,
}

impl Dedup {
    /// The sequence that the id got within `window_ns` before `now_ns`.
    #[must_use]
    pub fn find(&self, id: IdHash, now_ns: i64, window_ns: i64) -> Option<u64> {
        let number = self.by_id.find(spread(id), |&number| self.is_of(number, id))?;
        let seen = self.seen(number)?;
        (seen.time >= now_ns.saturating_sub(window_ns)).then_some(seen.seq)
    }

    /// Remembers that the id got `seq` at `time_ns`. Times never go back.
    pub fn insert(&mut self, id: IdHash, seq: u64, time_ns: i64) {
        self.untabulate(id, None);
        let number = self.next;
        if number.is_multiple_of(SLICE) || self.slices.is_empty() {
            self.slices.push_back(Arc::default());
        }
        if let Some(slice) = self.slices.back_mut() {
            let slice = Arc::make_mut(slice);
            slice.seen.push(Seen { id, seq, time: time_ns });
            slice.changed = self.epoch;
            if slice.seen.len() == SLICE_MAX {
                slice.seen.shrink_to_fit();
            }
        }
        self.next += 1;
        self.tabulate(number, id);
    }

    fn tabulate(&mut self, number: u64, id: IdHash) {
        let Self { by_id, slices, first, .. } = self;
        let hash_of =
            |&number: &u64| seen_in(slices, *first, number).map_or(0, |seen| spread(seen.id));
        by_id.insert(spread(id), number, hash_of);
    }

    /// Takes an id out of the table; only with this number, if one is given.
    fn untabulate(&mut self, id: IdHash, number: Option<u64>) {
        let Self { by_id, slices, first, .. } = self;
        by_id.remove(spread(id), |&held| {
            seen_in(slices, *first, held).is_some_and(|seen| seen.id == id)
                && number.is_none_or(|number| held == number)
        });
    }

    fn is_of(&self, number: u64, id: IdHash) -> bool {
        self.seen(number).is_some_and(|seen| seen.id == id)
    }

    fn seen(&self, number: u64) -> Option<Seen> {
        seen_in(&self.slices, self.first, number)
    }

    /// Forgets ids that are older than `window_ns` at `now_ns`, at most `count` of them; whether
    /// there are more.
    pub fn expire(&mut self, now_ns: i64, window_ns: i64, count: usize) -> bool {
        let oldest = now_ns.saturating_sub(window_ns);
        for _ in 0..count {
            let Some(seen) = self.seen(self.first).filter(|seen| seen.time < oldest) else {
                return false;
            };
            self.untabulate(seen.id, Some(self.first));
            self.first += 1;
            if self.first.is_multiple_of(SLICE) || self.first == self.next {
                self.slices.pop_front();
            }
            if self.first == self.next {
                // The next slice begins with the next id.
                self.first = self.next.next_multiple_of(SLICE);
                self.next = self.first;
            }
        }
        self.oldest().is_some_and(|time| time < oldest)
    }

    /// When the oldest id was seen, in nanoseconds since 1970.
    #[must_use]
    pub fn oldest(&self) -> Option<i64> {
        self.seen(self.first).map(|seen| seen.time)
    }

    /// Ids remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// No ids are remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.len() == 0
    }
}

/// For checkpoints.
impl Dedup {
    /// The same ids, to be saved; they cannot be found.
    #[must_use]
    pub fn view(&self) -> Self {
        Self { by_id: Table::default(), slices: self.slices.clone(), ..*self }
    }

    /// What changes from now on is of this epoch.
    pub fn set_epoch(&mut self, epoch: u64) {
        self.epoch = epoch;
    }

    /// The number of the oldest id.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.first
    }

    /// Numbers of all slices, and in which epoch each changed last.
    pub fn slices(&self) -> impl Iterator<Item = (u64, u64)> {
        (self.first / SLICE..).zip(self.slices.iter().map(|slice| slice.changed))
    }

    /// Appends everything that it takes to be this slice again.
    pub fn save_slice(&self, number: u64, into: &mut Vec<u8>) {
        let nth = number.checked_sub(self.first / SLICE).and_then(|nth| usize::try_from(nth).ok());
        let Some(slice) = nth.and_then(|nth| self.slices.get(nth)) else { return };
        for seen in &slice.seen {
            into.extend_from_slice(&seen.id.0.to_le_bytes());
            into.extend_from_slice(&seen.seq.to_le_bytes());
            into.extend_from_slice(&seen.time.to_le_bytes());
        }
    }

    /// Ids from the number `first` on follow.
    pub fn begin_at(&mut self, first: u64) {
        *self = Self { first, next: first / SLICE * SLICE, epoch: self.epoch, ..Self::default() };
    }

    /// Adds the slice that [`Self::save_slice`] wrote; they come in order.
    ///
    /// # Errors
    /// When the bytes are none of its, or a slice is missing.
    pub fn load_slice(&mut self, number: u64, bytes: &mut Bytes<'_>) -> Result<(), DecodeError> {
        if number.checked_mul(SLICE) != Some(self.next) {
            return Err(DecodeError::Field("ids"));
        }
        let mut slice = Slice::default();
        while !bytes.0.is_empty() && slice.seen.len() < SLICE_MAX {
            let id = IdHash(u128::from_le_bytes(bytes.array()?));
            slice.seen.push(Seen { id, seq: bytes.u64()?, time: bytes.i64()? });
        }
        let ids: Vec<IdHash> = slice.seen.iter().map(|seen| seen.id).collect();
        self.slices.push_back(Arc::new(slice));
        for (number, id) in (self.next..).zip(ids) {
            self.next = number + 1;
            if number >= self.first {
                self.untabulate(id, None);
                self.tabulate(number, id);
            }
        }
        Ok(())
    }
}

fn seen_in(slices: &VecDeque<Arc<Slice>>, first: u64, number: u64) -> Option<Seen> {
    let nth = (number / SLICE).checked_sub(first / SLICE)?;
    let slice = slices.get(usize::try_from(nth).ok()?)?;
    slice.seen.get(usize::try_from(number % SLICE).ok()?).copied()
}

fn spread(id: IdHash) -> u64 {
    let folded = id.0 ^ (id.0 >> 64);
    u64::try_from(folded & u128::from(u64::MAX)).expect("64 bits were kept")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(dedup: &Dedup, id: u128) -> Option<u64> {
        dedup.find(IdHash(id), 0, i64::MAX)
    }

    #[test]
    fn ids_are_forgotten_when_the_window_is_over() {
        let mut dedup = Dedup::default();
        for n in 1..=10u64 {
            dedup.insert(IdHash(u128::from(n) << 64 | 5), n, i64::try_from(n).expect("small"));
        }
        assert_eq!(find(&dedup, 3 << 64 | 5), Some(3));
        assert_eq!(dedup.find(IdHash(3 << 64 | 5), 8, 5), Some(3));
        assert_eq!(dedup.find(IdHash(3 << 64 | 5), 9, 5), None);
        assert!(dedup.expire(12, 5, 3));
        assert_eq!(find(&dedup, 3 << 64 | 5), None);
        assert!(!dedup.expire(12, 5, 100));
        assert_eq!((dedup.len(), dedup.oldest()), (4, Some(7)));
    }

    #[test]
    fn an_id_that_came_again_is_kept_for_its_last_time() {
        let mut dedup = Dedup::default();
        dedup.insert(IdHash(1), 1, 1);
        dedup.insert(IdHash(1), 2, 10);
        dedup.expire(10, 5, 100);
        assert_eq!(find(&dedup, 1), Some(2));
    }

    #[test]
    fn ids_come_back_and_go_as_before() {
        let mut dedup = Dedup::default();
        let id = |n: u64| u128::from(n % 3_000) << 64 | u128::from(n % 3_000 * 7_919);
        for n in 1..=5_000u64 {
            dedup.insert(IdHash(id(n)), n, i64::try_from(n).unwrap());
            if n % 100 == 0 {
                dedup.expire(i64::try_from(n).unwrap(), 2_500, 90);
            }
        }
        let mut loaded = Dedup::default();
        loaded.begin_at(dedup.first());
        for (number, _) in dedup.slices() {
            let mut saved = Vec::new();
            dedup.save_slice(number, &mut saved);
            loaded.load_slice(number, &mut Bytes(&saved)).unwrap();
        }
        for time in [5_000, 6_000, 7_000, 20_000] {
            for dedup in [&mut dedup, &mut loaded] {
                while dedup.expire(time, 2_500, 100) {}
            }
            for n in 1..=5_000 {
                assert_eq!(find(&dedup, id(n)), find(&loaded, id(n)), "{time} {n}");
            }
        }
        assert!(dedup.is_empty() && loaded.is_empty());
        for dedup in [&mut dedup, &mut loaded] {
            dedup.insert(IdHash(9), 6_000, 20_001);
            assert_eq!(find(dedup, 9), Some(6_000));
        }
    }
}
