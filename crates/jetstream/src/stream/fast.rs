//! Fast batches: messages that are stored one by one, while the publisher hears only now and
//! then how far they came.
//!
//! The rules are nats-server's (`processJetStreamFastBatchMsg`, `server/stream.go`), for a stream
//! whose messages are stored at once.

use std::collections::BTreeMap;

use super::differing::{Diff, Refused};
use super::draft::Publish;
use super::index::Removed;
use super::machine::Stream;
use super::publishing::Stored;
use crate::config::exceeds_api_level;
use crate::error::{self, ApiError};
use crate::publish::batch::{FastBatch, FlowMessage, Gap, Operation};

/// Messages after which a publisher hears of them, at most, for all publishers together.
const FLOW_MAX: u16 = 500;

/// What the publisher of a fast batch is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// How the batch goes: a payload.
    Flow(Vec<u8>),
    /// The batch ended: the last sequence, and how many messages it had.
    Ended {
        /// Sequence of its last message in the stream.
        seq: u64,
        /// Messages of the batch.
        count: u64,
        /// Its first message was stored before.
        is_duplicate: bool,
    },
    /// It was refused before it began.
    Refused(ApiError),
}

/// A fast batch that is under way.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fast {
    /// The message of the batch that came last.
    pub(super) last: u64,
    /// The sequence that was stored last.
    pub(super) stored_seq: u64,
    /// The message up to which all is settled: `settled <= last`.
    pub(super) settled: u64,
    /// The message that the publisher heard of last.
    pub(super) told: u64,
    /// After how many messages it hears again.
    pub(super) flow: u16,
    /// What it asked for.
    pub(super) flow_max: u16,
    /// Messages may be missing.
    pub(super) gap_ok: bool,
    /// It takes no more messages.
    pub(super) ended: bool,
    /// When it is given up.
    pub(super) deadline: i64,
}

/// The fast batches of a stream.
#[derive(Debug, Clone, Default)]
pub(super) struct FastBatches(pub(super) BTreeMap<String, Fast>);

impl FastBatches {
    pub(super) fn next_deadline(&self) -> Option<i64> {
        self.0.values().map(|batch| batch.deadline).min()
    }

    pub(super) fn expire(&mut self, now: i64) {
        self.0.retain(|_, batch| batch.deadline > now);
    }

    fn initial_flow(&self, flow_max: u16) -> u16 {
        if self.0.is_empty() { flow_max.min(FLOW_MAX) } else { 1 }
    }
}

impl Fast {
    /// Tells how far it came, if that is due, and adapts to the number of batches.
    fn check_flow(&mut self, batches: usize, told: &mut Vec<Told>) -> bool {
        let flow = u64::from(self.flow);
        if self.settled < self.told + flow {
            return false;
        }
        self.told += (self.settled - self.told) / flow * flow;
        let share = FLOW_MAX / u16::try_from(batches.max(1)).unwrap_or(FLOW_MAX);
        let most = share.max(1).min(self.flow_max);
        if self.flow < most {
            self.flow = self.flow.saturating_mul(2).min(most);
        } else if self.flow > most {
            self.flow = (self.flow / 2).max(most);
        }
        self.tell(self.told, told);
        true
    }

    fn tell(&self, seq: u64, told: &mut Vec<Told>) {
        told.push(Told::Flow(FlowMessage::Ack { seq, messages: self.flow }.encode()));
    }

    /// Takes no more messages; when all are settled, the publisher is told and it is over.
    fn end(&mut self, told: &mut Vec<Told>) -> bool {
        self.ended = true;
        let over = self.last == self.settled;
        if over {
            let (seq, count) = (self.stored_seq, self.last);
            told.push(Told::Ended { seq, count, is_duplicate: false });
        }
        over
    }
}

