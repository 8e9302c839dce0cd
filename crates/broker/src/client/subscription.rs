//! A client's subscriptions.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anabranch_auth::Permissions;
use anabranch_subject::Interest;
use hashbrown::HashTable;

use super::handle::Client;
use crate::worker::Target;

/// What one more delivery means for a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Deliver.
    Within,
    /// Deliver, then remove the subscription: it was the last.
    Last,
    /// Do not deliver.
    Over,
}

/// One subscription of one client. Shared by the interest trie, the match caches and the
/// client's table.
pub struct Subscription {
    client: Arc<Client>,
    /// Subject, queue and sid, one behind the other.
    text: Box<[u8]>,
    subject_len: u32,
    queue_len: u32,
    /// Messages delivered since SUB.
    delivered: AtomicU64,
    /// Deliveries after which it ends; 0: never.
    max: AtomicU64,
    closed: AtomicBool,
    /// What deliveries are checked against, where the subscription is wider than the user's
    /// permissions.
    filter: Option<Arc<Permissions>>,
    /// Messages are for a thread of the server's own. Boxed: few are, and there may be millions.
    target: Option<Box<Target>>,
}

impl Subscription {
    /// A subscription of `client`. `filter`: what its deliveries must be checked against, because
    /// it is wider than the user's permissions.
    #[must_use]
    pub fn new(
        client: Arc<Client>,
        subject: &[u8],
        queue: Option<&[u8]>,
        sid: &[u8],
        filter: Option<Arc<Permissions>>,
    ) -> Self {
        let queue = queue.unwrap_or_default();
        let length = |part: &[u8]| {
            u32::try_from(part.len()).expect("parts of a control line are shorter than 4 GiB")
        };
        Self {
            text: [subject, queue, sid].concat().into_boxed_slice(),
            subject_len: length(subject),
            queue_len: length(queue),
            client,
            delivered: AtomicU64::new(0),
            max: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            filter,
            target: None,
        }
    }

    /// A subscription whose messages go to a thread of the server's own. `client` stands for it.
    #[must_use]
    pub fn to_target(client: Arc<Client>, subject: &[u8], sid: &[u8], target: Target) -> Self {
        Self { target: Some(Box::new(target)), ..Self::new(client, subject, None, sid, None) }
    }

    /// Where messages go instead of to the client.
    #[must_use]
    #[inline]
    pub fn target(&self) -> Option<&Target> {
        self.target.as_deref()
    }

    /// Whose it is.
    #[must_use]
    #[inline]
    pub fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// The client's name for it.
    #[must_use]
    #[inline]
    pub fn sid(&self) -> &[u8] {
        let at = at(self.subject_len) + at(self.queue_len);
        self.text.get(at..).unwrap_or_default()
    }

    /// Whether the user's permissions let `subject` through.
    #[must_use]
    #[inline]
    pub fn lets_through(&self, subject: &[u8]) -> bool {
        self.filter.as_ref().is_none_or(|p| p.can_deliver(subject, self.queue()))
    }

    /// It was removed; what is on its way to it is dropped.
    #[must_use]
    #[inline]
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Marks it removed; false if it was already.
    pub fn close(&self) -> bool {
        !self.closed.swap(true, Ordering::SeqCst)
    }

    /// A message was counted for it before it was closed: it may be staged still.
    #[must_use]
    pub fn was_used(&self) -> bool {
        self.delivered.load(Ordering::SeqCst) > 0
    }

    /// Messages delivered since SUB.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }

    /// The maximum; 0: none.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.max.load(Ordering::Relaxed)
    }

    /// Ends it after `max` deliveries; false if so many were made already.
    #[must_use]
    pub fn limit(&self, max: u64) -> bool {
        // SeqCst with `count`: either the deliverer sees the maximum, or we see its delivery.
        self.max.store(max, Ordering::SeqCst);
        self.delivered.load(Ordering::SeqCst) < max
    }

    /// Counts one delivery.
    #[must_use]
    #[inline]
    pub fn count(&self) -> Count {
        let nth = self.delivered.fetch_add(1, Ordering::SeqCst) + 1;
        let max = self.max.load(Ordering::SeqCst);
        if max == 0 || nth < max {
            Count::Within
        } else if nth == max {
            Count::Last
        } else {
            Count::Over
        }
    }
}

fn at(len: u32) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("subject", &String::from_utf8_lossy(self.subject()))
            .field("sid", &String::from_utf8_lossy(self.sid()))
            .finish_non_exhaustive()
    }
}

impl Interest for Subscription {
    fn subject(&self) -> &[u8] {
        self.text.get(..at(self.subject_len)).unwrap_or_default()
    }

    fn queue(&self) -> Option<&[u8]> {
        let start = at(self.subject_len);
        (self.queue_len > 0)
            .then(|| self.text.get(start..start + at(self.queue_len)).unwrap_or_default())
    }
}

/// A client's subscriptions by sid.
#[derive(Debug)]
pub struct SubTable {
    by_sid: HashTable<Arc<Subscription>>,
    hasher: foldhash::fast::FixedState,
}

impl SubTable {
    /// An empty table whose order is unknown to clients through `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { by_sid: HashTable::new(), hasher: foldhash::fast::FixedState::with_seed(seed) }
    }

    fn hash(&self, sid: &[u8]) -> u64 {
        use std::hash::{BuildHasher, Hasher};
        let mut hasher = self.hasher.build_hasher();
        hasher.write(sid);
        hasher.finish()
    }

    /// Subscriptions held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_sid.len()
    }

    /// The subscription named `sid`.
    #[must_use]
    pub fn find(&self, sid: &[u8]) -> Option<&Arc<Subscription>> {
        self.by_sid.find(self.hash(sid), |s| s.sid() == sid)
    }

    /// Adds one; false if its sid is in use.
    pub fn insert(&mut self, subscription: Arc<Subscription>) -> bool {
        let hash = self.hash(subscription.sid());
        if self.by_sid.find(hash, |s| s.sid() == subscription.sid()).is_some() {
            return false;
        }
        let Self { by_sid, hasher } = self;
        by_sid.insert_unique(hash, subscription, |s| {
            use std::hash::{BuildHasher, Hasher};
            let mut h = hasher.build_hasher();
            h.write(s.sid());
            h.finish()
        });
        true
    }

    /// Removes exactly `subscription`; false if it is not held.
    pub fn remove(&mut self, subscription: &Subscription) -> bool {
        let hash = self.hash(subscription.sid());
        let entry = self.by_sid.find_entry(hash, |s| std::ptr::eq(&**s, subscription));
        entry.map(hashbrown::hash_table::OccupiedEntry::remove).is_ok()
    }

    /// Takes all of them.
    pub fn drain(&mut self) -> Vec<Arc<Subscription>> {
        std::mem::take(&mut self.by_sid).into_iter().collect()
    }

    /// Those in up to `max` buckets from the bucket `from` on, and where to go on; none at the
    /// end. Changes between two calls may hide some or show them twice.
    #[must_use]
    pub fn slice(&self, from: usize, max: usize) -> Option<(Vec<Arc<Subscription>>, usize)> {
        let end = self.by_sid.num_buckets();
        if from >= end {
            return None;
        }
        let next = end.min(from.saturating_add(max));
        let slice = (from..next).filter_map(|index| self.by_sid.get_bucket(index).cloned());
        Some((slice.collect(), next))
    }
}
