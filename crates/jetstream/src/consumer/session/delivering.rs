//! What is delivered next.

use super::super::change::Change;
use super::super::config::AckPolicy;
use super::super::report::Report;
use super::choosing::Offer;
use super::status;
use super::waiting::Messages;
use super::{AckSubject, Delivery, Effect, Found, Mode, Next, Session, Source};

/// Messages that are passed over in one turn at most.
const PASSED_MAX: usize = 1024;

/// A message that may be delivered.
#[derive(Clone, Copy)]
struct Candidate {
    found: Found,
    /// This delivery counted.
    deliveries: u32,
}

/// Why there is none.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lack {
    /// There is no message.
    Messages,
    /// There are some, but the next one is not at hand.
    Sight,
    /// Too many wait for their acknowledgement.
    Room,
    /// Too many were passed over.
    Time,
}

impl Session {
    /// What is to be delivered: messages that are delivered again first, then new ones.
    pub fn next(&mut self, now: i64, source: &mut dyn Source) -> Next {
        self.is_unfinished = false;
        if !self.has_receiver(now) {
            return self.wait(now, Messages::End, source);
        }
        let candidate = match self.candidate(source) {
            Ok(candidate) => candidate,
            Err(Lack::Messages) => return self.wait(now, Messages::End, source),
            Err(Lack::Room | Lack::Sight) => return self.wait(now, Messages::More, source),
            Err(Lack::Time) => {
                self.is_unfinished = true;
                return Next::Wait;
            }
        };
        if !self.keeps_pace(&candidate, now) {
            return Next::Wait;
        }
        match self.offer(&candidate, now, source) {
            Some(delivery) => Next::Deliver(delivery),
            None => self.wait(now, Messages::End, source),
        }
    }

    /// Somebody would get a message now.
    fn has_receiver(&self, now: i64) -> bool {
        let is_there = match &self.mode {
            Mode::Pull(pull) => !pull.requests.is_empty(),
            Mode::Push(push) => push.is_open(),
        };
        is_there && !self.is_paused(now)
    }

    /// Before it waits, requests end that do so with the messages, or whose time has come.
    fn wait(&mut self, now: i64, messages: Messages, source: &mut dyn Source) -> Next {
        let Mode::Pull(pull) = &self.mode else {
            return Next::Wait;
        };
        let ends = messages == Messages::End && pull.requests.any_ends_with_messages();
        if ends || pull.requests.due().is_some_and(|due| due <= now) {
            self.scan(now, messages, source);
        }
        Next::Wait
    }

    fn candidate(&mut self, source: &mut dyn Source) -> Result<Candidate, Lack> {
        for _ in 0..PASSED_MAX {
            let Some(seq) = self.redelivery.first() else {
                return self.new_candidate(source);
            };
            if let Some(candidate) = self.again(seq, source) {
                return Ok(candidate);
            }
        }
        Err(Lack::Time)
    }

    /// The first message of those that are delivered again, if it still may be.
    fn again(&mut self, seq: u64, source: &mut dyn Source) -> Option<Candidate> {
        let Some(unacked) = self.state.unacked.get(&seq) else {
            self.redelivery.unqueue(seq);
            return None;
        };
        let deliveries = unacked.deliveries.saturating_add(1);
        if self.is_beyond(deliveries) {
            self.give_up(seq);
            return None;
        }
        let found = source.get(seq);
        if found.is_none() {
            self.removed(seq);
        }
        found.map(|found| Candidate { found, deliveries })
    }

    fn new_candidate(&mut self, source: &mut dyn Source) -> Result<Candidate, Lack> {
        if self.is_full() {
            return Err(Lack::Room);
        }
        let found =
            if self.skip.is_some() { self.listed(source)? } else { source.next(self.position) };
        if found.is_none() && !self.is_at_end(source) {
            return Err(Lack::Sight);
        }
        found.map(|found| Candidate { found, deliveries: 1 }).ok_or(Lack::Messages)
    }

    /// There are no more messages: then it goes on behind all that were passed over.
    fn is_at_end(&mut self, source: &mut dyn Source) -> bool {
        let is_at_end = source.pending(self.position) == 0;
        if is_at_end {
            self.position = self.position.max(source.last_seq().saturating_add(1));
        }
        is_at_end
    }

    /// The first message of the list with which the consumer begins, and what lies behind the
    /// list.
    fn listed(&mut self, source: &mut dyn Source) -> Result<Option<Found>, Lack> {
        for _ in 0..PASSED_MAX {
            let Some(skip) = &mut self.skip else {
                return Ok(source.next(self.position));
            };
            let Some(&seq) = skip.seqs.front() else {
                self.position = self.position.max(skip.resume);
                self.skip = None;
                continue;
            };
            let found = source.get(seq);
            if found.is_some() {
                return Ok(found);
            }
            skip.seqs.pop_front();
        }
        Err(Lack::Time)
    }

