//! Subjects of an account of which somebody wants to know when the interest in them changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anabranch_subject::grammar::is_literal;
use anabranch_subject::trie::Steps;
use anabranch_subject::{Interest, Trie};

/// Steps of looking for watched subjects that a wildcard matches; beyond, all count as matched.
const STEPS_MAX: usize = 4096;

/// Who is told of changes of interest.
pub trait Watcher: Send + Sync {
    /// Somebody began or ended to listen to these, or may have. No lock is held.
    fn changed(&self, subjects: &[Box<[u8]>]);
}

struct Subject(Box<[u8]>);

impl Interest for Subject {
    fn subject(&self) -> &[u8] {
        &self.0
    }

    fn queue(&self) -> Option<&[u8]> {
        None
    }
}

/// The watched subjects; all of them literal.
pub(crate) struct Watched {
    subjects: Trie<Arc<Subject>>,
    /// How often each is watched.
    counts: BTreeMap<Box<[u8]>, (usize, Arc<Subject>)>,
}

impl Watched {
    pub(crate) fn new(seed: u64) -> Self {
        Self { subjects: Trie::new(seed), counts: BTreeMap::new() }
    }

    pub(crate) fn add(&mut self, subject: &[u8]) {
        let fresh = || (0, Arc::new(Subject(subject.into())));
        let (count, known) = self.counts.entry(subject.into()).or_insert_with(fresh);
        *count += 1;
        if *count == 1 {
            self.subjects.insert(Arc::clone(known));
        }
    }

    pub(crate) fn remove(&mut self, subject: &[u8]) {
        let Some((count, known)) = self.counts.get_mut(subject) else { return };
        *count -= 1;
        if *count == 0 {
            self.subjects.remove(known);
            self.counts.remove(subject);
        }
    }

    /// Those in which interests in `filters` are seen.
    pub(crate) fn seen_by<'a>(
        &self,
        filters: impl IntoIterator<Item = &'a [u8]>,
    ) -> Vec<Box<[u8]>> {
        if self.counts.is_empty() {
            return Vec::new();
        }
        let mut seen = BTreeSet::new();
        for filter in filters {
            if is_literal(filter) {
                seen.extend(self.counts.get_key_value(filter).map(|(subject, _)| subject.clone()));
                continue;
            }
            let end = self.subjects.for_each_matching_filter_within(filter, STEPS_MAX, |found| {
                seen.insert(found.0.clone());
            });
            if matches!(end, Steps::Exhausted) {
                return self.counts.keys().cloned().collect();
            }
        }
        seen.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interests_are_seen_in_watched_subjects_that_they_match() {
        let mut watched = Watched::new(1);
        let seen = |watched: &Watched, filter: &[u8]| watched.seen_by([filter]).len();
        assert_eq!(seen(&watched, b">"), 0);
        for subject in [&b"a.b"[..], b"a.c", b"a.b"] {
            watched.add(subject);
        }
        assert_eq!(
            [seen(&watched, b"a.*"), seen(&watched, b"a.b"), seen(&watched, b"b")],
            [2, 1, 0]
        );
        watched.remove(b"a.b");
        assert_eq!(seen(&watched, b"a.b"), 1);
        watched.remove(b"a.b");
        assert_eq!(seen(&watched, b"a.>"), 1);
    }
}
