//! Reads a checkpoint: streams, and what outlives them. What is damaged costs the stream that it
//! is of.

use std::sync::Arc;

use anabranch_jetstream::stream::{DecodeError, Loading, Part, StoredParts};
use anabranch_log::Error;
use anabranch_log::checkpoint::{BlobKey, Blobs};
use anabranch_log::format::StreamId;

use super::backlog::Backlog;
use super::checkpointing::{
    BACKLOG, CONDEMNED, FILES, LEDGER, LOSSES, RESTORING, UNPLACED, part_of,
};
use super::condemned::Condemned;
use super::files::Home;
use super::held::Held;
use super::journal::Logged;
use super::lazily::LeftParts;
use super::losses::Losses;
use super::placing::{self, NO_CREATION, Replayed};
use super::streams::{Ledger, Streams};
use super::trouble::is_damage;

/// What was read of a checkpoint so far. The blobs of a stream follow each other.
pub struct Reading<'a> {
    /// The streams.
    pub streams: Streams,
    /// What outlives them.
    pub ledger: Ledger,
    /// The first thing that could not be read.
    pub damage: Option<Error>,
    current: Option<Parts>,
    template: &'a Home,
    seed: u64,
    /// Where parts are that are left.
    blobs: Option<Arc<Blobs>>,
}

impl<'a> Reading<'a> {
    /// Nothing yet. What is left will be read from `blobs`.
    #[must_use]
    pub fn new(template: &'a Home, seed: u64, blobs: Option<Arc<Blobs>>) -> Self {
        let (streams, ledger) = (Streams::default(), Ledger::default());
        Self { streams, ledger, damage: None, current: None, template, seed, blobs }
    }

    /// Takes the next blob, or why it cannot be read; nothing of one that is left.
    ///
    /// # Errors
    /// When a newer program wrote it, or it is another directory's.
    pub fn add(&mut self, key: BlobKey, read: Result<Option<&[u8]>, Error>) -> Result<(), Error> {
        if let Err(error) = &read {
            self.note(error)?;
        }
        if key == LEDGER {
            match read.and_then(|bytes| Ledger::load(bytes.unwrap_or_default())) {
                Ok(ledger) => self.ledger = ledger,
                Err(error) => {
                    log::error!("What is stored of deleted streams cannot be read: {error}");
                    self.note(&error)?;
                }
            }
            return Ok(());
        }
        if self.current.as_ref().is_none_or(|current| current.id != key.stream) {
            self.end()?;
        }
        let current = self.current.get_or_insert_with(|| Parts::new(key.stream));
        current.add(key, read, self.seed);
        Ok(())
    }

    /// No more blobs come for the stream that was read last.
    ///
    /// # Errors
    /// As for [`Self::add`], and when commands beside a stream cannot be applied.
    pub fn end(&mut self) -> Result<(), Error> {
        let Some(mut parts) = self.current.take() else { return Ok(()) };
        let (id, template, seed) = (parts.id, self.template, self.seed);
        self.ledger.note_stream(id);
        let (backlog, losses) = (parts.backlog.take(), parts.losses.take());
        let (unplaced, condemned) = (parts.unplaced.take(), parts.condemned.take());
        if parts.has_state() {
            let alarm = &self.streams.alarm;
            let left = self.blobs.as_ref().map(|blobs| LeftParts::new(id, blobs, alarm));
            match parts.held(Home { stream: id, ..template.clone() }, left) {
                Ok(held) => self.streams.insert(held),
                Err(error) => {
                    self.note(&error)?;
                    self.streams.put_unserved(id, error.to_string(), Backlog::default());
                }
            }
        }
        if let Some(backlog) = backlog {
            self.take_backlog(id, Backlog::from_bytes(backlog), seed)?;
        }
        let Some(held) = self.streams.get_mut(id) else { return Ok(()) };
        if let Some(losses) = losses {
            held.trouble.losses = Losses::load(&losses)?;
        }
        if let Some(condemned) = condemned {
            held.condemned = Condemned::load(&condemned)?;
        }
        if let Some(unplaced) = unplaced {
            placing::hold(held, Backlog::from_bytes(unplaced));
        }
        Ok(())
    }

    fn take_backlog(&mut self, id: StreamId, backlog: Backlog, seed: u64) -> Result<(), Error> {
        let Self { streams, ledger, template, .. } = self;
        if let Some(unserved) = streams.unserved_mut(id) {
            unserved.backlog = backlog;
            return Ok(());
        }
        let mut replayed = Replayed { streams, ledger, template, seed };
        backlog.replay(|time, command| replayed.apply(&Logged { stream: id, time, command }))?;
        if streams.get(id).is_none() {
            streams.put_unserved(id, NO_CREATION.to_owned(), backlog);
        }
        Ok(())
    }

