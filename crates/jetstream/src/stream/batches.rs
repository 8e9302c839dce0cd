//! Batches under way, and how far sources were taken, as the state of a stream keeps them.

use super::bytes::{Bytes, DecodeError, put_text, put_varint};
use super::dedup::IdHash;
use super::fast::Fast;
use super::limits::BatchLimits;
use super::machine::Stream;
use super::staging::{Staged, Waiting};
use super::taking::{Progress, Taking};

/// Appends all batches.
pub(super) fn save(stream: &Stream, into: &mut Vec<u8>) {
    put_varint(into, count(stream.staging.batches.len()));
    for (id, batch) in &stream.staging.batches {
        put_text(into, id);
        into.extend_from_slice(&batch.deadline.to_le_bytes());
        put_varint(into, count(batch.messages.len()));
        for staged in &batch.messages {
            let Staged { subject, headers, body, id } = &**staged;
            for part in [subject, headers, body] {
                put_text(into, part);
            }
            let id = id.map(|id| id.0.to_le_bytes());
            put_text(into, id.as_ref().map_or(&[], |id| id));
        }
    }
    save_fast(stream, into);
    save_taking(stream, into);
}

fn save_taking(stream: &Stream, into: &mut Vec<u8>) {
    let limits = stream.batch_limits;
    let is_limited = limits != BatchLimits::default();
    if stream.taking == Taking::default() && !is_limited {
        return;
    }
    for known in [&stream.taking.current, &stream.taking.former] {
        put_varint(into, count(known.len()));
        for (key, progress) in known {
            put_text(into, key.as_bytes());
            put_varint(into, progress.seq);
            put_text(into, progress.identity.as_bytes());
            put_varint(into, progress.stored);
        }
    }
    if is_limited {
        limits.encode(into);
    }
}

/// Adds how far sources were taken, and limits of batches.
pub(super) fn load_taking(stream: &mut Stream, bytes: &mut Bytes<'_>) -> Result<(), DecodeError> {
    for known in [&mut stream.taking.current, &mut stream.taking.former] {
        for _ in 0..bytes.varint()? {
            let text = |bytes: &mut Bytes<'_>| {
                let text = str::from_utf8(bytes.text()?);
                text.map(str::to_owned).map_err(|_| DecodeError::Field("source"))
            };
            let key = text(bytes)?;
            let (seq, identity) = (bytes.varint()?, text(bytes)?);
            known.insert(key, Progress { seq, identity, stored: bytes.varint()? });
        }
    }
    if !bytes.0.is_empty() {
        stream.batch_limits = BatchLimits::decode(bytes)?;
    }
    Ok(())
}

fn save_fast(stream: &Stream, into: &mut Vec<u8>) {
    put_varint(into, count(stream.fast.0.len()));
    for (id, batch) in &stream.fast.0 {
        put_text(into, id.as_bytes());
        for number in [batch.last, batch.stored_seq, batch.settled, batch.told] {
            put_varint(into, number);
        }
        put_varint(into, u64::from(batch.flow));
        put_varint(into, u64::from(batch.flow_max));
        into.extend_from_slice(&[u8::from(batch.gap_ok), u8::from(batch.ended)]);
        into.extend_from_slice(&batch.deadline.to_le_bytes());
    }
}

/// Adds the batches that [`save`] wrote.
pub(super) fn load(stream: &mut Stream, bytes: &mut Bytes<'_>) -> Result<(), DecodeError> {
    for _ in 0..bytes.varint()? {
        let batch = bytes.text()?;
        let deadline = bytes.i64()?;
        let waiting = Waiting { deadline, ..Waiting::default() };
        stream.staging.batches.insert(batch.to_vec(), waiting);
        for _ in 0..bytes.varint()? {
            let mut part = || bytes.text().map(<[u8]>::to_vec);
            let (subject, headers, body) = (part()?, part()?, part()?);
            let id = bytes.text()?.try_into().ok().map(|id| IdHash(u128::from_le_bytes(id)));
            stream.staging.add(batch, Staged { subject, headers, body, id });
        }
    }
    load_fast(stream, bytes)
}

fn load_fast(stream: &mut Stream, bytes: &mut Bytes<'_>) -> Result<(), DecodeError> {
    for _ in 0..bytes.varint()? {
        let id = str::from_utf8(bytes.text()?).map_err(|_| DecodeError::Field("batch"))?;
        let mut number = || bytes.varint();
        let (last, stored_seq) = (number()?, number()?);
        let (settled, told) = (number()?, number()?);
        let mut flow = || u16::try_from(number()?).map_err(|_| DecodeError::Field("flow"));
        let (flow, flow_max) = (flow()?, flow()?);
        if settled > last || told > settled || flow == 0 {
            return Err(DecodeError::Field("batch"));
        }
        let (gap_ok, ended) = (bytes.byte()? != 0, bytes.byte()? != 0);
        let deadline = bytes.i64()?;
        let batch =
            Fast { last, stored_seq, settled, told, flow, flow_max, gap_ok, ended, deadline };
        stream.fast.0.insert(id.to_owned(), batch);
    }
    Ok(())
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
