//! Staging: deliveries of one read batch, encoded per receiver without any lock, and handed to
//! the receivers at its end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use anabranch_nats::codec::Publication;
use anabranch_nats::codec::encode::{self, Headers};
use bytes::Bytes;

use super::inbox::{Inbox, Parcel, Target};
use super::shortcut::Order;
use crate::client::{Client, ClientId, Pushed, Staged};

/// Receivers of one batch. One more, and what is staged is flushed first.
const STAGES_MAX: usize = 4096;
/// Receivers whose sockets the publisher's worker writes itself, where there are enough other
/// threads to share the writing of more.
const DIRECT_MAX: usize = 64;
/// With no more threads than this, waking the receivers' tasks costs more than it spreads: the
/// publisher's worker writes to all of them (docs/adr/0006).
const FEW_THREADS: usize = 4;
/// Bytes staged in all before a flush.
const TOTAL_MAX: usize = 4 * 1024 * 1024;
/// Bytes staged for one receiver before a flush.
const ONE_MAX: usize = 256 * 1024;
/// Payloads of this size are shared by their receivers instead of copied.
const SHARE_FROM: usize = 16 * 1024;
/// Capacity kept in a stage between batches.
const KEEP_ONE: usize = 2 * ONE_MAX;
/// Most room that a new stage begins with.
const TYPICAL_MAX: usize = 64 * 1024;
/// Stages kept with their capacity between batches.
const KEEP_STAGES: usize = 256;
/// Entries of the map from client to stage; a power of two.
const SLOTS: usize = 32 * 1024;

struct Stage {
    client: Arc<Client>,
    staged: Staged,
    msgs: u64,
    bytes: u64,
}

/// What a flush found.
#[derive(Debug, Default)]
pub struct Flushed {
    /// A receiver whose backlog the publisher should wait for.
    pub stalled: Option<Arc<Client>>,
    /// Receivers that were cut off as slow consumers.
    pub overflowed: Vec<Arc<Client>>,
    /// Messages handed over.
    pub msgs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Messages that full inboxes did not take, and whose publishers wait for an answer.
    pub refused: Vec<Refused>,
}

/// A message that a full inbox did not take.
#[derive(Debug)]
pub struct Refused {
    /// Where the publisher waits for an answer.
    pub reply: Vec<u8>,
    /// The answer.
    pub answer: Arc<[u8]>,
}

/// What becomes of the publisher's own output at a flush.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    /// It is written, after everybody else's.
    Written,
    /// It is given back, to be written later.
    Held,
}

/// The deliveries of one batch.
pub struct Stages {
    stages: Vec<Stage>,
    /// Messages for threads of the server's own; few, so they are searched.
    parcels: Vec<(Arc<Inbox>, Parcel)>,
    spare: Vec<Staged>,
    /// Where a client's stage may be, by the low bits of its id; to be verified.
    slots: Box<[u16]>,
    total: usize,
    /// Bytes per receiver of the last flush: what a new stage has room for at once.
    typical: usize,
    one_max: usize,
    direct_max: usize,
    full: bool,
    /// What flushes in the middle of a message found.
    carried: Flushed,
    /// The batch was flushed in the middle of a message.
    midway: bool,
    /// Something of this batch is for a thread of the server's own, and what its publisher sends
    /// next comes behind it.
    keeps_order: bool,
    /// Of such that was handed over: how many parcels the inbox had got by then.
    handed_in: Option<u64>,
}

impl Stages {
    /// No deliveries. Stages stay well below `pending_max`, so that a batch alone does not make
    /// a receiver a slow consumer. `threads`: those that run connections.
    #[must_use]
    pub fn new(pending_max: u64, threads: usize) -> Self {
        let quarter = usize::try_from(pending_max / 4).unwrap_or(usize::MAX);
        Self {
            stages: Vec::new(),
            parcels: Vec::new(),
            spare: Vec::new(),
            slots: vec![0; SLOTS].into_boxed_slice(),
            total: 0,
            typical: 0,
            one_max: ONE_MAX.min(quarter),
            direct_max: if threads <= FEW_THREADS { STAGES_MAX } else { DIRECT_MAX },
            full: false,
            carried: Flushed::default(),
            midway: false,
            keeps_order: false,
            handed_in: None,
        }
    }

    /// So much is staged that it should be flushed before more is parsed.
    #[must_use]
    #[inline]
    pub fn saturated(&self) -> bool {
        self.full
    }

    /// Receivers for whom something is staged.
    #[must_use]
    pub fn receivers(&self) -> usize {
        self.stages.len()
    }

