//! Workers and who uses them.

use std::any::Any;
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
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
    /// Its place in the pool.
    pub index: usize,
    /// Memory that a shortcut uses again.
    pub scratch: Option<Box<dyn Any + Send>>,
    random: u64,
}

impl Worker {
    fn new(settings: PoolSettings, index: usize, threads: usize) -> Self {
        let spread = u64::try_from(index).unwrap_or(0).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let seed = settings.seed.wrapping_add(spread);
        let entries = if settings.match_cache { CACHE_ENTRIES } else { 0 };
        Self {
            buffer: vec![0; READ_BUFFER].into_boxed_slice(),
            cache: MatchCache::new(entries, seed),
            stages: Stages::new(settings.pending_max, threads),
            index,
            scratch: None,
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
    slots: Box<[Slot]>,
    settings: PoolSettings,
}

/// A place for a worker.
struct Slot {
    worker: Mutex<Option<Worker>>,
    /// Odd while the worker is in use; goes up at each beginning and end.
    turns: AtomicU64,
}

/// Workers that were in use at some moment. Once each has come to the end of that use, none of
/// them can still have match results from before that moment.
#[derive(Debug, Clone, Default)]
pub struct InUse(Vec<(usize, u64)>);

/// Ends the use of a slot, also when the work panics.
struct Turn<'a>(&'a AtomicU64);

impl<'a> Turn<'a> {
    fn begin(turns: &'a AtomicU64) -> Self {
        turns.fetch_add(1, Ordering::SeqCst);
        Self(turns)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl WorkerPool {
    /// A pool for `threads` threads; a worker is made when it is first used.
    #[must_use]
    pub fn new(threads: usize, settings: PoolSettings) -> Self {
        let slot = |_| Slot { worker: Mutex::new(None), turns: AtomicU64::new(0) };
        Self { slots: (0..threads.max(1)).map(slot).collect(), settings }
    }

    /// Runs `work` with a worker that nobody else uses meanwhile.
    ///
    /// A thread comes back to the worker it used before, as long as there are as many as
    /// threads; the lock is then never contended.
    pub fn with<R>(&self, work: impl FnOnce(&mut Worker) -> R) -> R {
        let home = thread_number() % self.slots.len();
        let (index, mut guard) = self.claim(home);
        let _turn = Turn::begin(&self.slots[index].turns);
        let worker =
            guard.get_or_insert_with(|| Worker::new(self.settings, index, self.slots.len()));
        work(worker)
    }

    fn claim(&self, home: usize) -> (usize, MutexGuard<'_, Option<Worker>>) {
        let (before, after) = self.slots.split_at(home);
        let indexed = (home..).zip(after).chain((0..).zip(before));
        for (index, slot) in indexed {
            match slot.worker.try_lock() {
                Ok(guard) => return (index, guard),
                Err(TryLockError::Poisoned(poisoned)) => {
                    slot.worker.clear_poison();
                    return (index, emptied(poisoned));
                }
                Err(TryLockError::WouldBlock) => {}
            }
        }
        (home, self.slots[home].worker.lock().unwrap_or_else(emptied))
    }

    /// The workers in use now, but for the one numbered `but`, which asks.
    #[must_use]
    pub fn in_use(&self, but: usize) -> InUse {
        let turns = self.slots.iter().map(|slot| slot.turns.load(Ordering::SeqCst));
        InUse(turns.enumerate().filter(|&(i, turn)| i != but && turn % 2 == 1).collect())
    }

    /// Whether all of them have come to the end of that use.
    #[must_use]
    pub fn have_ended(&self, then: &InUse) -> bool {
        then.0.iter().all(|&(i, turn)| self.slots[i].turns.load(Ordering::SeqCst) != turn)
    }

    /// Calls `look` with each worker that is idle and was used.
    pub fn for_each_idle(&self, mut look: impl FnMut(&mut Worker)) {
        for slot in &self.slots {
            if let Ok(mut guard) = slot.worker.try_lock()
                && let Some(worker) = guard.as_mut()
            {
                look(worker);
            }
        }
    }
}

/// A panic left deliveries of an unknown batch behind: the worker starts anew.
fn emptied(
    poisoned: PoisonError<MutexGuard<'_, Option<Worker>>>,
) -> MutexGuard<'_, Option<Worker>> {
    let mut guard = poisoned.into_inner();
    *guard = None;
    guard
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
