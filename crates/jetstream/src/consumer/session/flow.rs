//! Messages that are sent without being asked for: to whom, and as many as its client can take.

use super::super::config::{AckPolicy, ConsumerConfig};
use super::status;
use super::{AckSubject, Effect, Mode, Session};
use crate::publish::block;

/// Bytes under way to a client at most, and at the beginning.
const WINDOW_MAX: u64 = 32 << 20;
const WINDOW_FIRST: u64 = WINDOW_MAX / 16;

/// Letters that make the subject of an answer one of its kind.
const ANSWER_LEN: usize = 4;

/// What only those have that messages are sent for.
pub(super) struct Push {
    /// Somebody listens.
    pub(super) is_active: bool,
    /// The time of silence after which something is sent; zero for never.
    heartbeat: i64,
    /// When it is over.
    beat_at: Option<i64>,
    flow: Option<Flow>,
}

/// A window of bytes that are under way.
struct Flow {
    window: u64,
    /// Sent, and not answered for.
    sent: u64,
    /// The subject of the answer that is waited for, with the bytes that it stands for.
    asked: Option<(String, u64)>,
}

impl Push {
    pub(super) fn new(config: &ConsumerConfig) -> Self {
        let flow = Flow { window: WINDOW_FIRST, sent: 0, asked: None };
        Self {
            is_active: false,
            heartbeat: config.heartbeat.0,
            beat_at: None,
            flow: config.flow_control.then_some(flow),
        }
    }

    /// Somebody listens and can take more.
    pub(super) fn is_open(&self) -> bool {
        self.is_active && self.flow.as_ref().is_none_or(|flow| flow.sent <= flow.window)
    }

    pub(super) fn beat_due(&self) -> Option<i64> {
        self.beat_at.filter(|_| self.is_active)
    }

    fn wind(&mut self, now: i64) {
        self.beat_at = (self.heartbeat > 0).then(|| now.saturating_add(self.heartbeat));
    }
}

impl Session {
    /// Somebody listens to the subject of its messages, in its queue group if it has one; or
    /// nobody does.
    pub fn set_interest(&mut self, is_active: bool, now: i64) {
        if let Mode::Push(push) = &mut self.mode {
            if is_active && !push.is_active {
                push.wind(now);
            }
            push.is_active = is_active;
            self.note_interest(is_active, now);
        }
    }

    /// A client answers flow control on `subject`, which is used once. `headers` is the block of
    /// headers of the answer, empty without one: with the policy `flow_control` it says how far
    /// the client came.
    pub fn flow_reply(&mut self, subject: &[u8], headers: &[u8], now: i64) {
        let Mode::Push(push) = &mut self.mode else {
            return;
        };
        let Some(flow) = &mut push.flow else {
            return;
        };
        let asked = flow.asked.take_if(|(asked, _)| asked.as_bytes() == subject);
        let Some((_, bytes)) = asked else {
            return;
        };
        flow.window = flow.window.saturating_mul(2).min(WINDOW_MAX);
        flow.sent = flow.sent.saturating_sub(bytes);
        if self.config.ack_policy == AckPolicy::FlowControl
            && let Some(stream_seq) = number_of(headers, "Nats-Last-Stream")
        {
            let consumer_seq = number_of(headers, "Nats-Last-Consumer").unwrap_or(0);
            let token = AckSubject { deliveries: 1, stream_seq, consumer_seq, time: 0, pending: 0 };
            self.acknowledge_flow(token, now);
        }
    }

    /// A message of `size` bytes is sent: silence begins again, and the window shrinks.
    pub(super) fn note_delivery(&mut self, size: usize, now: i64) {
        if let Mode::Pull(_) = &self.mode {
            return self.note_activity(now);
        }
        let is_full = self.is_full();
        let counts_acks = self.config.ack_policy == AckPolicy::FlowControl;
        let Mode::Push(push) = &mut self.mode else {
            return;
        };
        push.wind(now);
        let Some(flow) = &mut push.flow else {
            return;
        };
        let size = u64::try_from(size).unwrap_or(u64::MAX);
        flow.sent = flow.sent.saturating_add(size);
        match &mut flow.asked {
            Some((_, bytes)) if flow.sent.saturating_sub(*bytes) >= flow.window => *bytes += size,
            Some(_) => {}
            None if flow.sent > flow.window / 2 || counts_acks && is_full => self.ask(),
            None => {}
        }
    }

    /// Sends what its client answers when it has handled all before it.
    fn ask(&mut self) {
        let token = self.random.letters(ANSWER_LEN);
        let reply = format!("$JS.FC.{}.{}.{token}", self.stream, self.config.name);
        if let Mode::Push(push) = &mut self.mode
            && let Some(flow) = &mut push.flow
        {
            flow.asked = Some((reply.clone(), flow.sent));
        }
        self.trailing.push(Effect::Send {
            to: self.config.deliver_subject.clone().into_bytes(),
            reply: reply.into_bytes(),
            headers: status::plain(100, "FlowControl Request"),
        });
    }

    /// Sends a heartbeat when there was silence for long enough.
    pub(super) fn beat(&mut self, now: i64) {
        let Mode::Push(push) = &mut self.mode else {
            return;
        };
        if push.beat_due().is_none_or(|due| now < due) {
            return;
        }
        push.wind(now);
        let asked = push.flow.as_ref().and_then(|flow| flow.asked.as_ref());
        let stalled = asked.map(|(subject, _)| subject.as_str());
        let last = self.position.saturating_sub(1);
        let headers = status::heartbeat(self.state.delivered.consumer, last, stalled);
        let is_asked = asked.is_some();
        let to = self.config.deliver_subject.clone().into_bytes();
        self.effects.push(Effect::Send { to, reply: Vec::new(), headers });
        let has_unacked = !self.state.unacked.is_empty();
        if self.config.ack_policy == AckPolicy::FlowControl && has_unacked && !is_asked {
            self.ask();
        }
    }
}

/// The number of a header, above zero.
fn number_of(headers: &[u8], key: &str) -> Option<u64> {
    let value = block::value(headers, key)?;
    let number: u64 = str::from_utf8(value).ok()?.parse().ok()?;
    (number > 0).then_some(number)
}
