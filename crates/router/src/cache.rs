//! A worker's match results.

use std::sync::Arc;

use anabranch_subject::{Interest, Matches};
use hashbrown::HashTable;

use crate::account::Account;
use crate::doorkeeper::Doorkeeper;
use crate::generations::{Generation, SubjectHash};
use crate::registry::CachedSubject;

/// Evicted subjects are deregistered this many at a time.
const RETIRED_MAX: usize = 64;
/// What all results of one cache may occupy, by our own estimate.
const BYTES_MAX: usize = 64 << 20;
/// Entries looked at to find one to evict.
const EVICTION_SAMPLES: usize = 4;
/// A scratch result that grew beyond this many interests is not kept by a sweep.
const SCRATCH_MAX: usize = 4096;

/// Match results of one worker, for all accounts. Not shared, so without a lock.
///
/// Bounded in entries and in bytes. A result is used only while its generation is current, so it
/// may be stale but is never seen to be. Stale results still hold on to the interests in them
/// until they are looked up, evicted, or swept.
pub struct MatchCache<I> {
    capacity: usize,
    entries: Vec<Entry<I>>,
    /// Positions in `entries`.
    index: HashTable<u32>,
    /// Where the previous lookup was found; may be out of date.
    last: usize,
    /// The next entry to be swept.
    hand: usize,
    bytes: usize,
    random: u64,
    scratch: Matches<I>,
    doorkeeper: Option<Doorkeeper>,
    retired: Vec<(Arc<Account<I>>, Arc<CachedSubject>)>,
    misses: u64,
}

/// What a cache holds, for monitoring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Cached subjects.
    pub entries: usize,
    /// Estimated size of the results.
    pub bytes: usize,
    /// Lookups that had to take the lock of an account.
    pub misses: u64,
}

struct Entry<I> {
    account: Arc<Account<I>>,
    key: Arc<CachedSubject>,
    /// The hash that `index` goes by.
    hash: u64,
    generation: Generation,
    /// Looked up since it was last considered for eviction.
    used: bool,
    /// Lookups not yet reported to the account.
    hits: u64,
    bytes: usize,
    matches: Matches<I>,
}

impl<I> Entry<I> {
    #[inline]
    fn is_for(&self, account: &Arc<Account<I>>, subject: &[u8]) -> bool {
        *self.key.subject == *subject && Arc::ptr_eq(&self.account, account)
    }

    #[inline]
    fn is_current(&self) -> bool {
        self.account.generation(self.key.hash.bucket()) == self.generation
    }

    #[inline]
    fn hit(&mut self) {
        self.used = true;
        self.hits += 1;
    }

    fn report_hits(&mut self) {
        if self.hits > 0 {
            self.account.count_hits(std::mem::take(&mut self.hits));
        }
    }
}

impl<I: Interest + Clone> MatchCache<I> {
    /// What a worker's cache holds by default.
    pub const DEFAULT_CAPACITY: usize = 8192;

    /// An empty cache for at most `capacity` subjects; with 0 nothing is ever cached. `seed`
    /// decides what is evicted.
    #[must_use]
    pub fn new(capacity: usize, seed: u64) -> Self {
        Self {
            capacity: capacity.min(1 << 24),
            entries: Vec::new(),
            index: HashTable::new(),
            last: 0,
            hand: 0,
            bytes: 0,
            random: seed | 1,
            scratch: Matches::new(),
            doorkeeper: (capacity > 0).then(Doorkeeper::new),
            retired: Vec::new(),
            misses: 0,
        }
    }

