//! Checkpoints: the shard says what is to be in one, which takes a moment, and another thread
//! writes it while the shard goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

use anabranch_jetstream::stream::{Part, Snapshot};
use anabranch_log::Error;
use anabranch_log::checkpoint::{BlobKey, CheckpointWriter, Checkpoints};
use anabranch_log::format::{AccountId, Lsn, StreamId};
use anabranch_log::segment::SegmentId;
use anabranch_log::wal::Start;

use super::files::Home;
use super::journal::GLOBAL;
use super::lazily::LeftParts;
use super::shot::{FilesShot, Installed};
use super::trouble::is_damage;

/// The blob that names a stream's files.
pub const FILES: u16 = 1;
/// The same for a stream that is being restored.
pub const RESTORING: u16 = 3;
/// Commands of a stream since its state, where it takes none.
pub const BACKLOG: u16 = 4;
/// What damage took from a stream.
pub const LOSSES: u16 = 5;
/// Commands of a stream that nothing places.
pub const UNPLACED: u16 = 6;
/// Messages of a stream that are to be erased.
pub const CONDEMNED: u16 = 7;
/// The blob that holds what outlives streams.
pub const LEDGER: BlobKey =
    BlobKey { account: AccountId(0), stream: StreamId(0), kind: 2, part: 0 };
/// Blobs of kinds from here on are parts of a stream.
const PARTS: u16 = 16;

/// A blob of which a stream has one.
#[must_use]
pub fn key(stream: StreamId, kind: u16) -> BlobKey {
    BlobKey { account: GLOBAL, stream, kind, part: 0 }
}

/// The blob of a part.
#[must_use]
pub fn key_of(stream: StreamId, part: Part) -> BlobKey {
    let (kind, part) = part.numbers();
    BlobKey { account: GLOBAL, stream, kind: PARTS + u16::from(kind), part }
}

/// The part that a blob holds, if it does.
#[must_use]
pub fn part_of(key: BlobKey) -> Option<Part> {
    let kind = key.kind.checked_sub(PARTS)?;
    Part::of(u8::try_from(kind).ok()?, key.part)
}

/// What is to be in a checkpoint.
pub struct Plan {
    /// What outlives the streams.
    pub ledger: Vec<u8>,
    /// The streams.
    pub streams: Vec<Planned>,
    /// Files of deleted streams that nothing names any more.
    pub graves: Vec<Home>,
    /// Deleted streams that the checkpoint knows of.
    pub graves_known: usize,
}

/// A stream that is to be in a checkpoint.
pub struct Planned {
    /// Which.
    pub stream: StreamId,
    /// Its state.
    pub state: State,
    /// What stands beside its state, by kind.
    pub beside: Vec<(u16, Vec<u8>)>,
}

/// Where the state of a stream in a checkpoint comes from.
pub enum State {
    /// It did not change.
    AsBefore,
    /// It did.
    Anew(Box<Shot>),
    /// The stream takes no commands: its state stays what it is in the checkpoint before, if there
    /// is one.
    Kept,
    /// The same, and nobody could read it: what damage took stays as well.
    Unread,
}

/// A stream at the moment of the checkpoint.
pub struct Shot {
    /// It is being restored.
    pub is_restoring: bool,
    /// Its files.
    pub files: FilesShot,
    /// Its machine.
    pub machine: Snapshot,
    /// The epoch of its machine that the checkpoint before holds.
    pub saved_epoch: u64,
    /// Where the parts of the machine are that were not read yet.
    pub left: Option<Arc<LeftParts>>,
}

/// What became of a stream in a checkpoint that was made.
pub struct Saved {
    /// Which stream.
    pub stream: StreamId,
    /// The epoch of its machine that the checkpoint holds.
    pub epoch: u64,
    /// What its files hear.
    pub files: Installed,
}

