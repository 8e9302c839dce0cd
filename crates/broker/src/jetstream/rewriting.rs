//! Segments of which less than half is still needed are written anew, without the rest: a stream's
//! part in that. A piece at a time is copied by another thread; what left meanwhile is not copied.
//! Then the new file takes the place of the old ones, message by message, between turns.
//!
//! Not here: when that is done, and how fast.

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};

use anabranch_jetstream::stream::{Location, Progress, Removed};
use anabranch_log::Error;
use anabranch_log::segment::{self, Place, Rewriter, SegmentId, SegmentReader};

use super::filelist::Replaced;
use super::files::{FilePayloads, Home, Segment, unpack};
use super::held::{Held, Store};
use super::sealing;
use super::sole::Sole;
use super::trouble::is_damage;

/// Messages and bytes of one piece.
const PIECE_MESSAGES: usize = 2048;
const PIECE_BYTES: u64 = 1024 * 1024;

/// Segments that are being copied.
#[derive(Debug)]
pub struct Rewriting {
    sources: Vec<Replaced>,
    id: SegmentId,
    /// Nothing at or behind this sequence is copied.
    end: u64,
    /// What is before this sequence was copied.
    at: u64,
    stage: Stage,
    copied: Vec<Copied>,
}

#[derive(Debug)]
enum Stage {
    /// Between two pieces.
    Here(Box<Job>),
    /// The thread has it.
    Away(Sole<Receiver<Box<Job>>>),
}

/// A message that was copied.
#[derive(Debug, Clone, Copy)]
struct Copied {
    seq: u64,
    from: Location,
    to: Location,
}

/// A segment that takes the place of others: for the messages that it [`has`](Self::has), it does.
#[derive(Debug)]
pub struct Switching {
    /// Which.
    pub id: SegmentId,
    /// What is known of it.
    pub segment: Segment,
    sources: Vec<Replaced>,
    copied: Vec<Copied>,
    next: usize,
    /// What is before this sequence is in the new one.
    boundary: u64,
}

/// What the thread works on.
#[derive(Debug)]
pub struct Job {
    home: Home,
    id: SegmentId,
    rewriter: Option<Rewriter>,
    source: Option<SegmentReader>,
    todo: Vec<Todo>,
    done: Vec<Place>,
    /// Nothing more comes.
    is_last: bool,
    /// How long the file is that was made.
    length: Option<u64>,
    fault: Option<Fault>,
}

#[derive(Debug, Clone, Copy)]
struct Todo {
    source: SegmentId,
    seq: u64,
    location: Location,
}

/// A piece for the thread.
#[derive(Debug)]
pub struct Task {
    job: Box<Job>,
    reply: SyncSender<Box<Job>>,
}

/// Why segments are not written anew.
#[derive(Debug)]
pub enum Fault {
    /// A message cannot be read: which, and the segment's first sequence.
    Damage(u64, u64, Error),
    /// Something else.
    Other(Error),
}

/// How far it got.
#[derive(Debug)]
pub enum Advance {
    /// A piece is copied: so many bytes.
    Copied(u64),
    /// A piece for the thread.
    Send(Task),
    /// The thread is at it, or the next piece may not be sent yet.
    Waits,
    /// There is more to do at once.
    More,
    /// It is done.
    Done(Outcome),
    /// It is given up.
    Failed(Fault),
    /// There is nothing to do.
    Nothing,
}

/// What became of segments that were written anew.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// How many there were.
    pub segments: usize,
    /// Bytes that they had.
    pub before: u64,
    /// Bytes of the one that took their place.
    pub after: u64,
}

impl Task {
    /// Copies the piece. Who gave it may have lost interest.
    pub fn run(self) {
        let Self { mut job, reply } = self;
        job.fault = job.run().err();
        let _ = reply.send(job);
    }
}

