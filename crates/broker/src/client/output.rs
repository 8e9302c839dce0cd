//! What waits to be written to one client. Bounded in bytes: who exceeds the bound is cut off.
//! Anyone may push; a plain TCP socket is written by the pusher itself, as long as it takes the
//! bytes, and by the connection's own task otherwise.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anabranch_nats::CloseReason;
use atomic_waker::AtomicWaker;
use bytes::{Buf, Bytes};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::Notify;

use super::crowd::Crowd;
use super::handle::ClientId;

/// Pieces written by one system call at most.
const PIECES_MAX: usize = 64;
/// Bytes taken for one system call; one more piece is begun before that.
const WRITE_BYTES: usize = 256 * 1024;
/// System calls before a draining task lets others go on.
const WRITES_PER_TURN: usize = 16;
/// A tail of this size becomes a piece of its own instead of being grown (and moved) further.
const TAIL_MAX: usize = 64 * 1024;

/// Bytes staged for one client, with large payloads that are shared rather than copied.
#[derive(Debug, Default)]
pub struct Staged {
    /// Everything that was copied.
    pub bytes: Vec<u8>,
    /// Shared pieces, each to stand before `bytes[at..]`.
    pub shared: Vec<(usize, Bytes)>,
    /// Bytes of the shared pieces.
    pub shared_len: usize,
}

impl Staged {
    /// Nothing yet, with room for so many bytes.
    #[must_use]
    pub fn with_room(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), ..Self::default() }
    }

    /// All bytes, shared ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len() + self.shared_len
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.shared.clear();
        self.shared_len = 0;
    }

    fn slices(&self) -> Vec<IoSlice<'_>> {
        let mut out = Vec::with_capacity((self.shared.len() * 2 + 1).min(PIECES_MAX));
        let mut from = 0;
        for (at, piece) in self.shared.iter().take(PIECES_MAX / 2 - 1) {
            out.push(IoSlice::new(&self.bytes[from..*at]));
            out.push(IoSlice::new(piece));
            from = *at;
        }
        let until = self.shared.get(PIECES_MAX / 2 - 1).map_or(self.bytes.len(), |(at, _)| *at);
        out.push(IoSlice::new(&self.bytes[from..until]));
        out.retain(|s| !s.is_empty());
        out
    }
}

/// What a push did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// All is written or waits.
    Taken,
    /// As `Taken`, but so much waits that a fast producer should pause.
    Stalled,
    /// The connection is closed; the bytes are dropped.
    Closed,
    /// The bytes exceed what may wait; the connection is closed by this push.
    Overflow,
}

/// A socket that others than its own task may write to.
pub trait DirectWrite {
    /// Writes without waiting; `WouldBlock` when the socket is full.
    ///
    /// # Errors
    /// Those of the socket.
    fn try_write_slices(&self, slices: &[IoSlice<'_>]) -> io::Result<usize>;
}

impl DirectWrite for OwnedWriteHalf {
    #[inline]
    fn try_write_slices(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match slices {
            [one] => self.try_write(one),
            many => self.try_write_vectored(many),
        }
    }
}

/// Whether output is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Nothing waits.
    All,
    /// The stream takes no more for now; the task will be woken when it does.
    Blocked,
    /// Enough was written for one turn; the stream may take more.
    Turn,
}

/// What the connection's task has to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// Nothing.
    Nothing,
    /// Something that others will join if they have their turn before it is written.
    Company,
    /// Something to be written now.
    Socket,
}

/// Progress that a blocked socket owes.
#[derive(Debug, Clone, Copy)]
pub struct Blocked {
    /// Since when.
    pub since: Instant,
    /// `written_total` that must be reached in time.
    pub target: u64,
    /// `written_total` at that moment.
    pub written_then: u64,
}

#[derive(Debug, Default)]
struct Queue {
    pieces: VecDeque<Bytes>,
    tail: Vec<u8>,
    pending: u64,
    written_total: u64,
    blocked: Option<Blocked>,
    closed: Option<CloseReason>,
    stall: Option<Arc<Notify>>,
    crowd: Crowd,
}

