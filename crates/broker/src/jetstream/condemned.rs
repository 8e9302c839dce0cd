//! Messages whose bytes are to be overwritten, but not at once: they are of streams in which what a
//! message says decides about others (counters, schedules), so a start that reads commands from
//! before the deletion needs them. They go when both checkpoints that are kept know the deletion.

use anabranch_jetstream::stream::{Location, Removed};
use anabranch_log::Error;

/// Checkpoints that have to know of a deletion.
const RIPE: u8 = 2;
/// Bytes of each message in a checkpoint.
const SIZE: usize = 17;

/// Messages that are to be overwritten.
#[derive(Debug, Default)]
pub struct Condemned {
    /// Each with the number of checkpoints that know of it.
    list: Vec<(Removed, u8)>,
    /// Those that the checkpoint being made knows of are the first ones.
    in_plan: usize,
}

impl Condemned {
    /// Adds one that just left its stream.
    pub fn add(&mut self, gone: &Removed) {
        self.list.push((*gone, 0));
    }

    /// There are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// For the checkpoint that is about to be made.
    pub fn plan(&mut self) -> Vec<u8> {
        self.in_plan = self.list.len();
        let mut bytes = Vec::with_capacity(self.list.len() * SIZE);
        for (gone, age) in &self.list {
            bytes.extend_from_slice(&gone.seq.to_le_bytes());
            bytes.extend_from_slice(&gone.location.0.to_le_bytes());
            bytes.push(*age);
        }
        bytes
    }

    /// The checkpoint was made: gives those whose time has come.
    pub fn take_ripe(&mut self) -> Vec<Removed> {
        let in_plan = std::mem::take(&mut self.in_plan);
        self.list.iter_mut().take(in_plan).for_each(|(_, age)| *age = age.saturating_add(1));
        self.list.extract_if(.., |(_, age)| *age >= RIPE).map(|(gone, _)| gone).collect()
    }

    /// One could not be overwritten: it is tried again after the next checkpoint.
    pub fn keep(&mut self, gone: Removed) {
        self.list.push((gone, RIPE));
    }

    /// From a checkpoint, which knows of all of them.
    ///
    /// # Errors
    /// When it is none of [`Self::plan`].
    pub fn load(bytes: &[u8]) -> Result<Self, Error> {
        let (entries, rest) = bytes.as_chunks::<SIZE>();
        let entry = |[seq @ .., l0, l1, l2, l3, l4, l5, l6, l7, age]: &[u8; SIZE]| {
            let location = Location(u64::from_le_bytes([*l0, *l1, *l2, *l3, *l4, *l5, *l6, *l7]));
            let seq: &[u8; 8] = seq;
            let gone = Removed { seq: u64::from_le_bytes(*seq), location };
            (gone, age.saturating_add(1))
        };
        let list = entries.iter().map(entry).collect();
        let unreadable = Error::Options("messages that are to be erased");
        if rest.is_empty() { Ok(Self { list, in_plan: 0 }) } else { Err(unreadable) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gone(seq: u64) -> Removed {
        Removed { seq, location: Location(seq * 100) }
    }

    #[test]
    fn two_checkpoints_must_know_of_a_deletion() {
        let mut condemned = Condemned::default();
        condemned.add(&gone(1));
        let _ = condemned.plan();
        condemned.add(&gone(2));
        assert!(condemned.take_ripe().is_empty());
        let bytes = condemned.plan();
        assert_eq!(condemned.take_ripe(), [gone(1)]);
        let mut loaded = Condemned::load(&bytes).unwrap();
        let _ = loaded.plan();
        assert_eq!(loaded.take_ripe(), [gone(1), gone(2)]);
        assert!(loaded.is_empty());
        assert!(Condemned::load(&bytes[1..]).is_err());
    }
}
