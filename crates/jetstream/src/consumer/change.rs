//! What changes in a consumer's state, and how a batch of changes stands in the log.
//!
//! `version entry*`. An entry is a tag and varints; sequences and times are distances from those
//! of the entry before, so that runs of deliveries and of acknowledgements cost little.

use super::numbers::{Bytes, put_varint, signed, unsigned};
use crate::stream::DecodeError;

/// A change of a [`super::State`], as it stands in the log. Each may come twice, and then changes
/// nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A message was delivered, for the first time or again.
    Delivered {
        /// Sequence of the stream.
        stream: u64,
        /// Sequence of the delivery.
        consumer: u64,
        /// How often by now; at least once.
        deliveries: u32,
        /// When, in nanoseconds since 1970.
        time: i64,
    },
    /// A message was acknowledged, given up by its client, or left the stream.
    Acked(u64),
    /// All messages up to this one were.
    AckedTo {
        /// Sequence of the stream.
        stream: u64,
        /// Sequence of the delivery that was acknowledged.
        consumer: u64,
    },
    /// The wait for the acknowledgement of a message counts from another time.
    Touched {
        /// Sequence of the stream.
        stream: u64,
        /// In nanoseconds since 1970; may lie ahead.
        time: i64,
    },
    /// A message was delivered as often as it may be, and is not waited for any more.
    GaveUp(u64),
    /// All messages before this one left the stream.
    Purged(u64),
    /// The consumer begins again with this sequence.
    Reset(u64),
}

/// Changes that a batch has at most.
pub const CHANGES_MAX: usize = 1 << 20;

const VERSION: u8 = 1;

/// First deliveries of consecutive sequences at one time: distance of the sequence, of the
/// delivery, of the time, count.
const DENSE: u8 = 1;
/// The same with gaps: …, count, distances.
const SPARSE: u8 = 2;
/// One delivery: distances of sequence, delivery and time, deliveries.
const AGAIN: u8 = 3;
/// Consecutive sequences are acknowledged: distance, count.
const ACKED: u8 = 4;
const ACKED_TO: u8 = 5;
const TOUCHED: u8 = 6;
const GAVE_UP: u8 = 7;
const PURGED: u8 = 8;
const RESET: u8 = 9;

/// From where distances count.
#[derive(Default)]
struct Last {
    stream: u64,
    consumer: u64,
    time: i64,
}

/// The changes as the bytes of one record.
///
/// # Panics
/// With more than [`CHANGES_MAX`] changes: none of them may be lost.
#[must_use]
pub fn encode_changes(changes: &[Change]) -> Vec<u8> {
    assert!(changes.len() <= CHANGES_MAX, "a batch has at most {CHANGES_MAX} changes");
    let mut bytes = vec![VERSION];
    let mut last = Last::default();
    let mut rest = changes;
    while let Some(change) = rest.first() {
        let count = match *change {
            Change::Delivered { deliveries: 1, .. } => last.put_first_deliveries(&mut bytes, rest),
            Change::Acked(seq) => {
                let count = acked_count(rest);
                last.put_seq(&mut bytes, ACKED, seq);
                put_count(&mut bytes, count);
                last.stream = seq.wrapping_add(number(count) - 1);
                count
            }
            _ => last.put_one(&mut bytes, change),
        };
        rest = &rest[count..];
    }
    bytes
}

/// Reads what [`encode_changes`] wrote.
///
/// # Errors
/// When the bytes end early or hold what no batch has.
pub fn decode_changes(bytes: &[u8]) -> Result<Vec<Change>, DecodeError> {
    let mut bytes = Bytes(bytes);
    let version = bytes.byte()?;
    if version != VERSION {
        return Err(DecodeError::Version(version.into()));
    }
    let mut changes = Vec::new();
    let mut last = Last::default();
    while !bytes.0.is_empty() {
        let tag = bytes.byte()?;
        last.take_entry(tag, &mut bytes, &mut changes)?;
    }
    Ok(changes)
}

impl Last {
    fn put_seq(&mut self, bytes: &mut Vec<u8>, tag: u8, seq: u64) {
        bytes.push(tag);
        put_varint(bytes, unsigned(seq.wrapping_sub(self.stream).cast_signed()));
        self.stream = seq;
    }

    fn put_consumer(&mut self, bytes: &mut Vec<u8>, consumer: u64) {
        put_varint(bytes, unsigned(consumer.wrapping_sub(self.consumer).cast_signed()));
        self.consumer = consumer;
    }

    fn put_time(&mut self, bytes: &mut Vec<u8>, time: i64) {
        put_varint(bytes, unsigned(time.wrapping_sub(self.time)));
        self.time = time;
    }

    fn put_delivery(&mut self, bytes: &mut Vec<u8>, tag: u8, change: &Change) {
        let Change::Delivered { stream, consumer, time, .. } = *change else {
            return;
        };
        self.put_seq(bytes, tag, stream);
        self.put_consumer(bytes, consumer);
        self.put_time(bytes, time);
    }

    /// Writes the first deliveries with which `changes` begins; at least one. How many.
    fn put_first_deliveries(&mut self, bytes: &mut Vec<u8>, changes: &[Change]) -> usize {
        let dense = run_length(changes, |distance| distance == 1);
        let count = if dense > 1 { dense } else { run_length(changes, |distance| distance > 0) };
        let tag = if count == dense { DENSE } else { SPARSE };
        self.put_delivery(bytes, tag, &changes[0]);
        put_count(bytes, count);
        for change in &changes[1..count] {
            let Change::Delivered { stream, consumer, .. } = *change else {
                continue;
            };
            if tag == SPARSE {
                put_varint(bytes, stream - self.stream);
            }
            (self.stream, self.consumer) = (stream, consumer);
        }
        count
    }

