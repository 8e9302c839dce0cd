//! What a session sees of its stream, and of those who listen.

use anabranch_jetstream::advisory::ConsumerEvent;
use anabranch_jetstream::consumer::{Effect, Found, Source};
use anabranch_jetstream::stream::{Found as Wanted, TallyId};
use anabranch_log::format::StreamId;
use anabranch_log::segment::{Wait, Window};

use super::served::Served;
use crate::jetstream::advising::advise_of;
use crate::jetstream::glancing::end_of_run;
use crate::jetstream::held::Held;
use crate::jetstream::outbox::Outbox;
use crate::jetstream::streams::Intake;

/// Bytes that are read ahead, and with a filter.
const AHEAD: u64 = 64 * 1024;
const AHEAD_FILTERED: u64 = 8 * 1024;

/// What was read of messages, for as long as nothing changes.
#[derive(Default)]
pub struct Scratch {
    window: Window,
    /// Which message `bytes` are.
    at: Option<(StreamId, u64)>,
    header_len: usize,
    bytes: Vec<u8>,
}

impl Scratch {
    /// Something may have changed since it was read.
    pub fn clear(&mut self) {
        self.window.clear();
        self.at = None;
        if self.bytes.capacity() > BYTES_KEPT {
            self.bytes = Vec::new();
        }
    }
}

/// Messages in a row that cannot be read, before others have their turn.
const UNREADABLE_MAX: u64 = 64;

/// Memory that is kept between turns.
const BYTES_KEPT: usize = 256 * 1024;

/// A stream for one of its consumers, for part of a turn.
pub struct View<'v, 'o> {
    /// The stream.
    pub held: &'v mut Held,
    /// Knows who listens.
    pub outbox: &'v mut Outbox<'o>,
    /// Tells what is reported.
    pub intake: &'v Intake,
    number: u32,
    filters: &'v [String],
    tally: TallyId,
    /// The message that was read last.
    scratch: &'v mut Scratch,
    /// The message that came next when that was asked last.
    next: Option<u64>,
    /// Messages before it that cannot be read.
    unreadable: u64,
    /// Nothing that matches is at or behind the first and before the second.
    pub looked: (u64, u64),
    /// It was not looked far enough to know what comes next.
    pub is_unfinished: bool,
}

