//! When sparse segments are written anew, and how fast: one stream at a time, a piece now and then,
//! by a thread of its own. The shard says what is to be copied, and switches over at the end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anabranch_log::disk::Disk;
use anabranch_log::format::StreamId;
use anabranch_log::segment;

use super::held::{Held, Store};
use super::journal::is_out_of_space;
use super::rewriting::{Advance, Fault, Outcome, Task};
use super::shard::Shard;
use crate::worker::Inbox;

/// Bytes that are copied in a second while nothing else is to be done,
const IDLE_BYTES: u64 = 8 * 1024 * 1024;
/// and while messages come.
const BUSY_BYTES: u64 = 2 * 1024 * 1024;
/// Streams that are looked at in one turn.
const STREAMS_AT_ONCE: usize = 64;
/// Messages that change their place in one turn.
const SWITCHED_AT_ONCE: usize = 4096;
/// Time between looks at all streams.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long nothing is tried after a failure.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long files that nobody needs may stay before a checkpoint is made for them alone.
const TIDY_AFTER: Duration = Duration::from_secs(5);
/// Bytes of a checkpoint for which it may take a second longer.
const TIDY_BYTES: u64 = 1024 * 1024;
/// Pieces and other orders that the thread may have before it.
const ORDERS_MAX: usize = 4;

/// What the thread is to do.
enum Order {
    /// Copy a piece.
    Piece(Task),
    /// Remove what was not copied to its end.
    Discard,
}

/// The thread that copies, and what it is at.
pub struct Compactor {
    orders: Option<SyncSender<Order>>,
    thread: Option<JoinHandle<()>>,
    /// Whose segments are being written anew.
    current: Option<StreamId>,
    /// The stream at which looking goes on.
    cursor: StreamId,
    /// The thread has a piece, and wakes the shard when it is done.
    is_away: bool,
    /// Nothing is looked for, and no piece sent, before.
    not_before: Instant,
    /// Something may have happened since all streams were looked at.
    is_stirred: bool,
    /// Messages came since the last piece.
    has_traffic: bool,
    /// A checkpoint would be of use, as far as streams were looked at.
    finds_litter: bool,
    /// The last look at all streams found that.
    has_litter: bool,
    /// No checkpoint is made for that alone before.
    tidy_at: Instant,
}

impl Compactor {
    /// Starts the thread, for the owner of `inbox`.
    ///
    /// # Errors
    /// When the system has none.
    pub fn start(disk: Arc<dyn Disk>, inbox: Arc<Inbox>) -> std::io::Result<Self> {
        let (orders, todo) = sync_channel(ORDERS_MAX);
        let work = move || {
            while let Ok(order) = todo.recv() {
                match order {
                    Order::Piece(task) => task.run(),
                    Order::Discard => discard(&*disk),
                }
                inbox.wake();
            }
            discard(&*disk);
        };
        let thread = std::thread::Builder::new().name("compaction".to_owned()).spawn(work)?;
        let now = Instant::now();
        Ok(Self {
            orders: Some(orders),
            thread: Some(thread),
            current: None,
            cursor: StreamId(0),
            is_away: false,
            not_before: now + LOOK_EVERY,
            is_stirred: true,
            has_traffic: false,
            finds_litter: false,
            has_litter: false,
            tidy_at: now + TIDY_AFTER,
        })
    }

    /// Messages came.
    pub fn note_traffic(&mut self) {
        self.has_traffic = true;
    }

    /// A checkpoint of so many bytes was made, or tried. A large one is not made often for files
    /// alone.
    pub fn note_checkpoint(&mut self, bytes: u64) {
        let more = Duration::from_secs(bytes / TIDY_BYTES);
        self.tidy_at = Instant::now() + TIDY_AFTER + more;
        self.is_stirred = true;
    }

    /// A checkpoint is to be made to free what nobody needs.
    #[must_use]
    pub fn wants_checkpoint(&self, now: Instant) -> bool {
        self.has_litter && self.tidy_at <= now
    }

    /// How long nothing is to be done, if nobody asks for anything.
    #[must_use]
    pub fn patience(&self, now: Instant) -> Option<Duration> {
        let has_work = (self.current.is_some() && !self.is_away) || self.is_stirred;
        let work = has_work.then_some(self.not_before);
        let tidy = self.has_litter.then_some(self.tidy_at);
        work.into_iter().chain(tidy).min().map(|then| then.saturating_duration_since(now))
    }

    /// A checkpoint cannot be made now.
    pub fn put_off_tidying(&mut self) {
        self.tidy_at = Instant::now() + LOOK_EVERY;
    }

    /// Whether the thread takes the order. If not, nothing comes of it: the next start removes
    /// what is left.
    fn order(&mut self, order: Order) -> bool {
        self.orders.as_ref().is_some_and(|orders| orders.try_send(order).is_ok())
    }