    fn note(&mut self, error: &Error) -> Result<(), Error> {
        if is_newer(error) {
            return Err(error.clone());
        }
        self.damage.get_or_insert_with(|| error.clone());
        Ok(())
    }
}

/// Something was written by a newer program, or is another directory's: nothing is damaged.
fn is_newer(error: &Error) -> bool {
    matches!(error, Error::Format { .. }) && !is_damage(error)
}

/// What a checkpoint has of one stream.
pub struct Parts {
    id: StreamId,
    is_restoring: bool,
    files: Option<Vec<u8>>,
    machine: Option<Loading>,
    /// Why its state cannot be read.
    fault: Option<Error>,
    /// Commands since its state.
    pub backlog: Option<Vec<u8>>,
    losses: Option<Vec<u8>>,
    unplaced: Option<Vec<u8>>,
    condemned: Option<Vec<u8>>,
}

impl Parts {
    /// Nothing yet.
    #[must_use]
    pub fn new(id: StreamId) -> Self {
        Self {
            id,
            is_restoring: false,
            files: None,
            machine: None,
            fault: None,
            backlog: None,
            losses: None,
            unplaced: None,
            condemned: None,
        }
    }

    /// Takes the next blob, in the order of keys, or why it cannot be read; nothing of one that is
    /// left.
    pub fn add(&mut self, key: BlobKey, read: Result<Option<&[u8]>, Error>, seed: u64) {
        let beside = match key.kind {
            BACKLOG => &mut self.backlog,
            LOSSES => &mut self.losses,
            UNPLACED => &mut self.unplaced,
            CONDEMNED => &mut self.condemned,
            _ => {
                let added = read.and_then(|bytes| self.add_state(key, bytes, seed));
                self.fault = self.fault.take().or(added.err());
                return;
            }
        };
        match read {
            Ok(bytes) => *beside = bytes.map(<[u8]>::to_vec),
            Err(error) => {
                log::error!("What is stored beside stream {} cannot be read: {error}", self.id);
            }
        }
    }

    fn add_state(&mut self, key: BlobKey, bytes: Option<&[u8]>, seed: u64) -> Result<(), Error> {
        if [FILES, RESTORING].contains(&key.kind) {
            self.is_restoring = key.kind == RESTORING;
            self.files = bytes.map(<[u8]>::to_vec);
            return Ok(());
        }
        let Some(part) = part_of(key) else { return Ok(()) };
        if self.fault.is_some() {
            return Ok(());
        }
        self.add_part(part, bytes, seed).map_err(|error| self.unreadable(&error))
    }

    fn add_part(&mut self, part: Part, bytes: Option<&[u8]>, seed: u64) -> Result<(), DecodeError> {
        match (&mut self.machine, bytes) {
            (Some(machine), Some(bytes)) => machine.add(part, bytes),
            (Some(machine), None) => machine.leave(part),
            (None, bytes) => {
                self.machine = Some(Loading::new(bytes.unwrap_or_default(), seed)?);
                Ok(())
            }
        }
    }

    fn unreadable(&self, error: &DecodeError) -> Error {
        log::error!("Stream {} in the checkpoint: {error}", self.id);
        Error::Options("its state in the checkpoint cannot be read")
    }

    /// There is a state of it, or there was one.
    #[must_use]
    pub fn has_state(&self) -> bool {
        self.files.is_some() || self.machine.is_some() || self.fault.is_some()
    }

    /// The stream; it listens to nothing yet. `left` has the parts that are left.
    ///
    /// # Errors
    /// When its state cannot be read, or its files are not there.
    pub fn held(mut self, home: Home, left: Option<LeftParts>) -> Result<Held, Error> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let missing = Error::Options("parts of its state are missing in the checkpoint");
        let machine = self.machine.take().ok_or_else(|| missing.clone())?;
        let left = left.filter(|_| machine.are_left()).map(Arc::new);
        let origin = left.clone().map(|left| -> Arc<dyn StoredParts> { left });
        let machine = machine.finish(origin).map_err(|error| self.unreadable(&error))?;
        let files = self.files.as_ref().ok_or(missing)?;
        let held = Held::load_from(self.id, home, files, machine)?;
        Ok(Held { is_restoring: self.is_restoring, left, ..held })
    }
}
