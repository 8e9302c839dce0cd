//! One stream as its shard holds it.

use std::sync::Arc;

use anabranch_jetstream::stream::{Removed, Stored, Stream};
use anabranch_log::Error;
use anabranch_log::format::StreamId;
use anabranch_log::segment::NewRecord;

use super::files::{FilePayloads, Home};
use super::payloads::{MemoryPayloads, Payload};
use crate::client::Subscription;

/// Where the bytes of a stream's messages are.
pub enum Store {
    /// In memory.
    Memory(MemoryPayloads),
    /// In segments, behind the log.
    File(Box<FilePayloads>),
}

/// A stream, its bytes, and what it listens to.
pub struct Held {
    /// Its identity.
    pub id: StreamId,
    /// What it holds.
    pub machine: Stream,
    /// The bytes.
    pub store: Store,
    /// What it listens to.
    pub subscriptions: Vec<Arc<Subscription>>,
    /// `{"stream":"S","seq":`, where every acknowledgement begins.
    pub ack_start: Vec<u8>,
    /// It is not what the last checkpoint says.
    pub changed: bool,
    /// It is being made from a backup, and nobody sees it.
    pub is_restoring: bool,
    /// Why its files are no longer used. The log still has what came since the last checkpoint.
    pub broken: Option<String>,
}

impl Held {
    /// Its commands are logged.
    #[must_use]
    pub fn is_logged(&self) -> bool {
        matches!(self.store, Store::File(_))
    }

    /// Keeps the bytes of a message, which the machine just stored.
    pub fn keep(&mut self, stored: &Stored<'_>) {
        let Stored { seq, time, subject, headers, body, .. } = stored;
        let compression = self.machine.config().compression;
        self.changed = true;
        match &mut self.store {
            Store::Memory(payloads) => payloads.insert(*seq, headers, body),
            Store::File(payloads) => {
                let (seq, time_ns) = (*seq, *time);
                let (header, payload) = (&**headers, &**body);
                let record = NewRecord { seq, time_ns, flags: 0, subject, header, payload };
                match payloads.append(&record, compression) {
                    Ok(location) => self.machine.place(seq, location),
                    Err(error) => self.fail(&error),
                }
            }
        }
    }

    /// The bytes of the message `seq`; nothing if they cannot be read.
    pub fn load(&mut self, seq: u64) -> Option<Payload> {
        let loaded = match &mut self.store {
            Store::Memory(payloads) => return payloads.get(seq).cloned(),
            Store::File(payloads) => {
                let meta = self.machine.index().get(seq)?;
                payloads.load(seq, meta.location)
            }
        };
        match loaded {
            Ok(payload) => payload,
            Err(error) => {
                let name = &self.machine.config().name;
                log::error!("Stream '{name}': message {seq} cannot be read: {error}");
                None
            }
        }
    }

    /// Lets go of the bytes of messages that left.
    pub fn forget(&mut self, removed: &mut Vec<Removed>) {
        match &mut self.store {
            Store::Memory(payloads) => removed.iter().for_each(|gone| payloads.remove(gone.seq)),
            Store::File(payloads) => payloads.forget(removed),
        }
        removed.clear();
    }

    /// Writes what was kept.
    pub fn write(&mut self) {
        if let Store::File(payloads) = &mut self.store
            && let Err(error) = payloads.write()
        {
            self.fail(&error);
        }
    }

    /// Writes what was kept while the log was read, and cuts off what an earlier run left behind
    /// it.
    ///
    /// # Errors
    /// What the disk says.
    pub fn cut(&mut self) -> Result<(), Error> {
        // Who could hear of these heard of them in the earlier run.
        drop(self.machine.take_abandoned());
        match &mut self.store {
            Store::Memory(_) => Ok(()),
            Store::File(payloads) => payloads.cut(),
        }
    }

    /// Everything that a checkpoint keeps of the stream, after its files were synced.
    ///
    /// # Errors
    /// When that failed.
    pub fn save(&mut self) -> Result<Vec<u8>, Error> {
        let mut files = Vec::new();
        if let Store::File(payloads) = &mut self.store {
            payloads.save(&mut files)?;
        }
        let len = u32::try_from(files.len()).map_err(|_| Error::Options("too many segments"))?;
        let mut bytes = len.to_le_bytes().to_vec();
        bytes.append(&mut files);
        self.machine.save(&mut bytes);
        Ok(bytes)
    }

    /// The stream that [`Self::save`] wrote; it listens to nothing yet.
    ///
    /// # Errors
    /// When the bytes are none of its, or its files are not there.
    pub fn load_from(id: StreamId, home: Home, bytes: &[u8], seed: u64) -> Result<Self, Error> {
        let unreadable = Error::Options("a stream in the checkpoint cannot be read");
        let (len, rest) = bytes.split_first_chunk::<4>().ok_or(unreadable.clone())?;
        let len = usize::try_from(u32::from_le_bytes(*len)).map_err(|_| unreadable.clone())?;
        let (files, machine) = rest.split_at_checked(len).ok_or(unreadable.clone())?;
        let machine = Stream::load(machine, seed).map_err(|error| {
            log::error!("Stream {id} in the checkpoint: {error}");
            unreadable
        })?;
        let store = Store::File(Box::new(FilePayloads::load_from(home, files)?));
        Ok(Self::new(id, machine, store))
    }

    /// A stream that listens to nothing yet.
    #[must_use]
    pub fn new(id: StreamId, machine: Stream, store: Store) -> Self {
        let (subscriptions, ack_start) = (Vec::new(), Vec::new());
        let (changed, is_restoring, broken) = (true, false, None);
        Self { id, machine, store, subscriptions, ack_start, changed, is_restoring, broken }
    }

    #[cold]
    fn fail(&mut self, error: &Error) {
        if self.broken.is_none() {
            log::error!("Stream '{}': {error}", self.machine.config().name);
            self.broken = Some(error.to_string());
        }
    }
}
