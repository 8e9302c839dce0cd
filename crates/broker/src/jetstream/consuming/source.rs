//! What a session sees of its stream, and of those who listen.

use anabranch_jetstream::advisory::ConsumerEvent;
use anabranch_jetstream::consumer::{Effect, Found, Source};
use anabranch_jetstream::stream::{Found as Wanted, TallyId};

use super::served::Served;
use crate::jetstream::advising::advise_of;
use crate::jetstream::held::Held;
use crate::jetstream::outbox::Outbox;
use crate::jetstream::payloads::Payload;
use crate::jetstream::streams::Intake;

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
    loaded: Option<(u64, Payload)>,
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
            loaded: None,
            next: None,
            unreadable: 0,
            is_unfinished: false,
        }
    }

    /// The message, which was read before or is read now.
    pub fn payload(&mut self, seq: u64) -> Option<Payload> {
        let loaded = self.loaded.take().filter(|&(at, _)| at == seq);
        loaded.map(|(_, payload)| payload).or_else(|| self.held.load(seq))
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
        if self.loaded.as_ref().is_none_or(|&(at, _)| at != seq) {
            self.loaded = Some((seq, self.held.load(seq)?));
        }
        let (_, payload) = self.loaded.as_ref()?;
        let index = self.held.machine.index();
        let meta = index.get(seq)?;
        Some(Found {
            seq,
            time: meta.time,
            subject_len: index.subjects().name(meta.subject).len(),
            header_len: payload.headers.len(),
            size: payload.headers.len() + payload.body.len(),
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
