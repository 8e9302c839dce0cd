//! One stream as its shard holds it.

use std::sync::Arc;

use anabranch_jetstream::config::PersistMode;
use anabranch_jetstream::stream::{Progress, Removed, Stored, Stream};
use anabranch_log::Error;
use anabranch_log::format::StreamId;
use anabranch_log::segment::{NewRecord, SegmentId};

use super::condemned::Condemned;
use super::consuming::{Loss, ServedAll};
use super::files::{FilePayloads, Home};
use super::journal::is_out_of_space;
use super::lazily::LeftParts;
use super::parked::Parked;
use super::payloads::{MemoryPayloads, Payload};
use super::trouble::{Trouble, is_damage};
use crate::client::Subscription;

/// Messages that are removed at a time when nothing else can be done meanwhile.
const ITEMS_AT_ONCE: usize = 65_536;

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
    /// It changed since it was last looked at for a checkpoint.
    pub changed: bool,
    /// It is being made from a backup, and nobody sees it.
    pub is_restoring: bool,
    /// It is in the checkpoint that is being written.
    pub is_in_plan: bool,
    /// The epoch of the machine that the last checkpoint holds.
    pub saved_epoch: u64,
    /// What waits until the machine has done what it began.
    pub parked: Option<Box<Parked>>,
    /// Payloads that nobody needs any more.
    pub litter: Option<MemoryPayloads>,
    /// Why it takes nothing more until the next start, or until it is repaired.
    pub broken: Option<String>,
    /// What else is wrong with its files, or was.
    pub trouble: Trouble,
    /// Messages whose bytes are to be overwritten later.
    pub condemned: Condemned,
    /// Messages whose bytes are to be overwritten once what was read of the log is durable.
    pub erasures: Vec<Removed>,
    /// Where the parts of the machine are that were not read yet.
    pub left: Option<Arc<LeftParts>>,
    /// Its consumers, with those who wait for them.
    pub served: ServedAll,
}

impl Held {
    /// Its commands are logged.
    #[must_use]
    pub fn is_logged(&self) -> bool {
        matches!(self.store, Store::File(_))
    }

    /// Its messages are acknowledged when they are written, before they are synced.
    #[must_use]
    pub fn is_async(&self) -> bool {
        self.machine.config().persist_mode == PersistMode::Async
    }

