//! Workers and who uses them.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use anabranch_router::MatchCache;

use super::stages::Stages;
use crate::client::Subscription;

/// Bytes read from a socket at once.
const READ_BUFFER: usize = 256 * 1024;
/// Match results kept per worker.
const CACHE_ENTRIES: usize = 8192;

/// One worker.
pub struct Worker {
    /// Where sockets are read into.
    pub buffer: Box<[u8]>,
    /// Match results.
    pub cache: MatchCache<Arc<Subscription>>,
    /// Deliveries of the batch at hand.
    pub stages: Stages,
    random: u64,
}

impl Worker {
    fn new(settings: PoolSettings, index: usize) -> Self {
        let seed = settings.seed ^ u64::try_from(index).unwrap_or(0);
        let entries = if settings.match_cache { CACHE_ENTRIES } else { 0 };
        Self {
            buffer: vec![0; READ_BUFFER].into_boxed_slice(),
            cache: MatchCache::new(entries, seed),
            stages: Stages::new(settings.pending_max),
            random: seed | 1,
        }
    }

    /// The parts that routing a message needs, borrowed apart.
    #[inline]
    pub fn split(&mut self) -> (&mut MatchCache<Arc<Subscription>>, &mut Stages, &mut u64) {
        (&mut self.cache, &mut self.stages, &mut self.random)
    }
}

/// The next pseudo-random number (xorshift), by which queue members are picked. `state` must not
/// be 0.
#[inline]
pub(super) fn next_random(state: &mut u64) -> u32 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    u32::try_from(*state >> 32).unwrap_or(0)
}

/// How workers are made.
#[derive(Debug, Clone, Copy)]
pub struct PoolSettings {
    /// `max_pending`: stages are flushed well below it.
    pub pending_max: u64,
    /// Match results are cached.
    pub match_cache: bool,
    /// Makes hashes and picks unpredictable.
    pub seed: u64,
}

/// As many workers as threads that run connections.
pub struct WorkerPool {
    slots: Box<[Mutex<Option<Worker>>]>,
    settings: PoolSettings,
}

impl WorkerPool {
    /// A pool for `threads` threads; a worker is made when it is first used.
    #[must_use]
    pub fn new(threads: usize, settings: PoolSettings) -> Self {
        Self { slots: (0..threads.max(1)).map(|_| Mutex::new(None)).collect(), settings }
    }

    /// Runs `work` with a worker that nobody else uses meanwhile.
    ///
    /// A thread comes back to the worker it used before, as long as there are as many as
    /// threads; the lock is then never contended.
    pub fn with<R>(&self, work: impl FnOnce(&mut Worker) -> R) -> R {
        let home = thread_number() % self.slots.len();
        let mut guard = self.claim(home);
        let worker = guard.get_or_insert_with(|| Worker::new(self.settings, home));
        work(worker)
    }

    fn claim(&self, home: usize) -> MutexGuard<'_, Option<Worker>> {
        let (before, after) = self.slots.split_at(home);
        for slot in after.iter().chain(before) {
            match slot.try_lock() {
                Ok(guard) => return guard,
                Err(TryLockError::Poisoned(poisoned)) => {
                    // A panic left deliveries of an unknown batch behind: start anew.
                    slot.clear_poison();
                    let mut guard = poisoned.into_inner();
                    *guard = None;
                    return guard;
                }
                Err(TryLockError::WouldBlock) => {}
            }
        }
        self.slots[home].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `look` with each worker that is idle and was used.
    pub fn for_each_idle(&self, mut look: impl FnMut(&mut Worker)) {
        for slot in &self.slots {
            if let Ok(mut guard) = slot.try_lock()
                && let Some(worker) = guard.as_mut()
            {
                look(worker);
            }
        }
    }
}

/// A small number of this thread, the same at every call.
fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: Cell<Option<usize>> = const { Cell::new(None) };
    }
    NUMBER.with(|number| {
        number.get().unwrap_or_else(|| {
            let fresh = NEXT.fetch_add(1, Ordering::Relaxed);
            number.set(Some(fresh));
            fresh
        })
    })
}
