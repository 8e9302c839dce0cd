//! A stream as a checkpoint keeps it.
//!
//! Version 1: configuration (JSON), creation, counters, last message id, names of subjects, then
//! for each message its distance to the one before, subject, time, size, flags and location, then
//! message ids, expiries, schedules, batches under way, and, if there is anything to say, how far
//! sources were taken. Numbers are LEB128 unless said
//! otherwise; first and last of subjects and sums are not written, but counted again.

use super::bytes::{Bytes, DecodeError, put_text, put_varint};
use super::dedup::IdHash;
use super::fast::Fast;
use super::index::{Index, NewMessage};
use super::machine::Stream;
use super::pages::Location;
use super::staging::{Staged, Waiting};
use super::taking::{Progress, Taking};
use crate::config::StreamConfig;
use crate::json::{self, Strictness};

const VERSION: u64 = 1;
const NEVER_EXPIRES: u8 = 1;
const MARKER: u8 = 2;

impl Stream {
    /// Appends everything that it takes to be this stream again.
    pub fn save(&self, into: &mut Vec<u8>) {
        put_varint(into, VERSION);
        put_text(into, &json::to_vec(&self.config));
        for time in [self.created(), self.index.last_time()] {
            into.extend_from_slice(&time.to_le_bytes());
        }
        for number in [self.index.first_seq(), self.index.last_seq(), self.age_floor] {
            put_varint(into, number);
        }
        put_text(into, &self.last_message_id);
        self.save_messages(into);
        put_varint(into, count(self.dedup.iter().count()));
        for (id, seq, time) in self.dedup.iter() {
            into.extend_from_slice(&id.0.to_le_bytes());
            put_varint(into, seq);
            into.extend_from_slice(&time.to_le_bytes());
        }
        put_varint(into, count(self.expiries.iter().count()));
        for (time, seq) in self.expiries.iter() {
            into.extend_from_slice(&time.to_le_bytes());
            put_varint(into, seq);
        }
        let live = || self.schedules.iter().filter(|&(seq, _)| self.index.get(seq).is_some());
        put_varint(into, count(live().count()));
        for (seq, time) in live() {
            put_varint(into, seq);
            into.extend_from_slice(&time.to_le_bytes());
        }
        self.save_batches(into);
        self.save_fast(into);
        if self.taking != Taking::default() {
            for known in [&self.taking.current, &self.taking.former] {
                put_varint(into, count(known.len()));
                for (key, progress) in known {
                    put_text(into, key.as_bytes());
                    put_varint(into, progress.seq);
                    put_text(into, progress.identity.as_bytes());
                    put_varint(into, progress.stored);
                }
            }
        }
    }

