//! A block of nats-server's file store: records of messages, of erased ones, and of deletions
//! (`server/filestore.go`), packed with S2 or not. Numbers are little-endian.

use std::collections::VecDeque;

use highway::{HighwayHash, Key, PortableHash};
use sha2::{Digest, Sha256};

use super::archive::varint;
use super::frames::Frames;
use super::reader::{Item, Message};
use super::store::Last;

/// Length, sequence, time and length of the subject.
const HEAD: usize = 22;
const CHECKSUM: usize = 8;
/// In a record's length: it has headers.
const HEADERS: u32 = 1 << 31;
/// In a record's sequence: the message was erased.
const ERASED: u64 = 1 << 63;
/// In a record's sequence: an earlier message is gone.
const TOMBSTONE: u64 = 1 << 62;
/// A packed block begins with these, the algorithm, and the length of what it holds.
const PACKED: &[u8] = b"cmp";
const S2: u8 = 1;
/// Bytes of that beginning at most.
const PACKED_HEAD_MAX: usize = 14;

/// A block that is being read.
#[derive(Debug)]
pub(super) struct BlockFile {
    key: Key,
    packing: Packing,
    /// Bytes of the file that did not come yet.
    missing: u64,
    /// What came, unpacked.
    bytes: Vec<u8>,
    done: usize,
    message_max: u64,
    last_message: u64,
    /// Of a packed block: everything was unpacked.
    is_complete: bool,
}

#[derive(Debug)]
enum Packing {
    Unknown,
    None,
    /// The last eight bytes of the file are not packed.
    S2 {
        frames: Box<Frames>,
        end: Vec<u8>,
    },
}

impl BlockFile {
    pub(super) fn new(stream: &str, number: &str, size: u64, message_max: u64) -> Self {
        let hash: [u8; 32] = Sha256::digest(format!("{stream}-{number}")).into();
        let mut key = [0; 4];
        for (part, bytes) in key.iter_mut().zip(hash.chunks_exact(8)) {
            *part = bytes.try_into().map_or(0, u64::from_le_bytes);
        }
        Self {
            key: Key(key),
            packing: Packing::Unknown,
            missing: size,
            bytes: Vec::new(),
            done: 0,
            message_max,
            last_message: 0,
            is_complete: false,
        }
    }

    /// Takes a piece of the file.
    pub(super) fn feed(&mut self, data: &[u8]) {
        self.bytes.drain(..std::mem::take(&mut self.done));
        let came = u64::try_from(data.len()).unwrap_or(u64::MAX);
        let missing = self.missing.saturating_sub(came);
        if let Packing::S2 { frames, end } = &mut self.packing {
            take_packed(frames, end, data, missing);
        } else {
            self.bytes.extend_from_slice(data);
        }
        self.missing = missing;
        if matches!(self.packing, Packing::Unknown)
            && (missing == 0 || self.bytes.len() >= PACKED_HEAD_MAX)
        {
            self.detect();
        }
    }

    fn detect(&mut self) {
        self.packing = Packing::None;
        let Some((&S2, rest)) = self.bytes.strip_prefix(PACKED).and_then(<[u8]>::split_first)
        else {
            return;
        };
        if let Ok(Some((_, rest))) = varint(rest) {
            let (mut frames, mut end) = (Box::<Frames>::default(), Vec::new());
            take_packed(&mut frames, &mut end, rest, self.missing);
            self.packing = Packing::S2 { frames, end };
            self.bytes.clear();
        }
    }

    /// The file is complete.
    pub(super) fn end(&mut self) {
        if matches!(self.packing, Packing::Unknown) {
            self.detect();
        }
    }

