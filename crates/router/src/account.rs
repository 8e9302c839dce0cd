//! An account's interests, shared by all workers.

use std::borrow::Borrow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use anabranch_subject::{Interest, Matches, SubjectHasher, Trie};

use crate::generations::{Bucket, Generation, Generations, SubjectHash};
use crate::registry::{Budget, CachedSubject, Registry};
use crate::watching::{Watched, Watcher};

/// How many interests are removed before the lock is given to others.
const REMOVAL_SLICE: usize = 256;

/// Which account; unique among the accounts of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub u32);

impl AccountId {
    /// `$G`, the account of clients that are in no other.
    pub const GLOBAL: Self = Self(0);
}

/// The interests of one account.
///
/// Once [`subscribe`](Self::subscribe) or [`unsubscribe`](Self::unsubscribe) has returned, every
/// lookup that starts later, through whichever cache, sees the change.
pub struct Account<I> {
    id: AccountId,
    name: Box<str>,
    hasher: SubjectHasher,
    generations: Generations,
    matches: AtomicU64,
    cache_hits: AtomicU64,
    /// Publishers of subjects that are not cached, such as reply inboxes, only read.
    locked: RwLock<Locked<I>>,
    watcher: OnceLock<Arc<dyn Watcher>>,
}

struct Locked<I> {
    interests: Trie<I>,
    cached: Registry,
    watched: Watched,
    inserts: u64,
    removes: u64,
}

/// Counters for `/subsz`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountStats {
    /// Interests there are now.
    pub subscriptions: u64,
    /// Interests ever added.
    pub inserts: u64,
    /// Interests ever removed.
    pub removes: u64,
    /// Lookups, cached or not. Caches report theirs when they sweep.
    pub matches: u64,
    /// Lookups answered from a cache.
    pub cache_hits: u64,
    /// Subjects in caches, once for each worker that has them.
    pub cache_entries: u64,
    /// The most deliveries any cached subject leads to.
    pub max_fanout: u32,
    /// Deliveries of all cached subjects together; divide by `cache_entries` for the average.
    pub total_fanout: u64,
}

impl<I> Account<I> {
    /// The account's id.
    pub fn id(&self) -> AccountId {
        self.id
    }

    /// The account's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Takes the lock to change something. A panic under it costs one connection and not the
    /// account, hence no poisoning.
    fn write(&self) -> RwLockWriteGuard<'_, Locked<I>> {
        self.locked.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the lock together with others that change nothing.
    fn read(&self) -> RwLockReadGuard<'_, Locked<I>> {
        self.locked.read().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline]
    pub(crate) fn hash(&self, subject: &[u8]) -> SubjectHash {
        SubjectHash::of(subject, &self.hasher)
    }

    #[inline]
    pub(crate) fn generation(&self, bucket: Bucket) -> Generation {
        self.generations.load(bucket)
    }

    pub(crate) fn count_hits(&self, hits: u64) {
        self.cache_hits.fetch_add(hits, Ordering::Relaxed);
        self.matches.fetch_add(hits, Ordering::Relaxed);
    }

    pub(crate) fn deregister<'k>(&self, keys: impl Iterator<Item = &'k Arc<CachedSubject>>) {
        let mut locked = self.write();
        keys.for_each(|key| locked.cached.remove(key));
    }
}

impl<I: Interest + Clone> Account<I> {
    /// An account without interests. `seed` protects against subjects chosen to collide: random,
    /// and not shown to clients.
    pub fn new(id: AccountId, name: impl Into<Box<str>>, seed: u64) -> Self {
        Self {
            id,
            name: name.into(),
            hasher: SubjectHasher::new(seed),
            generations: Generations::new(),
            matches: AtomicU64::new(0),
            cache_hits: AtomicU64::new(0),
            locked: RwLock::new(Locked {
                interests: Trie::new(seed),
                cached: Registry::new(seed),
                watched: Watched::new(seed),
                inserts: 0,
                removes: 0,
            }),
            watcher: OnceLock::new(),
        }
    }

    /// Adds an interest; false, and nothing happens, if its subject is not valid.
    pub fn subscribe(&self, interest: I) -> bool {
        let mut locked = self.write();
        // Whoever now finds a result invalid waits for the lock, and so for the insertion.
        self.invalidate(&locked, &interest, &mut Budget::new());
        let seen = locked.watched.seen_by([interest.subject()]);
        let inserted = locked.interests.insert(interest);
        locked.inserts += u64::from(inserted);
        drop(locked);
        self.tell(&seen);
        inserted
    }

    /// Removes an interest; false if it was not there.
    pub fn unsubscribe(&self, interest: &I) -> bool {
        let mut locked = self.write();
        let removed = locked.interests.remove(interest);
        if removed {
            locked.removes += 1;
            self.invalidate(&locked, interest, &mut Budget::new());
        }
        let seen = locked.watched.seen_by([interest.subject()]);
        drop(locked);
        self.tell(&seen);
        removed
    }

    /// Tells `watcher` from now on of changes of interest in subjects that are
    /// [watched](Self::watch). The first one stays.
    pub fn set_watcher(&self, watcher: Arc<dyn Watcher>) {
        let _ = self.watcher.set(watcher);
    }

