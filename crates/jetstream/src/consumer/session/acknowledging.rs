//! What clients say of messages that they got.

use super::super::change::Change;
use super::super::config::AckPolicy;
use super::super::report::Report;
use super::{AckSubject, Effect, Session, Source};
use crate::json::{Document, Field, Strictness, decode_one};
use crate::time::Nanos;

/// Why a message is given up that left the stream.
const DELETED: &str = "Unacknowledged message was deleted";

impl Session {
    /// A client says something of the message that it got with `subject` as reply: `body`, with
    /// a request in some cases. `reply` is empty when no answer is wanted.
    pub fn acknowledge(
        &mut self,
        subject: &[u8],
        reply: &[u8],
        body: &[u8],
        now: i64,
        source: &mut dyn Source,
    ) {
        self.note_activity(now);
        if matches!(self.config.ack_policy, AckPolicy::None | AckPolicy::FlowControl) {
            return;
        }
        // What has another form, or names no message, acknowledges none and is not answered.
        let token = AckSubject::parse(subject).unwrap_or_default();
        let mut is_answered = token.stream_seq > 0;
        match body {
            b"" | b"+ACK" | b"+OK" => is_answered = self.acknowledge_one(token, Sampled::Yes, now),
            b"+WPI" => self.touch(token, now),
            _ if body.starts_with(b"+NXT") => {
                self.acknowledge_one(token, Sampled::Yes, now);
                self.request(reply, b"", &body[b"+NXT".len()..], now, source);
                is_answered = false;
            }
            _ if body.starts_with(b"-NAK") => self.nak(token, &body[b"-NAK".len()..], now),
            _ if body.starts_with(b"+TERM") => {
                let reason = String::from_utf8_lossy(body[b"+TERM".len()..].trim_ascii());
                is_answered = self.terminate(token, reason.into_owned(), now);
            }
            _ => {}
        }
        if is_answered && !reply.is_empty() {
            self.effects.push(Effect::Confirm { to: reply.to_vec() });
        }
    }

    /// Acknowledges what flow control was answered with.
    pub(super) fn acknowledge_flow(&mut self, token: AckSubject, now: i64) {
        self.acknowledge_one(token, Sampled::No, now);
    }

    /// Whether it is answered: for all that was delivered, acknowledged already or not.
    fn acknowledge_one(&mut self, token: AckSubject, sampled: Sampled, now: i64) -> bool {
        let seq = token.stream_seq;
        if seq == 0 || seq >= self.position {
            return false;
        }
        if self.config.ack_policy == AckPolicy::Explicit {
            if sampled == Sampled::Yes && self.state.unacked.contains_key(&seq) {
                self.sample(token, now);
            }
            self.forget(seq);
        } else {
            self.acknowledge_to(token);
        }
        true
    }

    /// A message needs no acknowledgement any more. Whether it needed one.
    pub(super) fn forget(&mut self, seq: u64) -> bool {
        self.stop_waiting(seq);
        self.redelivery.unqueue(seq);
        let is_unacked = self.state.unacked.contains_key(&seq);
        if is_unacked || self.state.exhausted.contains_key(&seq) {
            self.change(Change::Acked(seq));
        }
        is_unacked
    }

    fn acknowledge_to(&mut self, token: AckSubject) {
        let (stream, consumer) = (token.stream_seq, token.consumer_seq);
        if stream <= self.state.floor.stream {
            return;
        }
        let acked: Vec<u64> = self.state.unacked.range(..=stream).map(|(&seq, _)| seq).collect();
        for acked in acked {
            self.stop_waiting(acked);
            self.redelivery.unqueue(acked);
        }
        self.change(Change::AckedTo { stream, consumer });
    }

    /// The client works on it: the wait begins again.
    fn touch(&mut self, token: AckSubject, now: i64) {
        let seq = token.stream_seq;
        if self.state.unacked.contains_key(&seq) {
            self.stop_waiting(seq);
            self.change(Change::Touched { stream: seq, time: now });
            if !self.redelivery.is_queued(seq) {
                self.start_waiting(seq);
            }
        }
    }