impl Stream {
    /// Takes a message of a fast batch. What the publisher hears of it is added to `told`.
    pub fn publish_fast<'a>(
        &mut self,
        message: &Publish<'a>,
        batch: Result<FastBatch<'_>, ApiError>,
        told: &mut Vec<Told>,
        removed: &mut Vec<Removed>,
    ) -> Option<Stored<'a>> {
        let (batch, mut held) = match self.admit(message, batch) {
            Ok(admitted) => admitted,
            Err(refusal) => {
                told.push(Told::Refused(refusal));
                return None;
            }
        };
        held.deadline = message.now.saturating_add(self.batch_limits.patience_ns);
        let batches = self.fast.0.len() + usize::from(!self.fast.0.contains_key(batch.id));
        let (over, stored) = match batch.operation {
            Operation::Ping => (held.ping(&batch, batches, told), None),
            _ if held.ended => (false, None),
            _ => match held.advance(&batch, told) {
                Step::Over => (true, None),
                Step::Wait => (false, None),
                Step::Store => self.take(message, &batch, (&mut held, batches), told, removed),
            },
        };
        if over {
            self.fast.0.remove(batch.id);
        } else {
            self.fast.0.insert(batch.id.to_owned(), held);
        }
        stored
    }

    fn admit<'b>(
        &mut self,
        message: &Publish<'_>,
        batch: Result<FastBatch<'b>, ApiError>,
    ) -> Result<(FastBatch<'b>, Fast), ApiError> {
        if self.config.sealed {
            return Err(error::STREAM_SEALED);
        }
        self.check_size(&self.draft(message))?;
        if !self.config.allow_batched {
            return Err(error::BATCH_DISABLED);
        }
        let batch = batch?;
        let max = usize::try_from(self.batch_limits.fast).ok();
        let is_full = max.is_some_and(|max| self.fast.0.len() >= max);
        let held = match self.fast.0.get(batch.id) {
            Some(held) => *held,
            None if batch.seq != 1 || batch.operation == Operation::Ping => {
                return Err(error::BATCH_ID_UNKNOWN);
            }
            None if is_full => return Err(error::BATCH_TOO_MANY),
            None => Fast {
                flow: self.fast.initial_flow(batch.flow),
                flow_max: batch.flow,
                gap_ok: batch.gap == Gap::Ok,
                ..Fast::default()
            },
        };
        let level = message.asked.required_api_level;
        if level.is_some_and(|level| str::from_utf8(level).map_or(true, exceeds_api_level)) {
            self.fast.0.remove(batch.id);
            return Err(error::API_LEVEL_REQUIRED);
        }
        Ok((batch, held))
    }

    /// Checks and stores the message; whether the batch is over, and what was stored.
    fn take<'a>(
        &mut self,
        message: &Publish<'a>,
        batch: &FastBatch<'_>,
        (held, batches): (&mut Fast, usize),
        told: &mut Vec<Told>,
        removed: &mut Vec<Removed>,
    ) -> (bool, Option<Stored<'a>>) {
        let mut draft = self.draft(message);
        if message.asked.required_api_level.is_some() {
            draft.without_level();
        }
        if message.asked.expected_last_msg_id.is_some_and(|id| id != self.last_message_id) {
            // Answered like a message on its own; the batch goes on without it.
            let last = String::from_utf8_lossy(&self.last_message_id);
            told.push(Told::Refused(error::wrong_last_message_id(last)));
            return (false, None);
        }
        let checked = self.check_in_batch(&mut draft, &mut Diff::default());
        if let Err(refused) = checked {
            return (held.refuse(batch, refused, batches, told), None);
        }
        let now = self.store(draft, removed);
        held.stored_seq = now.seq;
        held.settled = held.last;
        let over = held.ended && held.end(told);
        if !held.ended {
            held.check_flow(batches, told);
        }
        (over, Some(now))
    }
}

/// What is to be done with a message of a batch.
enum Step {
    /// It is stored.
    Store,
    /// Nothing.
    Wait,
    /// The batch is over.
    Over,
}

impl Fast {
    fn ping(&mut self, batch: &FastBatch<'_>, batches: usize, told: &mut Vec<Told>) -> bool {
        let mut tell = true;
        if batch.seq > self.last {
            let gap = FlowMessage::Gap { expected: self.last + 1, seq: batch.seq + 1 };
            told.push(Told::Flow(gap.encode()));
            if self.gap_ok {
                self.last = batch.seq;
                self.settled = self.last;
                tell = !self.check_flow(batches, told);
            } else if self.end(told) {
                return true;
            }
        }
        if tell {
            self.tell(self.told, told);
        }
        false
    }

    /// Looks for gaps, and whether the batch ends here.
    fn advance(&mut self, batch: &FastBatch<'_>, told: &mut Vec<Told>) -> Step {
        let expected = self.last + 1;
        if batch.seq != expected {
            let gap = FlowMessage::Gap { expected, seq: batch.seq };
            told.push(Told::Flow(gap.encode()));
        }
        if batch.seq < expected || (batch.seq > expected && !self.gap_ok) {
            return if self.end(told) { Step::Over } else { Step::Wait };
        }
        match batch.operation {
            Operation::CommitExcluded => {
                self.last = batch.seq - 1;
                self.settled = self.last;
                return if self.end(told) { Step::Over } else { Step::Wait };
            }
            Operation::Commit => self.ended = true,
            _ if batch.seq == 1 => self.tell(0, told),
            _ => {}
        }
        self.last = batch.seq;
        Step::Store
    }

    /// Tells that a message was refused; whether the batch is over.
    fn refuse(
        &mut self,
        batch: &FastBatch<'_>,
        refused: Refused,
        batches: usize,
        told: &mut Vec<Told>,
    ) -> bool {
        let commits = self.ended;
        if let Refused::Duplicate(_) = refused {
            self.settled = batch.seq;
            self.check_flow(batches, told);
            if !commits {
                return false;
            }
        }
        // What is refused at once is answered like a message on its own.
        if batch.gap == Gap::Fail && self.last == 1 {
            told.push(match refused {
                Refused::Duplicate(seq) => {
                    Told::Ended { seq, count: batch.seq, is_duplicate: true }
                }
                Refused::For(refusal) => Told::Refused(refusal),
            });
            return true;
        }
        if let Refused::For(error) = &refused {
            let message = FlowMessage::Err { seq: batch.seq, error };
            told.push(Told::Flow(message.encode()));
            if batch.gap == Gap::Ok && !commits {
                return false;
            }
            self.last -= 1;
            self.settled = self.last;
        }
        self.end(told)
    }
}