    /// A message was delivered as often as it may be.
    pub(super) fn is_beyond(&self, deliveries: u32) -> bool {
        let max = self.config.max_deliver;
        max > 0 && i64::from(deliveries) > max
    }

    /// Does not deliver a message any more, and says so.
    pub(super) fn give_up(&mut self, seq: u64) {
        self.stop_waiting(seq);
        self.redelivery.unqueue(seq);
        if let Some(unacked) = self.state.unacked.get(&seq) {
            let deliveries = u64::from(unacked.deliveries);
            self.report(Report::MaxDeliver { stream_seq: seq, deliveries });
            self.change(Change::GaveUp(seq));
        }
    }

    fn keeps_pace(&mut self, candidate: &Candidate, now: i64) -> bool {
        let size = candidate.found.subject_len + self.ack_subject_len() + candidate.found.size;
        let Some(pace) = &mut self.pace else {
            return true;
        };
        pace.allows(candidate.found.time, size, now)
    }

    /// About as long as the reply subjects are.
    fn ack_subject_len(&self) -> usize {
        48 + self.stream.len() + self.config.name.len()
    }

    /// Gives the message to somebody; nothing when nobody may have it.
    fn offer(
        &mut self,
        candidate: &Candidate,
        now: i64,
        source: &mut dyn Source,
    ) -> Option<Delivery> {
        let found = &candidate.found;
        let pending = self.pending_behind(candidate, source);
        let consumer_seq = self.state.delivered.consumer.saturating_add(1);
        let token = AckSubject {
            deliveries: candidate.deliveries.into(),
            stream_seq: found.seq,
            consumer_seq,
            time: found.time,
            pending,
        };
        let reply = token.write(&self.stream, &self.config.name);
        let payload = payload_len(found, self.config.headers_only);
        let offer = Offer { size: found.subject_len + reply.len() + payload, pending };
        let mut headers = Vec::new();
        let mut bytes_left = None;
        let to = if self.config.is_push() {
            self.config.deliver_subject.clone().into_bytes()
        } else {
            let chosen = self.choose(offer, now, source)?;
            headers.extend(chosen.pin.map(|pin| ("Nats-Pin-Id", pin)));
            bytes_left = chosen.bytes_left;
            chosen.reply
        };
        self.commit(candidate, consumer_seq, now);
        self.note_delivery(to.len() + reply.len() + payload, now);
        if let Some(rest) = bytes_left {
            let headers = status::with_rest(409, "Batch Completed", rest);
            self.trailing.push(Effect::Send { to: to.clone(), reply: Vec::new(), headers });
        }
        let headers_only = self.config.headers_only;
        Some(Delivery { seq: found.seq, to, reply, headers, headers_only })
    }

    /// Messages that are never delivered yet behind this one.
    fn pending_behind(&mut self, candidate: &Candidate, source: &mut dyn Source) -> u64 {
        if candidate.deliveries > 1 {
            return self.num_pending(source);
        }
        match &self.skip {
            Some(_) => self.num_pending(source).saturating_sub(1),
            None => source.pending(candidate.found.seq.saturating_add(1)),
        }
    }

    fn commit(&mut self, candidate: &Candidate, consumer: u64, now: i64) {
        let (stream, deliveries) = (candidate.found.seq, candidate.deliveries);
        if deliveries == 1 {
            self.position = self.position.max(stream.saturating_add(1));
            if let Some(skip) = &mut self.skip {
                skip.seqs.pop_front();
            }
        } else {
            self.redelivery.unqueue(stream);
        }
        if let Some(pace) = &mut self.pace {
            pace.delivered(stream, candidate.found.time, now);
        }
        self.change(Change::Delivered { stream, consumer, deliveries, time: now });
        if self.config.ack_policy != AckPolicy::None {
            self.start_waiting(stream);
        }
    }
}

/// Bytes of headers and body as they are sent.
fn payload_len(found: &Found, headers_only: bool) -> usize {
    if !headers_only {
        return found.size;
    }
    let body = found.size.saturating_sub(found.header_len);
    let digits = usize::try_from(body.checked_ilog10().unwrap_or(0)).unwrap_or(0) + 1;
    let block = if found.header_len == 0 { b"NATS/1.0\r\n\r\n".len() } else { found.header_len };
    block + b"Nats-Msg-Size: \r\n".len() + digits
}