    /// Looks for items; false when there is nothing more in what came.
    pub(super) fn read(
        &mut self,
        found: &mut VecDeque<Item>,
        last: &mut Last,
    ) -> Result<bool, &'static str> {
        if matches!(self.packing, Packing::Unknown) {
            return Ok(false);
        }
        let rest = &self.bytes[self.done..];
        let Some(len) = self.record_len(rest)?.filter(|&len| rest.len() >= len) else {
            return self.unpack();
        };
        let record = &rest[..len];
        let item = record_of(record, self.key, &mut self.last_message, last)?;
        found.extend(item);
        self.done += len;
        Ok(true)
    }

    /// Unpacks more, if there is more.
    fn unpack(&mut self) -> Result<bool, &'static str> {
        let Packing::S2 { frames, end } = &mut self.packing else { return Ok(false) };
        self.bytes.drain(..std::mem::take(&mut self.done));
        if frames.next(&mut self.bytes).map_err(|_| "it cannot be decompressed")? {
            return Ok(true);
        }
        let is_last = self.missing == 0 && frames.is_empty() && end.len() == CHECKSUM;
        if is_last {
            self.bytes.append(end);
            self.is_complete = true;
        }
        Ok(is_last)
    }

    /// The length of the record that begins `bytes`; nothing when it cannot be told yet.
    fn record_len(&self, bytes: &[u8]) -> Result<Option<usize>, &'static str> {
        let Some(head) = bytes.first_chunk::<HEAD>() else { return Ok(None) };
        let len = u32_at(head, 0);
        let subject = usize::from(u16::from_le_bytes([head[20], head[21]]));
        let headers = if len & HEADERS != 0 { 4 } else { 0 };
        let len = len & !HEADERS;
        if u64::from(len) > self.message_max.saturating_add(128 * 1024) {
            return Err("a record is too large");
        }
        let len = usize::try_from(len).map_err(|_| "a record is too large")?;
        let least = HEAD + subject + headers + CHECKSUM;
        if len < least { Err("a record is too short") } else { Ok(Some(len)) }
    }

    /// Everything was read.
    pub(super) fn finish(&self) -> Result<(), &'static str> {
        let left = matches!(self.packing, Packing::S2 { .. }) && !self.is_complete;
        if left || self.done < self.bytes.len() || self.missing > 0 {
            return Err("it ends within a record");
        }
        Ok(())
    }
}

/// Takes a piece of a packed file, behind which so much is missing.
fn take_packed(frames: &mut Frames, end: &mut Vec<u8>, data: &[u8], missing: u64) {
    let tail = u64::try_from(CHECKSUM).unwrap_or(8).saturating_sub(missing);
    let tail = usize::try_from(tail).unwrap_or(0).min(data.len());
    let (packed, rest) = data.split_at(data.len() - tail);
    frames.feed(packed);
    end.extend_from_slice(rest);
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |&part| u32::from_le_bytes(part))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].first_chunk().map_or(0, |&part| u64::from_le_bytes(part))
}

/// What a whole record says. Its length was looked at.
fn record_of(
    record: &[u8],
    key: Key,
    last_message: &mut u64,
    last: &mut Last,
) -> Result<Option<Item>, &'static str> {
    let (head, rest) = record.split_at(HEAD);
    let (rest, checksum) = rest.split_at(rest.len() - CHECKSUM);
    let subject_len = usize::from(u16::from_le_bytes([head[20], head[21]]));
    let (subject, rest) = rest.split_at(subject_len);
    let has_headers = u32_at(head, 0) & HEADERS != 0;
    let (headers_len, payload) = if has_headers { rest.split_at(4) } else { rest.split_at(0) };
    let mut hasher = PortableHash::new(key);
    for part in [&head[4..20], subject, payload] {
        hasher.append(part);
    }
    if hasher.finalize64() != u64_at(checksum, 0) {
        return Err("a checksum is wrong");
    }
    let seq = u64_at(head, 4);
    let time = u64_at(head, 12).cast_signed();
    if seq & TOMBSTONE != 0 {
        let seq = seq & !TOMBSTONE;
        last.see(seq, time);
        return Ok(Some(Item::Deleted(seq)));
    }
    if seq & ERASED != 0 || seq == 0 {
        last.see(seq & !ERASED, time);
        return Ok(None);
    }
    if seq <= *last_message {
        return Ok(None);
    }
    *last_message = seq;
    last.see(seq, time);
    let headers_len = if has_headers { u32_at(headers_len, 0) } else { 0 };
    let headers_len = usize::try_from(headers_len).unwrap_or(usize::MAX);
    let (headers, body) = payload.split_at_checked(headers_len).ok_or("a length of headers")?;
    let [subject, headers, body] = [subject, headers, body].map(<[u8]>::to_vec);
    Ok(Some(Item::Message(Message { seq, time, subject, headers, body })))
}