    /// So many bytes were copied: the next piece has to wait.
    fn pause(&mut self, bytes: u64) {
        let rate = if std::mem::take(&mut self.has_traffic) { BUSY_BYTES } else { IDLE_BYTES };
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(rate);
        let pause = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        self.not_before = Instant::now() + pause;
    }

    fn end(&mut self) {
        self.current = None;
        self.is_away = false;
        self.is_stirred = true;
        self.not_before = Instant::now();
    }

    fn give_up(&mut self, patience: Duration) {
        self.end();
        self.order(Order::Discard);
        self.not_before = Instant::now() + patience;
    }
}

impl Drop for Compactor {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("The thread that writes segments anew ended by a panic");
        }
    }
}

fn discard(disk: &dyn Disk) {
    if let Err(error) = segment::discard(disk) {
        log::warn!("What is left of a segment that was not written to its end: {error}");
    }
}

impl Shard {
    /// Goes on with writing sparse segments anew, or looks for some.
    pub(super) fn compact(&mut self) {
        let now = Instant::now();
        if self.failed {
            return;
        }
        let Some(id) = self.compactor.current else {
            if now >= self.compactor.not_before {
                self.look_for_sparse();
            } else {
                self.compactor.is_stirred = true;
            }
            return;
        };
        let may_send = now >= self.compactor.not_before;
        let held = self.streams.get_mut(id);
        let advance = held.map(|held| held.advance_rewriting(may_send, SWITCHED_AT_ONCE));
        let compactor = &mut self.compactor;
        match advance {
            Some(Advance::Copied(bytes)) => {
                self.figures.compacted_bytes.fetch_add(bytes, Ordering::Relaxed);
                compactor.is_away = false;
                compactor.pause(bytes);
            }
            Some(Advance::Send(task)) => compactor.is_away = compactor.order(Order::Piece(task)),
            Some(Advance::Waits | Advance::More) => {}
            Some(Advance::Done(outcome)) => {
                compactor.end();
                compactor.has_litter = true;
                self.note_compacted(id, outcome);
            }
            Some(Advance::Failed(fault)) => {
                let is_damage = matches!(fault, Fault::Damage(..));
                compactor.give_up(if is_damage { Duration::ZERO } else { PATIENCE });
                self.report(id, &fault);
            }
            Some(Advance::Nothing) | None => compactor.give_up(Duration::ZERO),
        }
    }

    /// A segment takes the place of others at this moment.
    pub(super) fn is_switching(&self) -> bool {
        let current = self.compactor.current.and_then(|id| self.streams.get(id));
        current.is_some_and(Held::is_switching)
    }

    fn look_for_sparse(&mut self) {
        let Self { compactor, streams, journal, .. } = self;
        let reserve = journal.reserve();
        let free = journal.disk().free_space().unwrap_or(u64::MAX);
        let has_room = |bytes: u64| free.saturating_sub(reserve) > bytes.saturating_mul(2);
        let mut last = None;
        for held in streams.iter_mut_from(compactor.cursor).take(STREAMS_AT_ONCE) {
            last = Some(held.id);
            if let Store::File(payloads) = &held.store
                && !held.is_offline()
            {
                compactor.finds_litter |= payloads.has_litter() || !held.condemned.is_empty();
            }
            if held.begin_rewriting(has_room) {
                compactor.current = Some(held.id);
                compactor.cursor = held.id;
                return;
            }
        }
        if let Some(last) = last {
            compactor.cursor = StreamId(last.0.saturating_add(1));
            compactor.is_stirred = true;
            return;
        }
        compactor.cursor = StreamId(0);
        compactor.is_stirred = false;
        compactor.has_litter = std::mem::take(&mut compactor.finds_litter);
        compactor.not_before = Instant::now() + LOOK_EVERY;
    }

    fn note_compacted(&mut self, id: StreamId, outcome: Outcome) {
        let Outcome { segments, before, after } = outcome;
        let count = u64::try_from(segments).unwrap_or(u64::MAX);
        self.figures.compacted_segments.fetch_add(count, Ordering::Relaxed);
        if let Some(held) = self.streams.get(id) {
            let name = &held.machine.config().name;
            log::debug!(
                "Stream '{name}': {segments} segments of {before} bytes are one of {after} now"
            );
        }
    }

    fn report(&self, id: StreamId, fault: &Fault) {
        let name = self.streams.get(id).map_or("", |held| &held.machine.config().name);
        match fault {
            Fault::Damage(seq, _, error) => {
                log::error!("Stream '{name}': message {seq} cannot be read: {error}");
            }
            Fault::Other(error) if is_out_of_space(error) => {
                log::debug!("Stream '{name}': no space to write a segment anew: {error}");
            }
            Fault::Other(error) => {
                log::warn!("Stream '{name}': a segment cannot be written anew: {error}");
            }
        }
    }
}
