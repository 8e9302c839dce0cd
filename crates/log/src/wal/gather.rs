//! Gathers records into batches and gives each its place in the log. No I/O.

use crate::Error;
use crate::format::{BatchHeader, Envelope, Lsn, WalFileHeader, to_u32, to_u64, to_usize};

/// What a buffer may keep of its memory when it comes back.
const KEEP_BYTES: usize = 16 * 1024 * 1024;

/// Batches that wait to be written. The last one is still open.
#[derive(Debug)]
pub(super) struct Gather {
    /// Where the next batch begins if it fits into the file.
    next: Lsn,
    /// Where the file of `next` ends.
    file_end: Lsn,
    /// The size of files to come.
    file_size: u64,
    batch_max: usize,
    /// Appends that would pass this are refused.
    limit: Lsn,
    /// Where the oldest file begins, from which usage counts.
    first: Lsn,
    block: Block,
    open: Option<Span>,
}

/// Batches as they will be on disk, but for their headers.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) bytes: Vec<u8>,
    pub(super) batches: Vec<Span>,
}

/// A batch within a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) lsn: Lsn,
    /// Where its header begins in the block.
    pub(super) start: usize,
    /// Where its last record ends in the block.
    pub(super) end: usize,
    pub(super) records: u32,
}

impl Span {
    pub(super) fn payload_start(&self) -> usize {
        self.start + BatchHeader::SIZE
    }

    fn payload_len(&self) -> usize {
        self.end - self.payload_start()
    }

    fn occupied(&self) -> u64 {
        BatchHeader::occupied(to_u64(self.payload_len()))
    }
}

impl Gather {
    pub(super) fn new(next: Lsn, file_end: Lsn, file_size: u64, batch_max: usize) -> Self {
        let batch_max = batch_max.min(to_usize(u64::from(BatchHeader::PAYLOAD_MAX)));
        let block = Block::default();
        let (limit, first) = (Lsn(u64::MAX), next);
        Self { next, file_end, file_size, batch_max, limit, first, block, open: None }
    }

    /// The log now begins at `first` and may hold `bytes_max`.
    pub(super) fn bound(&mut self, first: Lsn, bytes_max: u64) {
        self.first = first;
        self.limit = first.plus(bytes_max);
    }

    /// Bytes in use, those gathered included.
    pub(super) fn used(&self) -> u64 {
        let open = self.open.map_or(self.next, |open| open.lsn.plus(open.occupied()));
        open.since(self.first)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_none() && self.block.batches.is_empty()
    }

    /// Bytes that wait to be written.
    pub(super) fn gathered(&self) -> usize {
        self.block.bytes.len()
    }