    fn load_taking(&mut self, bytes: &mut Bytes<'_>) -> Result<(), DecodeError> {
        for known in [&mut self.taking.current, &mut self.taking.former] {
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
        Ok(())
    }

    fn save_batches(&self, into: &mut Vec<u8>) {
        put_varint(into, count(self.staging.batches.len()));
        for (id, batch) in &self.staging.batches {
            put_text(into, id);
            into.extend_from_slice(&batch.deadline.to_le_bytes());
            put_varint(into, count(batch.messages.len()));
            for Staged { subject, headers, body, id } in &batch.messages {
                for part in [subject, headers, body] {
                    put_text(into, part);
                }
                let id = id.map(|id| id.0.to_le_bytes());
                put_text(into, id.as_ref().map_or(&[], |id| id));
            }
        }
    }

    fn save_fast(&self, into: &mut Vec<u8>) {
        put_varint(into, count(self.fast.0.len()));
        for (id, batch) in &self.fast.0 {
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

    fn load_fast(&mut self, bytes: &mut Bytes<'_>) -> Result<(), DecodeError> {
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
            self.fast.0.insert(id.to_owned(), batch);
        }
        Ok(())
    }

    fn load_batches(&mut self, bytes: &mut Bytes<'_>) -> Result<(), DecodeError> {
        for _ in 0..bytes.varint()? {
            let batch = bytes.text()?;
            let deadline = bytes.i64()?;
            let waiting = Waiting { deadline, ..Waiting::default() };
            self.staging.batches.insert(batch.to_vec(), waiting);
            for _ in 0..bytes.varint()? {
                let mut part = || bytes.text().map(<[u8]>::to_vec);
                let (subject, headers, body) = (part()?, part()?, part()?);
                let id = bytes.text()?.try_into().ok().map(|id| IdHash(u128::from_le_bytes(id)));
                self.staging.add(batch, Staged { subject, headers, body, id });
            }
        }
        Ok(())
    }

    fn save_messages(&self, into: &mut Vec<u8>) {
        let subjects = self.index.subjects();
        put_varint(into, count(subjects.len()));
        let mut numbers = Vec::new();
        for (number, (id, name, _)) in (0u64..).zip(subjects.iter()) {
            put_text(into, name);
            let slot = id.slot();
            if numbers.len() <= slot {
                numbers.resize(slot + 1, 0);
            }
            numbers[slot] = number;
        }
        put_varint(into, self.index.messages());
        let (mut seq_before, mut time_before) = (0, 0i64);
        for (seq, meta) in self.index.pages().iter_from(0) {
            put_varint(into, seq - seq_before);
            put_varint(into, numbers[meta.subject.slot()]);
            // Times grow with sequences, save in some streams that were restored.
            put_varint(into, meta.time.wrapping_sub(time_before).cast_unsigned());
            put_varint(into, u64::from(meta.size));
            let flag = |on: bool, bit: u8| if on { bit } else { 0 };
            into.push(flag(meta.never_expires, NEVER_EXPIRES) | flag(meta.is_marker, MARKER));
            put_varint(into, meta.location.0);
            (seq_before, time_before) = (seq, meta.time);
        }
    }

    /// The stream that was saved. `seed` as for [`Stream::new`].
    ///
    /// # Errors
    /// When the bytes are none that [`Stream::save`] wrote.
    pub fn load(bytes: &[u8], seed: u64) -> Result<Self, DecodeError> {
        let mut bytes = Bytes(bytes);
        let version = bytes.varint()?;
        if version != VERSION {
            return Err(DecodeError::Version(u32::try_from(version).unwrap_or(u32::MAX)));
        }
        let config = StreamConfig::parse(bytes.text()?, Strictness::Strict)
            .map_err(|_| DecodeError::Field("configuration"))?;
        let (created, last_time) = (bytes.i64()?, bytes.i64()?);
        let (first_seq, last_seq) = (bytes.varint()?, bytes.varint()?);
        let mut stream = Self::new(config, created, seed);
        stream.age_floor = bytes.varint()?;
        stream.last_message_id = bytes.text()?.to_vec();
        stream.index = load_messages(&mut bytes, first_seq, seed)?;
        stream.index.skip_to(last_seq, last_time);
        if stream.index.messages() == 0 {
            stream.index.start_at(first_seq);
        }
        for _ in 0..bytes.varint()? {
            let id = IdHash(u128::from_le_bytes(bytes.array()?));
            let seq = bytes.varint()?;
            stream.dedup.insert(id, seq, bytes.i64()?);
        }
        for _ in 0..bytes.varint()? {
            let time = bytes.i64()?;
            stream.expiries.insert(bytes.varint()?, time);
        }
        for _ in 0..bytes.varint()? {
            let seq = bytes.varint()?;
            stream.schedules.set(seq, bytes.i64()?);
        }
        stream.load_batches(&mut bytes)?;
        stream.load_fast(&mut bytes)?;
        if !bytes.0.is_empty() {
            stream.load_taking(&mut bytes)?;
        }
        Ok(stream)
    }
}

fn load_messages(bytes: &mut Bytes<'_>, first: u64, seed: u64) -> Result<Index, DecodeError> {
    let mut names = Vec::new();
    for _ in 0..bytes.varint()? {
        names.push(bytes.text()?);
    }
    let mut index = Index::new(first, seed);
    let (mut seq, mut time) = (0u64, 0i64);
    for _ in 0..bytes.varint()? {
        seq = seq.checked_add(bytes.varint()?).ok_or(DecodeError::Field("sequence"))?;
        let subject = usize::try_from(bytes.varint()?).map_err(|_| DecodeError::Short)?;
        let subject = names.get(subject).copied().ok_or(DecodeError::Field("subject"))?;
        time = time.wrapping_add(bytes.varint()?.cast_signed());
        let size = u32::try_from(bytes.varint()?).map_err(|_| DecodeError::Field("size"))?;
        let flags = bytes.byte()?;
        let location = Location(bytes.varint()?);
        if seq == 0 || seq <= index.last_seq() {
            return Err(DecodeError::Field("sequence"));
        }
        index.skip_to(seq - 1, 0);
        let never_expires = flags & NEVER_EXPIRES != 0;
        let is_marker = flags & MARKER != 0;
        index.append(&NewMessage { subject, time, size, never_expires, is_marker });
        index.place(seq, location);
    }
    Ok(index)
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::{Origin, Publish, Published, Purge, Resident};
    use super::*;
    use crate::publish::PublishHeaders;
    use crate::publish::schedule::OnlyUtc;

    fn publish(stream: &mut Stream, subject: &[u8], id: Option<u128>) {
        let asked = &PublishHeaders::default();
        let (headers, body, now) = (&b""[..], &b"x"[..], stream.index.last_time() + 5);
        let id = id.map(IdHash);
        let (origin, resident, zones) = (Origin::Client, Resident::NONE, &OnlyUtc);
        let message = Publish { subject, headers, body, asked, id, now, origin, resident, zones };
        let published = stream.publish(&message, &mut Vec::new());
        let Published::Stored(stored) = published else { panic!("{published:?}") };
        stream.place(stored.seq, Location(stored.seq * 100));
    }

    fn filled() -> Stream {
        let mut config = StreamConfig { name: "S".to_owned(), ..StreamConfig::default() };
        config.duplicate_window = crate::Nanos::MINUTE;
        config.first_seq = 10;
        config.max_msg_size = -1;
        let mut stream = Stream::new(config, 77, 1);
        for n in 0..50u8 {
            publish(&mut stream, &[b'a', b'.', b'0' + n % 7], Some(u128::from(n)));
        }
        stream.purge(&Purge { filter: b"a.3", ..Purge::default() }, &mut Vec::new()).unwrap();
        stream.delete(59, &mut Vec::new()).unwrap();
        stream
    }

    #[test]
    fn a_stream_comes_back_as_it_was() {
        let stream = filled();
        let mut bytes = Vec::new();
        stream.save(&mut bytes);
        let loaded = Stream::load(&bytes, 2).unwrap();
        let mut again = Vec::new();
        loaded.save(&mut again);
        assert_eq!(bytes, again);
        assert_eq!(loaded.index.bytes(), stream.index.bytes());
        assert_eq!(loaded.index.first_seq(), stream.index.first_seq());
        assert_eq!(loaded.index.last_seq(), 59);
        assert_eq!(loaded.index.last_of(b"a.5"), stream.index.last_of(b"a.5"));
        assert_eq!(loaded.dedup.find(IdHash(3)), Some(13));
    }

    #[test]
    fn an_emptied_stream_keeps_its_sequences() {
        let mut stream = filled();
        stream.purge(&Purge { seq: 1000, ..Purge::default() }, &mut Vec::new()).unwrap();
        let mut bytes = Vec::new();
        stream.save(&mut bytes);
        let loaded = Stream::load(&bytes, 2).unwrap();
        assert_eq!((loaded.index.first_seq(), loaded.index.last_seq()), (1000, 999));
    }

    #[test]
    fn every_cut_is_an_error() {
        let mut bytes = Vec::new();
        filled().save(&mut bytes);
        for end in 0..bytes.len() {
            assert!(Stream::load(&bytes[..end], 2).is_err(), "{end}");
        }
    }
}
