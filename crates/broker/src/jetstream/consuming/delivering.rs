//! Messages on their way to consumers: after each turn those are looked at that may have something
//! to send, each for a moment.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anabranch_jetstream::advisory::ConsumerEvent;
use anabranch_jetstream::consumer::{Change, Delivery, Effect, Next};
use anabranch_jetstream::publish::block;
use anabranch_log::format::StreamId;

use super::interests::{Interests, Senders};
use super::served::{Key, Served};
use super::source::{Scratch, View};
use crate::jetstream::advising::report;
use crate::jetstream::held::Held;
use crate::jetstream::outbox::Outbox;
use crate::jetstream::shard::{Shard, now};
use crate::worker::{Inbound, Inbox};

/// How long messages are sent between two turns.
const SLICE: Duration = Duration::from_micros(1500);
/// Messages that one consumer sends before another has its turn.
const MESSAGES_AT_ONCE: usize = 128;

/// Changes of one consumer that may wait for the log.
const UNLOGGED_MAX: usize = 65_536;

/// Who has something to do.
pub struct Consuming {
    /// May have something to send.
    pub(super) ready: VecDeque<Key>,
    /// Did something that is to be logged.
    pub(super) touched: Vec<Key>,
    /// The same, and could not be logged at once.
    pub(super) waiting: Vec<Key>,
    /// When each is to be looked after.
    pub(super) deadlines: BTreeSet<(i64, Key)>,
    /// Streams where messages came or went.
    pub(super) stirred: BTreeSet<StreamId>,
    /// Were unused for too long.
    pub(super) inactive: Vec<Key>,
    /// Who sends unasked.
    pub(super) senders: Senders,
    /// Those of whom it is to be looked who listens.
    pub(super) looking: BTreeSet<Key>,
    /// Where interest changed.
    pub(super) interests: Arc<Interests>,
    /// When it is tried again to log what they did.
    pub(super) log_again: Option<Instant>,
    scratch: Scratch,
}

impl Consuming {
    /// Nobody, yet.
    #[must_use]
    pub fn new(inbox: &Arc<Inbox>) -> Self {
        Self {
            ready: VecDeque::new(),
            touched: Vec::new(),
            waiting: Vec::new(),
            deadlines: BTreeSet::new(),
            stirred: BTreeSet::new(),
            inactive: Vec::new(),
            senders: Senders::default(),
            looking: BTreeSet::new(),
            interests: Arc::new(Interests::new(Arc::clone(inbox))),
            log_again: None,
            scratch: Scratch::default(),
        }
    }

    /// Messages came to the stream or went from it.
    pub fn stir(&mut self, held: &Held) {
        if !held.served.is_empty() {
            self.stirred.insert(held.id);
        }
    }

    /// There is something to do at once.
    #[must_use]
    pub fn has_work(&self) -> bool {
        !self.ready.is_empty()
            || !self.stirred.is_empty()
            || !self.inactive.is_empty()
            || !self.looking.is_empty()
            || !self.touched.is_empty()
    }

    /// In how long it is tried again to log what they did, if that waits.
    #[must_use]
    pub fn patience(&self, now: Instant) -> Option<Duration> {
        self.log_again.map(|then| then.saturating_duration_since(now))
    }

    pub(super) fn set_ready(&mut self, key: Key, served: &mut Served) {
        if !std::mem::replace(&mut served.is_ready, true) {
            self.ready.push_back(key);
        }
    }

    pub(super) fn set_deadline(&mut self, key: Key, served: &mut Served) {
        let deadline = served.session.next_deadline();
        if deadline == served.deadline {
            return;
        }
        if let Some(before) = served.deadline {
            self.deadlines.remove(&(before, key));
        }
        if let Some(deadline) = deadline {
            self.deadlines.insert((deadline, key));
        }
        served.deadline = deadline;
    }
}

impl Shard {
    /// Sends what consumers are to be sent, and logs what they did.
    pub(in crate::jetstream) fn consume(&mut self) {
        self.note_interests();
        self.note_stirred();
        self.tick_consumers();
        if !self.consuming.ready.is_empty() {
            self.with_outbox(Self::deliver);
        }
        self.log_consumed();
        self.end_inactive();
    }

    /// A message came for a consumer: a request, or an acknowledgement.
    pub(in crate::jetstream) fn hear(
        &mut self,
        key: Key,
        message: &Inbound<'_>,
        outbox: &mut Outbox<'_>,
    ) {
        let Inbound { subject, reply, headers, body, .. } = *message;
        let now = now();
        if self.failed || self.streams.get(key.0).is_none_or(Held::is_offline) {
            // Nothing of it could be kept.
            return;
        }
        self.attend(key, outbox, |served, view| {
            if subject.starts_with(b"$JS.ACK.") {
                served.session.acknowledge(subject, reply, body, now, view);
            } else if subject.starts_with(b"$JS.FC.") {
                served.session.flow_reply(subject, headers, now);
            } else {
                served.session.request(reply, headers, body, now, view);
            }
            true
        });
    }

