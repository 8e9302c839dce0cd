//! What a published subject matched.

use hashbrown::HashTable;

use super::ends::{Ends, EndsRef};
use super::interest::Interest;
use crate::hash::SubjectHasher;

/// Above this many groups, a group is found by hash and no longer by looking at all of them.
const SCANNED_GROUPS_MAX: usize = 8;

/// The interests that match one subject, in no particular order.
///
/// Built by [`Trie::matches`](super::Trie::matches); [`clear`](Self::clear) keeps what is
/// allocated, so that a value used again and again stops allocating.
#[derive(Clone, Debug)]
pub struct Matches<I> {
    /// Interests outside of any queue group: each receives the message.
    pub plain: Vec<I>,
    /// Queue groups, each name once: one member of each receives the message.
    pub queues: Vec<QueueGroup<I>>,
    spare: Vec<QueueGroup<I>>,
    /// Positions in `queues` by the hash of the name; empty while `queues` is short.
    index: HashTable<(u64, usize)>,
}

/// The members of one queue group that match a subject.
#[derive(Clone, Debug)]
pub struct QueueGroup<I> {
    /// The group's name.
    pub name: Vec<u8>,
    /// Its members; at least one.
    pub members: Vec<I>,
}

impl<I> Matches<I> {
    /// Nothing matched.
    #[must_use]
    pub const fn new() -> Self {
        Self { plain: Vec::new(), queues: Vec::new(), spare: Vec::new(), index: HashTable::new() }
    }

    /// Whether nobody is interested.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.plain.is_empty() && self.queues.is_empty()
    }

    /// How many deliveries a message leads to: plain interests and groups.
    #[must_use]
    pub fn fanout(&self) -> usize {
        self.plain.len() + self.queues.len()
    }

    /// How many interests are held, members of groups included.
    #[must_use]
    pub fn interest_count(&self) -> usize {
        self.plain.len() + self.queues.iter().map(|group| group.members.len()).sum::<usize>()
    }

    /// Forgets all interests and keeps the memory.
    pub fn clear(&mut self) {
        self.plain.clear();
        self.index.clear();
        for mut group in self.queues.drain(..) {
            group.members.clear();
            group.name.clear();
            self.spare.push(group);
        }
    }

    /// Gives back memory far beyond what the current interests need.
    pub fn shrink(&mut self) {
        self.plain.shrink_to_fit();
        self.queues.shrink_to_fit();
        self.spare = Vec::new();
        for group in &mut self.queues {
            group.members.shrink_to_fit();
            group.name.shrink_to_fit();
        }
    }
}

impl<I> Default for Matches<I> {
    fn default() -> Self {
        Self::new()
    }
}

impl<I: Interest + Clone> Matches<I> {
    pub(super) fn add(&mut self, ends: EndsRef<'_, I>, hasher: &SubjectHasher) {
        match ends {
            EndsRef::One(item) => self.add_one(item, hasher),
            EndsRef::Many(many) => self.add_many(many, hasher),
        }
    }

    fn add_one(&mut self, item: &I, hasher: &SubjectHasher) {
        match item.queue() {
            None => self.plain.push(item.clone()),
            Some(name) => self.group(name, hasher).members.push(item.clone()),
        }
    }

    fn add_many(&mut self, many: &Ends<I>, hasher: &SubjectHasher) {
        self.plain.extend(many.plain().iter().cloned());
        for (name, members) in many.queues() {
            self.group(name, hasher).members.extend(members.iter().cloned());
        }
    }

    fn group(&mut self, name: &[u8], hasher: &SubjectHasher) -> &mut QueueGroup<I> {
        let at = match self.find_group(name, hasher) {
            Some(at) => at,
            None => self.push_group(name, hasher),
        };
        &mut self.queues[at]
    }

    fn find_group(&self, name: &[u8], hasher: &SubjectHasher) -> Option<usize> {
        if self.queues.len() <= SCANNED_GROUPS_MAX {
            return self.queues.iter().position(|group| group.name == name);
        }
        let hash = hasher.hash(name);
        self.index.find(hash, |&(_, at)| self.queues[at].name == name).map(|&(_, at)| at)
    }

    fn push_group(&mut self, name: &[u8], hasher: &SubjectHasher) -> usize {
        let mut group =
            self.spare.pop().unwrap_or(QueueGroup { name: Vec::new(), members: Vec::new() });
        group.name.extend_from_slice(name);
        self.queues.push(group);
        let at = self.queues.len() - 1;
        let unindexed = if at < SCANNED_GROUPS_MAX {
            return at;
        } else if at == SCANNED_GROUPS_MAX {
            0
        } else {
            at
        };
        for position in unindexed..=at {
            let hash = hasher.hash(&self.queues[position].name);
            self.index.insert_unique(hash, (hash, position), |&(hash, _)| hash);
        }
        at
    }
}

impl<I> QueueGroup<I> {
    /// All members, beginning at the one that `random` chooses and going round once: the order in
    /// which to try them until one takes the message. Uniform if `random` is.
    ///
    /// nats-server picks a random start and then goes on linearly (`processMsgResults` in
    /// `server/client.go`).
    pub fn probe_order(&self, random: u32) -> impl Iterator<Item = &I> {
        let count = u64::try_from(self.members.len()).unwrap_or(u64::MAX);
        // Scaling by multiplication instead of a remainder: no division. `random` is below 2^32
        // and so the quotient is below `count`.
        let start = (u64::from(random) * (count & u64::from(u32::MAX))) >> 32;
        let (before, from) = self.members.split_at(usize::try_from(start).unwrap_or(0));
        from.iter().chain(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(count: u32) -> QueueGroup<u32> {
        QueueGroup { name: b"q".to_vec(), members: (0..count).collect() }
    }

    #[test]
    fn probing_visits_every_member_once() {
        for random in [0, 1, u32::MAX / 3, u32::MAX] {
            let mut seen: Vec<u32> = group(5).probe_order(random).copied().collect();
            let first = seen[0];
            assert_eq!(seen[1], (first + 1) % 5);
            seen.sort_unstable();
            assert_eq!(seen, [0, 1, 2, 3, 4]);
        }
        assert_eq!(group(0).probe_order(7).count(), 0);
    }

    #[test]
    fn probing_starts_uniformly() {
        let members = group(3);
        let mut starts = [0_u32; 3];
        for step in 0..3000_u32 {
            let random = step.wrapping_mul(0x9e37_79b9);
            let first = *members.probe_order(random).next().expect("three members");
            starts[usize::try_from(first).expect("below three")] += 1;
        }
        assert!(starts.iter().all(|&count| (950..1050).contains(&count)), "{starts:?}");
    }
}
