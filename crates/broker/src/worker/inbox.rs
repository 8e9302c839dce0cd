//! Messages on their way from connections to a thread of the server's own, such as a shard that
//! keeps streams. Not how that thread answers.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anabranch_nats::codec::Publication;

use super::share::{Share, Shares, is_over};
use super::shortcut::Shortcut;
use crate::client::ClientId;

/// Whom a message is for, as the owner of the inbox numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Recipient(pub u64);

/// Where a subscription's messages go instead of to a socket.
#[derive(Debug, Clone)]
pub struct Target {
    /// Whose inbox.
    pub inbox: Arc<Inbox>,
    /// For whom in it.
    pub recipient: Recipient,
    /// How much waits for it.
    pub share: Arc<Share>,
    /// What a publisher who asks for an answer is told when the inbox is full.
    pub refusal: Arc<[u8]>,
    /// What may save some messages the way through the inbox.
    pub shortcut: Option<Arc<dyn Shortcut>>,
}

impl Target {
    /// The inbox holds what it may, or what it may hold for this recipient: messages must be
    /// refused.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let (bytes, messages) = self.share.load();
        self.inbox.is_full_for(bytes, messages)
    }
}

#[derive(Debug, Clone, Copy)]
struct Head {
    recipient: Recipient,
    from: ClientId,
    subject_len: usize,
    reply_len: usize,
    header_len: usize,
    payload_len: usize,
}

/// A message that arrived.
#[derive(Debug, Clone, Copy)]
pub struct Inbound<'a> {
    /// For whom.
    pub recipient: Recipient,
    /// Who published it.
    pub from: ClientId,
    /// Its subject.
    pub subject: &'a [u8],
    /// Where answers go; empty: none.
    pub reply: &'a [u8],
    /// Header block; empty: none.
    pub headers: &'a [u8],
    /// What follows it.
    pub body: &'a [u8],
}

/// Messages of one read batch, in the order in which they were published.
#[derive(Debug, Default)]
pub struct Parcel {
    bytes: Vec<u8>,
    heads: Vec<Head>,
    shares: Shares,
}

impl Parcel {
    /// Adds a message.
    pub fn add(&mut self, target: &Target, from: ClientId, message: &Publication<'_>) {
        let before = self.size();
        self.heads.push(Head {
            recipient: target.recipient,
            from,
            subject_len: message.subject.len(),
            reply_len: message.reply.len(),
            header_len: message.header_len,
            payload_len: message.payload.len(),
        });
        self.bytes.extend_from_slice(message.subject);
        self.bytes.extend_from_slice(message.reply);
        self.bytes.extend_from_slice(message.payload);
        self.shares.note(&target.share, self.size() - before);
    }

    /// Adds a message that came in another parcel.
    pub fn add_again(&mut self, message: &Inbound<'_>) {
        let Inbound { recipient, from, subject, reply, headers, body } = *message;
        self.heads.push(Head {
            recipient,
            from,
            subject_len: subject.len(),
            reply_len: reply.len(),
            header_len: headers.len(),
            payload_len: headers.len() + body.len(),
        });
        for part in [subject, reply, headers, body] {
            self.bytes.extend_from_slice(part);
        }
    }

    /// Bytes that it holds.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len() + self.heads.len() * size_of::<Head>()
    }

    /// Messages that it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    /// Its messages, in order.
    pub fn iter(&self) -> impl Iterator<Item = Inbound<'_>> {
        let mut rest = self.bytes.as_slice();
        self.heads.iter().map(move |head| {
            let mut cut = |len: usize| {
                let (piece, behind) = rest.split_at(len);
                rest = behind;
                piece
            };
            let (subject, reply) = (cut(head.subject_len), cut(head.reply_len));
            let payload = cut(head.payload_len);
            let (headers, body) = payload.split_at(head.header_len.min(payload.len()));
            let Head { recipient, from, .. } = *head;
            Inbound { recipient, from, subject, reply, headers, body }
        })
    }
}

