//! The fast ways of matching agree with the plain definition, token by token.

use std::sync::Arc;

use anabranch_subject::{Interest, Matches, Trie, grammar, matching};

use super::Target;

pub(super) const TARGET: Target =
    Target { name: "subjects", check, corpus: CORPUS, dictionary: WORDS };

pub(super) const CORPUS: &[&[u8]] = &[
    b"foo.bar\nfoo.*\nfoo.>\n*.bar\n>\nfoo.baz",
    b"a.b.c.d\na.*.c.*\na.b.>\n*.*.*.*\na.b.c",
    b"foo.*\nfoo.x\nfoo.*\nfoo.**",
    b"..\n.a\na.\n*>\n>.a",
];

pub(super) const WORDS: &[&[u8]] = &[b".", b"*", b">", b"\n", b".*", b".>", b" ", b"\xff", b"a"];

/// More lines would make the plain definition slow and prove nothing more.
const LINES_MAX: usize = 48;

#[derive(Debug)]
struct Subscription {
    subject: Vec<u8>,
    queue: Option<Vec<u8>>,
}

impl Interest for Subscription {
    fn subject(&self) -> &[u8] {
        &self.subject
    }

    fn queue(&self) -> Option<&[u8]> {
        self.queue.as_deref()
    }
}

/// The first line is published to, the others are subscribed to.
fn check(input: &[u8]) {
    let mut lines = input.split(|byte| *byte == b'\n').take(LINES_MAX);
    let published = lines.next().unwrap_or_default();
    let mut trie = Trie::new(u64::try_from(input.len()).unwrap_or(0));
    let mut inserted = Vec::new();
    for (number, subject) in lines.enumerate() {
        relations(published, subject);
        let queue = (number % 3 == 0).then(|| b"workers".to_vec());
        let item = Arc::new(Subscription { subject: subject.to_vec(), queue });
        let taken = trie.insert(Arc::clone(&item));
        assert_eq!(taken, grammar::is_valid_subject(subject));
        if taken {
            inserted.push(item);
        }
    }
    lookup(&trie, &inserted, published);
    while let Some(item) = inserted.pop() {
        assert!(trie.remove(&item), "inserted and not there");
        assert!(!trie.remove(&item), "there twice");
        lookup(&trie, &inserted, published);
    }
}

fn lookup(trie: &Trie<Arc<Subscription>>, items: &[Arc<Subscription>], published: &[u8]) {
    let mut matches = Matches::new();
    trie.matches(published, &mut matches);
    let expected = items.iter().filter(|item| plainly(&item.subject, published)).count();
    assert_eq!(matches.interest_count(), expected, "of {} subscriptions", items.len());
    assert_eq!(trie.has_match(published), expected > 0);
    assert_eq!(trie.len(), items.len());
}

/// The definition: all tokens of the published subject are literal, none is empty.
fn plainly(filter: &[u8], published: &[u8]) -> bool {
    let wanted: Vec<&[u8]> = grammar::tokens(filter).collect();
    let given: Vec<&[u8]> = grammar::tokens(published).collect();
    let tail = wanted.last() == Some(&grammar::ANY_TAIL);
    let fixed = if tail { wanted.len() - 1 } else { wanted.len() };
    let long_enough = if tail { given.len() > fixed } else { given.len() == fixed };
    long_enough
        && given.iter().all(|token| !token.is_empty())
        && wanted[..fixed].iter().zip(&given).all(|(w, g)| *w == grammar::ANY_TOKEN || w == g)
}

fn relations(left: &[u8], right: &[u8]) {
    assert_eq!(grammar::is_literal(left), !grammar::has_wildcards(left));
    if !grammar::is_valid_subject(left) || !grammar::is_valid_subject(right) {
        return;
    }
    assert!(matching::is_subset(left, left) && matching::collide(left, left));
    assert_eq!(matching::collide(left, right), matching::collide(right, left));
    if matching::is_subset(left, right) {
        assert!(matching::collide(left, right), "a subset has something in common");
    }
    if grammar::is_valid_literal(left) {
        assert_eq!(matching::matches(right, left), plainly(right, left));
        assert_eq!(matching::matches(right, left), matching::is_subset(left, right));
    }
}
