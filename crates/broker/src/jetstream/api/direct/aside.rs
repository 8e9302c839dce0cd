//! Direct gets that are answered beside the thread that owns the streams, by whoever asks, while
//! that thread waits. Whatever would take long, wait for the disk or change something is left to
//! the thread.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anabranch_jetstream::api::direct::{DirectGet, Multi, Status, UpTo, What};
use anabranch_jetstream::api::{self as documents, Endpoint};
use anabranch_jetstream::stream::Index;
use anabranch_log::segment::Wait;
use anabranch_nats::codec::Publication;
use anabranch_subject::grammar::has_wildcards;

use super::draft::Draft;
use super::series::{One, Series, Side, Stop};
use crate::jetstream::held::Held;
use crate::jetstream::lending::Lending;
use crate::jetstream::outbox::Outbox;
use crate::jetstream::streams::{Intake, Streams};
use crate::server::Server;
use crate::worker::{
    Delivered, Errand, Inbound, Parcel, Publisher, Shortcut, Taken, Worker, publish,
};

/// Bytes and messages of an answer.
const BYTES_MAX: usize = 1024 * 1024;
const MESSAGES_MAX: usize = 4096;
/// Gets that waited and are answered at once.
const WAITING_MAX: usize = 256;
/// Where so many subjects or fewer are looked at, that is not long.
const SUBJECTS_FEW: usize = 256;
/// The same for messages.
const MESSAGES_FEW: u64 = 4096;

/// Answers direct gets from streams that are lent.
pub struct Aside {
    lending: Arc<Lending>,
    domain: String,
    /// After how many bytes an answer ends.
    bytes_max: u64,
}

impl Aside {
    /// Answers from what `lending` lends.
    #[must_use]
    pub fn new(intake: &Intake, lending: &Arc<Lending>) -> Self {
        let bytes_max = intake.server.options.limits.pending_bytes_max;
        let domain = intake.domain().to_owned();
        Self { lending: Arc::clone(lending), domain, bytes_max }
    }

    /// Answers what waited for the thread, on the thread, if all of it are direct gets; gives what
    /// is left to do.
    pub fn answer_waiting(&self, parcels: Vec<Parcel>, server: &Arc<Server>) -> Delivered {
        let messages = || parcels.iter().flat_map(Parcel::iter);
        let is_get = |message: Inbound<'_>| {
            message.recipient == Intake::API && self.asked(&message).is_some()
        };
        if messages().nth(WAITING_MAX).is_some() || !messages().all(is_get) {
            return Delivered::Parcels(parcels);
        }
        let mut left = Parcel::default();
        server.workers.with(|worker| {
            let mut outbox = Outbox::new(server, worker);
            let mut draft = Draft::default();
            for message in messages() {
                if self.take(&message, 0, Wait::ForDisk, &mut draft) == Taken::Here {
                    for (header_len, payload) in draft.pieces() {
                        outbox.send(message.reply, b"", header_len, payload);
                    }
                } else {
                    left.add_again(&message);
                }
                draft.clear();
            }
            outbox.flush();
        });
        let is_left = left.len() > 0;
        parcels.iter().skip(usize::from(is_left)).for_each(|_| self.lending.note_done());
        if is_left { Delivered::Parcels(vec![left]) } else { Delivered::Nothing }
    }

    /// What the message asks for, if it may be answered here: of which stream.
    fn asked<'a>(&self, message: &Inbound<'a>) -> Option<(&'a str, Result<DirectGet, Status>)> {
        // Without a reply there is nothing to do; headers may say what the thread knows.
        if message.reply.is_empty() || !message.headers.is_empty() {
            return None;
        }
        let subject = str::from_utf8(message.subject).ok()?;
        let domain = Some(&*self.domain).filter(|domain| !domain.is_empty());
        match documents::parse(subject, domain)? {
            Endpoint::DirectGet(stream, None) => Some((stream, DirectGet::parse(message.body))),
            Endpoint::DirectGet(stream, Some(subject)) => {
                Some((stream, DirectGet::last_by_subject(subject, message.body)))
            }
            _ => None,
        }
    }

    /// Composes the answer to a message whose publisher waits for the first `from` parcels of the
    /// inbox.
    fn take(&self, message: &Inbound<'_>, from: u64, wait: Wait, draft: &mut Draft) -> Taken {
        let Some((stream, asked)) = self.asked(message) else { return Taken::NotHere };
        let look = |streams: &Streams| self.answer(streams, stream, &asked, (&mut *draft, wait));
        self.lending.look(from, look).unwrap_or(Taken::Apart)
    }

    fn answer(
        &self,
        streams: &Streams,
        stream: &str,
        asked: &Result<DirectGet, Status>,
        (draft, wait): (&mut Draft, Wait),
    ) -> Taken {
        let held = streams.find(stream.as_bytes());
        let Some(held) = held.filter(|held| is_at_rest(held)) else { return Taken::Apart };
        let mut series = Series::new(There { held, draft, wait });
        let answered = match asked {
            Ok(asked) if !is_quick(held.machine.index(), asked) => Err(Stop::NotHere),
            Ok(asked) => series.answer(asked, self.bytes_max),
            Err(status) => Err(Stop::Status(*status)),
        };
        // Parts of the index that cannot be read count as empty: the thread sees to that.
        if series.end(answered) && is_whole(held) { Taken::Here } else { Taken::Apart }
    }
}

