//! Reads the records of a segment one after the other, and goes on behind damage.

use super::StoredRecord;
use super::reader::SegmentReader;
use crate::Error;
use crate::format::{ALIGNMENT, RecordHeader, to_u64, to_usize};

/// How much is searched at once for a record behind damage.
const PIECE: u64 = 64 * 1024;

/// Goes through a segment. It ends at the limit, at zeros that reach up to it, or at an error.
#[derive(Debug)]
pub struct Scan<'a> {
    segment: &'a SegmentReader,
    offset: u64,
    end: u64,
    last_seq: Option<u64>,
}

/// What there is in a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScanItem {
    /// A record, and where it begins, in bytes.
    Record(u64, StoredRecord),
    /// Bytes that are no record.
    Damage(SegmentDamage),
}

/// A part of a segment that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentDamage {
    /// The file.
    pub path: String,
    /// Where it begins, in bytes.
    pub offset: u64,
    /// Bytes up to the next record, or to the end.
    pub length: u64,
    /// The last sequence before it, if there is a record before it.
    pub after_seq: Option<u64>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(segment: &'a SegmentReader, offset: u64, end: u64) -> Self {
        Self { segment, offset, end, last_seq: None }
    }

    fn step(&mut self) -> Result<Option<ScanItem>, Error> {
        if self.offset >= self.end {
            return Ok(None);
        }
        let offset = self.offset;
        if let Some(record) = self.record_at(offset)? {
            self.offset = offset + record.fields().occupied();
            self.last_seq = Some(record.fields().seq);
            return Ok(Some(ScanItem::Record(offset, record)));
        }
        let next = self.next_record()?;
        let next_offset = next.unwrap_or(self.end);
        self.offset = next_offset;
        if next.is_none() && self.is_zero(offset)? {
            return Ok(None);
        }
        Ok(Some(ScanItem::Damage(SegmentDamage {
            path: self.segment.file.path().to_owned(),
            offset,
            length: next_offset - offset,
            after_seq: self.last_seq,
        })))
    }

    /// The record at `offset` if it is whole and in order.
    fn record_at(&self, offset: u64) -> Result<Option<StoredRecord>, Error> {
        match self.segment.read(offset, 0) {
            Ok(record) => {
                let fields = record.fields();
                let in_order = self.last_seq.is_none_or(|last| fields.seq > last);
                let fits = offset.saturating_add(fields.occupied()) <= self.end;
                Ok((in_order && fits).then_some(record))
            }
            Err(Error::Format { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Where the next whole record begins behind damage.
    fn next_record(&self) -> Result<Option<u64>, Error> {
        let mut start = self.offset + to_u64(ALIGNMENT);
        let overlap = to_u64(RecordHeader::SIZE);
        let mut bytes = vec![0; to_usize(PIECE + overlap)];
        while start < self.end {
            let read = self.segment.file.read_at(&mut bytes, start)?;
            for at in (0..to_usize(PIECE).min(read)).step_by(ALIGNMENT) {
                let place = start + to_u64(at);
                let header = RecordHeader::decode(&bytes[at..read], self.segment.seed, place);
                if header.is_ok() && place < self.end && self.record_at(place)?.is_some() {
                    return Ok(Some(place));
                }
            }
            start += PIECE;
        }
        Ok(None)
    }

    /// Whether there are only zeros from `offset` to the end.
    fn is_zero(&self, mut offset: u64) -> Result<bool, Error> {
        let mut bytes = vec![0; to_usize(PIECE)];
        while offset < self.end {
            let wanted = to_usize((self.end - offset).min(PIECE));
            let read = self.segment.file.read_at(&mut bytes[..wanted], offset)?;
            if read == 0 {
                break;
            }
            if bytes[..read].iter().any(|byte| *byte != 0) {
                return Ok(false);
            }
            offset += to_u64(read);
        }
        Ok(true)
    }
}

impl Iterator for Scan<'_> {
    type Item = Result<ScanItem, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.step().transpose();
        if matches!(item, Some(Err(_))) {
            self.offset = self.end;
        }
        item
    }
}
