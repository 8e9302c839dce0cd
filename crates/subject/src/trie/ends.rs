//! The interests that end at one place of the trie: all in one subject.

use hashbrown::HashTable;

use super::interest::Interest;
use crate::hash::SubjectHasher;

/// Above this many members a set is indexed, so that removing stays constant.
const SCANNED_MAX: usize = 16;
/// Below this many members the index is dropped again. Well under `SCANNED_MAX`, so that a member
/// that comes and goes does not build and drop the index each time.
const INDEXED_MIN: usize = 8;

/// The interests in one subject, plain ones and those in queue groups.
#[derive(Debug)]
pub(super) struct Ends<I> {
    plain: Members<I>,
    queues: Option<Box<HashTable<Group<I>>>>,
}

/// Interests in one subject, either a lone one or a set.
pub(super) enum EndsRef<'a, I> {
    One(&'a I),
    Many(&'a Ends<I>),
}

impl<I> Default for Ends<I> {
    fn default() -> Self {
        Self { plain: Members::default(), queues: None }
    }
}

impl<I> Ends<I> {
    pub(super) fn is_empty(&self) -> bool {
        self.plain.items.is_empty() && self.queues.is_none()
    }

    pub(super) fn plain(&self) -> &[I] {
        &self.plain.items
    }

    /// Every group as its name and its members, which are at least one.
    pub(super) fn queues(&self) -> impl Iterator<Item = (&[u8], &[I])> {
        let groups = self.queues.iter().flat_map(|groups| groups.iter());
        groups.map(|group| (&*group.name, &*group.members.items))
    }

    /// Every interest in turn.
    pub(super) fn iter(&self) -> impl Iterator<Item = &I> {
        self.plain().iter().chain(self.queues().flat_map(|(_, members)| members))
    }
}

impl<I: Interest + Clone> Ends<I> {
    pub(super) fn add(&mut self, item: &I, hasher: &SubjectHasher) {
        let Some(name) = item.queue() else {
            self.plain.add(item.clone());
            return;
        };
        let groups = self.queues.get_or_insert_default();
        let hash = hasher.hash(name);
        let entry = groups.entry(hash, |group| *group.name == *name, |group| group.hash);
        let fresh = || Group { hash, name: name.into(), members: Members::default() };
        entry.or_insert_with(fresh).into_mut().members.add(item.clone());
    }

    /// Whether `item` was here; it no longer is.
    pub(super) fn remove(&mut self, item: &I, hasher: &SubjectHasher) -> bool {
        let Some(name) = item.queue() else {
            return self.plain.remove(item);
        };
        let Some(groups) = &mut self.queues else {
            return false;
        };
        let found = groups.find_entry(hasher.hash(name), |group| *group.name == *name);
        let Ok(mut group) = found else {
            return false;
        };
        let removed = group.get_mut().members.remove(item);
        if group.get().members.items.is_empty() {
            group.remove();
        }
        if groups.is_empty() {
            self.queues = None;
        } else if groups.len() * 8 < groups.capacity() {
            let wanted = groups.len() * 2;
            groups.shrink_to(wanted, |group| group.hash);
        }
        removed
    }

    pub(super) fn contains(&self, item: &I, hasher: &SubjectHasher) -> bool {
        let Some(name) = item.queue() else {
            return self.plain.position(item).is_some();
        };
        let find = |groups: &HashTable<Group<I>>| {
            let group = groups.find(hasher.hash(name), |group| *group.name == *name)?;
            group.members.position(item)
        };
        self.queues.as_deref().and_then(find).is_some()
    }

    /// The only interest, if there is just one.
    pub(super) fn only(&self) -> Option<&I> {
        let mut all = self.iter();
        let first = all.next()?;
        all.next().is_none().then_some(first)
    }
}

#[derive(Debug)]
struct Group<I> {
    hash: u64,
    name: Box<[u8]>,
    members: Members<I>,
}

/// A bag of interests with removal in constant time.
#[derive(Debug)]
struct Members<I> {
    items: Vec<I>,
    /// Every position in `items`, by the identity of the interest there; only for large sets.
    index: Option<Box<HashTable<u32>>>,
}

impl<I> Default for Members<I> {
    fn default() -> Self {
        Self { items: Vec::new(), index: None }
    }
}

impl<I: Interest> Members<I> {
    fn add(&mut self, item: I) {
        if self.items.len() == self.items.capacity() {
            // One more, then doubling: most subjects have one or two subscribers.
            self.items.reserve_exact(self.items.len().max(1));
        }
        self.items.push(item);
        let last = self.items.len() - 1;
        if self.index.is_some() {
            self.index_position(last);
        } else if self.items.len() > SCANNED_MAX {
            self.index = Some(Box::default());
            (0..=last).for_each(|at| self.index_position(at));
        }
    }

    fn remove(&mut self, item: &I) -> bool {
        let Some(at) = self.position(item) else {
            return false;
        };
        let last = self.items.len() - 1;
        self.forget_position(at);
        if at != last {
            self.forget_position(last);
        }
        self.items.swap_remove(at);
        if at != last && self.index.is_some() {
            self.index_position(at);
        }
        if self.items.len() < INDEXED_MIN {
            self.index = None;
        }
        self.shrink();
        true
    }

    fn position(&self, item: &I) -> Option<usize> {
        let Some(index) = &self.index else {
            return self.items.iter().position(|held| held.same(item));
        };
        let same = |&at: &u32| self.items[to_usize(at)].same(item);
        index.find(spread(item.identity()), same).map(|&at| to_usize(at))
    }

    fn index_position(&mut self, at: usize) {
        let items = &self.items;
        if let Some(index) = &mut self.index {
            let hash = spread(items[at].identity());
            index.insert_unique(hash, to_u32(at), |&held| spread(items[to_usize(held)].identity()));
        }
    }

    fn forget_position(&mut self, at: usize) {
        if let Some(index) = &mut self.index {
            let hash = spread(self.items[at].identity());
            if let Ok(found) = index.find_entry(hash, |&held| to_usize(held) == at) {
                found.remove();
            }
        }
    }

    fn shrink(&mut self) {
        let len = self.items.len();
        if self.items.capacity() > 64 && len * 8 < self.items.capacity() {
            self.items.shrink_to(len * 2);
            let items = &self.items;
            if let Some(index) = &mut self.index {
                index.shrink_to(len * 2, |&held| spread(items[to_usize(held)].identity()));
            }
        }
    }
}

/// Identities are often addresses, whose low bits say nothing.
fn spread(identity: u64) -> u64 {
    let mixed = (identity ^ (identity >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}

fn to_u32(at: usize) -> u32 {
    u32::try_from(at).expect("2^32 interests in one subject would take 32 GiB of pointers")
}

fn to_usize(at: u32) -> usize {
    usize::try_from(at).expect("positions were made from usize")
}
