//! Which messages a direct get is answered with. Not how they are read and sent.

use anabranch_jetstream::api::direct::{
    DirectGet, MULTI_SUBJECTS_MAX, Multi, Progress, Start, Status, UpTo, What, end_block,
};
use anabranch_jetstream::stream::{Index, Meta};

use crate::jetstream::held::Held;

/// Messages of a batch that are looked up at once.
const RUN_MAX: u64 = 256;

/// Where messages of an answer come from, and where they go.
pub trait Side {
    /// The stream.
    fn held(&self) -> &Held;

    /// Adds a message; gives the bytes that it counts.
    ///
    /// # Errors
    /// When it cannot be read.
    fn message(&mut self, one: &One<'_>) -> Result<u64, Stop>;

    /// Adds a message that is nothing but headers.
    fn block(&mut self, block: &[u8]);
}

/// A message of an answer.
#[derive(Debug, Clone, Copy)]
pub struct One<'a> {
    /// Its sequence.
    pub seq: u64,
    /// What is known of it.
    pub meta: Meta,
    /// Those that follow, if they are known already.
    pub next: &'a [(u64, Meta)],
    /// It comes without any headers.
    pub no_headers: bool,
    /// In a series, where that stands.
    pub progress: Option<Progress>,
}

/// Why an answer ends early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// With this.
    Status(Status),
    /// Not here: the thread that owns the stream answers.
    NotHere,
}

impl From<Status> for Stop {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

/// An answer of one message or several.
pub struct Series<S> {
    side: S,
    /// Bytes of the messages that were added.
    sent: u64,
    /// The sequence of the last one; 0: none.
    last_seq: u64,
}

impl<S: Side> Series<S> {
    /// Nothing yet.
    pub fn new(side: S) -> Self {
        Self { side, sent: 0, last_seq: 0 }
    }

    /// Adds all that was asked for; `bytes_max`: after how many bytes to end, if nothing is said.
    ///
    /// # Errors
    /// How it ends instead.
    pub fn answer(&mut self, asked: &DirectGet, bytes_max: u64) -> Result<(), Stop> {
        let bytes_max = asked.max_bytes.unwrap_or(bytes_max).min(bytes_max);
        match (&asked.what, asked.batch) {
            (What::Multi(multi), _) => self.multi(multi, asked, bytes_max),
            (_, None) => {
                let (seq, meta) = look_up(self.index(), asked).ok_or(Status::MessageNotFound)?;
                self.add(seq, meta, &[], asked.no_headers, None)
            }
            (_, Some(batch)) => self.batch(asked, batch, bytes_max),
        }
    }

    /// Ends it; false if nobody was answered.
    pub fn end(mut self, answered: Result<(), Stop>) -> bool {
        match answered {
            Ok(()) => true,
            Err(Stop::NotHere) => false,
            Err(Stop::Status(status)) => {
                self.side.block(status.block());
                true
            }
        }
    }

    /// Adds the message that was found.
    ///
    /// # Errors
    /// How it ends instead.
    pub fn tell(&mut self, found: Option<u64>, asked: &DirectGet) -> Result<(), Stop> {
        self.message(found.ok_or(Status::MessageNotFound)?, asked.no_headers, None)
    }

    fn index(&self) -> &Index {
        self.side.held().machine.index()
    }

    fn batch(&mut self, asked: &DirectGet, batch: u64, bytes_max: u64) -> Result<(), Stop> {
        let (filter, start) = match &asked.what {
            What::Next(filter, start) => (filter.as_bytes(), *start),
            What::From(start) => (&b">"[..], *start),
            What::Last(_) | What::Multi(_) => return Err(Status::BadRequest.into()),
        };
        let from = first(self.index(), start);
        let mut pending = self.index().count_matching(filter, from);
        let mut run = Run::new(filter, from);
        for nth in 0..batch {
            if !run.step(self.side.held().machine.index(), batch - nth) {
                if nth == 0 {
                    return Err(Status::MessageNotFound.into());
                }
                break;
            }
            // nats-server counts down only what it tells.
            if !asked.no_headers {
                pending = pending.saturating_sub(1);
            }
            let (seq, meta) = run.here().ok_or(Status::MessageNotFound)?;
            self.add(seq, meta, run.next(), asked.no_headers, Some(pending))?;
            if self.sent >= bytes_max {
                break;
            }
        }
        let last_seq = self.last_seq;
        self.side.block(&end_block(Progress { pending, last_seq }, None));
        Ok(())
    }