impl Job {
    fn run(&mut self) -> Result<(), Fault> {
        let Home { disk, directory, .. } = &self.home;
        let rewriter = match &mut self.rewriter {
            Some(rewriter) => rewriter,
            none => {
                let begun = Rewriter::begin(disk.clone(), *directory, self.id);
                none.insert(begun.map_err(Fault::Other)?)
            }
        };
        let (mut opened, mut sealed) = (Vec::new(), Vec::new());
        for &Todo { source, seq, location } in &self.todo {
            let damage = |error| match is_damage(&error) {
                true => Fault::Damage(seq, source.first_seq, error),
                false => Fault::Other(error),
            };
            if self.source.as_ref().is_none_or(|open| open.id() != source) {
                self.source = Some(self.home.open(source).map_err(damage)?);
            }
            let Some(open) = &self.source else { continue };
            let place = unpack(location);
            let copied = match &self.home.sealer {
                None => rewriter.copy(open, place, seq).map_err(damage)?,
                Some(sealer) => {
                    let record = Rewriter::read(open, place, seq).map_err(damage)?;
                    let path = || segment::file_path(source);
                    let at = |cause| Error::Format { path: path(), offset: place.offset, cause };
                    let whose = (source.account, source.stream);
                    let renewed =
                        sealing::renew(sealer, whose, &record, at, (&mut opened, &mut sealed));
                    rewriter.put(&renewed.map_err(damage)?, record.fields().is_erased)
                }
            };
            self.done.push(copied);
        }
        rewriter.sync().map_err(Fault::Other)?;
        if self.is_last
            && let Some(rewriter) = self.rewriter.take()
        {
            self.length = Some(rewriter.finish().map_err(Fault::Other)?);
        }
        Ok(())
    }
}

impl Rewriting {
    /// To write what is needed of `sources` to the segment `id`.
    #[must_use]
    pub fn new(home: Home, sources: Vec<Replaced>, id: SegmentId) -> Self {
        let end = sources.last().map_or(0, |last| last.end);
        let job = Job {
            home,
            id,
            rewriter: None,
            source: None,
            todo: Vec::new(),
            done: Vec::new(),
            is_last: false,
            length: None,
            fault: None,
        };
        let stage = Stage::Here(Box::new(job));
        Self { sources, id, end, at: id.first_seq, stage, copied: Vec::new() }
    }

    /// Takes the job back.
    fn absorb(&mut self, mut job: Box<Job>) -> u64 {
        let mut bytes = 0;
        for (todo, place) in job.todo.drain(..).zip(job.done.drain(..)) {
            bytes += u64::from(place.length);
            let (seq, from, to) = (todo.seq, todo.location, super::files::pack(place));
            self.copied.push(Copied { seq, from, to });
            self.at = seq + 1;
        }
        self.stage = Stage::Here(job);
        bytes
    }

    /// Overwrites the copy of a message that left.
    ///
    /// # Errors
    /// What the disk says.
    pub fn erase(&mut self, gone: &Removed) -> Result<(), Error> {
        // What is being copied at this moment must be there to be overwritten.
        if let Stage::Away(reply) = &mut self.stage
            && let Ok(job) = reply.get().recv()
        {
            self.absorb(job);
        }
        let Stage::Here(job) = &mut self.stage else { return Ok(()) };
        let Some(copied) = find(&self.copied, gone.seq) else { return Ok(()) };
        let place = unpack(copied.to);
        match &mut job.rewriter {
            Some(rewriter) => rewriter.erase(place, gone.seq),
            None if job.length.is_some() => {
                let Home { disk, directory, .. } = &job.home;
                segment::erase(&**disk, *directory, job.id, place, gone.seq)
            }
            None => Ok(()),
        }
    }

    /// Which segment a sequence is in.
    fn source_of(&self, seq: u64) -> Option<SegmentId> {
        let source = self.sources.iter().rfind(|source| source.first_seq <= seq)?;
        let Replaced { first_seq, revision, .. } = *source;
        Some(SegmentId { first_seq, revision, ..self.id })
    }
}

