//! Walks over the trie that change nothing: match, list, and list by filter.

use std::ops::ControlFlow;

use super::children::Child;
use super::ends::EndsRef;
use super::interest::Interest;
use super::matches::Matches;
use super::node::{Branch, Node, Step};
use super::tree::Trie;
use crate::grammar::has_no_empty_token;
use crate::matching;

/// Whether a bounded walk saw everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steps {
    /// All that there was to see has been seen, by looking at `taken` children.
    Complete {
        /// Children looked at.
        taken: usize,
    },
    /// The walk stopped at its bound.
    Exhausted,
}

impl<I: Interest + Clone> Trie<I> {
    /// Adds to `out` every interest that a message to `subject` reaches. All tokens of `subject`
    /// are literal, `*` and `>` too: `foo.*` reaches interests in `foo.*` and `foo.>`, not in
    /// `foo.x`. A subject with an empty token reaches nobody.
    ///
    /// Visits each node at most once, and only nodes whose path matches a prefix of `subject`: at
    /// most two per node of the level above, and never more than the interests stored there have
    /// tokens.
    pub fn matches(&self, subject: &[u8], out: &mut Matches<I>) {
        let _: ControlFlow<()> = self.visit(subject, |ends| {
            out.add(ends, &self.hasher);
            ControlFlow::Continue(())
        });
    }

    /// Whether a message to `subject` would reach anybody.
    #[must_use]
    pub fn has_match(&self, subject: &[u8]) -> bool {
        self.visit(subject, |_| ControlFlow::Break(())).is_break()
    }

    /// Every interest once, in no particular order.
    pub fn for_each(&self, mut visit: impl FnMut(&I)) {
        let mut pending = Vec::new();
        push_all(&self.root, &mut pending, &mut |ends| each(ends, &mut visit));
        while let Some(child) = pending.pop() {
            match child {
                Child::Node(_, node) => {
                    push_all(node, &mut pending, &mut |ends| each(ends, &mut visit));
                    node.ends.iter().for_each(|ends| each(EndsRef::Many(ends), &mut visit));
                }
                leaf => leaf.leaf().into_iter().for_each(|ends| each(ends, &mut visit)),
            }
        }
    }

    /// Every interest whose subject is a subset of `filter`.
    pub fn for_each_matching_filter(&self, filter: &[u8], visit: impl FnMut(&I)) {
        let _: Steps = self.for_each_matching_filter_within(filter, usize::MAX, visit);
    }

    /// Like [`for_each_matching_filter`](Self::for_each_matching_filter), but gives up after
    /// having looked at `steps_max` children.
    pub fn for_each_matching_filter_within(
        &self,
        filter: &[u8],
        steps_max: usize,
        mut visit: impl FnMut(&I),
    ) -> Steps {
        let mut walk = Covered { trie: self, filter, pending: Vec::new(), steps_left: steps_max };
        walk.enter(&self.root, Some(0), 0, &mut visit);
        while let Some(at) = walk.pending.pop() {
            // Checked against what is queued too, so that one wide node cannot queue millions.
            if walk.pending.len() >= walk.steps_left {
                return Steps::Exhausted;
            }
            walk.steps_left -= 1;
            walk.child(at, &mut visit);
        }
        Steps::Complete { taken: steps_max - walk.steps_left }
    }

    /// Calls `visit` with everything that matches `subject`, until it breaks.
    fn visit<'t>(
        &'t self,
        subject: &[u8],
        mut visit: impl FnMut(EndsRef<'t, I>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if !has_no_empty_token(subject) {
            return ControlFlow::Continue(());
        }
        let mut branches = Branches::new();
        let mut at = At { node: &self.root, subject: 0, path: 0 };
        loop {
            if let Some(tail) = &at.node.tail {
                visit(EndsRef::Many(tail))?;
            }
            let step = Step::at(subject, at.subject);
            let rest = step.next.map(|next| &subject[next..]);
            if let Some(any) = &at.node.any
                && let Some(node) = pass(any, rest, at.path + 1, &mut visit)?
                && let Some(next) = step.next
            {
                branches.push(At { node, subject: next, path: at.path + 2 });
            }
            let end = at.path + step.token.len();
            let literal = at.node.children.find(step.key(at.path, &self.hasher));
            if let Some(child) = literal
                && let Some(node) = pass(child, rest, end, &mut visit)?
                && let Some(next) = step.next
            {
                at = At { node, subject: next, path: end + 1 };
                continue;
            }
            match branches.pop() {
                Some(branch) => at = branch,
                None => return ControlFlow::Continue(()),
            }
        }
    }
}

/// Handles a child reached by the current token. `rest` is what the subject has after it; `end` is
/// where the token ends in the path. Gives the node to go on with.
fn pass<'t, I: Interest + Clone>(
    child: &'t Child<I>,
    rest: Option<&[u8]>,
    end: usize,
    visit: &mut impl FnMut(EndsRef<'t, I>) -> ControlFlow<()>,
) -> ControlFlow<(), Option<&'t Node<I>>> {
    if let Child::Node(_, node) = child {
        if rest.is_none()
            && let Some(ends) = &node.ends
        {
            visit(EndsRef::Many(ends))?;
        }
        return ControlFlow::Continue(Some(node));
    }
    let (Some(ends), Some(held)) = (child.leaf(), child.leaf_subject()) else {
        return ControlFlow::Continue(None);
    };
    let reached = match (held.get(end + 1..), rest) {
        (None, None) => true,
        (Some(filter), Some(rest)) => matching::matches(filter, rest),
        (None, Some(_)) | (Some(_), None) => false,
    };
    if reached {
        visit(ends)?;
    }
    ControlFlow::Continue(None)
}

