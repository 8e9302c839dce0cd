//! The contents of a file: as readers see them, and as they would be after a power cut.

use std::collections::BTreeSet;

use super::Random;
use crate::format::{SECTOR, to_u64, to_usize};

#[derive(Debug, Clone, Default)]
pub(super) struct Contents {
    seen: Vec<u8>,
    durable: Vec<u8>,
    /// Sectors whose two versions may differ.
    dirty: BTreeSet<u64>,
}

impl Contents {
    pub(super) fn length(&self) -> u64 {
        to_u64(self.seen.len())
    }

    pub(super) fn read(&self, into: &mut [u8], offset: u64) -> usize {
        let from = to_usize(offset).min(self.seen.len());
        let count = into.len().min(self.seen.len() - from);
        into[..count].copy_from_slice(&self.seen[from..from + count]);
        count
    }

    /// Now and then the system writes a sector on its own account, hence `random`.
    pub(super) fn write(&mut self, bytes: &[u8], offset: u64, random: &mut Random) {
        if bytes.is_empty() {
            return;
        }
        let (from, to) = (to_usize(offset), to_usize(offset) + bytes.len());
        if random.happens(5) {
            self.write_back(random);
        }
        self.touch(offset, to_u64(to));
        if self.seen.len() < to {
            self.touch(self.length(), to_u64(to));
            self.seen.resize(to, 0);
        }
        self.seen[from..to].copy_from_slice(bytes);
    }

    pub(super) fn set_length(&mut self, length: u64) {
        let (low, high) = (self.length().min(length), self.length().max(length));
        self.touch(low, high);
        self.seen.resize(to_usize(length), 0);
    }

    /// Only what is taken for unwritten is written: what a failed sync lost stays lost.
    pub(super) fn sync(&mut self) {
        for sector in std::mem::take(&mut self.dirty) {
            self.flush(sector, to_usize(SECTOR));
        }
        self.durable.resize(self.seen.len(), 0);
    }

    /// A sync that failed: the system takes what it could not write for written.
    pub(super) fn lose_dirty(&mut self) {
        self.dirty.clear();
    }

    /// Of each sector that was not synced the old or the new version remains, or a part of each.
    pub(super) fn crash(&mut self, survival_percent: u64, random: &mut Random) {
        for sector in std::mem::take(&mut self.dirty) {
            if random.happens(survival_percent) {
                let torn = random.happens(5);
                let keep = if torn { random.below(SECTOR) } else { SECTOR };
                self.flush(sector, to_usize(keep));
            }
        }
        self.seen.clone_from(&self.durable);
    }

    /// Changes both versions behind everybody's back.
    pub(super) fn corrupt(&mut self, offset: u64, change: impl Fn(u8) -> u8) {
        for version in [&mut self.seen, &mut self.durable] {
            if let Some(byte) = version.get_mut(to_usize(offset)) {
                *byte = change(*byte);
            }
        }
    }

    fn touch(&mut self, from: u64, to: u64) {
        self.dirty.extend(from / SECTOR..to.div_ceil(SECTOR));
    }

    fn write_back(&mut self, random: &mut Random) {
        let index = to_usize(random.below(to_u64(self.dirty.len())));
        if let Some(sector) = self.dirty.iter().nth(index).copied() {
            self.flush(sector, to_usize(SECTOR));
        }
    }

    /// Takes the first `keep` bytes of a sector over, with the length that goes with them.
    fn flush(&mut self, sector: u64, keep: usize) {
        let from = to_usize(sector * SECTOR);
        let to = (from + keep).min(self.seen.len());
        if from >= self.seen.len() {
            self.durable.truncate(from.max(self.seen.len()));
            return;
        }
        if self.durable.len() < to {
            self.durable.resize(to, 0);
        }
        if from < to {
            self.durable[from..to].copy_from_slice(&self.seen[from..to]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(contents: &Contents) -> Vec<u8> {
        let mut bytes = vec![0; to_usize(contents.length())];
        contents.read(&mut bytes, 0);
        bytes
    }

    #[test]
    fn what_was_synced_survives_and_the_rest_may() {
        let mut outcomes = BTreeSet::new();
        for seed in 0..50 {
            let mut random = Random::new(seed);
            let mut contents = Contents::default();
            contents.write(&[1; 1024], 0, &mut random);
            contents.sync();
            contents.write(&[2; 1024], 0, &mut random);
            contents.crash(50, &mut random);
            let bytes = text(&contents);
            assert!(bytes.iter().all(|byte| [1, 2].contains(byte)));
            outcomes.insert((bytes[0], bytes[600]));
        }
        assert_eq!(outcomes.len(), 4, "each sector has its own fate");
    }

    #[test]
    fn a_failed_sync_loses_what_readers_still_see() {
        let mut random = Random::new(1);
        let mut contents = Contents::default();
        contents.write(&[1; 10], 0, &mut random);
        contents.lose_dirty();
        contents.sync();
        assert_eq!(text(&contents), [1; 10]);
        contents.crash(100, &mut random);
        assert_eq!(text(&contents), [0; 10]);
    }

    #[test]
    fn a_cut_off_end_may_come_back_until_it_is_synced() {
        let mut lengths = BTreeSet::new();
        for seed in 0..50 {
            let mut random = Random::new(seed);
            let mut contents = Contents::default();
            contents.write(&[1; 2000], 0, &mut random);
            contents.sync();
            contents.set_length(100);
            contents.crash(50, &mut random);
            lengths.insert(contents.length());
        }
        assert!(lengths.contains(&2000) && lengths.len() > 1, "{lengths:?}");
    }
}