impl Switching {
    /// The message `seq` is in the new segment already.
    #[must_use]
    pub fn has(&self, seq: u64) -> bool {
        (self.id.first_seq..self.boundary).contains(&seq)
    }

    /// Overwrites the other copy of a message that left.
    ///
    /// # Errors
    /// What the disk says, and damage.
    pub fn erase(&self, home: &Home, gone: &Removed) -> Result<(), Error> {
        let Some(copied) = find(&self.copied, gone.seq) else { return Ok(()) };
        let source = self.sources.iter().rfind(|source| source.first_seq <= gone.seq);
        let other = match source {
            Some(source) if self.has(gone.seq) => {
                (home.segment(source.first_seq, source.revision), copied.from)
            }
            _ => (self.id, copied.to),
        };
        let (id, location) = other;
        segment::erase(&*home.disk, home.directory, id, unpack(location), gone.seq)
    }
}

fn find(copied: &[Copied], seq: u64) -> Option<&Copied> {
    copied.binary_search_by_key(&seq, |one| one.seq).ok().map(|at| &copied[at])
}

impl Held {
    /// Begins to write sparse segments anew, if there are any for which there is room. `room` is
    /// asked for their bytes.
    pub fn begin_rewriting(&mut self, room: impl FnOnce(u64) -> bool) -> bool {
        if self.is_offline() {
            return false;
        }
        let end = self.machine.index().last_seq().saturating_add(1);
        let Store::File(payloads) = &mut self.store else { return false };
        if payloads.rewriting.is_some() || payloads.switching.is_some() {
            return false;
        }
        let Some((sources, bytes)) = payloads.sparse(end) else { return false };
        let Some(first) = sources.first().filter(|_| room(bytes)) else { return false };
        let id = payloads.next_copy(first.first_seq);
        let rewriting = Rewriting::new(payloads.home.clone(), sources, id);
        payloads.rewriting = Some(Box::new(rewriting));
        true
    }

    /// Goes on with it: at most `items` messages. Another piece is given out if it may be sent.
    pub fn advance_rewriting(&mut self, may_send: bool, items: usize) -> Advance {
        if self.is_offline() {
            self.give_up_rewriting();
        }
        let Store::File(payloads) = &mut self.store else { return Advance::Nothing };
        if payloads.switching.is_some() {
            return match self.switch(items) {
                Progress::More => Advance::More,
                Progress::Done => self.end_switch(),
            };
        }
        let Some(rewriting) = &mut payloads.rewriting else { return Advance::Nothing };
        match &mut rewriting.stage {
            Stage::Away(reply) => match reply.get().try_recv() {
                Ok(job) => Advance::Copied(rewriting.absorb(job)),
                Err(TryRecvError::Empty) => Advance::Waits,
                Err(TryRecvError::Disconnected) => {
                    self.fail_rewriting(Fault::Other(Error::Options("the thread is gone")))
                }
            },
            Stage::Here(job) => {
                if let Some(fault) = job.fault.take() {
                    return self.fail_rewriting(fault);
                }
                if let Some(length) = job.length {
                    payloads.begin_switch(length);
                    return Advance::More;
                }
                if may_send { self.next_piece(items.min(PIECE_MESSAGES)) } else { Advance::Waits }
            }
        }
    }

    /// Gives up what is under way; what takes the place of others goes on.
    pub fn give_up_rewriting(&mut self) {
        if let Store::File(payloads) = &mut self.store {
            payloads.rewriting = None;
        }
    }

    /// A new segment takes the place of others right now.
    #[must_use]
    pub fn is_switching(&self) -> bool {
        matches!(&self.store, Store::File(payloads) if payloads.switching.is_some())
    }

    /// What takes the place of others does so at once.
    pub fn finish_switch(&mut self) {
        while self.is_switching() && self.switch(usize::MAX) == Progress::More {}
        if self.is_switching() {
            let _ = self.end_switch();
        }
    }

