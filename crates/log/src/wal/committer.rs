//! The log as several threads use it: one sync is under way, the next batch gathers meanwhile.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::gather::{Block, Gather};
use super::log::{MARK_IDLE_NS, Parts, append_mark};
use super::writer::Writer;
use super::{Usage, Wal};
use crate::Error;
use crate::format::{Envelope, Lsn, Position};

/// Who is told what became durable, or that the log has stopped. It is called by whichever thread
/// committed, without a lock, also with positions that were told before, and must not block.
pub type Notify = Box<dyn Fn(Result<Position, Error>) + Send + Sync>;

/// A log with a thread that commits what others append. Dropping it commits the rest, writes a
/// mark and ends the thread.
#[derive(Debug)]
pub struct Committer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What a thread appends with. Clones are the same log.
#[derive(Debug, Clone)]
pub struct CommitHandle {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// There is something to commit, the writer is back, or it is time to end.
    changed: Condvar,
    notify: Notify,
}

#[derive(Debug)]
struct State {
    gather: Gather,
    /// Not here while somebody writes, syncs, or takes files out of use.
    writer: Option<Box<Writer>>,
    spare: Block,
    /// Everything before it is durable; what the disk knows of that.
    durable: Position,
    recorded: Lsn,
    bytes_max: u64,
    failure: Option<Error>,
    /// Whether there may be files to get ready.
    needs_maintenance: bool,
    is_ending: bool,
}

impl Committer {
    /// Starts the thread.
    ///
    /// # Errors
    /// [`Error::Thread`] if the system refuses one.
    pub fn start(wal: Wal, notify: Notify) -> Result<Self, Error> {
        let Parts { gather, writer, bytes_max, spare, recorded } = wal.into_parts();
        let state = State {
            gather,
            durable: writer.durable(),
            writer: Some(Box::new(writer)),
            spare,
            recorded,
            bytes_max,
            failure: None,
            needs_maintenance: true,
            is_ending: false,
        };
        let (state, changed) = (Mutex::new(state), Condvar::new());
        let shared = Arc::new(Shared { state, changed, notify });
        let runner = shared.clone();
        let thread = thread::Builder::new()
            .name("wal".to_owned())
            .spawn(move || runner.run())
            .map_err(|error| Error::Thread(error.to_string()))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// A handle for a thread that appends.
    #[must_use]
    pub fn handle(&self) -> CommitHandle {
        CommitHandle { shared: self.shared.clone() }
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.shared.state().is_ending = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // What it panicked with was printed then.
            let _ = thread.join();
        }
    }
}

impl CommitHandle {
    /// Appends records that `write` hands over, without anybody else's between them, and has them
    /// committed. Gives what `write` gives.
    ///
    /// # Errors
    /// [`Error::Poisoned`] if the log has stopped; nothing was appended.
    pub fn append<T>(&self, write: impl FnOnce(&mut Appender<'_>) -> T) -> Result<T, Error> {
        let mut state = self.shared.state();
        state.check()?;
        let result = write(&mut Appender { gather: &mut state.gather });
        drop(state);
        self.shared.changed.notify_all();
        Ok(result)
    }

    /// The same, but commits at once on this thread if nobody else is committing: a thread less to
    /// wait for when the log is idle. Whether it did is in the second part.
    ///
    /// # Errors
    /// [`Error::Poisoned`].
    pub fn append_and_commit<T>(
        &self,
        write: impl FnOnce(&mut Appender<'_>) -> T,
    ) -> Result<(T, Option<Position>), Error> {
        let mut state = self.shared.state();
        state.check()?;
        let result = write(&mut Appender { gather: &mut state.gather });
        match self.shared.commit(state) {
            Some(committed) => Ok((result, Some(committed?))),
            None => Ok((result, None)),
        }
    }

    /// Everything before this is durable.
    #[must_use]
    pub fn durable(&self) -> Position {
        self.shared.state().durable
    }

    /// How much waits for a checkpoint.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let state = self.shared.state();
        Usage { used: state.gather.used(), max: state.bytes_max }
    }

    /// As [`Wal::release`]. Waits for a commit that is under way.
    ///
    /// # Errors
    /// As for [`Wal::release`].
    pub fn release(&self, lsn: Lsn) -> Result<(), Error> {
        let (state, mut writer) = self.shared.wait_for_writer()?;
        drop(state);
        let released = writer.release(lsn);
        let mut state = self.shared.state();
        let bytes_max = state.bytes_max;
        state.gather.bound(writer.first(), bytes_max);
        state.needs_maintenance = true;
        state.writer = Some(writer);
        drop(state);
        self.shared.changed.notify_all();
        released
    }
}

/// Takes records of one thread.
#[derive(Debug)]
pub struct Appender<'a> {
    gather: &'a mut Gather,
}

