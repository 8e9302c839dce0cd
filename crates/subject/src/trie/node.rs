//! A node of the trie and how a leaf is turned into one.

use super::children::{Child, Children, Key};
use super::ends::Ends;
use super::interest::Interest;
use crate::grammar::{ANY_TAIL, ANY_TOKEN, SEPARATOR};
use crate::hash::{SubjectHasher, TokenHash};

/// What begins with one path of tokens.
#[derive(Debug)]
pub(super) struct Node<I> {
    /// The literal token that leads here from the parent; `*` below a wildcard, empty at the root.
    pub(super) token: Box<[u8]>,
    /// Interests that end here.
    pub(super) ends: Option<Box<Ends<I>>>,
    /// Interests that end with `>` after this path.
    pub(super) tail: Option<Box<Ends<I>>>,
    /// What goes on with the wildcard `*`.
    pub(super) any: Option<Child<I>>,
    /// What goes on with a literal token.
    pub(super) children: Children<I>,
}

/// The step from a node to the next: one token of a subject.
pub(super) struct Step<'a> {
    pub(super) token: &'a [u8],
    /// Where the next token starts; `None` after the last.
    pub(super) next: Option<usize>,
}

/// Which child a token of a filter leads to.
pub(super) enum Branch<'a> {
    Tail,
    Any,
    Literal(Key<'a>),
}

impl<'a> Step<'a> {
    pub(super) fn at(subject: &'a [u8], offset: usize) -> Self {
        let rest = subject.get(offset..).unwrap_or_default();
        // Tokens are short: a plain loop beats a vectorised search.
        match rest.iter().position(|&byte| byte == SEPARATOR) {
            Some(end) => Self { token: &rest[..end], next: Some(offset + end + 1) },
            None => Self { token: rest, next: None },
        }
    }

    /// The branch this token of a filter takes at a node whose children start at `offset`.
    pub(super) fn branch(&self, offset: usize, hasher: &SubjectHasher) -> Branch<'a> {
        if self.token == ANY_TOKEN {
            Branch::Any
        } else if self.token == ANY_TAIL && self.next.is_none() {
            Branch::Tail
        } else {
            Branch::Literal(self.key(offset, hasher))
        }
    }

    /// The key of this token taken literally.
    pub(super) fn key(&self, offset: usize, hasher: &SubjectHasher) -> Key<'a> {
        Key { hash: hasher.token(self.token), token: self.token, offset }
    }
}

impl<I> Node<I> {
    pub(super) fn new(token: &[u8]) -> Self {
        Self {
            token: token.into(),
            ends: None,
            tail: None,
            any: None,
            children: Children::default(),
        }
    }

    /// How many separate things hang on this node; with none it can go.
    pub(super) fn branch_count(&self) -> usize {
        usize::from(self.ends.is_some())
            + usize::from(self.tail.is_some())
            + usize::from(self.any.is_some())
            + self.children.len()
    }

    /// All children, wildcard included, leaving none.
    pub(super) fn take_children(&mut self) -> impl Iterator<Item = Child<I>> {
        self.any.take().into_iter().chain(self.children.take())
    }
}

impl<I: Interest + Clone> Child<I> {
    /// Makes room for `subject` below this leaf, which has another one: the leaf becomes a node
    /// with the old leaf one level down. Does nothing to a node; true if it was a leaf. `step` is
    /// the token that leads here.
    pub(super) fn split(&mut self, step: &Step<'_>, offset: usize, hasher: &SubjectHasher) -> bool {
        if matches!(self, Self::Node(..)) {
            return false;
        }
        let mut node = Node::new(step.token);
        let below = offset + step.token.len() + 1;
        let hash = match self {
            Self::Node(hash, _) => *hash,
            Self::One(hash, item) => {
                node.place_one(item, below, hasher);
                *hash
            }
            Self::Many(hash, ends) => {
                node.place_many(std::mem::take(ends), below, hasher);
                *hash
            }
        };
        *self = Self::Node(hash, Box::new(node));
        true
    }

    /// Adds to a leaf whose subject is that of `item`.
    pub(super) fn join(&mut self, item: &I, hasher: &SubjectHasher) {
        match self {
            Self::One(hash, held) => {
                let mut ends = Ends::default();
                ends.add(held, hasher);
                ends.add(item, hasher);
                *self = Self::Many(*hash, Box::new(ends));
            }
            Self::Many(_, ends) => ends.add(item, hasher),
            Self::Node(_, node) => node.ends.get_or_insert_default().add(item, hasher),
        }
    }

    /// Removes `item` from the interests that end here, of which there are more.
    pub(super) fn leave(&mut self, item: &I, hasher: &SubjectHasher) {
        match self {
            Self::One(..) => {}
            Self::Many(hash, ends) => {
                ends.remove(item, hasher);
                if let Some(last) = ends.only() {
                    *self = Self::One(*hash, last.clone());
                }
            }
            Self::Node(_, node) => leave_ends(&mut node.ends, item, hasher),
        }
    }
}

/// Removes `item` from `ends`, and `ends` when it is the last.
pub(super) fn leave_ends<I: Interest + Clone>(
    ends: &mut Option<Box<Ends<I>>>,
    item: &I,
    hasher: &SubjectHasher,
) {
    if let Some(held) = ends {
        held.remove(item, hasher);
        if held.is_empty() {
            *ends = None;
        }
    }
}

impl<I: Interest + Clone> Node<I> {
    /// Puts the lone interest of a former leaf below this new node, whose children start at
    /// `below`.
    fn place_one(&mut self, item: &I, below: usize, hasher: &SubjectHasher) {
        let subject = item.subject();
        if below > subject.len() {
            self.ends.get_or_insert_default().add(item, hasher);
            return;
        }
        match Step::at(subject, below).branch(below, hasher) {
            Branch::Tail => self.tail.get_or_insert_default().add(item, hasher),
            Branch::Any => self.any = Some(Child::One(TokenHash::NONE, item.clone())),
            Branch::Literal(key) => self.children.add(Child::One(key.hash, item.clone())),
        }
    }

    fn place_many(&mut self, ends: Box<Ends<I>>, below: usize, hasher: &SubjectHasher) {
        let Some(subject) = ends.iter().next().map(Interest::subject) else {
            return;
        };
        if below > subject.len() {
            self.ends = Some(ends);
            return;
        }
        match Step::at(subject, below).branch(below, hasher) {
            Branch::Tail => self.tail = Some(ends),
            Branch::Any => self.any = Some(Child::Many(TokenHash::NONE, ends)),
            Branch::Literal(key) => {
                let hash = key.hash;
                self.children.add(Child::Many(hash, ends));
            }
        }
    }
}