    /// Adds a record and says where it will be.
    pub(super) fn append(
        &mut self,
        envelope: &Envelope,
        extension: &[u8],
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Lsn, Error> {
        let (before, file_end) = (self.open, self.file_end);
        let mut open = before.unwrap_or_else(|| self.begin());
        let start = self.block.bytes.len();
        envelope.encode(extension, &mut self.block.bytes, write);
        let record_len = self.block.bytes.len() - start;
        open.end = self.block.bytes.len();
        open.records += 1;
        if let Err(error) = self.check_record(record_len) {
            self.block.bytes.truncate(before.map_or(open.start, |_| start));
            return Err(error);
        }
        if !self.fits(&open) {
            open = match before {
                Some(before) => self.split(before, start),
                None => self.moved(open),
            };
        }
        if open.lsn.plus(open.occupied()) > self.limit {
            let used = self.used();
            self.block.bytes.truncate(open.end - record_len);
            self.file_end = file_end;
            self.forget_record(open);
            return Err(Error::Full { used, max: self.limit.since(self.first) });
        }
        self.open = Some(open);
        Ok(open.lsn.plus(to_u64(open.end - record_len - open.start)))
    }

    /// The same beyond the bound, for what the log itself has to say.
    pub(super) fn append_unbounded(
        &mut self,
        envelope: &Envelope,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Lsn, Error> {
        let limit = std::mem::replace(&mut self.limit, Lsn(u64::MAX));
        let appended = self.append(envelope, b"", write);
        self.limit = limit;
        appended
    }

    /// Everything gathered, for writing. `spare` becomes the next buffer.
    pub(super) fn take(&mut self, mut spare: Block) -> Block {
        if let Some(open) = self.open.take() {
            self.close(open);
        }
        spare.bytes.clear();
        spare.bytes.shrink_to(KEEP_BYTES);
        spare.batches.clear();
        std::mem::replace(&mut self.block, spare)
    }

    /// What was taken could not be written: the next batch begins at `next` again. Nothing is
    /// gathered.
    pub(super) fn rewind(&mut self, next: Lsn, file_end: Lsn) {
        assert!(self.is_empty(), "everything was taken");
        self.next = next;
        self.file_end = file_end;
    }

    fn begin(&mut self) -> Span {
        let start = self.block.bytes.len();
        self.block.bytes.resize(start + BatchHeader::SIZE, 0);
        Span { lsn: self.next, start, end: start + BatchHeader::SIZE, records: 0 }
    }

    fn close(&mut self, open: Span) {
        self.next = open.lsn.plus(open.occupied());
        let length = open.start + to_usize(open.occupied());
        self.block.bytes.resize(length, 0);
        self.block.batches.push(open);
    }

    fn check_record(&self, bytes: usize) -> Result<(), Error> {
        let room = self.file_size - WalFileHeader::SIZE - to_u64(BatchHeader::SIZE);
        let max = room.min(u64::from(BatchHeader::PAYLOAD_MAX));
        let bytes = to_u64(bytes);
        if bytes > max { Err(Error::RecordTooLarge { bytes, max }) } else { Ok(()) }
    }

    fn fits(&self, open: &Span) -> bool {
        let in_file = open.lsn.plus(open.occupied()) <= self.file_end;
        in_file && (open.records == 1 || open.payload_len() <= self.batch_max)
    }

    /// The record at `start` does not belong to the batch any more: closes the batch and begins
    /// one with the record.
    fn split(&mut self, before: Span, start: usize) -> Span {
        let record = self.block.bytes.split_off(start);
        self.close(before);
        let mut open = self.begin();
        self.block.bytes.extend_from_slice(&record);
        open.end = self.block.bytes.len();
        open.records = 1;
        if self.fits(&open) { open } else { self.moved(open) }
    }

    /// A batch of one record that does not fit into the rest of the file: it opens the next one.
    fn moved(&mut self, open: Span) -> Span {
        let lsn = self.file_end.plus(WalFileHeader::SIZE);
        self.file_end = self.file_end.plus(self.file_size);
        Span { lsn, ..open }
    }

    /// After a refusal: `open` without its last record, whose bytes are gone already.
    fn forget_record(&mut self, mut open: Span) {
        open.records -= 1;
        open.end = self.block.bytes.len();
        if open.records > 0 {
            self.open = Some(open);
        } else {
            self.block.bytes.truncate(open.start);
            self.open = None;
        }
    }
}

/// The number of records of a batch, as it is written.
pub(super) fn record_bytes(span: &Span) -> u32 {
    to_u32(span.payload_len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{AccountId, Kind, StreamId};

    const FILE: u64 = 16 * 1024;

    fn gather() -> Gather {
        Gather::new(Lsn(4096), Lsn(FILE), FILE, 1 << 20)
    }

    fn append(gather: &mut Gather, payload: usize) -> Result<Lsn, Error> {
        let envelope = Envelope {
            kind: Kind::Publish,
            flags: 0,
            account: AccountId(0),
            stream: StreamId(1),
            count: 1,
            first_seq: 0,
            time_ns: 0,
        };
        gather.append(&envelope, b"", |into| into.resize(into.len() + payload, 7))
    }

    fn places(gather: &mut Gather) -> Vec<(u64, u32)> {
        let block = gather.take(Block::default());
        block.batches.iter().map(|span| (span.lsn.0, span.records)).collect()
    }

    #[test]
    fn records_share_a_batch_until_it_is_taken() {
        let mut gather = gather();
        assert_eq!(append(&mut gather, 10).unwrap(), Lsn(4096 + 64));
        assert_eq!(append(&mut gather, 10).unwrap(), Lsn(4096 + 64 + 50));
        assert_eq!(places(&mut gather), [(4096, 2)]);
        assert!(gather.is_empty());
        assert_eq!(append(&mut gather, 1000).unwrap(), Lsn(4608 + 64));
        assert_eq!(places(&mut gather), [(4608, 1)]);
        assert!(places(&mut gather).is_empty());
    }

    #[test]
    fn a_record_that_does_not_fit_opens_the_next_file() {
        let mut gather = gather();
        append(&mut gather, 8000).unwrap();
        assert_eq!(append(&mut gather, 8000).unwrap(), Lsn(FILE + 4096 + 64));
        assert_eq!(places(&mut gather), [(4096, 1), (FILE + 4096, 1)]);
        assert_eq!(append(&mut gather, 8000).unwrap(), Lsn(2 * FILE + 4096 + 64));
        assert_eq!(places(&mut gather), [(2 * FILE + 4096, 1)]);
    }

    #[test]
    fn a_file_may_be_filled_to_its_last_byte() {
        let mut gather = gather();
        let whole = to_usize(FILE - 4096) - BatchHeader::SIZE - Envelope::SIZE;
        append(&mut gather, whole).unwrap();
        assert_eq!(append(&mut gather, 1).unwrap(), Lsn(FILE + 4096 + 64));
        assert_eq!(
            append(&mut gather, whole + 1),
            Err(Error::RecordTooLarge { bytes: FILE - 4096 - 63, max: FILE - 4096 - 64 })
        );
        assert_eq!(places(&mut gather), [(4096, 1), (FILE + 4096, 1)]);
    }

    #[test]
    fn a_full_batch_is_closed() {
        let mut gather = Gather::new(Lsn(4096), Lsn(FILE), FILE, 500);
        for _ in 0..5 {
            append(&mut gather, 160).unwrap();
        }
        assert_eq!(places(&mut gather), [(4096, 2), (4608, 2), (5120, 1)]);
    }

    #[test]
    fn appends_past_the_bound_are_refused_and_leave_nothing() {
        let mut gather = gather();
        gather.bound(Lsn(0), FILE);
        append(&mut gather, 10_000).unwrap();
        for _ in 0..3 {
            assert!(matches!(append(&mut gather, 8000), Err(Error::Full { .. })));
        }
        gather.bound(Lsn(0), 2 * FILE);
        append(&mut gather, 8000).unwrap();
        assert_eq!(places(&mut gather), [(4096, 1), (FILE + 4096, 1)]);
        for _ in 0..2 {
            assert!(matches!(append(&mut gather, 8000), Err(Error::Full { .. })));
        }
        assert!(gather.is_empty());
        append(&mut gather, 3000).unwrap();
        assert_eq!(places(&mut gather).len(), 1);
    }
}
