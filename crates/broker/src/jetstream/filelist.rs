//! Which files a stream has, as a checkpoint keeps it: `docs/format.md` says how.

use anabranch_log::Error;
use anabranch_log::segment::Tail;

/// Why a list cannot be read.
const UNREADABLE: Error = Error::Options("a list of files in the checkpoint cannot be read");
const VERSION: u32 = 1;

/// A stream's files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileList {
    /// The first sequence of the segment that is written to, and its end.
    pub active: Option<(u64, Tail)>,
    /// Files that others took the place of, and that are there still.
    pub replaced: Vec<Replaced>,
    /// The segments.
    pub segments: Vec<Listed>,
}

/// A file that another took the place of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replaced {
    /// Its first sequence.
    pub first_seq: u64,
    /// Its revision.
    pub revision: u32,
    /// Nothing at or behind this sequence is in it.
    pub end: u64,
}

/// A segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// Its first sequence.
    pub first_seq: u64,
    /// Which of its files it is.
    pub revision: u32,
    /// Messages in it that are still in the stream.
    pub live: u32,
    /// Bytes of their records.
    pub live_bytes: u64,
    /// Bytes of the file; 0 for that which is written to.
    pub length: u64,
}

impl FileList {
    /// For a checkpoint.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut into = VERSION.to_le_bytes().to_vec();
        let count = u32::try_from(self.replaced.len()).expect("so many files are never replaced");
        into.extend_from_slice(&count.to_le_bytes());
        into.extend_from_slice(&self.active.map_or(0, |(first, _)| first).to_le_bytes());
        let tail = self.active.map_or([0; Tail::SIZE], |(_, tail)| tail.encode());
        into.extend_from_slice(&tail);
        for one in &self.replaced {
            into.extend_from_slice(&one.first_seq.to_le_bytes());
            into.extend_from_slice(&one.revision.to_le_bytes());
            into.extend_from_slice(&one.end.to_le_bytes());
        }
        for one in &self.segments {
            into.extend_from_slice(&one.first_seq.to_le_bytes());
            into.extend_from_slice(&one.revision.to_le_bytes());
            into.extend_from_slice(&one.live.to_le_bytes());
            into.extend_from_slice(&one.live_bytes.to_le_bytes());
            into.extend_from_slice(&one.length.to_le_bytes());
        }
        into
    }

    /// From a checkpoint.
    ///
    /// # Errors
    /// When it is none of [`Self::encode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut numbers = Numbers(bytes);
        if numbers.u32()? != VERSION {
            return Err(UNREADABLE);
        }
        let count = numbers.u32()?;
        let (first, tail) = (numbers.u64()?, numbers.take::<{ Tail::SIZE }>()?);
        let tail = Tail::decode(&tail).map_err(|_| UNREADABLE)?;
        let mut list = Self { active: (first > 0).then_some((first, tail)), ..Self::default() };
        for _ in 0..count {
            let (first_seq, revision) = (numbers.u64()?, numbers.u32()?);
            list.replaced.push(Replaced { first_seq, revision, end: numbers.u64()? });
        }
        while !numbers.0.is_empty() {
            let (first_seq, revision, live) = (numbers.u64()?, numbers.u32()?, numbers.u32()?);
            let (live_bytes, length) = (numbers.u64()?, numbers.u64()?);
            list.segments.push(Listed { first_seq, revision, live, live_bytes, length });
        }
        Ok(list)
    }
}

struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(UNREADABLE)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u32(&mut self) -> Result<u32, Error> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, Error> {
        self.take().map(u64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_comes_back_and_cuts_are_errors() {
        let tail = Tail::decode(&[7; Tail::SIZE]).unwrap();
        let replaced = |first_seq| Replaced { first_seq, revision: 3, end: first_seq + 10 };
        let listed = |first_seq| Listed {
            first_seq,
            revision: 1,
            live: 5,
            live_bytes: 1 << 33,
            length: 1 << 34,
        };
        let list = FileList {
            active: Some((90, tail)),
            replaced: vec![replaced(1), replaced(5)],
            segments: vec![listed(1), listed(70), listed(90)],
        };
        let bytes = list.encode();
        assert_eq!(FileList::decode(&bytes), Ok(list));
        for end in (0..bytes.len()).filter(|end| *end < 80 || (end - 80) % 32 > 0) {
            assert!(FileList::decode(&bytes[..end]).is_err(), "{end}");
        }
        let empty = FileList::default();
        assert_eq!(FileList::decode(&empty.encode()), Ok(empty));
    }

    /// Bytes that are on disks: they are read for ever.
    #[test]
    fn what_was_listed_once_is_read() {
        let mut bytes = vec![1, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0];
        bytes.extend_from_slice(&[64, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0]);
        bytes.extend_from_slice(&[10, 0, 0, 0, 0, 0, 0, 0, 4, 3, 2, 1]);
        bytes.extend_from_slice(&[4, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend_from_slice(&[4, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 1, 0, 0, 0]);
        bytes.extend_from_slice(&[48, 0, 0, 0, 0, 0, 0, 0, 112, 0, 0, 0, 0, 0, 0, 0]);
        let list = FileList::decode(&bytes).unwrap();
        let (first, tail) = list.active.unwrap();
        assert_eq!((first, tail.end, tail.records, tail.last_seq), (9, 64, 2, 10));
        assert_eq!(list.replaced, [Replaced { first_seq: 4, revision: 5, end: 6 }]);
        let segment = Listed { first_seq: 4, revision: 6, live: 1, live_bytes: 48, length: 112 };
        assert_eq!(list.segments, [segment]);
        assert_eq!(list.encode(), bytes);
    }
}