/// A checkpoint that was made.
#[derive(Default)]
pub struct Made {
    /// From where on the log is needed.
    pub needed_from: Lsn,
    /// The streams that were written.
    pub saved: Vec<Saved>,
    /// Segments that should be gone and are not.
    pub stay: Vec<SegmentId>,
    /// Deleted streams that it knows of.
    pub graves_known: usize,
}

/// Why a checkpoint could not be made; the one before still holds.
#[derive(Debug)]
pub struct Failure {
    /// What happened.
    pub error: Error,
    /// Whose fault it was, if it was a stream's.
    pub stream: Option<(StreamId, Fault)>,
}

/// What was wrong with a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// One of its files could not be made durable.
    Files,
    /// What the checkpoint before has of it cannot be read: it must be written anew.
    Before,
}

impl Failure {
    fn of(stream: StreamId, fault: Fault) -> impl FnOnce(Error) -> Self {
        move |error| Self { error, stream: Some((stream, fault)) }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, stream: None }
    }
}

/// What comes back from the thread.
pub struct Done {
    pub(super) checkpoints: Checkpoints,
    pub(super) made: Result<Made, Failure>,
}

/// A checkpoint to be made, and what to call when somebody can have it.
struct Job {
    make: Box<dyn FnOnce() -> Done + Send>,
    wake: Box<dyn FnOnce() + Send>,
}

/// The thread that writes checkpoints, one at a time.
pub struct Keeper {
    jobs: Option<SyncSender<Job>>,
    done: Receiver<Done>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system has none.
    pub fn start() -> std::io::Result<Self> {
        let (jobs, todo) = sync_channel::<Job>(1);
        let (finished, done) = sync_channel(1);
        let work = move || {
            while let Ok(Job { make, wake }) = todo.recv() {
                // Who waits for it is woken to see that nothing comes any more.
                let Ok(done) = catch_unwind(AssertUnwindSafe(make)) else {
                    drop(finished);
                    return wake();
                };
                if finished.send(done).is_err() {
                    return;
                }
                wake();
            }
        };
        let thread = std::thread::Builder::new().name("checkpoint".to_owned()).spawn(work)?;
        Ok(Self { jobs: Some(jobs), done, thread: Some(thread) })
    }

    /// Begins one; `wake` is called when it is done.
    ///
    /// # Errors
    /// When the thread is gone.
    pub fn begin(
        &self,
        mut checkpoints: Checkpoints,
        (start, now): (Start, i64),
        plan: Plan,
        wake: impl FnOnce() + Send + 'static,
    ) -> Result<(), Error> {
        let make = move || {
            let made = make(&mut checkpoints, (start, now), plan);
            if made.is_err() {
                // What is left of it takes space; it is tried again with the next one.
                let _ = checkpoints.sweep();
            }
            Done { checkpoints, made }
        };
        let job = Job { make: Box::new(make), wake: Box::new(wake) };
        let sent = self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok());
        if sent { Ok(()) } else { Err(GONE) }
    }

    /// The one that was begun, if it is done.
    ///
    /// # Errors
    /// When the thread is gone: it comes no more.
    pub fn poll(&self) -> Result<Option<Done>, Error> {
        match self.done.try_recv() {
            Ok(done) => Ok(Some(done)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(GONE),
        }
    }

    /// Waits for the one that was begun.
    ///
    /// # Errors
    /// When the thread is gone.
    pub fn wait(&self) -> Result<Done, Error> {
        self.done.recv().map_err(|_| GONE)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("The thread that writes checkpoints ended by a panic");
        }
    }
}

const GONE: Error = Error::Options("the thread that writes checkpoints is gone");