    /// Stages one message for the subscription `sid` of `client`.
    #[inline]
    pub fn deliver(&mut self, client: &Arc<Client>, message: &Publication<'_>, sid: &[u8]) {
        let headers = if client.takes_headers() { Headers::Kept } else { Headers::Stripped };
        let stage = self.stage(client);
        let before = stage.staged.bytes.len();
        encode::message(&mut stage.staged.bytes, message, sid, headers);
        let grown = stage.staged.bytes.len() - before;
        let payload = match headers {
            Headers::Kept => message.payload.len(),
            Headers::Stripped => message.payload.len() - message.header_len,
        };
        stage.msgs += 1;
        stage.bytes += len64(payload);
        let len = stage.staged.len();
        self.grow(grown, len);
    }

    /// As [`Self::deliver`], with a payload (and its CRLF) that several receivers share.
    pub fn deliver_shared(
        &mut self,
        client: &Arc<Client>,
        message: &Publication<'_>,
        sid: &[u8],
        payload: &Bytes,
    ) {
        let headers = if client.takes_headers() { Headers::Kept } else { Headers::Stripped };
        let piece = match headers {
            Headers::Kept => payload.clone(),
            Headers::Stripped => payload.slice(message.header_len..),
        };
        let stage = self.stage(client);
        encode::message_line(&mut stage.staged.bytes, message, sid, headers);
        let grown = piece.len();
        stage.msgs += 1;
        stage.bytes += len64(piece.len() - 2);
        stage.staged.shared_len += piece.len();
        stage.staged.shared.push((stage.staged.bytes.len(), piece));
        let len = stage.staged.len();
        self.grow(grown, len);
    }

    /// Stages one message for a thread of the server's own.
    pub fn put(
        &mut self,
        target: &Target,
        from: ClientId,
        message: &Publication<'_>,
        order: Order,
    ) {
        if target.is_full() {
            return self.refuse(target, message);
        }
        self.keeps_order |= order == Order::Kept;
        let found = self.parcels.iter_mut().find(|(inbox, _)| Arc::ptr_eq(inbox, &target.inbox));
        let parcel = match found {
            Some((_, parcel)) => parcel,
            None => {
                self.parcels.push((Arc::clone(&target.inbox), Parcel::default()));
                &mut self.parcels.last_mut().expect("it was just pushed").1
            }
        };
        let before = parcel.size();
        parcel.add(target, from, message);
        let grown = parcel.size() - before;
        self.total += grown;
        self.full |= self.total >= TOTAL_MAX;
    }

    /// Something of this batch is for a thread of the server's own, and what its publisher sends
    /// next comes behind it.
    #[must_use]
    pub fn keeps_order(&self) -> bool {
        self.keeps_order || self.handed_in.is_some()
    }

    #[cold]
    fn refuse(&mut self, target: &Target, message: &Publication<'_>) {
        if !message.reply.is_empty() {
            let (reply, answer) = (message.reply.to_vec(), Arc::clone(&target.refusal));
            self.carried.refused.push(Refused { reply, answer });
        }
    }

    /// A payload worth sharing among `receivers`, with its CRLF.
    #[must_use]
    pub fn shareable(message: &Publication<'_>, receivers: usize) -> Option<Bytes> {
        (receivers > 1 && message.payload.len() >= SHARE_FROM).then(|| {
            let mut copy = Vec::with_capacity(message.payload.len() + 2);
            copy.extend_from_slice(message.payload);
            copy.extend_from_slice(b"\r\n");
            Bytes::from(copy)
        })
    }

    /// Stages protocol bytes, no message, for `client`.
    pub fn write(&mut self, client: &Arc<Client>, bytes: &[u8]) {
        let stage = self.stage(client);
        stage.staged.bytes.extend_from_slice(bytes);
        let len = stage.staged.len();
        self.grow(bytes.len(), len);
    }

    #[inline]
    fn grow(&mut self, by: usize, stage_len: usize) {
        self.total += by;
        if self.total >= TOTAL_MAX || stage_len >= self.one_max {
            self.full = true;
            if self.total >= 2 * TOTAL_MAX || stage_len >= 2 * self.one_max {
                self.flush_midway();
            }
        }
    }

    /// One message alone fills the stages: it has very many receivers, or a receiver has very
    /// many subscriptions that match.
    #[cold]
    fn flush_midway(&mut self) {
        self.midway = true;
        self.carried = self.hand_out(None, Instant::now()).0;
        self.midway = true;
    }

    #[inline]
    fn stage(&mut self, client: &Arc<Client>) -> &mut Stage {
        let slot = slot_of(client.id);
        let guess = usize::from(self.slots[slot]);
        let known = self.stages.get(guess).is_some_and(|s| s.client.id == client.id);
        let index = if known { guess } else { self.add(client, slot) };
        &mut self.stages[index]
    }

