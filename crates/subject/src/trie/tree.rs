//! The trie itself: insert, remove, and its size. Walking it is in `walk`.

use super::children::Child;
use super::interest::Interest;
use super::node::{Branch, Node, Step, leave_ends};
use crate::grammar::is_valid_subject;
use crate::hash::SubjectHasher;

/// Interests, found by the subject of a published message.
///
/// Inserting and removing take time linear in the subject's length, however many interests there
/// are. No operation recurses, so a subject's number of tokens needs no bound.
#[derive(Debug)]
pub struct Trie<I> {
    pub(super) root: Node<I>,
    pub(super) hasher: SubjectHasher,
    len: usize,
}

impl<I> Trie<I> {
    /// An empty trie. `seed` keeps clients from choosing tokens that collide and should be random.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { root: Node::new(b""), hasher: SubjectHasher::new(seed), len: 0 }
    }

    /// How many interests there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no interest.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<I: Interest + Clone> Trie<I> {
    /// Adds `item`. The same interest twice counts twice. False, and nothing is added, if its
    /// subject is not valid.
    pub fn insert(&mut self, item: I) -> bool {
        let valid = is_valid_subject(item.subject());
        if valid {
            self.len += 1;
            self.add(item);
        }
        valid
    }

    fn add(&mut self, item: I) {
        let hasher = &self.hasher;
        let subject = item.subject();
        let mut node = &mut self.root;
        let mut offset = 0;
        let mut apart = false;
        loop {
            let step = Step::at(subject, offset);
            let child = match step.branch(offset, hasher) {
                Branch::Tail => {
                    return node.tail.get_or_insert_default().add(&item, hasher);
                }
                Branch::Any => match &mut node.any {
                    Some(child) => child,
                    empty => {
                        *empty = Some(Child::One(crate::hash::TokenHash::NONE, item.clone()));
                        return;
                    }
                },
                Branch::Literal(key) => match node.children.find_or_add(key, &item) {
                    Some(child) => child,
                    None => return,
                },
            };
            // Below a leaf that was split there is only what it held, compared already. Without
            // this, two long subjects with a common prefix would cost the square of its length.
            if !apart && child.leaf_subject() == Some(subject) {
                return child.join(&item, hasher);
            }
            apart |= child.split(&step, offset, hasher);
            let Some(next) = step.next else {
                return child.join(&item, hasher);
            };
            let Child::Node(_, below) = child else {
                unreachable!("a split leaf is a node");
            };
            node = below;
            offset = next;
        }
    }

    /// Removes `item`, once. False if it was not there.
    pub fn remove(&mut self, item: &I) -> bool {
        let Some(place) = self.locate(item) else {
            return false;
        };
        self.len -= 1;
        match place {
            Place::Shared => self.leave_shared(item),
            Place::Sole { keep } => self.cut(item, keep),
        }
        true
    }

    /// Finds where `item` is and what would be left empty without it.
    fn locate(&self, item: &I) -> Option<Place> {
        let subject = item.subject();
        let (mut node, mut offset, mut depth) = (&self.root, 0, 0);
        let mut keep = 0;
        loop {
            if node.branch_count() > 1 {
                keep = depth;
            }
            let step = Step::at(subject, offset);
            let child = match step.branch(offset, &self.hasher) {
                Branch::Tail => {
                    let ends = node.tail.as_deref()?;
                    return found(ends.contains(item, &self.hasher), ends.only().is_none(), keep);
                }
                Branch::Any => node.any.as_ref()?,
                Branch::Literal(key) => node.children.find(key)?,
            };
            match child {
                Child::One(_, held) => return found(held.same(item), false, keep),
                Child::Many(_, ends) => {
                    let here = child.leaf_subject() == Some(subject);
                    return found(here && ends.contains(item, &self.hasher), true, keep);
                }
                Child::Node(_, below) => {
                    node = below;
                    depth += 1;
                }
            }
            let Some(next) = step.next else {
                let ends = node.ends.as_deref()?;
                let shared = ends.only().is_none() || node.branch_count() > 1;
                return found(ends.contains(item, &self.hasher), shared, keep);
            };
            offset = next;
        }
    }

    /// Removes `item` from a place that stays because others are there too.
    fn leave_shared(&mut self, item: &I) {
        let hasher = &self.hasher;
        let subject = item.subject();
        let mut node = &mut self.root;
        let mut offset = 0;
        loop {
            let step = Step::at(subject, offset);
            let child = match step.branch(offset, hasher) {
                Branch::Tail => return leave_ends(&mut node.tail, item, hasher),
                Branch::Any => node.any.as_mut(),
                Branch::Literal(key) => node.children.find_mut(key),
            };
            let child = child.expect("the interest was just found on this path");
            match (child, step.next) {
                (Child::Node(_, below), Some(next)) => {
                    node = below;
                    offset = next;
                }
                (child, _) => return child.leave(item, hasher),
            }
        }
    }

    /// Removes the branch that holds nothing but `item`, at the node `keep` levels down.
    fn cut(&mut self, item: &I, keep: usize) {
        let hasher = &self.hasher;
        let subject = item.subject();
        let mut node = &mut self.root;
        let mut offset = 0;
        for depth in 0.. {
            let step = Step::at(subject, offset);
            let branch = step.branch(offset, hasher);
            if depth == keep {
                let gone = match branch {
                    Branch::Tail => {
                        node.tail = None;
                        None
                    }
                    Branch::Any => node.any.take(),
                    Branch::Literal(key) => node.children.remove(key),
                };
                return dismantle(gone);
            }
            let child = match branch {
                Branch::Tail => None,
                Branch::Any => node.any.as_mut(),
                Branch::Literal(key) => node.children.find_mut(key),
            };
            let (Some(Child::Node(_, below)), Some(next)) = (child, step.next) else {
                unreachable!("the interest was just found below this node");
            };
            node = below;
            offset = next;
        }
    }

    /// Whether no node or leaf is left.
    #[cfg(test)]
    fn is_pruned(&self) -> bool {
        self.root.branch_count() == 0
    }
}