    fn put_one(&mut self, bytes: &mut Vec<u8>, change: &Change) -> usize {
        match *change {
            Change::Delivered { deliveries, .. } => {
                self.put_delivery(bytes, AGAIN, change);
                put_varint(bytes, deliveries.into());
            }
            Change::Touched { stream, time } => {
                self.put_seq(bytes, TOUCHED, stream);
                self.put_time(bytes, time);
            }
            Change::Acked(seq) => {
                self.put_seq(bytes, ACKED, seq);
                put_count(bytes, 1);
            }
            Change::AckedTo { stream, consumer } => {
                self.put_seq(bytes, ACKED_TO, stream);
                self.put_consumer(bytes, consumer);
            }
            Change::GaveUp(seq) => self.put_seq(bytes, GAVE_UP, seq),
            Change::Purged(seq) => self.put_seq(bytes, PURGED, seq),
            Change::Reset(seq) => self.put_seq(bytes, RESET, seq),
        }
        1
    }

    fn take_entry(
        &mut self,
        tag: u8,
        bytes: &mut Bytes<'_>,
        changes: &mut Vec<Change>,
    ) -> Result<(), DecodeError> {
        self.stream = self.stream.wrapping_add(signed(bytes.varint()?).cast_unsigned());
        let change = match tag {
            DENSE | SPARSE => return self.take_first_deliveries(tag, bytes, changes),
            ACKED => return self.take_acked(bytes, changes),
            AGAIN => {
                self.take_delivery(bytes)?;
                let deliveries = u32::try_from(bytes.varint()?);
                let deliveries = deliveries.map_err(|_| DecodeError::Field("deliveries"))?;
                self.delivered(deliveries)
            }
            TOUCHED => {
                self.time = self.time.wrapping_add(signed(bytes.varint()?));
                Change::Touched { stream: self.stream, time: self.time }
            }
            ACKED_TO => {
                self.take_consumer(bytes)?;
                Change::AckedTo { stream: self.stream, consumer: self.consumer }
            }
            GAVE_UP => Change::GaveUp(self.stream),
            PURGED => Change::Purged(self.stream),
            RESET => Change::Reset(self.stream),
            _ => return Err(DecodeError::Field("change")),
        };
        room(changes, 1)?;
        changes.push(change);
        Ok(())
    }

    fn take_delivery(&mut self, bytes: &mut Bytes<'_>) -> Result<(), DecodeError> {
        self.take_consumer(bytes)?;
        self.time = self.time.wrapping_add(signed(bytes.varint()?));
        Ok(())
    }

    fn take_consumer(&mut self, bytes: &mut Bytes<'_>) -> Result<(), DecodeError> {
        self.consumer = self.consumer.wrapping_add(signed(bytes.varint()?).cast_unsigned());
        Ok(())
    }

    fn take_first_deliveries(
        &mut self,
        tag: u8,
        bytes: &mut Bytes<'_>,
        changes: &mut Vec<Change>,
    ) -> Result<(), DecodeError> {
        self.take_delivery(bytes)?;
        let count = bytes.varint()?;
        room(changes, count)?;
        for index in 0..count {
            if index > 0 {
                let distance = if tag == SPARSE { bytes.varint()? } else { 1 };
                self.stream = self.stream.wrapping_add(distance);
                self.consumer = self.consumer.wrapping_add(1);
            }
            changes.push(self.delivered(1));
        }
        Ok(())
    }

    fn take_acked(
        &mut self,
        bytes: &mut Bytes<'_>,
        changes: &mut Vec<Change>,
    ) -> Result<(), DecodeError> {
        let count = bytes.varint()?;
        room(changes, count)?;
        for index in 0..count {
            self.stream = self.stream.wrapping_add(u64::from(index > 0));
            changes.push(Change::Acked(self.stream));
        }
        Ok(())
    }

    fn delivered(&self, deliveries: u32) -> Change {
        let (stream, consumer, time) = (self.stream, self.consumer, self.time);
        Change::Delivered { stream, consumer, deliveries, time }
    }
}

/// Whether `count` more changes may come: at least one, and not more than a batch has.
fn room(changes: &[Change], count: u64) -> Result<(), DecodeError> {
    let left = number(CHANGES_MAX - changes.len().min(CHANGES_MAX));
    if count == 0 || count > left { Err(DecodeError::Field("count")) } else { Ok(()) }
}

/// How many first deliveries stand at the beginning that follow each other in both counts, at one
/// time, with a distance of sequences that `fits`.
fn run_length(changes: &[Change], fits: impl Fn(u64) -> bool) -> usize {
    let follows = |pair: &[Change]| match (pair[0], pair[1]) {
        (
            Change::Delivered { stream, consumer, deliveries: 1, time },
            Change::Delivered { stream: next, consumer: behind, deliveries: 1, time: then },
        ) => {
            let distance = next.checked_sub(stream);
            distance.is_some_and(&fits) && behind == consumer.wrapping_add(1) && then == time
        }
        _ => false,
    };
    1 + changes.windows(2).take_while(|pair| follows(pair)).count()
}

/// How many acknowledgements of consecutive sequences stand at the beginning.
fn acked_count(changes: &[Change]) -> usize {
    let follows = |pair: &[Change]| match (pair[0], pair[1]) {
        (Change::Acked(seq), Change::Acked(next)) => next.checked_sub(seq) == Some(1),
        _ => false,
    };
    1 + changes.windows(2).take_while(|pair| follows(pair)).count()
}

fn put_count(bytes: &mut Vec<u8>, count: usize) {
    put_varint(bytes, number(count));
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