    /// The stage of a client that its slot does not name: one taken by another client with the
    /// same low bits, or none yet.
    #[cold]
    fn add(&mut self, client: &Arc<Client>, slot: usize) -> usize {
        let taken = self.slots[slot];
        let collides =
            self.stages.get(usize::from(taken)).is_some_and(|s| slot_of(s.client.id) == slot);
        if collides && let Some(found) = self.stages.iter().position(|s| s.client.id == client.id) {
            self.slots[slot] = u16::try_from(found).expect("fewer stages than STAGES_MAX");
            return found;
        }
        if self.stages.len() >= STAGES_MAX {
            self.flush_midway();
        }
        let staged = self.spare.pop().unwrap_or_else(|| Staged::with_room(self.typical));
        self.stages.push(Stage { client: Arc::clone(client), staged, msgs: 0, bytes: 0 });
        let index = self.stages.len() - 1;
        self.slots[slot] = u16::try_from(index).expect("fewer stages than STAGES_MAX");
        self.full |= self.stages.len() >= STAGES_MAX;
        index
    }

    /// Hands everything to the receivers; `publisher`'s own output goes last, so that its PONG
    /// follows the deliveries that came before it. With `hold` it is given back instead.
    pub fn flush(
        &mut self,
        publisher: Option<(&Client, Own)>,
        now: Instant,
    ) -> (Flushed, Option<Staged>) {
        let flushed = self.hand_out(publisher, now);
        let handed_in = self.handed_in.take();
        if let (Some((client, _)), Some(count)) = (publisher, handed_in) {
            client.handed_in.store(count, Ordering::Relaxed);
        }
        flushed
    }

    fn hand_out(
        &mut self,
        publisher: Option<(&Client, Own)>,
        now: Instant,
    ) -> (Flushed, Option<Staged>) {
        let mut flushed = std::mem::take(&mut self.carried);
        for (inbox, parcel) in self.parcels.drain(..) {
            let count = inbox.put(parcel);
            if self.keeps_order {
                self.handed_in = Some(count);
            }
        }
        self.keeps_order = false;
        let mut own = None;
        let receivers = self.stages.len().max(1);
        // With a message for each at most, tasks that are woken find several to write at once.
        let direct_max = if self.midway { DIRECT_MAX } else { self.direct_max };
        let wide = receivers > direct_max;
        self.midway = false;
        let publisher_id = publisher.map(|(client, _)| client.id);
        for stage in self.stages.drain(..) {
            if publisher_id == Some(stage.client.id) {
                own = Some(stage);
            } else if let Some(spare) = hand_over(stage, publisher_id, wide, now, &mut flushed) {
                keep(&mut self.spare, spare);
            }
        }
        let mut held = None;
        match (own, publisher) {
            (Some(stage), Some((_, Own::Held))) => held = Some(stage.staged),
            (Some(stage), _) => {
                if let Some(spare) = hand_over(stage, publisher_id, false, now, &mut flushed) {
                    keep(&mut self.spare, spare);
                }
            }
            (None, _) => {}
        }
        self.typical = (self.total / receivers).min(TYPICAL_MAX);
        self.total = 0;
        self.full = false;
        (flushed, held)
    }
}

/// Hands one stage to its client; gives back the emptied buffer.
fn hand_over(
    stage: Stage,
    publisher: Option<ClientId>,
    wide: bool,
    now: Instant,
    flushed: &mut Flushed,
) -> Option<Staged> {
    let Stage { client, mut staged, msgs, bytes } = stage;
    let direct = if wide { None } else { client.direct() };
    let other = publisher.filter(|&id| id != client.id);
    let pushed = client.output.push(&mut staged, other, direct.as_deref());
    if msgs > 0 && pushed != Pushed::Closed {
        client.traffic.out_msgs.fetch_add(msgs, Ordering::Relaxed);
        client.traffic.out_bytes.fetch_add(bytes, Ordering::Relaxed);
        client.touch(now);
        flushed.msgs += msgs;
        flushed.bytes += bytes;
    }
    match pushed {
        Pushed::Taken | Pushed::Closed => {}
        Pushed::Overflow => flushed.overflowed.push(client),
        Pushed::Stalled => {
            let itself = publisher == Some(client.id);
            if !itself && flushed.stalled.is_none() {
                flushed.stalled = Some(client);
            }
        }
    }
    (staged.bytes.capacity() <= KEEP_ONE).then_some(staged)
}

fn keep(spare: &mut Vec<Staged>, staged: Staged) {
    if spare.len() < KEEP_STAGES && staged.bytes.capacity() > 0 {
        spare.push(staged);
    }
}

fn slot_of(id: ClientId) -> usize {
    usize::try_from(id.0 % len64(SLOTS)).expect("below SLOTS")
}

fn len64(len: usize) -> u64 {
    u64::try_from(len).expect("a length in memory fits 64 bits")
}