    /// Who receives a message published to `subject`. Sees every change of interest that was
    /// complete before the call.
    #[inline]
    pub fn lookup<'a>(&'a mut self, account: &Arc<Account<I>>, subject: &[u8]) -> &'a Matches<I> {
        let last = self.last;
        let repeated = self
            .entries
            .get_mut(last)
            .filter(|entry| entry.is_for(account, subject) && entry.is_current());
        if let Some(entry) = repeated {
            entry.hit();
            return &self.entries[last].matches;
        }
        self.find(account, subject)
    }

    fn find(&mut self, account: &Arc<Account<I>>, subject: &[u8]) -> &Matches<I> {
        if self.bytes > BYTES_MAX {
            // Results grow when they are matched again.
            self.make_room(0);
        }
        let hash = account.hash(subject);
        let spread = index_hash(account, hash);
        let is_it = |&at: &u32| self.entries[to_usize(at)].is_for(account, subject);
        let Some(at) = self.index.find(spread, is_it).map(|&at| to_usize(at)) else {
            return self.miss(account, subject, hash);
        };
        self.last = at;
        if self.entries[at].is_current() {
            self.entries[at].hit();
        } else {
            self.refresh(at);
        }
        &self.entries[at].matches
    }

    /// Matches again what has become stale.
    fn refresh(&mut self, at: usize) {
        self.misses += 1;
        let entry = &mut self.entries[at];
        entry.report_hits();
        entry.used = true;
        // The old result is cleared first: what it holds on to may be freed, but not under the
        // account's lock.
        entry.matches.clear();
        let Entry { account, key, matches, .. } = entry;
        entry.generation = account.matches_again(key, matches);
        if matches.plain.capacity() > SCRATCH_MAX.max(matches.plain.len() * 4) {
            matches.shrink();
        }
        let bytes = entry_bytes(&entry.key, &entry.matches);
        self.bytes = self.bytes - entry.bytes + bytes;
        entry.bytes = bytes;
    }

    fn miss(
        &mut self,
        account: &Arc<Account<I>>,
        subject: &[u8],
        hash: SubjectHash,
    ) -> &Matches<I> {
        self.misses += 1;
        let again = self.doorkeeper.as_mut().is_some_and(|door| door.knows(hash));
        let Some(key) = again.then(|| CachedSubject::new(subject, hash)).flatten() else {
            self.scratch.clear();
            account.matches(subject, &mut self.scratch);
            return &self.scratch;
        };
        let mut matches = Matches::new();
        let generation = account.matches_and_register(&key, &mut matches);
        matches.shrink();
        let bytes = entry_bytes(&key, &matches);
        let hash = index_hash(account, hash);
        let account = Arc::clone(account);
        self.make_room(bytes);
        self.push(Entry { account, key, hash, generation, used: true, hits: 0, bytes, matches });
        &self.entries[self.last].matches
    }

    fn push(&mut self, entry: Entry<I>) {
        self.bytes += entry.bytes;
        self.last = self.entries.len();
        let entries = &self.entries;
        let rehash = |&at: &u32| entries[to_usize(at)].hash;
        self.index.insert_unique(entry.hash, to_u32(self.last), rehash);
        self.entries.push(entry);
    }

    fn make_room(&mut self, bytes: usize) {
        let full =
            |cache: &Self| cache.entries.len() >= cache.capacity || cache.bytes + bytes > BYTES_MAX;
        while !self.entries.is_empty() && full(self) {
            let at = self.pick_victim();
            self.evict(at);
        }
    }

    /// The first of a few random entries that nobody used since it was last looked at, else any.
    fn pick_victim(&mut self) -> usize {
        let mut at = 0;
        for _ in 0..EVICTION_SAMPLES {
            at = self.random_position();
            if !std::mem::take(&mut self.entries[at].used) {
                break;
            }
        }
        at
    }

    fn random_position(&mut self) -> usize {
        // xorshift64: enough to be unpredictable for whoever fills the cache from outside.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let count = u64::try_from(self.entries.len()).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.random % count).unwrap_or(0)
    }

    fn evict(&mut self, at: usize) {
        self.unindex(at);
        let last = self.entries.len() - 1;
        if at != last {
            let moved = self.entries[last].hash;
            let found = self.index.find_mut(moved, |&held| to_usize(held) == last);
            *found.expect("every entry is in the index") = to_u32(at);
        }
        let mut entry = self.entries.swap_remove(at);
        entry.report_hits();
        self.bytes -= entry.bytes;
        self.retired.push((entry.account, entry.key));
        if self.retired.len() >= RETIRED_MAX {
            self.deregister();
        }
    }

    fn unindex(&mut self, at: usize) {
        let hash = self.entries[at].hash;
        if let Ok(found) = self.index.find_entry(hash, |&held| to_usize(held) == at) {
            found.remove();
        }
    }

    /// Looks at `count` entries, going round, and drops those that are stale, so that a closed
    /// subscriber is not kept in memory by a subject nobody publishes to. Reports statistics to
    /// the accounts. To be called now and then, also by an idle worker.
    pub fn sweep(&mut self, count: usize) {
        self.scratch.clear();
        if self.scratch.plain.capacity() > SCRATCH_MAX {
            self.scratch = Matches::new();
        }
        for _ in 0..count.min(self.entries.len()) {
            if self.hand >= self.entries.len() {
                self.hand = 0;
            }
            let Some(entry) = self.entries.get_mut(self.hand) else {
                break;
            };
            entry.report_hits();
            if entry.is_current() {
                self.hand += 1;
            } else {
                self.evict(self.hand);
            }
        }
        self.deregister();
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        self.drop_entries();
        self.scratch = Matches::new();
    }

    /// What the cache holds.
    #[must_use]
    pub fn stats(&self) -> CacheStats {
        CacheStats { entries: self.entries.len(), bytes: self.bytes, misses: self.misses }
    }
}

impl<I> MatchCache<I> {
    fn drop_entries(&mut self) {
        self.index.clear();
        self.bytes = 0;
        for mut entry in self.entries.drain(..) {
            entry.report_hits();
            self.retired.push((entry.account, entry.key));
        }
        self.deregister();
    }

    /// Tells the accounts which subjects are no longer cached: one lock for each account.
    fn deregister(&mut self) {
        self.retired.sort_unstable_by_key(|(account, _)| Arc::as_ptr(account).addr());
        for run in self.retired.chunk_by(|(left, _), (right, _)| Arc::ptr_eq(left, right)) {
            // In slices, so that emptying a large cache does not keep subscribers waiting.
            for slice in run.chunks(RETIRED_MAX) {
                if let Some((account, _)) = slice.first() {
                    account.deregister(slice.iter().map(|(_, key)| key));
                }
            }
        }
        self.retired.clear();
    }
}

impl<I> Drop for MatchCache<I> {
    fn drop(&mut self) {
        self.drop_entries();
    }
}

/// Accounts may share a seed, and so need to differ here.
#[inline]
fn index_hash<I>(account: &Account<I>, hash: SubjectHash) -> u64 {
    hash.0 ^ u64::from(account.id().0).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// What an entry occupies: itself, its subject twice counting the registry, and its interests.
fn entry_bytes<I>(key: &CachedSubject, matches: &Matches<I>) -> usize {
    let names: usize = matches.queues.iter().map(|group| group.name.len() + 64).sum();
    256 + 2 * key.subject.len() + names + matches.interest_count() * size_of::<I>()
}

fn to_u32(at: usize) -> u32 {
    u32::try_from(at).expect("the capacity is bounded far below 2^32")
}

fn to_usize(at: u32) -> usize {
    usize::try_from(at).expect("positions were made from usize")
}