/// Where an interest was found.
enum Place {
    /// Others end in the same place, or the node has more to hold.
    Shared,
    /// Alone: everything below the node at depth `keep` on its path can go with it.
    Sole { keep: usize },
}

fn found(here: bool, shared: bool, keep: usize) -> Option<Place> {
    here.then_some(if shared { Place::Shared } else { Place::Sole { keep } })
}

/// Frees children from the top down, as the nested destructors of a long chain of nodes would
/// overflow the stack.
fn dismantle<I>(children: impl IntoIterator<Item = Child<I>>) {
    let mut pending: Vec<Child<I>> = children.into_iter().collect();
    while let Some(child) = pending.pop() {
        if let Child::Node(_, mut node) = child {
            pending.extend(node.take_children());
        }
    }
}

impl<I> Drop for Trie<I> {
    fn drop(&mut self) {
        dismantle(self.root.take_children());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trie::Matches;
    use std::sync::Arc;

    struct Sub {
        subject: Vec<u8>,
        queue: Option<Vec<u8>>,
    }

    impl Interest for Sub {
        fn subject(&self) -> &[u8] {
            &self.subject
        }

        fn queue(&self) -> Option<&[u8]> {
            self.queue.as_deref()
        }
    }

    fn sub(subject: &str) -> Arc<Sub> {
        Arc::new(Sub { subject: subject.into(), queue: None })
    }

    fn member(subject: &str, queue: &str) -> Arc<Sub> {
        Arc::new(Sub { subject: subject.into(), queue: Some(queue.into()) })
    }

    fn insert_all(trie: &mut Trie<Arc<Sub>>, all: &[Arc<Sub>]) {
        assert!(all.iter().all(|item| trie.insert(Arc::clone(item))));
    }

    fn matched(trie: &Trie<Arc<Sub>>, subject: &str) -> Vec<String> {
        let mut out = Matches::new();
        trie.matches(subject.as_bytes(), &mut out);
        let mut names: Vec<String> =
            out.plain.iter().map(|sub| String::from_utf8_lossy(sub.subject()).into()).collect();
        names.sort_unstable();
        assert_eq!(trie.has_match(subject.as_bytes()), !out.is_empty());
        names
    }

    #[test]
    fn published_wildcards_reach_wildcards_only() {
        let mut trie = Trie::new(1);
        for subject in ["foo.*", "foo.>", "foo.x", ">"] {
            trie.insert(sub(subject));
        }
        assert_eq!(matched(&trie, "foo.*"), [">", "foo.*", "foo.>"]);
        assert_eq!(matched(&trie, "foo.>"), [">", "foo.*", "foo.>"]);
        assert_eq!(matched(&trie, "foo.x"), [">", "foo.*", "foo.>", "foo.x"]);
        assert_eq!(matched(&trie, "foo"), [">"]);
    }

    #[test]
    fn empty_tokens_reach_nobody() {
        let mut trie = Trie::new(1);
        trie.insert(sub(">"));
        for subject in ["", ".", "a.", ".a", "a..b"] {
            assert!(matched(&trie, subject).is_empty(), "{subject}");
        }
    }

    #[test]
    fn invalid_subjects_are_refused() {
        let mut trie = Trie::new(1);
        for subject in ["", "a..b", ".", ">.a", "a b"] {
            let bad = sub(subject);
            assert!(!trie.insert(bad.clone()), "{subject}");
            assert!(!trie.remove(&bad), "{subject}");
        }
        assert!(trie.is_empty() && trie.is_pruned());
    }

    #[test]
    fn a_prefix_and_its_extension_are_kept_apart() {
        let mut trie = Trie::new(1);
        let (short, long) = (sub("a.b"), sub("a.b.c"));
        trie.insert(short.clone());
        trie.insert(long.clone());
        assert_eq!(matched(&trie, "a.b"), ["a.b"]);
        assert_eq!(matched(&trie, "a.b.c"), ["a.b.c"]);
        assert!(trie.remove(&short));
        assert!(!trie.remove(&short));
        assert_eq!(matched(&trie, "a.b.c"), ["a.b.c"]);
        assert!(trie.remove(&long));
        assert!(trie.is_pruned());
    }

    #[test]
    fn queue_groups_of_one_name_are_merged() {
        let mut trie = Trie::new(1);
        for subject in ["a.b", "a.*", "a.>", "a.b"] {
            trie.insert(member(subject, "q"));
        }
        trie.insert(member("a.b", "r"));
        let mut out = Matches::new();
        trie.matches(b"a.b", &mut out);
        out.queues.sort_by(|left, right| left.name.cmp(&right.name));
        assert_eq!(out.queues.len(), 2);
        assert_eq!((&*out.queues[0].name, out.queues[0].members.len()), (&b"q"[..], 4));
        assert_eq!((&*out.queues[1].name, out.queues[1].members.len()), (&b"r"[..], 1));
    }

    #[test]
    fn many_groups_keep_their_members() {
        let mut trie = Trie::new(1);
        let all: Vec<_> = (0..100).map(|at| member("a", &format!("q{}", at % 50))).collect();
        insert_all(&mut trie, &all);
        trie.insert(member("*", "q7"));
        let mut out = Matches::new();
        for _ in 0..2 {
            out.clear();
            trie.matches(b"a", &mut out);
            assert_eq!((out.queues.len(), out.interest_count()), (50, 101));
        }
        assert!(all.iter().all(|item| trie.remove(item)));
        assert_eq!(trie.len(), 1);
    }

    #[test]
    fn large_sets_lose_exactly_what_is_removed() {
        let mut trie = Trie::new(1);
        let all: Vec<_> = (0..1000).map(|_| sub("a.b")).collect();
        insert_all(&mut trie, &all);
        for (removed, item) in all.iter().enumerate() {
            assert_eq!(matched(&trie, "a.b").len(), 1000 - removed);
            assert!(trie.remove(item));
            assert!(!trie.remove(item));
        }
        assert!(trie.is_pruned());
    }

    #[test]
    fn very_deep_subjects_do_not_overflow_the_stack() {
        let deep = "a.".repeat(200_000);
        let all = [sub(&format!("{deep}b")), sub(&format!("{deep}c")), sub(&format!("{deep}*"))];
        let mut trie = Trie::new(1);
        insert_all(&mut trie, &all);
        let mut out = Matches::new();
        trie.matches(&all[0].subject, &mut out);
        assert_eq!(out.plain.len(), 2);
        let mut seen = 0;
        trie.for_each(|_| seen += 1);
        assert_eq!(seen, 3);
        assert!(all.iter().take(2).all(|item| trie.remove(item)));
        drop(trie);
    }

    #[test]
    fn bounded_walks_stop() {
        let mut trie = Trie::new(1);
        let all: Vec<_> = (0..100).map(|at| sub(&format!("a.{at}"))).collect();
        insert_all(&mut trie, &all);
        let mut seen = 0;
        let end = trie.for_each_matching_filter_within(b"*.*", 50, |_| seen += 1);
        assert_eq!(end, crate::trie::Steps::Exhausted);
        assert!(seen <= 50);
        let end = trie.for_each_matching_filter_within(b"a.5", 3, |_| {});
        assert_eq!(end, crate::trie::Steps::Complete { taken: 2 });
    }
}