    fn multi(&mut self, multi: &Multi, asked: &DirectGet, bytes_max: u64) -> Result<(), Stop> {
        let index = self.index();
        let up_to = match multi.up_to {
            UpTo::Now => index.last_seq(),
            UpTo::Seq(seq) => seq,
            UpTo::Time(time) => {
                let behind = first(index, Start::Time(time));
                if behind <= index.first_seq() {
                    return Err(Status::NoResults.into());
                }
                behind - 1
            }
        };
        let filters = multi.filters.iter().map(String::as_bytes);
        let found = index.last_of_each(filters, up_to, MULTI_SUBJECTS_MAX);
        let found = found.ok_or(Status::TooManyResults)?;
        if found.is_empty() {
            return Err(Status::NoResults.into());
        }
        let mut pending = u64::try_from(found.len()).unwrap_or(u64::MAX);
        let batch = asked.batch.filter(|&batch| batch > 0).unwrap_or(u64::MAX);
        let mut count = 0;
        for seq in found {
            pending -= 1;
            if seq < multi.from {
                continue;
            }
            self.message(seq, false, Some(pending))?;
            count += 1;
            if self.sent >= bytes_max || count >= batch {
                break;
            }
        }
        let last_seq = self.last_seq;
        self.side.block(&end_block(Progress { pending, last_seq }, Some(up_to)));
        Ok(())
    }

    /// Adds the message `seq`; `pending`: how many follow it, in a series.
    fn message(&mut self, seq: u64, no_headers: bool, pending: Option<u64>) -> Result<(), Stop> {
        let meta = self.index().get(seq).ok_or(Status::MessageNotFound)?;
        self.add(seq, meta, &[], no_headers, pending)
    }

    fn add(
        &mut self,
        seq: u64,
        meta: Meta,
        next: &[(u64, Meta)],
        no_headers: bool,
        pending: Option<u64>,
    ) -> Result<(), Stop> {
        let last_seq = self.last_seq;
        let progress = pending.map(|pending| Progress { pending, last_seq });
        let bytes = self.side.message(&One { seq, meta, next, no_headers, progress })?;
        self.sent = self.sent.saturating_add(bytes);
        self.last_seq = seq;
        Ok(())
    }
}

/// The messages of a batch, one after the other. Those that follow each other are looked up
/// together.
struct Run<'a> {
    filter: &'a [u8],
    /// Where to look for what comes behind the run.
    from: u64,
    metas: Vec<(u64, Meta)>,
    at: usize,
}

impl<'a> Run<'a> {
    fn new(filter: &'a [u8], from: u64) -> Self {
        Self { filter, from, metas: Vec::new(), at: 0 }
    }

    /// Goes on to the next message; false: there is none. At most `wanted` are needed.
    fn step(&mut self, index: &Index, wanted: u64) -> bool {
        self.at += 1;
        if self.at < self.metas.len() {
            return true;
        }
        self.at = 0;
        self.metas.clear();
        if self.filter == b">" {
            let most = usize::try_from(wanted.min(RUN_MAX)).unwrap_or(usize::MAX);
            let from = self.from.max(index.first_seq());
            self.metas.extend(index.pages().iter_from(from).take(most));
        } else if let Some(seq) = index.next_matching(self.filter, self.from) {
            self.metas.extend(index.get(seq).map(|meta| (seq, meta)));
        }
        if let Some((last, _)) = self.metas.last() {
            self.from = last + 1;
        }
        !self.metas.is_empty()
    }

    fn here(&self) -> Option<(u64, Meta)> {
        self.metas.get(self.at).copied()
    }

    fn next(&self) -> &[(u64, Meta)] {
        self.metas.get(self.at + 1..).unwrap_or_default()
    }
}

/// The filter by which one message is looked for; empty: none.
pub fn filter_of(what: &What) -> &[u8] {
    match what {
        What::Next(filter, _) | What::Last(filter) => filter.as_bytes(),
        What::From(_) | What::Multi(_) => b"",
    }
}

/// The message that is asked for, and what is known of it.
fn look_up(index: &Index, asked: &DirectGet) -> Option<(u64, Meta)> {
    let seq = match &asked.what {
        What::From(Start::Seq(seq)) => *seq,
        _ => find(index, asked)?,
    };
    index.get(seq).map(|meta| (seq, meta))
}

/// The message that is asked for.
pub fn find(index: &Index, asked: &DirectGet) -> Option<u64> {
    match &asked.what {
        What::From(start) => {
            let seq = first(index, *start);
            index.get(seq).map(|_| seq)
        }
        What::Next(filter, start) => index.next_matching(filter.as_bytes(), first(index, *start)),
        What::Last(subject) => index.last_matching(subject.as_bytes()),
        What::Multi(_) => None,
    }
}

/// The sequence at which to begin; behind the last where nothing is that young.
fn first(index: &Index, start: Start) -> u64 {
    match start {
        Start::Seq(seq) => seq,
        Start::Time(time) => {
            let found = index.pages().first_at(time.unix_nanos_saturating());
            found.unwrap_or(index.last_seq() + 1)
        }
    }
}