/// A place in the trie during a match.
struct At<'t, I> {
    node: &'t Node<I>,
    /// Where the next token starts in the published subject.
    subject: usize,
    /// Where it starts in the subjects of the interests below.
    path: usize,
}

impl<I> Clone for At<'_, I> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<I> Copy for At<'_, I> {}

/// Nodes still to be visited: one for each `*` passed on the way. A few need no allocation.
struct Branches<'t, I> {
    near: [Option<At<'t, I>>; 4],
    near_count: usize,
    far: Vec<At<'t, I>>,
}

impl<'t, I> Branches<'t, I> {
    fn new() -> Self {
        Self { near: [None; 4], near_count: 0, far: Vec::new() }
    }

    fn push(&mut self, at: At<'t, I>) {
        match self.near.get_mut(self.near_count) {
            Some(free) => {
                *free = Some(at);
                self.near_count += 1;
            }
            None => self.far.push(at),
        }
    }

    fn pop(&mut self) -> Option<At<'t, I>> {
        if let Some(at) = self.far.pop() {
            return Some(at);
        }
        self.near_count = self.near_count.checked_sub(1)?;
        self.near[self.near_count]
    }
}

/// A walk over the interests that a filter covers.
struct Covered<'t, 'f, I> {
    trie: &'t Trie<I>,
    filter: &'f [u8],
    pending: Vec<ChildAt<'t, I>>,
    /// How many more children may be looked at.
    steps_left: usize,
}

/// A child reached by a token that the filter allows.
struct ChildAt<'t, I> {
    child: &'t Child<I>,
    /// Where the filter goes on after that token, `None` at its end.
    filter: Option<usize>,
    /// Where the token starts in the subjects below.
    path: usize,
    /// Whether the filter's `>` has been reached: everything below is covered.
    all: bool,
}

impl<'t, I: Interest + Clone> Covered<'t, '_, I> {
    /// Looks at what follows `node`; `filter` is where the filter goes on.
    fn enter(
        &mut self,
        node: &'t Node<I>,
        filter: Option<usize>,
        path: usize,
        visit: &mut impl FnMut(&I),
    ) {
        let Some(at) = filter else {
            node.ends.iter().for_each(|ends| each(EndsRef::Many(ends), visit));
            return;
        };
        let step = Step::at(self.filter, at);
        match step.branch(path, &self.trie.hasher) {
            Branch::Tail => self.enter_all(node, path, visit),
            Branch::Any => {
                let next = |child| ChildAt { child, filter: step.next, path, all: false };
                self.queue_children(node, next);
            }
            Branch::Literal(key) => {
                let child = node.children.find(key);
                let next =
                    child.map(|child| ChildAt { child, filter: step.next, path, all: false });
                self.pending.extend(next);
            }
        }
    }

    /// Everything below `node`, without what ends at it.
    fn enter_all(&mut self, node: &'t Node<I>, path: usize, visit: &mut impl FnMut(&I)) {
        node.tail.iter().for_each(|ends| each(EndsRef::Many(ends), visit));
        self.queue_children(node, |child| ChildAt { child, filter: None, path, all: true });
    }

    /// Queues no more than may be looked at and one, by which the walk notices that it is over.
    fn queue_children(&mut self, node: &'t Node<I>, at: impl Fn(&'t Child<I>) -> ChildAt<'t, I>) {
        let room = self.steps_left.saturating_add(1).saturating_sub(self.pending.len());
        let children = node.any.iter().chain(node.children.iter());
        self.pending.extend(children.take(room).map(at));
    }

    fn child(&mut self, at: ChildAt<'t, I>, visit: &mut impl FnMut(&I)) {
        if let Child::Node(_, node) = at.child {
            let path = at.path + node.token.len() + 1;
            if !at.all {
                return self.enter(node, at.filter, path, visit);
            }
            node.ends.iter().for_each(|ends| each(EndsRef::Many(ends), visit));
            return self.enter_all(node, path, visit);
        }
        let (Some(ends), Some(held)) = (at.child.leaf(), at.child.leaf_subject()) else {
            return;
        };
        let below = Step::at(held, at.path).next.map(|next| &held[next..]);
        let covered = match (below, at.filter.map(|next| &self.filter[next..])) {
            _ if at.all => true,
            (None, None) => true,
            (Some(below), Some(filter)) => matching::is_subset(below, filter),
            (None, Some(_)) | (Some(_), None) => false,
        };
        if covered {
            each(ends, visit);
        }
    }
}

fn each<I: Interest + Clone>(ends: EndsRef<'_, I>, visit: &mut impl FnMut(&I)) {
    match ends {
        EndsRef::One(item) => visit(item),
        EndsRef::Many(many) => many.iter().for_each(visit),
    }
}

/// Queues all children of `node` and shows its tail.
fn push_all<'t, I>(
    node: &'t Node<I>,
    pending: &mut Vec<&'t Child<I>>,
    visit: &mut impl FnMut(EndsRef<'t, I>),
) {
    node.tail.iter().for_each(|ends| visit(EndsRef::Many(ends)));
    pending.extend(node.any.iter().chain(node.children.iter()));
}