/// A record for tests.
#[cfg(test)]
pub(super) fn record(block: &BlockFile, seq: u64, time: i64, message: &Message) -> Vec<u8> {
    let Message { subject, headers, body, .. } = message;
    let mut contents = subject.clone();
    if !headers.is_empty() {
        contents.extend_from_slice(&u32::try_from(headers.len()).unwrap().to_le_bytes());
    }
    let len = HEAD + contents.len() + headers.len() + body.len() + CHECKSUM;
    let flag = if headers.is_empty() { 0 } else { HEADERS };
    let mut record = (u32::try_from(len).unwrap() | flag).to_le_bytes().to_vec();
    record.extend_from_slice(&seq.to_le_bytes());
    record.extend_from_slice(&time.to_le_bytes());
    record.extend_from_slice(&u16::try_from(subject.len()).unwrap().to_le_bytes());
    let mut hasher = PortableHash::new(block.key);
    for part in [&record[4..20], subject, headers, body] {
        hasher.append(part);
    }
    for part in [&contents, headers, body] {
        record.extend_from_slice(part);
    }
    record.extend_from_slice(&hasher.finalize64().to_le_bytes());
    record
}

#[cfg(test)]
mod tests {
    use super::super::Compressor;
    use super::*;

    fn message(seq: u64) -> Message {
        let headers = if seq.is_multiple_of(2) { b"NATS/1.0\r\n\r\n".to_vec() } else { Vec::new() };
        let body = vec![b'x'; usize::try_from(seq).unwrap() * 10];
        let time = i64::try_from(seq).unwrap();
        Message { seq, time, subject: format!("s.{seq}").into_bytes(), headers, body }
    }

    fn block(size: usize) -> BlockFile {
        BlockFile::new("S", "1", u64::try_from(size).unwrap(), 5000)
    }

    fn plain() -> Vec<u8> {
        let writer = block(0);
        let mut bytes = Vec::new();
        for seq in [3, 4, 7] {
            bytes.extend(record(&writer, seq, message(seq).time, &message(seq)));
        }
        bytes.extend(record(&writer, 8 | ERASED, 8, &Message::default()));
        bytes.extend(record(&writer, 4 | TOMBSTONE, 9, &Message::default()));
        bytes
    }

    fn packed() -> Vec<u8> {
        let plain = plain();
        let (body, checksum) = plain.split_at(plain.len() - CHECKSUM);
        let mut compressor = Compressor::default();
        compressor.add(body);
        compressor.flush();
        let mut bytes = [PACKED, &[S2, 0xff, 0x07]].concat();
        bytes.extend(compressor.take(usize::MAX));
        bytes.extend_from_slice(checksum);
        bytes
    }

    fn read(bytes: &[u8], piece: usize) -> Result<(Vec<Item>, Last), &'static str> {
        let mut block = block(bytes.len());
        let (mut found, mut last) = (VecDeque::new(), Last::default());
        for piece in bytes.chunks(piece) {
            block.feed(piece);
            while block.read(&mut found, &mut last)? {}
        }
        block.end();
        while block.read(&mut found, &mut last)? {}
        block.finish()?;
        Ok((found.into(), last))
    }

    #[test]
    fn blocks_are_read_in_pieces_of_any_size() {
        let mut expected = [3, 4, 7].map(|seq| Item::Message(message(seq))).to_vec();
        expected.push(Item::Deleted(4));
        for bytes in [plain(), packed()] {
            for piece in [1, 13, 100, 10_000] {
                let (items, last) = read(&bytes, piece).unwrap();
                assert_eq!((items, last), (expected.clone(), Last { seq: 8, time: 8 }));
            }
        }
        assert_eq!(read(&[], 1), Ok((Vec::new(), Last::default())));
    }

    #[test]
    fn damage_is_noticed() {
        let bytes = plain();
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 4;
            // The length of headers is not under the checksum.
            let is_length =
                at > 0 && read(&bad, 99).is_ok_and(|read| read != self::read(&bytes, 99).unwrap());
            assert!(read(&bad, 99).is_err() || is_length, "{at}");
        }
        for end in 1..packed().len() {
            assert!(read(&packed()[..end], 99).is_err(), "{end}");
        }
    }
}
