//! A set of permission subjects, compiled for matching.
//!
//! Not an interest trie: it never changes after it was built, and it answers only whether
//! something matches. A lookup costs one search per token and wildcard branch, whatever the number
//! of subjects, and allocates nothing.

use std::ops::ControlFlow;

use anabranch_subject::grammar::{
    ANY_TAIL, ANY_TOKEN, SEPARATOR, has_no_empty_token, has_wildcards, is_valid_subject,
    token_count, tokens,
};
use anabranch_subject::matching::is_subset;

use crate::Error;

/// Tokens in one permission subject. A walk recurses once per `*` on its way, so this bounds the
/// stack; a default control line (4096 bytes) cannot carry twice as many.
pub(crate) const TOKENS_MAX: usize = 1024;

/// A compiled set of subjects, each for plain use or limited to a queue group.
#[derive(Debug)]
pub(crate) struct SubjectSet {
    /// `nodes[0]` is the root; every child comes after its parent.
    nodes: Vec<Node>,
}

/// What of a set matches a subject.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Matched {
    /// An entry without a queue.
    pub(crate) plain: bool,
    /// An entry with a queue, whichever.
    pub(crate) queued: bool,
    /// An entry whose queue matches the one asked for.
    pub(crate) named: bool,
}

#[derive(Debug, Default)]
struct Node {
    /// Children by literal token, ordered by (hash, token).
    literals: Vec<Literal>,
    /// Child for `*`.
    any: Option<usize>,
    /// Subjects that end with `>` here.
    tail: Entry,
    /// Subjects that end here.
    here: Entry,
}

#[derive(Debug)]
struct Literal {
    /// Kept here so that a search among thousands reads one array, and one token at its end.
    hash: u64,
    token: Box<[u8]>,
    child: usize,
}

#[derive(Debug, Default)]
struct Entry {
    plain: bool,
    queues: Vec<Box<[u8]>>,
}

/// What a `>` in the subject looked for stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tail {
    /// Itself, as where messages are matched.
    Literal,
    /// Everything that a subscription to it receives.
    Any,
}

/// Whether entries may be `subject queue`, as in subscribe permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Queues {
    Accepted,
    Refused,
}

impl SubjectSet {
    /// Compiles `entries`; an empty list makes a set that matches nothing.
    pub(crate) fn new(entries: &[String], queues: Queues) -> Result<Self, Error> {
        let mut set = Self { nodes: vec![Node::default()] };
        for entry in entries {
            let (subject, queue) = split(entry, queues)?;
            set.insert(subject.as_bytes(), queue.map(str::as_bytes));
        }
        Ok(set)
    }