    /// It takes no commands now.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        self.broken.is_some() || self.trouble.failed.is_some()
    }

    /// Its segments.
    #[must_use]
    pub fn segments(&self) -> Vec<SegmentId> {
        match &self.store {
            Store::Memory(_) => Vec::new(),
            Store::File(payloads) => payloads.segments().collect(),
        }
    }

    /// Keeps the bytes of a message, which the machine just stored.
    pub fn keep(&mut self, stored: &Stored<'_>) {
        let Stored { seq, time, subject, headers, body, is_kept, .. } = stored;
        if !is_kept {
            return;
        }
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
        let payloads = match &mut self.store {
            Store::Memory(payloads) => return payloads.get(seq).cloned(),
            Store::File(payloads) => payloads,
        };
        let meta = self.machine.index().get(seq)?;
        match payloads.load(seq, meta.location) {
            Ok(payload) => payload,
            Err(error) => {
                let known =
                    is_damage(&error) && !self.trouble.losses.add(seq, seq, u64::from(meta.size));
                if !known {
                    let name = &self.machine.config().name;
                    log::error!("Stream '{name}': message {seq} cannot be read: {error}");
                }
                None
            }
        }
    }

    /// Overwrites what is stored of messages that left; later, where a start may need it.
    ///
    /// # Errors
    /// What the disk says, and damage.
    pub fn erase(&mut self, removed: &[Removed]) -> Result<(), Error> {
        let config = self.machine.config();
        let decides = config.allow_msg_counter || config.allow_msg_schedules;
        match &mut self.store {
            Store::Memory(_) => Ok(()),
            Store::File(_) if decides => {
                removed.iter().for_each(|gone| self.condemned.add(gone));
                Ok(())
            }
            Store::File(payloads) => removed.iter().try_for_each(|gone| payloads.erase(gone)),
        }
    }

    /// A checkpoint was made: overwrites what no start will need any more.
    pub fn erase_ripe(&mut self) {
        let Store::File(payloads) = &mut self.store else { return };
        for gone in self.condemned.take_ripe() {
            if let Err(error) = payloads.erase_late(&gone) {
                let (name, seq) = (&self.machine.config().name, gone.seq);
                log::error!("Stream '{name}': message {seq} cannot be erased yet: {error}");
                self.condemned.keep(gone);
            }
        }
    }

    /// Lets go of the bytes of messages that left.
    pub fn forget(&mut self, removed: &mut Vec<Removed>) {
        match &mut self.store {
            Store::Memory(payloads) => removed.iter().for_each(|gone| payloads.remove(gone.seq)),
            Store::File(payloads) => payloads.forget(removed),
        }
        // What was purged is not waited for, and nobody is told that it is gone.
        if let Some(first) = self.machine.take_purged() {
            self.served.lose_before(first);
        }
        let why = if self.machine.take_purging() { Loss::Purge } else { Loss::Removal };
        if !self.served.is_empty() {
            self.served.lose(removed, why);
        }
        removed.clear();
        if self.machine.take_cleared() {
            self.served.lose_before(self.machine.index().first_seq());
            match &mut self.store {
                Store::Memory(payloads) => self.litter = Some(std::mem::take(payloads)),
                Store::File(payloads) => payloads.forget_all(),
            }
        }
    }

    /// Goes on with what the machine began, up to about `items` messages.
    pub fn proceed(&mut self, items: usize) -> Progress {
        let mut removed = Vec::new();
        let progress = self.machine.proceed(items, &mut removed);
        self.forget(&mut removed);
        progress
    }

    /// Ends what the machine began.
    pub fn finish(&mut self) {
        while self.proceed(ITEMS_AT_ONCE) == Progress::More {}
    }

    /// Writes what was kept; what the disk has no room for waits in memory until it has.
    pub fn write(&mut self) {
        if let Store::File(payloads) = &mut self.store
            && let Err(error) = payloads.write()
            && !is_out_of_space(&error)
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
            Store::Memory(_) => {}
            Store::File(payloads) => payloads.cut()?,
        }
        self.erase_noted();
        Ok(())
    }

    /// Overwrites what deletions that were read from the log say: it came back with the log.
    pub fn erase_noted(&mut self) {
        let noted = std::mem::take(&mut self.erasures);
        if let Err(error) = self.erase(&noted) {
            let name = &self.machine.config().name;
            log::error!("Stream '{name}': a deleted message cannot be erased: {error}");
        }
    }

    /// The stream that was saved; it listens to nothing yet.
    ///
    /// # Errors
    /// When its files are not there.
    pub fn load_from(
        id: StreamId,
        home: Home,
        files: &[u8],
        machine: Stream,
    ) -> Result<Self, Error> {
        let store = Store::File(Box::new(FilePayloads::load_from(home, files)?));
        Ok(Self { changed: false, ..Self::new(id, machine, store) })
    }

    /// Its last file is not written to any more: what comes goes to a new one.
    pub fn abandon(&mut self) {
        if let Store::File(payloads) = &mut self.store {
            payloads.abandon();
        }
    }

    /// Lets go of the messages whose bytes are missing since before the start.
    pub fn lose_missing(&mut self) {
        let Store::File(payloads) = &mut self.store else { return };
        for hole in payloads.take_holes() {
            let in_hole = |seq: u64| hole.next.is_none_or(|next| seq < next);
            let behind = self.machine.index().pages().iter_from(hole.first);
            let gone: Vec<(u64, u64)> = behind
                .take_while(|&(seq, _)| in_hole(seq))
                .filter(|(_, meta)| hole.lacks(meta.location))
                .map(|(seq, meta)| (seq, u64::from(meta.size)))
                .collect();
            let name = &self.machine.config().name;
            log::error!("Stream '{name}': {}: {} messages are lost", hole.error, gone.len());
            let mut removed = Vec::new();
            for (seq, size) in gone {
                self.trouble.losses.add(seq, seq, size);
                self.machine.lose(seq, &mut removed);
            }
            self.changed = true;
            payloads.forget(&removed);
        }
        self.trouble.losses.settle(self.machine.index().first_seq());
    }

    /// A stream that listens to nothing yet.
    #[must_use]
    pub fn new(id: StreamId, machine: Stream, store: Store) -> Self {
        Self {
            id,
            machine,
            store,
            subscriptions: Vec::new(),
            ack_start: Vec::new(),
            changed: true,
            is_restoring: false,
            is_in_plan: false,
            saved_epoch: 0,
            parked: None,
            litter: None,
            broken: None,
            trouble: Trouble::default(),
            condemned: Condemned::default(),
            erasures: Vec::new(),
            left: None,
            served: ServedAll::default(),
        }
    }

    /// Fails if a part of it could not be read.
    pub fn note_unreadable(&mut self) {
        if let Some(error) = self.left.as_ref().and_then(|left| left.failed()).cloned() {
            self.fail(&error);
        }
    }

    /// A file cannot be written to, or what was written is in doubt.
    #[cold]
    pub fn fail(&mut self, error: &Error) {
        if !self.is_offline() {
            log::error!("Stream '{}': its file is abandoned: {error}", self.machine.config().name);
            self.trouble.failed = Some(error.clone());
        }
    }
}