/// What a thread is woken for.
#[derive(Debug)]
pub enum Delivered {
    /// Messages came.
    Parcels(Vec<Parcel>),
    /// The time is over, or somebody wants to be noticed.
    Nothing,
    /// The inbox was closed, and there is nothing left in it.
    Closed,
}

#[derive(Debug, Default)]
struct Held {
    parcels: Vec<Parcel>,
    woken: bool,
    closed: bool,
    /// Parcels that were ever put in.
    count: u64,
}

/// Many put in, one takes out. Who puts something in first asks whether it is full: it can hold
/// more than its bound by what is staged at that moment.
#[derive(Debug)]
pub struct Inbox {
    held: Mutex<Held>,
    arrived: Condvar,
    bytes: AtomicUsize,
    messages: AtomicUsize,
    bounds: Bounds,
    /// Nobody will ever take anything out.
    forsaken: AtomicBool,
}

/// When an inbox is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// It holds that many bytes.
    pub bytes: usize,
    /// It holds that many messages.
    pub messages: usize,
}

impl Inbox {
    /// An empty inbox.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        let (held, arrived) = (Mutex::new(Held::default()), Condvar::new());
        let (bytes, messages) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { held, arrived, bytes, messages, bounds, forsaken: AtomicBool::new(false) }
    }

    /// It holds what it may for a recipient of whom so many bytes and messages wait.
    fn is_full_for(&self, bytes: usize, messages: usize) -> bool {
        self.forsaken.load(Ordering::Relaxed)
            || is_over(bytes, self.bytes.load(Ordering::Relaxed), self.bounds.bytes)
            || is_over(messages, self.messages.load(Ordering::Relaxed), self.bounds.messages)
    }

    /// Puts a parcel in; gives how many were put in until then, with this one. A closed inbox drops
    /// it: the server stops.
    pub fn put(&self, parcel: Parcel) -> u64 {
        let mut held = self.lock();
        if held.closed {
            return held.count;
        }
        held.count += 1;
        let count = held.count;
        self.bytes.fetch_add(parcel.size(), Ordering::Relaxed);
        self.messages.fetch_add(parcel.len(), Ordering::Relaxed);
        parcel.shares.add();
        held.parcels.push(parcel);
        let first = held.parcels.len() == 1;
        drop(held);
        if first {
            self.arrived.notify_one();
        }
        count
    }

    /// Takes everything out; waits for something for `patience` at most.
    pub fn take(&self, patience: Option<Duration>) -> Delivered {
        let held = self.lock();
        let empty = |held: &mut Held| held.parcels.is_empty() && !held.closed && !held.woken;
        let mut held = match patience {
            None => self.arrived.wait_while(held, empty).unwrap_or_else(PoisonError::into_inner),
            Some(patience) => {
                let waited = self.arrived.wait_timeout_while(held, patience, empty);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        held.woken = false;
        if held.parcels.is_empty() {
            return if held.closed { Delivered::Closed } else { Delivered::Nothing };
        }
        self.bytes.store(0, Ordering::Relaxed);
        self.messages.store(0, Ordering::Relaxed);
        held.parcels.iter().for_each(|parcel| parcel.shares.remove());
        Delivered::Parcels(std::mem::take(&mut held.parcels))
    }

    /// Makes its owner look up, though there may be nothing to take.
    pub fn wake(&self) {
        self.lock().woken = true;
        self.arrived.notify_one();
    }

    /// Its owner is gone: it is full for ever, so that who asks is told at once.
    pub fn forsake(&self) {
        self.forsaken.store(true, Ordering::Relaxed);
        self.close();
    }

    /// Takes nothing more in.
    pub fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publication<'a>(subject: &'a [u8], payload: &'a [u8], header_len: usize) -> Publication<'a> {
        let (reply, verbatim, by_hpub) = (&b"r"[..], &b""[..], header_len > 0);
        Publication { subject, reply, header_len, payload, verbatim, by_hpub }
    }

    const BOUNDS: Bounds = Bounds { bytes: 150, messages: 9 };
    const FROM: ClientId = ClientId(7);

    fn target(inbox: &Arc<Inbox>, recipient: u64) -> Target {
        let (recipient, share) = (Recipient(recipient), Arc::default());
        let (inbox, refusal) = (Arc::clone(inbox), [].into());
        Target { inbox, recipient, share, refusal, shortcut: None }
    }

    #[test]
    fn messages_come_out_as_they_went_in() {
        let inbox = Arc::new(Inbox::new(BOUNDS));
        let mut parcel = Parcel::default();
        let (one, other) = (target(&inbox, 1), target(&inbox, 2));
        parcel.add(&one, FROM, &publication(b"a.b", b"NATS/1.0\r\n\r\nhi", 12));
        parcel.add(&other, FROM, &publication(b"c", b"", 0));
        inbox.put(parcel);
        let Delivered::Parcels(parcels) = inbox.take(None) else { panic!("a parcel was put in") };
        let all: Vec<_> = parcels.iter().flat_map(Parcel::iter).collect();
        assert_eq!(all.len(), 2);
        assert_eq!(
            (all[0].subject, all[0].headers.len(), all[0].body),
            (&b"a.b"[..], 12, &b"hi"[..])
        );
        assert_eq!(
            (all[1].recipient, all[1].subject, all[1].body),
            (Recipient(2), &b"c"[..], &b""[..])
        );
    }

    #[test]
    fn it_is_full_with_many_small_messages_too() {
        let inbox = Arc::new(Inbox::new(Bounds { bytes: 1_000_000, messages: 2 }));
        let target = target(&inbox, 1);
        for full in [false, true] {
            let mut parcel = Parcel::default();
            parcel.add(&target, FROM, &publication(b"a", b"", 0));
            inbox.put(parcel);
            assert_eq!(target.is_full(), full);
        }
    }

    #[test]
    fn it_is_full_for_who_floods_it_before_it_is_for_others() {
        let inbox = Arc::new(Inbox::new(Bounds { bytes: 1_000_000, messages: 10 }));
        let (flood, other) = (target(&inbox, 1), target(&inbox, 2));
        let mut sent = 0;
        while !flood.is_full() {
            let mut parcel = Parcel::default();
            parcel.add(&flood, FROM, &publication(b"a", b"", 0));
            inbox.put(parcel);
            sent += 1;
        }
        assert_eq!((sent, other.is_full()), (9, false));
        assert!(matches!(inbox.take(None), Delivered::Parcels(_)));
        assert!(!flood.is_full(), "nothing waits for it any more");
    }

    #[test]
    fn without_an_owner_it_is_full() {
        let inbox = Arc::new(Inbox::new(BOUNDS));
        let target = target(&inbox, 1);
        inbox.forsake();
        assert!(target.is_full());
        assert!(matches!(inbox.take(None), Delivered::Closed));
        assert!(target.is_full());
    }

    #[test]
    fn its_owner_looks_up_when_woken() {
        let inbox = Inbox::new(BOUNDS);
        inbox.wake();
        assert!(matches!(inbox.take(None), Delivered::Nothing));
        assert!(matches!(inbox.take(Some(Duration::ZERO)), Delivered::Nothing));
    }

    #[test]
    fn it_says_when_it_is_full_and_when_it_is_closed() {
        let inbox = Arc::new(Inbox::new(BOUNDS));
        let target = target(&inbox, 1);
        let parcel = || {
            let mut parcel = Parcel::default();
            parcel.add(&target, FROM, &publication(b"a", &[0; 128], 0));
            parcel
        };
        inbox.put(parcel());
        assert!(target.is_full());
        assert!(matches!(inbox.take(None), Delivered::Parcels(_)));
        assert!(!target.is_full());
        assert!(matches!(inbox.take(Some(Duration::ZERO)), Delivered::Nothing));
        inbox.put(parcel());
        inbox.close();
        inbox.put(parcel());
        let Delivered::Parcels(rest) = inbox.take(None) else { panic!("one was put in before") };
        assert_eq!(rest.len(), 1);
        assert!(matches!(inbox.take(None), Delivered::Closed));
    }
}