    fn nak(&mut self, token: AckSubject, argument: &[u8], now: i64) {
        let seq = token.stream_seq;
        // As in nats-server, the next delivery counts as known.
        let last = self.state.delivered.consumer.saturating_add(1);
        let is_known = token.consumer_seq > self.state.floor.consumer && token.consumer_seq <= last;
        if !is_known || !self.state.unacked.contains_key(&seq) {
            return;
        }
        self.report(Report::Nak {
            consumer_seq: token.consumer_seq,
            stream_seq: seq,
            deliveries: token.deliveries,
        });
        self.stop_waiting(seq);
        let Some(delay) = delay(argument.trim_ascii()) else {
            self.redelivery.push(seq);
            return;
        };
        self.redelivery.unqueue(seq);
        // The wait counts from a time that makes it end behind the delay, so that it does so after
        // a restart as well.
        let time = now.saturating_sub(self.config.ack_wait.0).saturating_add(delay.0);
        self.change(Change::Touched { stream: seq, time });
        self.start_waiting(seq);
    }

    /// Acknowledges a message and says that its client gave it up, whatever becomes of that.
    fn terminate(&mut self, token: AckSubject, reason: String, now: i64) -> bool {
        let is_answered = self.acknowledge_one(token, Sampled::No, now);
        self.report(Report::Terminated {
            consumer_seq: token.consumer_seq,
            stream_seq: token.stream_seq,
            deliveries: token.deliveries,
            reason,
        });
        is_answered
    }

    /// The message `seq` left the stream, and nobody is told.
    pub fn withdrawn(&mut self, seq: u64) {
        if let Some(skip) = &mut self.skip
            && let Ok(index) = skip.seqs.binary_search(&seq)
        {
            skip.seqs.remove(index);
        }
        self.forget(seq);
    }

    /// The message `seq` left the stream: whoever listens is told if it was not acknowledged.
    pub fn removed(&mut self, seq: u64) {
        let unacked = self.state.unacked.get(&seq).copied();
        self.withdrawn(seq);
        if let Some(unacked) = unacked {
            self.report(Report::Terminated {
                consumer_seq: unacked.consumer,
                stream_seq: seq,
                deliveries: unacked.deliveries.into(),
                reason: DELETED.to_owned(),
            });
        }
    }

    /// All messages before `first` left the stream at once.
    pub fn purged(&mut self, first: u64) {
        let state = &self.state;
        let waits = state.unacked.range(..first).next().is_some()
            || state.exhausted.range(..first).next().is_some();
        let is_known = self.position >= first && state.floor.stream.saturating_add(1) >= first;
        if is_known && !waits && self.skip.is_none() {
            return;
        }
        if let Some(skip) = &mut self.skip {
            let gone = skip.seqs.partition_point(|&seq| seq < first);
            skip.seqs.drain(..gone);
        }
        let gone: Vec<u64> = self.state.unacked.range(..first).map(|(&seq, _)| seq).collect();
        for seq in gone {
            self.stop_waiting(seq);
            self.redelivery.unqueue(seq);
        }
        self.position = self.position.max(first);
        self.change(Change::Purged(first));
    }

    /// Reports an acknowledgement, if the sample falls on it.
    fn sample(&mut self, token: AckSubject, now: i64) {
        let percent = self.config.sample_frequency.trim_end_matches('%');
        let percent: u64 = percent.parse().unwrap_or(0);
        let is_sampled = percent >= 100 || percent > 0 && self.random.below(100) <= percent;
        let delivered = self.state.unacked.get(&token.stream_seq);
        if let (true, Some(unacked)) = (is_sampled, delivered) {
            let delay = Nanos(now.saturating_sub(unacked.time));
            self.report(Report::Acked {
                consumer_seq: token.consumer_seq,
                stream_seq: token.stream_seq,
                delay,
                deliveries: token.deliveries,
            });
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sampled {
    Yes,
    No,
}

#[derive(Default)]
struct Options {
    delay: Nanos,
}

impl Document for Options {
    const GO_TYPE: &'static str = "ConsumerNakOptions";
    const FIELDS: &'static [Field<Self>] =
        &[("delay", |options, reader| reader.nanos(&mut options.delay))];
}

/// The delay behind `-NAK`: a document or a duration. Nothing when there is none that can be read.
fn delay(argument: &[u8]) -> Option<Nanos> {
    if argument.first() == Some(&b'{') {
        let mut options = Options::default();
        let outcome = decode_one(argument, Strictness::Lenient, &mut options);
        return outcome.ok().map(|()| options.delay);
    }
    Nanos::parse(std::str::from_utf8(argument).ok()?)
}
