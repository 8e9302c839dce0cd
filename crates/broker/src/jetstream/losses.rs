//! What damage took from a stream: sequences that had a message, or may have had one.

use anabranch_jetstream::api::info::Lost;
use anabranch_log::Error;

/// Ranges of sequences that are remembered; what is lost beyond is only logged.
const RANGES_MAX: usize = 1024;
/// Sequences that are shown.
const SHOWN_MAX: usize = 10_000;

/// Sequences that were lost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Losses {
    /// First and last of each range, ascending, apart from each other.
    ranges: Vec<(u64, u64)>,
    /// Bytes that they counted, as far as that is known.
    bytes: u64,
    /// The stream's first sequence without them.
    floor: u64,
}

impl Losses {
    /// Adds the sequences from `first` to `last`, which counted `bytes`. False if the first was
    /// known already, or there are too many.
    pub fn add(&mut self, first: u64, last: u64, bytes: u64) -> bool {
        let at = self.ranges.partition_point(|&(_, end)| end < first);
        let here = self.ranges.get(at).copied();
        if last < first || here.is_some_and(|(start, _)| start <= first) {
            return false;
        }
        let mut last = last;
        let mut until = at;
        while let Some(&(start, end)) = self.ranges.get(until)
            && start <= last.saturating_add(1)
        {
            last = last.max(end);
            until += 1;
        }
        let touches = at.checked_sub(1).filter(|&before| self.ranges[before].1 + 1 == first);
        let (from, first) = touches.map_or((at, first), |at| (at, self.ranges[at].0));
        if from == until && self.ranges.len() >= RANGES_MAX {
            return false;
        }
        self.ranges.splice(from..until, [(first, last)]);
        self.bytes = self.bytes.saturating_add(bytes);
        true
    }

    /// The stream begins at `first` without what was lost.
    pub fn settle(&mut self, first: u64) {
        self.floor = first;
    }

    /// The stream begins at `first`. If it has moved on since, what is before that is forgotten: it
    /// would be gone anyhow.
    pub fn prune(&mut self, first: u64) {
        if first <= self.floor {
            return;
        }
        self.ranges.retain(|&(_, last)| last >= first);
        if self.ranges.is_empty() {
            self.bytes = 0;
        }
    }

    /// Nothing was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// How many sequences they are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.ranges.iter().map(|(first, last)| last - first + 1).sum()
    }

    /// For the stream's info: the first of them.
    #[must_use]
    pub fn shown(&self) -> Option<Lost> {
        let all = self.ranges.iter().flat_map(|&(first, last)| first..=last);
        let messages: Vec<u64> = all.take(SHOWN_MAX).collect();
        (!messages.is_empty()).then_some(Lost { messages, bytes: self.bytes })
    }

    /// For a checkpoint.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        let numbers = self.ranges.iter().flat_map(|&(first, last)| [first, last]);
        [self.bytes].into_iter().chain(numbers).flat_map(u64::to_le_bytes).collect()
    }

    /// From a checkpoint.
    ///
    /// # Errors
    /// When it is none of [`Self::save`].
    pub fn load(bytes: &[u8]) -> Result<Self, Error> {
        let (numbers, rest) = bytes.as_chunks::<8>();
        let mut numbers = numbers.iter().map(|&number| u64::from_le_bytes(number));
        let bytes = numbers.next().unwrap_or_default();
        let mut losses = Self { ranges: Vec::new(), bytes, floor: 0 };
        while let (Some(first), Some(last)) = (numbers.next(), numbers.next()) {
            losses.add(first, last, 0);
        }
        if rest.is_empty() { Ok(losses) } else { Err(Error::Options("lost sequences")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_joined_shown_and_forgotten() {
        let mut losses = Losses::default();
        assert!(losses.add(5, 6, 10) && losses.add(9, 9, 1) && losses.add(7, 7, 1));
        assert!(!losses.add(6, 6, 1), "it was known");
        assert!(losses.add(8, 8, 1) && losses.add(2, 2, 1));
        assert_eq!(losses.ranges, [(2, 2), (5, 9)]);
        assert!(losses.add(1, 20, 0));
        assert_eq!(losses.ranges, [(1, 20)]);
        assert_eq!(losses.count(), 20);
        assert_eq!(Losses::load(&losses.save()), Ok(losses.clone()));
        assert_eq!(losses.shown().map(|lost| (lost.messages.len(), lost.bytes)), Some((20, 14)));
        losses.settle(21);
        losses.prune(21);
        assert!(!losses.is_empty());
        losses.prune(22);
        assert!(losses.is_empty() && losses.shown().is_none());
    }
}
