//! The children of a trie node that are reached by a literal token.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::ends::{Ends, EndsRef};
use super::interest::Interest;
use super::node::Node;
use crate::hash::TokenHash;

/// Up to this many children are a list, searched by hash; more are a hash table.
const LIST_MAX: usize = 8;

/// What follows one token. 16 bytes when an interest is a pointer.
#[derive(Debug)]
pub(super) enum Child<I> {
    /// Lazy leaf: the only interest whose subject begins with this path.
    One(TokenHash, I),
    /// Lazy leaf: several interests, all in the same subject. Never empty, never just one.
    Many(TokenHash, Box<Ends<I>>),
    /// At least two distinct subjects begin with this path, or did.
    Node(TokenHash, Box<Node<I>>),
}

/// The token by which a child is looked up, and where it starts in the subjects of leaves. All
/// subjects below a node have the same bytes up to it, so one offset serves all children.
#[derive(Clone, Copy)]
pub(super) struct Key<'a> {
    pub(super) hash: TokenHash,
    pub(super) token: &'a [u8],
    pub(super) offset: usize,
}

#[derive(Debug)]
pub(super) enum Children<I> {
    List(Vec<Child<I>>),
    Table(Box<HashTable<Child<I>>>),
}

impl<I> Child<I> {
    fn hash(&self) -> TokenHash {
        match self {
            Self::One(hash, _) | Self::Many(hash, _) | Self::Node(hash, _) => *hash,
        }
    }
}

impl<I: Interest + Clone> Child<I> {
    /// The interests, unless this is a node.
    pub(super) fn leaf(&self) -> Option<EndsRef<'_, I>> {
        match self {
            Self::One(_, item) => Some(EndsRef::One(item)),
            Self::Many(_, ends) => Some(EndsRef::Many(ends)),
            Self::Node(..) => None,
        }
    }

    /// The subject that all interests of this leaf have; `None` for a node.
    pub(super) fn leaf_subject(&self) -> Option<&[u8]> {
        match self {
            Self::One(_, item) => Some(item.subject()),
            Self::Many(_, ends) => ends.iter().next().map(Interest::subject),
            Self::Node(..) => None,
        }
    }

    fn is(&self, key: Key<'_>) -> bool {
        if self.hash() != key.hash {
            return false;
        }
        match self {
            Self::Node(_, node) => *node.token == *key.token,
            Self::One(..) | Self::Many(..) => {
                self.leaf_subject().is_some_and(|subject| has_token_at(subject, key))
            }
        }
    }
}

impl<I> Default for Children<I> {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl<I> Children<I> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::List(list) => list.len(),
            Self::Table(table) => table.len(),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Child<I>> {
        let (list, table) = match self {
            Self::List(list) => (Some(list.iter()), None),
            Self::Table(table) => (None, Some(table.iter())),
        };
        list.into_iter().flatten().chain(table.into_iter().flatten())
    }

    /// All children, leaving none.
    pub(super) fn take(&mut self) -> Vec<Child<I>> {
        match std::mem::take(self) {
            Self::List(list) => list,
            Self::Table(table) => table.into_iter().collect(),
        }
    }
}

impl<I: Interest + Clone> Children<I> {
    pub(super) fn find(&self, key: Key<'_>) -> Option<&Child<I>> {
        match self {
            Self::List(list) => list.iter().find(|child| child.is(key)),
            Self::Table(table) => table.find(key.hash.spread(), |child| child.is(key)),
        }
    }

    pub(super) fn find_mut(&mut self, key: Key<'_>) -> Option<&mut Child<I>> {
        match self {
            Self::List(list) => list.iter_mut().find(|child| child.is(key)),
            Self::Table(table) => table.find_mut(key.hash.spread(), |child| child.is(key)),
        }
    }

    /// The child at `key`, or `None` after having put a lazy leaf with `item` there.
    pub(super) fn find_or_add(&mut self, key: Key<'_>, item: &I) -> Option<&mut Child<I>> {
        self.make_room();
        match self {
            Self::List(list) => match list.iter().position(|child| child.is(key)) {
                Some(at) => Some(&mut list[at]),
                None => {
                    push_exact(list, Child::One(key.hash, item.clone()));
                    None
                }
            },
            Self::Table(table) => {
                match table.entry(key.hash.spread(), |child| child.is(key), rehash) {
                    Entry::Occupied(found) => Some(found.into_mut()),
                    Entry::Vacant(place) => {
                        place.insert(Child::One(key.hash, item.clone()));
                        None
                    }
                }
            }
        }
    }

    /// Adds a child whose token is not there yet.
    pub(super) fn add(&mut self, child: Child<I>) {
        self.make_room();
        match self {
            Self::List(list) => push_exact(list, child),
            Self::Table(table) => {
                table.insert_unique(child.hash().spread(), child, rehash);
            }
        }
    }

    pub(super) fn remove(&mut self, key: Key<'_>) -> Option<Child<I>> {
        match self {
            Self::List(list) => {
                let at = list.iter().position(|child| child.is(key))?;
                Some(list.swap_remove(at))
            }
            Self::Table(table) => {
                let found = table.find_entry(key.hash.spread(), |child| child.is(key));
                let (child, _) = found.ok()?.remove();
                if table.len() * 8 < table.capacity() {
                    let wanted = table.len() * 2;
                    table.shrink_to(wanted, rehash);
                }
                Some(child)
            }
        }
    }

    fn make_room(&mut self) {
        let Self::List(list) = self else {
            return;
        };
        if list.len() < LIST_MAX {
            return;
        }
        let mut table = HashTable::with_capacity(LIST_MAX + 1);
        for child in list.drain(..) {
            table.insert_unique(child.hash().spread(), child, rehash);
        }
        *self = Self::Table(Box::new(table));
    }
}

fn rehash<I>(child: &Child<I>) -> u64 {
    child.hash().spread()
}

/// Most nodes have one or two children; the usual first capacity is four.
fn push_exact<T>(list: &mut Vec<T>, item: T) {
    if list.len() == list.capacity() {
        list.reserve_exact(list.len().max(1));
    }
    list.push(item);
}

fn has_token_at(subject: &[u8], key: Key<'_>) -> bool {
    let Some(rest) = subject.get(key.offset..) else {
        return false;
    };
    match rest.strip_prefix(key.token) {
        Some(after) => after.first().is_none_or(|&byte| byte == crate::grammar::SEPARATOR),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_not_taken_for_the_beginning_of_a_longer_one() {
        let key = |token, offset| Key { hash: TokenHash::NONE, token, offset };
        assert!(has_token_at(b"a.bc.d", key(b"bc", 2)));
        assert!(has_token_at(b"a.bc", key(b"bc", 2)));
        assert!(!has_token_at(b"a.bc.d", key(b"b", 2)));
        assert!(!has_token_at(b"a.b", key(b"bc", 2)));
        assert!(!has_token_at(b"a", key(b"b", 2)));
    }
}