impl<'v, 'o> View<'v, 'o> {
    /// For the consumer of this number, with these filters.
    pub fn new(
        held: &'v mut Held,
        (intake, outbox): (&'v Intake, &'v mut Outbox<'o>),
        filters: &'v [String],
        (number, served): (u32, &Served),
        scratch: &'v mut Scratch,
    ) -> Self {
        let Served { tally, looked, .. } = *served;
        Self {
            held,
            outbox,
            intake,
            number,
            filters,
            tally,
            looked,
            scratch,
            next: None,
            unreadable: 0,
            is_unfinished: false,
        }
    }

    /// Headers and body of the message, and how long the former are.
    pub fn message(&mut self, seq: u64) -> Option<(usize, &[u8])> {
        self.read(seq).then_some((self.scratch.header_len, &*self.scratch.bytes))
    }

    /// Delivers a message as it is stored.
    pub fn deliver(&mut self, seq: u64, to: &[u8], reply: &[u8]) {
        if !self.read(seq) {
            return;
        }
        let index = self.held.machine.index();
        let Some(meta) = index.get(seq) else { return };
        let Scratch { header_len, bytes, .. } = &*self.scratch;
        let subject = index.subjects().name(meta.subject);
        self.outbox.deliver(to, (&subject, reply), (*header_len, bytes));
    }

    /// Reads the message, unless it was read last; false if it cannot be read.
    fn read(&mut self, seq: u64) -> bool {
        let Self { held, scratch, filters, .. } = self;
        let Scratch { window, at, header_len, bytes } = &mut **scratch;
        let here = Some((held.id, seq));
        let index = held.machine.index();
        let Some(meta) = index.get(seq) else { return false };
        if *at == here {
            return true;
        }
        *at = None;
        let mut see = |headers: &[u8], body: &[u8]| {
            *header_len = headers.len();
            bytes.clear();
            bytes.extend_from_slice(headers);
            bytes.extend_from_slice(body);
        };
        // With a filter, what follows is mostly for others.
        let ahead = if filters.is_empty() { AHEAD } else { AHEAD_FILTERED };
        let next = || index.pages().iter_from(seq + 1).map(|(_, meta)| meta);
        let until = || end_of_run(meta.location, next(), ahead);
        let wanted = (seq, meta.location, Wait::ForDisk);
        if !held.glance_ahead(wanted, window, until, &mut see) {
            let Some(payload) = held.load(seq) else { return false };
            see(&payload.headers, &payload.body);
        }
        *at = here;
        true
    }

    /// Sends and tells what stands in between messages, save what waits for something; and what
    /// is to be told behind the message that comes next, if there is one.
    pub fn tell(&mut self, effect: &Effect) -> bool {
        match effect {
            Effect::Send { to, reply, headers } => {
                self.outbox.send(to, reply, headers.len(), headers);
                true
            }
            Effect::Report(report) => {
                self.report(ConsumerEvent::Report(report));
                true
            }
            _ => false,
        }
    }

    fn report(&mut self, event: ConsumerEvent<'_>) {
        let Some(consumer) = self.held.machine.consumers().get(self.number) else { return };
        let names = (self.held.machine.config().name.as_str(), consumer.name.as_str());
        advise_of(self.intake, names, event, self.outbox);
    }

    fn load(&mut self, seq: u64) -> Option<Found> {
        if !self.read(seq) {
            return None;
        }
        let index = self.held.machine.index();
        let meta = index.get(seq)?;
        Some(Found {
            seq,
            time: meta.time,
            subject_len: index.subjects().name(meta.subject).len(),
            header_len: self.scratch.header_len,
            size: self.scratch.bytes.len(),
        })
    }

    /// The session goes on with `position`: what is to come is counted from there.
    pub fn advance(&mut self, position: u64) {
        let index = self.held.machine.index();
        let counted = index.tallied_from(self.tally);
        let Some(next) = self.next.filter(|&next| counted <= next && next < position) else {
            return;
        };
        let passed = self.unreadable + u64::from(next + 1 == position);
        self.held.machine.index_mut().advance_tally(self.tally, position, passed);
        (self.next, self.unreadable) = (None, 0);
    }
}

impl Source for View<'_, '_> {
    fn next(&mut self, seq: u64) -> Option<Found> {
        let index = self.held.machine.index();
        if index.tallied_from(self.tally) == seq && index.tallied(self.tally) == 0 {
            return None;
        }
        self.unreadable = 0;
        let mut from = if self.looked.0 == seq { self.looked.1.max(seq) } else { seq };
        loop {
            match self.held.machine.index().next_wanted(self.filters, from) {
                Wanted::At(at) => {
                    self.next = Some(at);
                    if let Some(found) = self.load(at) {
                        return Some(found);
                    }
                    self.unreadable += 1;
                    from = at + 1;
                    if self.unreadable >= UNREADABLE_MAX {
                        self.looked = (seq, from);
                        self.is_unfinished = true;
                        return None;
                    }
                }
                Wanted::NotBefore(at) => {
                    self.looked = (seq, at);
                    self.is_unfinished = true;
                    return None;
                }
                Wanted::Nothing => return None,
            }
        }
    }

    fn get(&mut self, seq: u64) -> Option<Found> {
        self.held.machine.index().get(seq)?;
        self.load(seq)
    }

    fn pending(&mut self, seq: u64) -> u64 {
        let index = self.held.machine.index();
        let counted = index.tallied_from(self.tally);
        if seq == counted {
            return index.tallied(self.tally);
        }
        if self.next.is_some_and(|next| counted <= next && next + 1 == seq) {
            return index.tallied(self.tally).saturating_sub(1 + self.unreadable);
        }
        if seq > index.last_seq() { 0 } else { index.count_wanted(self.filters, seq) }
    }

    fn last_seq(&self) -> u64 {
        self.held.machine.index().last_seq()
    }

    fn has_interest(&mut self, subject: &[u8]) -> bool {
        self.outbox.reaches(subject)
    }
}