impl Appender<'_> {
    /// As [`Wal::append_with`].
    ///
    /// # Errors
    /// [`Error::RecordTooLarge`], [`Error::Full`]; nothing was added.
    pub fn append_with(
        &mut self,
        envelope: &Envelope,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Lsn, Error> {
        self.gather.append(envelope, b"", write)
    }
}

impl State {
    fn check(&self) -> Result<(), Error> {
        self.failure.as_ref().map_or(Ok(()), |failure| Err(failure.clone()))
    }

    fn wants_mark(&self) -> bool {
        self.failure.is_none() && self.recorded < self.durable.lsn
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing is done under the lock that could leave it half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread.
    fn run(&self) {
        loop {
            let state = self.state();
            if !state.gather.is_empty() && state.failure.is_none() {
                if let Some(state) = self.commit_or_wait(state) {
                    drop(self.wait(state));
                }
            } else if state.is_ending {
                return self.end(state);
            } else {
                self.idle(state);
            }
        }
    }

    /// Commits; gives the lock back if somebody else is at it.
    fn commit_or_wait<'a>(&self, state: MutexGuard<'a, State>) -> Option<MutexGuard<'a, State>> {
        if state.writer.is_none() {
            return Some(state);
        }
        self.commit(state);
        None
    }

    /// Commits what was gathered, unless somebody else is at it.
    fn commit(&self, mut state: MutexGuard<'_, State>) -> Option<Result<Position, Error>> {
        let mut writer = state.writer.take()?;
        let spare = std::mem::take(&mut state.spare);
        let mut block = state.gather.take(spare);
        let recorded = state.durable.lsn;
        drop(state);
        let committed = writer.write(&mut block).and_then(|()| writer.sync());
        let mut state = self.state();
        match &committed {
            Ok(position) => {
                state.recorded = recorded;
                state.durable = *position;
            }
            Err(error) => state.failure = Some(error.clone()),
        }
        state.spare = block;
        state.writer = Some(writer);
        drop(state);
        self.changed.notify_all();
        (self.notify)(committed.clone());
        Some(committed)
    }

    /// Gets files ready, and after a while writes a mark.
    fn idle(&self, mut state: MutexGuard<'_, State>) {
        if state.needs_maintenance && state.failure.is_none() {
            if let Some(mut writer) = state.writer.take() {
                drop(state);
                // An error costs nothing now: the log makes its file when it needs one.
                let more = writer.maintain().unwrap_or(false);
                let mut state = self.state();
                state.needs_maintenance = more;
                state.writer = Some(writer);
                drop(state);
                self.changed.notify_all();
            }
            return;
        }
        if !state.wants_mark() {
            drop(self.wait(state));
            return;
        }
        let idle = Duration::from_nanos(MARK_IDLE_NS);
        let waited = self.changed.wait_timeout(state, idle);
        let (state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() && state.gather.is_empty() && state.wants_mark() {
            self.mark(state);
        }
    }

    /// Commits a mark. It needs no mark itself.
    fn mark(&self, mut state: MutexGuard<'_, State>) {
        let durable = state.durable.lsn;
        if append_mark(&mut state.gather, durable).is_ok() {
            self.commit(state);
            let mut state = self.state();
            if state.gather.is_empty() {
                state.recorded = state.durable.lsn;
            }
        } else {
            state.recorded = durable;
        }
    }

    fn end(&self, mut state: MutexGuard<'_, State>) {
        while state.writer.is_none() {
            state = self.wait(state);
        }
        if state.wants_mark() {
            self.mark(state);
        }
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for_writer(&self) -> Result<(MutexGuard<'_, State>, Box<Writer>), Error> {
        let mut state = self.state();
        loop {
            state.check()?;
            if let Some(writer) = state.writer.take() {
                return Ok((state, writer));
            }
            state = self.wait(state);
        }
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_struct("Shared").finish_non_exhaustive()
    }
}