    /// Whether any entry without a queue matches `subject`.
    pub(crate) fn contains(&self, subject: &[u8]) -> bool {
        let mut found = false;
        self.visit(subject, Tail::Literal, &mut |entry| {
            found = entry.plain;
            if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        found
    }

    /// What matches `subject`, where `queue` is the subscriber's queue group.
    pub(crate) fn lookup(&self, subject: &[u8], queue: Option<&[u8]>) -> Matched {
        let mut matched = Matched::default();
        self.visit(subject, Tail::Literal, &mut |entry| {
            matched.plain |= entry.plain;
            matched.queued |= !entry.queues.is_empty();
            matched.named |= entry.is_for(queue);
            ControlFlow::Continue(())
        });
        matched
    }

    /// Whether one entry, for plain use or for `queue`, matches every subject that `subject`
    /// matches; [`Self::lookup`] takes a `>` for one literal token, which `*` matches.
    pub(crate) fn covers(&self, subject: &[u8], queue: Option<&[u8]>) -> bool {
        let mut covered = false;
        self.visit(subject, Tail::Any, &mut |entry| {
            covered = entry.plain || entry.is_for(queue);
            if covered { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        covered
    }

    /// Whether some entry and `subject`, which may hold wildcards, can match one literal subject.
    pub(crate) fn overlaps(&self, subject: &[u8]) -> bool {
        self.overlaps_below(0, subject)
    }

    fn insert(&mut self, subject: &[u8], queue: Option<&[u8]>) {
        let mut at = 0;
        for token in tokens(subject) {
            if token == ANY_TAIL {
                self.nodes[at].tail.add(queue);
                return;
            }
            at = self.child(at, token);
        }
        self.nodes[at].here.add(queue);
    }

    fn child(&mut self, at: usize, token: &[u8]) -> usize {
        let next = self.nodes.len();
        let node = &mut self.nodes[at];
        if token == ANY_TOKEN {
            if let Some(existing) = node.any {
                return existing;
            }
            node.any = Some(next);
        } else {
            match node.position(token) {
                Ok(index) => return node.literals[index].child,
                Err(index) => {
                    let hash = hash(token);
                    node.literals.insert(index, Literal { hash, token: token.into(), child: next });
                }
            }
        }
        self.nodes.push(Node::default());
        next
    }

    fn visit(
        &self,
        subject: &[u8],
        tail: Tail,
        visitor: &mut impl FnMut(&Entry) -> ControlFlow<()>,
    ) {
        if has_no_empty_token(subject) {
            // Whether the visitor stopped early does not matter here.
            let _ = self.visit_below(0, subject, tail, visitor);
        }
    }

    fn visit_below(
        &self,
        mut at: usize,
        mut rest: &[u8],
        tail: Tail,
        visitor: &mut impl FnMut(&Entry) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        loop {
            let node = &self.nodes[at];
            let (token, after) = first_token(rest);
            node.tail.visit(visitor)?;
            if tail == Tail::Any && token == ANY_TAIL {
                return ControlFlow::Continue(());
            }
            if let Some(any) = node.any {
                match after {
                    Some(after) => self.visit_below(any, after, tail, visitor)?,
                    None => self.nodes[any].here.visit(visitor)?,
                }
            }
            let Some(next) = node.literal(token) else {
                return ControlFlow::Continue(());
            };
            match after {
                Some(after) => (at, rest) = (next, after),
                None => return self.nodes[next].here.visit(visitor),
            }
        }
    }

    fn overlaps_below(&self, at: usize, rest: &[u8]) -> bool {
        let node = &self.nodes[at];
        let (token, after) = first_token(rest);
        // Every node but an empty root leads to at least one entry.
        if !node.tail.is_empty() || (token == ANY_TAIL && node.has_children()) {
            return true;
        }
        let ends_in = |child: usize| match after {
            Some(after) => self.overlaps_below(child, after),
            None => !self.nodes[child].here.is_empty(),
        };
        if node.any.is_some_and(ends_in) {
            return true;
        }
        if token == ANY_TOKEN {
            return node.literals.iter().any(|literal| ends_in(literal.child));
        }
        node.literal(token).is_some_and(ends_in)
    }
}

impl Node {
    fn position(&self, token: &[u8]) -> Result<usize, usize> {
        let wanted = hash(token);
        self.literals.binary_search_by(|literal| {
            literal.hash.cmp(&wanted).then_with(|| (*literal.token).cmp(token))
        })
    }

    fn literal(&self, token: &[u8]) -> Option<usize> {
        self.position(token).ok().map(|index| self.literals[index].child)
    }

    fn has_children(&self) -> bool {
        self.any.is_some() || !self.literals.is_empty()
    }
}

impl Entry {
    fn add(&mut self, queue: Option<&[u8]>) {
        match queue {
            None => self.plain = true,
            Some(queue) if self.queues.iter().any(|known| **known == *queue) => {}
            Some(queue) => self.queues.push(queue.into()),
        }
    }

    fn is_for(&self, queue: Option<&[u8]>) -> bool {
        queue.is_some_and(|queue| self.queues.iter().any(|wanted| queue_matches(queue, wanted)))
    }

    fn is_empty(&self) -> bool {
        !self.plain && self.queues.is_empty()
    }

    fn visit(&self, visitor: &mut impl FnMut(&Self) -> ControlFlow<()>) -> ControlFlow<()> {
        if self.is_empty() { ControlFlow::Continue(()) } else { visitor(self) }
    }
}

fn first_token(subject: &[u8]) -> (&[u8], Option<&[u8]>) {
    match subject.iter().position(|&byte| byte == SEPARATOR) {
        Some(at) => (&subject[..at], Some(&subject[at + 1..])),
        None => (subject, None),
    }
}

/// FNV-1a. The keys are the configuration's, so that nobody else can choose collisions.
fn hash(token: &[u8]) -> u64 {
    token.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A queue name equals the permitted one or, where that has wildcards, falls under it.
fn queue_matches(queue: &[u8], wanted: &[u8]) -> bool {
    queue == wanted || (has_wildcards(wanted) && is_subset(queue, wanted))
}

/// Takes `subject` or, where accepted, `subject queue` apart.
fn split(entry: &str, queues: Queues) -> Result<(&str, Option<&str>), Error> {
    let (subject, queue) = if is_valid_subject(entry.as_bytes()) {
        (entry, None)
    } else {
        let mut fields = entry.split_whitespace();
        match (queues, fields.next(), fields.next(), fields.next()) {
            (Queues::Accepted, Some(subject), Some(queue), None) => (subject, Some(queue)),
            _ => return Err(Error::Subject(entry.to_owned())),
        }
    };
    if !is_valid_subject(subject.as_bytes()) {
        return Err(Error::Subject(subject.to_owned()));
    }
    if let Some(queue) = queue.filter(|queue| !is_valid_subject(queue.as_bytes())) {
        return Err(Error::Queue(queue.to_owned()));
    }
    if token_count(subject.as_bytes()) > TOKENS_MAX {
        return Err(Error::TooManyTokens(subject.to_owned()));
    }
    Ok((subject, queue))
}