/// The output of one client.
#[derive(Debug)]
pub struct Output {
    queue: Mutex<Queue>,
    /// The connection's task has something to look at.
    signalled: AtomicBool,
    waker: AtomicWaker,
    /// Set with the queue's `closed`: who routes messages looks here, without the lock.
    ended: AtomicBool,
    pending_max: u64,
}

impl Output {
    /// An output that lets `pending_max` bytes wait.
    #[must_use]
    pub fn new(pending_max: u64) -> Self {
        Self {
            queue: Mutex::default(),
            signalled: AtomicBool::new(false),
            waker: AtomicWaker::new(),
            ended: AtomicBool::new(false),
            pending_max,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // A panic while the lock was held left at worst a message half counted; the connection
        // that panicked ends anyway.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what is staged by `publisher` (nobody: by the client itself), leaving `staged` empty
    /// with its capacity where that is useful. `socket`: write there at once if nothing waits
    /// before, and no other publishers are likely to join.
    pub fn push(
        &self,
        staged: &mut Staged,
        publisher: Option<ClientId>,
        socket: Option<&impl DirectWrite>,
    ) -> Pushed {
        let mut queue = self.lock();
        if queue.closed.is_some() {
            drop(queue);
            staged.clear();
            return Pushed::Closed;
        }
        let room = self.pending_max;
        let gathers = publisher.is_some_and(|id| queue.crowd.gathers(id, staged.len(), room));
        let mut written = 0;
        if queue.pending == 0
            && !gathers
            && let Some(socket) = socket
        {
            match socket.try_write_slices(&staged.slices()) {
                Ok(n) => written = n,
                Err(e) if is_passing(&e) => {}
                Err(_) => {
                    queue.close(CloseReason::WriteError);
                    self.ended.store(true, Ordering::Release);
                    drop(queue);
                    staged.clear();
                    self.signal();
                    return Pushed::Closed;
                }
            }
        }
        queue.written_total += len64(written);
        if written == staged.len() {
            drop(queue);
            staged.clear();
            return Pushed::Taken;
        }
        let pushed = queue.append(staged, written, self.pending_max);
        if pushed == Pushed::Overflow {
            self.ended.store(true, Ordering::Release);
        }
        let called = gathers && !queue.crowd.join() && pushed == Pushed::Taken;
        drop(queue);
        staged.clear();
        if !called {
            self.signal();
        }
        pushed
    }

    /// Appends the server's own words for the connection's task to write. They are few, and
    /// go beyond what may wait.
    pub fn append(&self, bytes: &[u8]) -> Pushed {
        let mut queue = self.lock();
        if queue.closed.is_some() {
            return Pushed::Closed;
        }
        queue.tail.extend_from_slice(bytes);
        queue.pending += len64(bytes.len());
        drop(queue);
        self.signal();
        Pushed::Taken
    }

    /// Ends the connection; what waits is still tried once, what comes is dropped. False if it
    /// was ended before.
    pub fn close(&self, reason: CloseReason) -> bool {
        let closed = self.lock().close(reason);
        self.ended.store(true, Ordering::Release);
        self.signal();
        closed
    }

    /// The connection ends or has ended: nothing more reaches this client.
    #[must_use]
    #[inline]
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Lets go of what was never written. [`Self::pending`] still tells how much it was.
    pub fn discard(&self) {
        let unwritten = {
            let mut queue = self.lock();
            (std::mem::take(&mut queue.pieces), std::mem::take(&mut queue.tail))
        };
        drop(unwritten);
    }

    /// Why the connection ends, once it does.
    #[must_use]
    pub fn closed(&self) -> Option<CloseReason> {
        self.lock().closed
    }

    /// Bytes that wait.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.lock().pending
    }

    /// What waits for the connection's task, which asks.
    #[must_use]
    pub fn waiting(&self) -> Waiting {
        let mut queue = self.lock();
        if queue.pending == 0 {
            Waiting::Nothing
        } else if queue.crowd.lets_others_go() {
            Waiting::Company
        } else {
            Waiting::Socket
        }
    }

    /// What a producer may wait on until this client has caught up; `None` once it has.
    #[must_use]
    pub fn stall(&self) -> Option<Arc<Notify>> {
        self.lock().stall.clone()
    }

    /// The deadline state of a socket that does not take what waits.
    #[must_use]
    pub fn blocked(&self) -> Option<(Blocked, u64)> {
        let queue = self.lock();
        queue.blocked.map(|b| (b, queue.written_total))
    }

    /// Starts a new deadline for what waits now.
    pub fn restart_deadline(&self, now: Instant) {
        let mut queue = self.lock();
        if queue.blocked.is_some() {
            queue.blocked = Some(queue.block(now));
        }
    }

    /// Writes what waits, from the connection's own task and no other.
    ///
    /// Others may push while it writes: what it took to write counts as waiting until it is
    /// written, so they write nothing themselves, and what they append stays behind it.
    ///
    /// # Errors
    /// Those of the socket, `WouldBlock` excepted.
    pub fn drain(&self, socket: &impl DirectWrite, now: Instant) -> io::Result<Drained> {
        let mut taken = Vec::new();
        for _ in 0..WRITES_PER_TURN {
            if !self.lock().take_for_write(&mut taken) {
                return Ok(Drained::All);
            }
            let mut slices = [IoSlice::new(&[]); PIECES_MAX];
            for (slice, piece) in slices.iter_mut().zip(&taken) {
                *slice = IoSlice::new(piece);
            }
            let written = socket.try_write_slices(&slices[..taken.len()]);
            let mut queue = self.lock();
            queue.put_back(&mut taken, *written.as_ref().unwrap_or(&0), self.pending_max);
            match written {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    queue.note_blocked(now);
                    return Ok(Drained::Blocked);
                }
                Err(e) if is_passing(&e) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(Drained::Turn)
    }

    /// Takes up to `max` bytes of what waits, for a task that frames or encrypts them. They
    /// count as waiting until [`Self::written`].
    #[must_use]
    pub fn take(&self, max: usize) -> Vec<Bytes> {
        let mut queue = self.lock();
        queue.crowd.disperse();
        if queue.pieces.is_empty() {
            queue.seal_tail();
        }
        let (mut out, mut left) = (Vec::new(), max);
        while left > 0
            && let Some(mut piece) = queue.pieces.pop_front()
        {
            if piece.len() > left {
                let rest = piece.split_off(left);
                queue.pieces.push_front(rest);
            }
            left -= piece.len();
            out.push(piece);
        }
        out
    }

    /// Bytes from [`Self::take`] are written.
    pub fn written(&self, bytes: usize) {
        let mut queue = self.lock();
        queue.count_written(bytes, self.pending_max);
    }

    /// A taking task's socket is blocked, or no longer.
    pub fn set_blocked(&self, blocked: bool, now: Instant) {
        let mut queue = self.lock();
        if blocked {
            queue.note_blocked(now);
        } else {
            queue.blocked = None;
        }
    }

    /// Wakes the connection's task.
    pub fn signal(&self) {
        if !self.signalled.swap(true, Ordering::AcqRel) {
            self.waker.wake();
        }
    }

    /// True once after each signal. Registers the task to be woken by the next, so whoever gets
    /// false may sleep, and whoever gets true must look and ask again.
    pub fn poll_signalled(&self, cx: &std::task::Context<'_>) -> bool {
        self.waker.register(cx.waker());
        self.signalled.swap(false, Ordering::AcqRel)
    }
}

impl Queue {
    fn close(&mut self, reason: CloseReason) -> bool {
        if self.closed.is_some() {
            return false;
        }
        self.closed = Some(reason);
        if let Some(stall) = self.stall.take() {
            stall.notify_waiters();
        }
        true
    }

    /// The deadline state of a socket that blocks from `now` on.
    fn block(&self, now: Instant) -> Blocked {
        let written = self.written_total;
        Blocked { since: now, target: written + self.pending, written_then: written }
    }

    /// The socket is full: the deadline begins, or begins anew if the last one was met.
    fn note_blocked(&mut self, now: Instant) {
        if self.blocked.is_none_or(|b| self.written_total >= b.target) {
            self.blocked = Some(self.block(now));
        }
    }

    fn append(&mut self, staged: &mut Staged, written: usize, pending_max: u64) -> Pushed {
        let left = staged.len() - written;
        if self.pending + len64(left) > pending_max {
            // What was queued before is still tried; this message and later ones are not.
            self.close(CloseReason::SlowConsumerPendingBytes);
            return Pushed::Overflow;
        }
        self.pending += len64(left);
        if staged.shared.is_empty() {
            self.append_bytes(staged, written);
        } else {
            self.append_pieces(staged, written);
        }
        if self.pending > pending_max / 4 * 3 {
            self.stall.get_or_insert_default();
            return Pushed::Stalled;
        }
        Pushed::Taken
    }

    fn append_bytes(&mut self, staged: &mut Staged, written: usize) {
        let (len, room) = (staged.bytes.len(), staged.bytes.capacity());
        // A buffer that is hardly used would wait with all its room, which nobody counts.
        if self.tail.is_empty() && written == 0 && len >= room / 2 {
            std::mem::swap(&mut self.tail, &mut staged.bytes);
        } else {
            self.tail.extend_from_slice(&staged.bytes[written..]);
        }
        if self.tail.len() >= TAIL_MAX {
            self.seal_tail();
        }
    }

    fn append_pieces(&mut self, staged: &mut Staged, written: usize) {
        self.seal_tail();
        let (mut from, mut skip) = (0, written);
        let mut pieces = Vec::with_capacity(staged.shared.len() * 2 + 1);
        for (at, shared) in staged.shared.drain(..) {
            pieces.push(Bytes::copy_from_slice(&staged.bytes[from..at]));
            pieces.push(shared);
            from = at;
        }
        pieces.push(Bytes::copy_from_slice(&staged.bytes[from..]));
        for mut piece in pieces {
            let cut = skip.min(piece.len());
            piece.advance(cut);
            skip -= cut;
            if !piece.is_empty() {
                self.pieces.push_back(piece);
            }
        }
    }

    fn seal_tail(&mut self) {
        if !self.tail.is_empty() {
            self.pieces.push_back(Bytes::from(std::mem::take(&mut self.tail)));
        }
    }

    /// Moves what one system call should write into `taken`, which is empty; false if nothing
    /// waits.
    fn take_for_write(&mut self, taken: &mut Vec<Bytes>) -> bool {
        self.crowd.disperse();
        if self.pieces.is_empty() {
            // Not before: a client that blocks would get a piece for every small message.
            self.seal_tail();
        }
        let mut bytes = 0;
        while taken.len() < PIECES_MAX
            && bytes < WRITE_BYTES
            && let Some(piece) = self.pieces.pop_front()
        {
            bytes += piece.len();
            taken.push(piece);
        }
        if taken.is_empty() {
            self.blocked = None;
        }
        !taken.is_empty()
    }

    /// The first `bytes` of what was taken are written; the rest goes back to where it was.
    fn put_back(&mut self, taken: &mut Vec<Bytes>, bytes: usize, pending_max: u64) {
        self.count_written(bytes, pending_max);
        let mut unwritten = taken.iter().map(Bytes::len).sum::<usize>() - bytes;
        for mut piece in taken.drain(..).rev() {
            let kept = piece.len().min(unwritten);
            unwritten -= kept;
            if kept > 0 {
                piece.advance(piece.len() - kept);
                self.pieces.push_front(piece);
            }
        }
    }

    fn count_written(&mut self, bytes: usize, pending_max: u64) {
        self.pending = self.pending.saturating_sub(len64(bytes));
        self.written_total += len64(bytes);
        if self.pending <= pending_max / 4 * 3
            && let Some(stall) = self.stall.take()
        {
            stall.notify_waiters();
        }
    }
}

/// An error after which the same write may be tried again.
fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// A length in bytes as counters hold it.
fn len64(len: usize) -> u64 {
    u64::try_from(len).expect("a length in memory fits 64 bits")
}

#[cfg(test)]
#[path = "output_tests.rs"]
mod tests;