    /// Does something with a consumer, and what follows from it; `act` says whether there may be
    /// something to send.
    pub(in crate::jetstream) fn attend(
        &mut self,
        key: Key,
        outbox: &mut Outbox<'_>,
        act: impl FnOnce(&mut Served, &mut View<'_, '_>) -> bool,
    ) {
        let Self { streams, intake, consuming, .. } = self;
        let Some(held) = streams.get_mut(key.0) else { return };
        let Some(mut served) = held.served.take(key.1) else { return };
        served.settle_tally(held.machine.index_mut());
        let (filters, tally) = (Arc::clone(&served.filters), served.tally);
        let mut view =
            View::new(held, (intake, outbox), &filters, (key.1, &served), &mut consuming.scratch);
        let is_ready = act(&mut served, &mut view);
        if served.tally == tally {
            served.looked = view.looked;
        }
        self.follow(key, &mut served, outbox);
        if is_ready {
            self.consuming.set_ready(key, &mut served);
        }
        if let Some(held) = self.streams.get_mut(key.0) {
            served.settle_tally(held.machine.index_mut());
            held.served.put(key.1, served);
        }
    }

    /// Sends and tells what a session says, and notes what it did.
    pub(super) fn follow(&mut self, key: Key, served: &mut Served, outbox: &mut Outbox<'_>) {
        let Served { session, unlogged, confirms, delivered_at, acknowledged_at, .. } = served;
        let before = unlogged.len();
        session.drain_changes(unlogged);
        let mut is_purged = false;
        for change in &unlogged[before..] {
            match change {
                Change::Purged(_) => is_purged = true,
                Change::Acked(_) | Change::AckedTo { .. } => *acknowledged_at = Some(now()),
                Change::Reset(_) => (*delivered_at, *acknowledged_at) = (None, None),
                _ => {}
            }
        }
        if is_purged {
            unlogged.dedup_by(|later, before| {
                let are_purges =
                    matches!((&later, &before), (Change::Purged(_), Change::Purged(_)));
                if are_purges {
                    std::mem::swap(before, later);
                }
                are_purges
            });
        }
        let mut effects = std::mem::take(&mut served.effects);
        session.drain_effects(&mut effects);
        for effect in effects.drain(..) {
            match effect {
                Effect::Send { to, reply, headers } => {
                    outbox.send(&to, &reply, headers.len(), &headers);
                }
                Effect::Confirm { to } => confirms.push(to),
                Effect::Report(what) => {
                    let event = ConsumerEvent::Report(&what);
                    report(&self.intake, &self.streams, key, event, outbox);
                }
                Effect::Resumed => {
                    let event = ConsumerEvent::Paused(session.config().pause_until);
                    report(&self.intake, &self.streams, key, event, outbox);
                }
                Effect::Inactive => self.consuming.inactive.push(key),
            }
        }
        served.effects = effects;
        let has_done = !served.unlogged.is_empty() || !served.confirms.is_empty();
        if has_done && !std::mem::replace(&mut served.is_touched, true) {
            self.consuming.touched.push(key);
        }
        self.consuming.set_deadline(key, served);
    }

    /// Sends for a moment.
    fn deliver(&mut self, outbox: &mut Outbox<'_>) {
        let begun = Instant::now();
        let now = now();
        while let Some(key) = self.consuming.ready.pop_front() {
            let is_kept = !self.failed && self.streams.get(key.0).is_some_and(|h| !h.is_offline());
            self.attend(key, outbox, |served, view| {
                served.is_ready = false;
                is_kept && send_some(served, view, now)
            });
            if begun.elapsed() > SLICE {
                break;
            }
        }
        self.consuming.scratch.clear();
    }
}

/// Sends some messages; whether there may be more.
fn send_some(served: &mut Served, view: &mut View<'_, '_>, now: i64) -> bool {
    if served.unlogged.len() > UNLOGGED_MAX {
        // It goes on when that is in the log.
        return false;
    }
    for _ in 0..MESSAGES_AT_ONCE {
        match served.session.next(now, view) {
            Next::Deliver(delivery) => {
                served.delivered_at = Some(now);
                view.advance(served.session.position());
                served.session.drain_leading_effects(&mut served.effects);
                tell(served, view);
                send(&delivery, view);
                served.session.drain_effects(&mut served.effects);
                tell(served, view);
            }
            Next::Wait => return view.is_unfinished,
        }
    }
    true
}

/// Sends and tells what has its place among the messages.
fn tell(served: &mut Served, view: &mut View<'_, '_>) {
    served.effects.retain(|effect| !view.tell(effect));
}

/// Sends a message.
fn send(delivery: &Delivery, view: &mut View<'_, '_>) {
    let Delivery { seq, to, reply, headers, headers_only } = delivery;
    if headers.is_empty() && !headers_only {
        return view.deliver(*seq, to, reply);
    }
    let Some((header_len, message)) = view.message(*seq) else { return };
    let (block, body) = message.split_at(header_len);
    let mut block = std::borrow::Cow::Borrowed(block);
    for (key, value) in headers {
        block = block::with(&block, key, value).into();
    }
    let mut body = body;
    if *headers_only {
        block = block::with(&block, "Nats-Msg-Size", &body.len().to_string()).into();
        body = b"";
    }
    let (header_len, message) = (block.len(), [&*block, body].concat());
    let index = view.held.machine.index();
    let Some(meta) = index.get(*seq) else { return };
    let subject = index.subjects().name(meta.subject);
    view.outbox.deliver(to, (&subject, reply), (header_len, &message));
}
