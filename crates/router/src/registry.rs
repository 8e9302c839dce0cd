//! Which subjects of an account some worker has cached, so that a change of interest invalidates
//! those and no others.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anabranch_subject::grammar::{is_literal, is_valid_subject};
use anabranch_subject::trie::Steps;
use anabranch_subject::{Interest, SubjectHasher, Trie};

use crate::generations::{Generations, SubjectHash};

/// How many cached subjects one change may look at. Beyond, invalidating everything is cheaper
/// than going on under the account's lock.
const WALK_STEPS_MAX: usize = 4096;

/// A subject in one worker's cache. Two workers with the same subject register it twice.
pub(crate) struct CachedSubject {
    pub(crate) subject: Box<[u8]>,
    pub(crate) hash: SubjectHash,
    /// Deliveries a message to it led to at the last match; for statistics.
    fanout: AtomicU32,
}

impl CachedSubject {
    /// `None` if `subject` must not be cached. A literal `*` or `>` in a published subject would
    /// be taken for a wildcard here, and then not be found by a filter that matches it.
    pub(crate) fn new(subject: &[u8], hash: SubjectHash) -> Option<Arc<Self>> {
        let fit = is_literal(subject) && is_valid_subject(subject);
        let fresh = || Self { subject: subject.into(), hash, fanout: AtomicU32::new(0) };
        fit.then(|| Arc::new(fresh()))
    }

    pub(crate) fn set_fanout(&self, fanout: usize) {
        self.fanout.store(u32::try_from(fanout).unwrap_or(u32::MAX), Ordering::Relaxed);
    }
}

impl Interest for CachedSubject {
    fn subject(&self) -> &[u8] {
        &self.subject
    }

    fn queue(&self) -> Option<&[u8]> {
        None
    }
}

/// The cached subjects of one account; all of them literal.
pub(crate) struct Registry {
    subjects: Trie<Arc<CachedSubject>>,
}

/// What is left of the work that one turn under the lock may spend on invalidating.
pub(crate) struct Budget {
    steps: usize,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self { steps: WALK_STEPS_MAX }
    }
}

/// Fan-out over all cached subjects.
#[derive(Default)]
pub(crate) struct Fanout {
    pub(crate) total: u64,
    pub(crate) max: u32,
}

impl Registry {
    pub(crate) fn new(seed: u64) -> Self {
        Self { subjects: Trie::new(seed) }
    }

    pub(crate) fn len(&self) -> usize {
        self.subjects.len()
    }

    pub(crate) fn add(&mut self, key: Arc<CachedSubject>) {
        let valid = self.subjects.insert(key);
        debug_assert!(valid, "only valid subjects are cached");
    }

    pub(crate) fn remove(&mut self, key: &Arc<CachedSubject>) {
        let known = self.subjects.remove(key);
        debug_assert!(known, "a cached subject is removed once");
    }

    /// Advances the generation of every cached subject that `filter` matches. Once `budget` is
    /// spent, everything has been invalidated and the call does nothing.
    pub(crate) fn invalidate(
        &self,
        filter: &[u8],
        generations: &Generations,
        hasher: &SubjectHasher,
        budget: &mut Budget,
    ) {
        if budget.steps == 0 || self.subjects.is_empty() {
            return;
        }
        if is_literal(filter) {
            // Looked up rather than advanced blindly: subscribers of one-off inboxes would
            // otherwise keep invalidating whatever shares their buckets.
            if self.subjects.has_match(filter) {
                generations.advance(SubjectHash::of(filter, hasher).bucket());
            }
            return;
        }
        // Workers that cache the same subject follow each other, and one advance is enough.
        let mut last = None;
        let end = self.subjects.for_each_matching_filter_within(filter, budget.steps, |key| {
            if last.replace(key.hash) != Some(key.hash) {
                generations.advance(key.hash.bucket());
            }
        });
        match end {
            Steps::Complete { taken } => budget.steps = (budget.steps - taken).max(1),
            Steps::Exhausted => {
                budget.steps = 0;
                generations.advance_all();
            }
        }
    }

    pub(crate) fn fanout(&self) -> Fanout {
        let mut all = Fanout::default();
        self.subjects.for_each(|key| {
            let fanout = key.fanout.load(Ordering::Relaxed);
            all.total += u64::from(fanout);
            all.max = all.max.max(fanout);
        });
        all
    }
}