fn make(
    checkpoints: &mut Checkpoints,
    (start, now): (Start, i64),
    plan: Plan,
) -> Result<Made, Failure> {
    let Plan { ledger, mut streams, graves, graves_known } = plan;
    let mut writer = checkpoints.begin(start, now)?;
    writer.put(LEDGER, &ledger)?;
    for planned in &mut streams {
        put_state(planned, &mut writer)?;
        for (kind, bytes) in &planned.beside {
            writer.put(key(planned.stream, *kind), bytes)?;
        }
    }
    let needed_from = checkpoints.install(writer.finish()?)?;
    let mut made = Made { needed_from, graves_known, ..Made::default() };
    for planned in streams {
        if let State::Anew(shot) = planned.state {
            let Shot { files, machine, .. } = *shot;
            let files = files.remove_doomed(&mut made.stay);
            made.saved.push(Saved { stream: planned.stream, epoch: machine.epoch(), files });
        }
    }
    for home in graves {
        if let Err(error) = home.remove() {
            log::error!("Files of the deleted stream {}: {error}", home.stream);
        }
    }
    Ok(made)
}

fn put_state(planned: &mut Planned, writer: &mut CheckpointWriter) -> Result<(), Failure> {
    let stream = planned.stream;
    let before = |writer: &CheckpointWriter| writer.blobs_before(GLOBAL, stream).into_iter();
    match &mut planned.state {
        State::Anew(shot) => put(stream, shot, writer)?,
        State::AsBefore => {
            let mut is_there = false;
            for key in before(writer).filter(is_state) {
                is_there |= writer.carry(key).map_err(Failure::of(stream, Fault::Before))?;
            }
            if !is_there {
                let missing = Error::Options("a stream is missing in the last checkpoint");
                return Err(Failure::of(stream, Fault::Before)(missing));
            }
        }
        State::Kept => {
            let kept = before(writer).filter(is_state).all(|key| writer.keep(key));
            debug_assert!(kept, "it was there");
        }
        State::Unread => {
            let stays =
                |key: &BlobKey| is_state(key) || [LOSSES, UNPLACED, CONDEMNED].contains(&key.kind);
            let kept = before(writer).filter(stays).all(|key| writer.keep(key));
            debug_assert!(kept, "it was there");
        }
    }
    Ok(())
}

fn is_state(key: &BlobKey) -> bool {
    [FILES, RESTORING].contains(&key.kind) || key.kind >= PARTS
}

fn put(stream: StreamId, shot: &mut Shot, writer: &mut CheckpointWriter) -> Result<(), Failure> {
    let Shot { is_restoring, files, machine, saved_epoch, left } = shot;
    let kind = if *is_restoring { RESTORING } else { FILES };
    writer.put(key(stream, kind), &files.list)?;
    let mut bytes = Vec::new();
    let parts: Vec<(Part, u64)> = machine.parts().collect();
    for (part, changed) in parts {
        let key = key_of(stream, part);
        let is_carried = match changed > *saved_epoch {
            true => false,
            false => match writer.carry(key) {
                // It is written anew, from what is known.
                Err(error) if is_damage(&error) => false,
                carried => carried?,
            },
        };
        if !is_carried {
            bytes.clear();
            machine.save(part, &mut bytes);
            if let Some(error) = left.as_ref().and_then(|left| left.failed()) {
                return Err(Failure::of(stream, Fault::Files)(error.clone()));
            }
            writer.put(key, &bytes)?;
        }
        if part == Part::Order {
            // New subjects change it in many places, each of which is copied as long as it is here.
            machine.let_go_of_order();
            bytes = Vec::new();
        }
    }
    files.sync().map_err(Failure::of(stream, Fault::Files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_thread_is_told_to_who_is_woken() {
        let keeper = Keeper::start().unwrap();
        let (woken, wakes) = sync_channel(1);
        let make = Box::new(|| panic!("a checkpoint that cannot be made"));
        let wake = Box::new(move || woken.send(()).unwrap());
        assert!(keeper.jobs.as_ref().unwrap().send(Job { make, wake }).is_ok());
        wakes.recv().unwrap();
        assert!(keeper.poll().is_err() && keeper.wait().is_err());
    }
}