    /// Watches a literal subject, once more. What it is like is to be asked behind this.
    pub fn watch(&self, subject: &[u8]) {
        self.write().watched.add(subject);
    }

    /// Watches it once less.
    pub fn unwatch(&self, subject: &[u8]) {
        self.write().watched.remove(subject);
    }

    fn tell(&self, seen: &[Box<[u8]>]) {
        if let Some(watcher) = self.watcher.get().filter(|_| !seen.is_empty()) {
            watcher.changed(seen);
        }
    }

    /// Removes the interests of a connection that has closed; gives how many there were. Takes the
    /// lock anew every few hundred, so that others get their turn.
    pub fn unsubscribe_all<B: Borrow<I>>(&self, interests: impl IntoIterator<Item = B>) -> usize {
        let mut interests = interests.into_iter();
        let mut removed = 0;
        let mut slice = Vec::with_capacity(REMOVAL_SLICE);
        loop {
            slice.clear();
            slice.extend(interests.by_ref().take(REMOVAL_SLICE));
            if slice.is_empty() {
                return removed;
            }
            removed += self.unsubscribe_slice(&slice);
        }
    }

    fn unsubscribe_slice<B: Borrow<I>>(&self, slice: &[B]) -> usize {
        let mut removed = 0;
        let mut locked = self.write();
        let mut budget = Budget::new();
        // All removals before any invalidation: when the budget runs out, everything becomes
        // invalid at once, which must cover the removals still to come.
        for interest in slice {
            removed += usize::from(locked.interests.remove(interest.borrow()));
        }
        for interest in slice {
            self.invalidate(&locked, interest.borrow(), &mut budget);
        }
        locked.removes += u64::try_from(removed).unwrap_or(u64::MAX);
        let subjects = slice.iter().map(|interest| interest.borrow().subject());
        let seen = locked.watched.seen_by(subjects);
        drop(locked);
        self.tell(&seen);
        removed
    }

    fn invalidate(&self, locked: &Locked<I>, interest: &I, budget: &mut Budget) {
        let filter = interest.subject();
        locked.cached.invalidate(filter, &self.generations, &self.hasher, budget);
    }

    /// How many interests there are.
    pub fn subscription_count(&self) -> usize {
        self.read().interests.len()
    }

    /// Whether anybody would receive a message to `subject`.
    pub fn has_interest(&self, subject: &[u8]) -> bool {
        self.read().interests.has_match(subject)
    }

    /// Adds to `out` who receives a message to `subject`, past all caches.
    pub fn matches(&self, subject: &[u8], out: &mut Matches<I>) {
        self.matches.fetch_add(1, Ordering::Relaxed);
        self.read().interests.matches(subject, out);
    }

    /// Matches a subject that is being put into a cache and has the result invalidated from now on
    /// when interests change. It is valid while the generation is the one returned.
    pub(crate) fn matches_and_register(
        &self,
        key: &Arc<CachedSubject>,
        out: &mut Matches<I>,
    ) -> Generation {
        let mut locked = self.write();
        locked.cached.add(Arc::clone(key));
        self.matches_registered(&locked, key, out)
    }

    /// Matches a subject that is in a cache anew.
    pub(crate) fn matches_again(&self, key: &CachedSubject, out: &mut Matches<I>) -> Generation {
        self.matches_registered(&self.read(), key, out)
    }

    fn matches_registered(
        &self,
        locked: &Locked<I>,
        key: &CachedSubject,
        out: &mut Matches<I>,
    ) -> Generation {
        self.matches.fetch_add(1, Ordering::Relaxed);
        let generation = self.generations.load(key.hash.bucket());
        locked.interests.matches(&key.subject, out);
        key.set_fanout(out.fanout());
        generation
    }

    /// Looks at the interests, for monitoring. Nobody can subscribe meanwhile: `look` should be
    /// short and must not use this account.
    pub fn with_trie<R>(&self, look: impl FnOnce(&Trie<I>) -> R) -> R {
        look(&self.read().interests)
    }

    /// Counters for `/subsz`.
    pub fn stats(&self) -> AccountStats {
        let count = |len: usize| u64::try_from(len).unwrap_or(u64::MAX);
        let locked = self.read();
        let fanout = locked.cached.fanout();
        AccountStats {
            subscriptions: count(locked.interests.len()),
            inserts: locked.inserts,
            removes: locked.removes,
            matches: self.matches.load(Ordering::Relaxed),
            cache_hits: self.cache_hits.load(Ordering::Relaxed),
            cache_entries: count(locked.cached.len()),
            max_fanout: fanout.max,
            total_fanout: fanout.total,
        }
    }
}

impl AccountStats {
    /// The average number of deliveries of a cached subject; 0 without any.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a statistic for people")]
    pub fn avg_fanout(&self) -> f64 {
        self.total_fanout as f64 / self.cache_entries.max(1) as f64
    }

    /// The share of lookups answered from a cache; 0 without any.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a statistic for people")]
    pub fn cache_hit_rate(&self) -> f64 {
        self.cache_hits as f64 / self.matches.max(1) as f64
    }
}
