//! The whole state as bytes, for checkpoints.
//!
//! `version delivered floor #unacked unacked* #exhausted exhausted*`: varints, sequences of lists
//! as distances from the one before.

use std::collections::BTreeMap;

use super::{Position, State, Unacked};
use crate::consumer::numbers::{Bytes, put_varint, signed, unsigned};
use crate::stream::DecodeError;

const VERSION: u8 = 1;

impl State {
    /// The state as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(24 + 8 * self.unacked.len());
        bytes.push(VERSION);
        for number in
            [self.delivered.consumer, self.delivered.stream, self.floor.consumer, self.floor.stream]
        {
            put_varint(&mut bytes, number);
        }
        self.encode_unacked(&mut bytes);
        put_count(&mut bytes, self.exhausted.len());
        let mut last = 0;
        for (&seq, &deliveries) in &self.exhausted {
            put_varint(&mut bytes, seq - last);
            put_varint(&mut bytes, deliveries.into());
            last = seq;
        }
        bytes
    }

    fn encode_unacked(&self, bytes: &mut Vec<u8>) {
        put_count(bytes, self.unacked.len());
        let (mut last_seq, mut last_consumer, mut last_time) = (0, 0, 0_i64);
        for (&seq, unacked) in &self.unacked {
            put_varint(bytes, seq - last_seq);
            put_varint(bytes, unacked.consumer.wrapping_sub(last_consumer));
            put_varint(bytes, unsigned(unacked.time.wrapping_sub(last_time)));
            put_varint(bytes, unacked.deliveries.into());
            (last_seq, last_consumer, last_time) = (seq, unacked.consumer, unacked.time);
        }
    }

    /// Reads what [`State::encode`] wrote.
    ///
    /// # Errors
    /// When the bytes end early or hold what no state has.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut bytes = Bytes(bytes);
        let version = bytes.byte()?;
        if version != VERSION {
            return Err(DecodeError::Version(version.into()));
        }
        let delivered = Position { consumer: bytes.varint()?, stream: bytes.varint()? };
        let floor = Position { consumer: bytes.varint()?, stream: bytes.varint()? };
        let unacked = decode_unacked(&mut bytes, delivered)?;
        let exhausted = decode_exhausted(&mut bytes)?;
        if floor.consumer > delivered.consumer || floor.stream > delivered.stream {
            return Err(DecodeError::Field("floor"));
        }
        if exhausted.keys().any(|seq| unacked.contains_key(seq)) {
            return Err(DecodeError::Field("exhausted"));
        }
        if !bytes.0.is_empty() {
            return Err(DecodeError::Field("length"));
        }
        Ok(Self { delivered, floor, unacked, exhausted })
    }
}

fn decode_unacked(
    bytes: &mut Bytes<'_>,
    delivered: Position,
) -> Result<BTreeMap<u64, Unacked>, DecodeError> {
    let wrong = DecodeError::Field("unacked");
    let mut unacked = BTreeMap::new();
    let (mut seq, mut consumer, mut time) = (0_u64, 0_u64, 0_i64);
    for _ in 0..bytes.varint()? {
        seq = next_seq(seq, bytes)?;
        consumer = consumer.wrapping_add(bytes.varint()?);
        time = time.wrapping_add(signed(bytes.varint()?));
        let deliveries = u32::try_from(bytes.varint()?).map_err(|_| wrong)?;
        let is_delivered = seq <= delivered.stream && consumer <= delivered.consumer;
        if !is_delivered || consumer == 0 || deliveries == 0 {
            return Err(wrong);
        }
        unacked.insert(seq, Unacked { consumer, time, deliveries });
    }
    Ok(unacked)
}

fn decode_exhausted(bytes: &mut Bytes<'_>) -> Result<BTreeMap<u64, u32>, DecodeError> {
    let mut exhausted = BTreeMap::new();
    let mut seq = 0;
    for _ in 0..bytes.varint()? {
        seq = next_seq(seq, bytes)?;
        let deliveries = bytes.varint()?;
        let deliveries = u32::try_from(deliveries).map_err(|_| DecodeError::Field("exhausted"))?;
        exhausted.insert(seq, deliveries);
    }
    Ok(exhausted)
}

/// The sequence behind `seq`: always a later one.
fn next_seq(seq: u64, bytes: &mut Bytes<'_>) -> Result<u64, DecodeError> {
    let distance = bytes.varint()?;
    if distance == 0 {
        return Err(DecodeError::Field("sequence"));
    }
    seq.checked_add(distance).ok_or(DecodeError::Field("sequence"))
}

fn put_count(bytes: &mut Vec<u8>, count: usize) {
    put_varint(bytes, u64::try_from(count).unwrap_or(u64::MAX));
}