    fn next_piece(&mut self, items: usize) -> Advance {
        let Store::File(payloads) = &mut self.store else { return Advance::Nothing };
        let Some(rewriting) = &mut payloads.rewriting else { return Advance::Nothing };
        let (mut todo, mut bytes) = (Vec::new(), 0);
        for (seq, meta) in self.machine.index().pages().iter_from(rewriting.at) {
            if seq >= rewriting.end || todo.len() >= items || bytes >= PIECE_BYTES {
                break;
            }
            let Some(source) = rewriting.source_of(seq) else { continue };
            bytes += u64::from(unpack(meta.location).length);
            todo.push(Todo { source, seq, location: meta.location });
        }
        let (reply, answer) = sync_channel(1);
        let answer = Sole::new(answer);
        match std::mem::replace(&mut rewriting.stage, Stage::Away(answer)) {
            Stage::Here(mut job) => {
                job.is_last = todo.is_empty();
                job.todo = todo;
                Advance::Send(Task { job, reply })
            }
            Stage::Away(answer) => {
                rewriting.stage = Stage::Away(answer);
                Advance::Waits
            }
        }
    }

    fn fail_rewriting(&mut self, fault: Fault) -> Advance {
        self.give_up_rewriting();
        let Store::File(payloads) = &mut self.store else { return Advance::Nothing };
        if let Fault::Damage(seq, first_seq, _) = &fault {
            // It stays as it is: what can be read of it may be all there is.
            if let Some(segment) = payloads.segments.get_mut(first_seq) {
                segment.is_damaged = true;
            }
            let size = self.machine.index().get(*seq).map(|meta| u64::from(meta.size));
            if let Some(size) = size {
                self.trouble.losses.add(*seq, *seq, size);
                self.changed = true;
            }
        }
        Advance::Failed(fault)
    }

    /// Says of up to `items` messages that they are in the new segment.
    fn switch(&mut self, items: usize) -> Progress {
        let Store::File(payloads) = &mut self.store else { return Progress::Done };
        let Some(switching) = &mut payloads.switching else { return Progress::Done };
        self.changed = true;
        let Switching { segment, copied, next, boundary, .. } = &mut **switching;
        for &Copied { seq, from, to } in copied.iter().skip(*next).take(items) {
            let here = self.machine.index().get(seq);
            if here.is_some_and(|meta| meta.location == from) {
                self.machine.place(seq, to);
                segment.live += 1;
                segment.live_bytes += u64::from(unpack(to).length);
            }
            *boundary = seq + 1;
            *next += 1;
        }
        if *next < copied.len() { Progress::More } else { Progress::Done }
    }

    fn end_switch(&mut self) -> Advance {
        let Store::File(payloads) = &mut self.store else { return Advance::Nothing };
        payloads.end_switch().map_or(Advance::Nothing, Advance::Done)
    }
}

impl FilePayloads {
    /// The copy is whole: it takes the place of what it was made of.
    fn begin_switch(&mut self, length: u64) {
        let Some(rewriting) = self.rewriting.take() else { return };
        let Rewriting { sources, id, copied, .. } = *rewriting;
        let segment = Segment { revision: id.revision, length, ..Segment::default() };
        let boundary = id.first_seq;
        let switching = Switching { id, segment, sources, copied, next: 0, boundary };
        self.switching = Some(Box::new(switching));
    }

    /// The files that it was made of stay until no checkpoint names them.
    fn end_switch(&mut self) -> Option<Outcome> {
        let Switching { id, segment, sources, .. } = *self.switching.take()?;
        let mut before = 0;
        for source in &sources {
            let held = self.segments.remove(&source.first_seq);
            before += held.map_or(0, |segment| segment.length);
        }
        let outcome = Outcome { segments: sources.len(), before, after: segment.length };
        self.replaced.extend(sources);
        self.segments.insert(id.first_seq, segment);
        self.may_be_sparse = true;
        Some(outcome)
    }
}