impl Shortcut for Aside {
    fn try_take(&self, worker: &mut Worker, errand: &mut Errand<'_>) -> Taken {
        let Publication { subject, reply, header_len, payload, .. } = *errand.message;
        let (headers, body) = payload.split_at(header_len.min(payload.len()));
        let (recipient, from) = (Intake::API, errand.publisher.client.id);
        let message = Inbound { recipient, from, subject, reply, headers, body };
        // What its publisher sent before comes first.
        if worker.stages.keeps_order() {
            return Taken::NotHere;
        }
        let scratch = worker.scratch.take().and_then(|scratch| scratch.downcast().ok());
        let mut draft: Box<Draft> = scratch.unwrap_or_default();
        let handed_in = errand.publisher.client.handed_in.load(Ordering::Relaxed);
        let taken = self.take(&message, handed_in, Wait::Never, &mut draft);
        if taken == Taken::Here {
            send(worker, errand, &draft);
        }
        draft.clear();
        worker.scratch = Some(draft);
        taken
    }
}

impl fmt::Debug for Aside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aside").finish_non_exhaustive()
    }
}

/// Sends an answer, as the thread would.
fn send(worker: &mut Worker, errand: &mut Errand<'_>, draft: &Draft) {
    let publisher = Publisher {
        client: errand.subscription.client(),
        account: errand.publisher.account,
        skip_stalled: false,
        trace: errand.publisher.trace,
    };
    for (header_len, payload) in draft.pieces() {
        let by_hpub = header_len > 0;
        let (subject, reply, verbatim) = (errand.message.reply, &b""[..], &b""[..]);
        let message = Publication { subject, reply, header_len, payload, verbatim, by_hpub };
        publish(worker, &publisher, &message, errand.ended);
    }
}

/// Direct gets of the stream are answered, and by itself; nothing is under way in it that they
/// would have to wait for.
fn is_at_rest(held: &Held) -> bool {
    let is_busy = held.parked.is_some() || held.machine.is_busy();
    held.machine.config().allow_direct && !is_busy && is_whole(held)
}

/// No part of the stream's index was found to be unreadable.
fn is_whole(held: &Held) -> bool {
    held.left.as_ref().is_none_or(|left| left.failed().is_none())
}

/// To look up what is asked for does not take long.
fn is_quick(index: &Index, asked: &DirectGet) -> bool {
    let few_subjects = index.subjects().len() <= SUBJECTS_FEW;
    let few_messages = index.messages() <= MESSAGES_FEW;
    let quick = match &asked.what {
        What::From(_) => true,
        What::Last(subject) => few_subjects || !has_wildcards(subject.as_bytes()),
        What::Next(..) => few_messages,
        What::Multi(multi) => few_messages || (is_now(multi) && few_subjects),
    };
    quick && !is_large(index, asked)
}

/// The messages are the last ones of their subjects.
fn is_now(multi: &Multi) -> bool {
    multi.up_to == UpTo::Now && multi.filters.len() <= SUBJECTS_FEW
}

/// The answer would probably be too large.
fn is_large(index: &Index, asked: &DirectGet) -> bool {
    let Some(batch) = asked.batch else { return false };
    let mean = index.bytes() / index.messages().max(1);
    let bytes = batch.min(index.messages()).saturating_mul(mean);
    let most = u64::try_from(BYTES_MAX).unwrap_or(u64::MAX);
    bytes.min(asked.max_bytes.unwrap_or(u64::MAX)) > most
}

/// Whoever asks answers, and all of it or nothing.
struct There<'a> {
    held: &'a Held,
    draft: &'a mut Draft,
    wait: Wait,
}

impl Side for There<'_> {
    fn held(&self) -> &Held {
        self.held
    }

    fn message(&mut self, one: &One<'_>) -> Result<u64, Stop> {
        if self.draft.len() > BYTES_MAX || self.draft.count() >= MESSAGES_MAX {
            return Err(Stop::NotHere);
        }
        self.draft.glance(self.held, one, self.wait).ok_or(Stop::NotHere)
    }

    fn block(&mut self, block: &[u8]) {
        self.draft.block(block);
    }
}
