//! The index of nats-server's file store, `index.db`: where the stream begins and ends, and
//! which messages of the blocks are gone. Subjects and counts are passed over, since they follow
//! from the messages. Numbers are LEB128, times zigzag.

use std::collections::VecDeque;

use super::archive::varint;
use super::reader::Item;
use super::store::Last;

const MAGIC: u8 = 11;
const VERSION_MAX: u8 = 4;
/// A set of sequences: magic, version, number of nodes, number of sequences.
const SET_MAGIC: u8 = 22;
const SET_HEAD: usize = 10;

/// An index that is being read.
#[derive(Debug, Default)]
pub(super) struct IndexFile {
    bytes: Vec<u8>,
    done: usize,
    version: u8,
    part: Part,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Part {
    #[default]
    Head,
    /// So many subjects are left.
    Subjects(u64),
    BlockCount,
    /// So many blocks are left.
    Blocks(u64),
    /// The block's set of deleted sequences begins.
    Set(u64),
    /// So many nodes with so many words each are left, and so many blocks behind them.
    Nodes {
        left: u32,
        words: usize,
        blocks: u64,
    },
    Rest,
}

/// A cursor that ends where the bytes do.
struct Cursor<'a> {
    rest: &'a [u8],
}

/// What was read; an error without a word: too little came.
type Read<T> = Result<T, Option<&'static str>>;

impl<'a> Cursor<'a> {
    fn number(&mut self) -> Read<u64> {
        let (value, rest) = varint(self.rest).map_err(|_| Some("a number"))?.ok_or(None)?;
        self.rest = rest;
        Ok(value)
    }

    fn time(&mut self) -> Read<i64> {
        let zigzag = self.number()?;
        Ok((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed())
    }

    fn take(&mut self, len: usize) -> Read<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(None)?;
        self.rest = rest;
        Ok(taken)
    }
}

impl IndexFile {
    /// Takes a piece of the file.
    pub(super) fn feed(&mut self, data: &[u8]) {
        self.bytes.drain(..std::mem::take(&mut self.done));
        if self.part != Part::Rest {
            self.bytes.extend_from_slice(data);
        }
    }

    /// Looks for items; false when there is nothing more in what came.
    pub(super) fn read(
        &mut self,
        found: &mut VecDeque<Item>,
        last: &mut Last,
    ) -> Result<bool, &'static str> {
        if self.part == Part::Rest {
            return Ok(false);
        }
        let mut cursor = Cursor { rest: &self.bytes[self.done..] };
        let next = match self.part {
            Part::Head => head(&mut cursor, &mut self.version, found, last),
            Part::Subjects(0) => Ok(Part::BlockCount),
            Part::Subjects(left) => subject(&mut cursor, self.version, left),
            Part::BlockCount => cursor.number().map(Part::Blocks),
            Part::Blocks(0) | Part::Rest => Ok(Part::Rest),
            Part::Blocks(left) => block(&mut cursor, self.version, left),
            Part::Set(blocks) => set(&mut cursor, blocks),
            Part::Nodes { left: 0, blocks, .. } => Ok(Part::Blocks(blocks)),
            Part::Nodes { left, words, blocks } => node(&mut cursor, words, found)
                .map(|()| Part::Nodes { left: left - 1, words, blocks }),
        };
        match next {
            Ok(part) => {
                self.done = self.bytes.len() - cursor.rest.len();
                self.part = part;
                Ok(true)
            }
            Err(None) => Ok(false),
            Err(Some(what)) => Err(what),
        }
    }

    /// Everything was read.
    pub(super) fn finish(&self) -> Result<(), &'static str> {
        if self.part == Part::Rest { Ok(()) } else { Err("it ends early") }
    }
}

fn head(
    cursor: &mut Cursor<'_>,
    version: &mut u8,
    found: &mut VecDeque<Item>,
    last: &mut Last,
) -> Read<Part> {
    match cursor.take(2)? {
        &[MAGIC, of @ 1..=VERSION_MAX] => *version = of,
        _ => return Err(Some("its version is not known")),
    }
    let (_messages, _bytes) = (cursor.number()?, cursor.number()?);
    let (first, _) = (cursor.number()?, cursor.time()?);
    let (last_seq, last_time) = (cursor.number()?, cursor.time()?);
    let subjects = cursor.number()?;
    found.push_back(Item::First(first));
    last.see(last_seq, last_time);
    Ok(Part::Subjects(subjects))
}

fn subject(cursor: &mut Cursor<'_>, version: u8, left: u64) -> Read<Part> {
    let len = usize::try_from(cursor.number()?).unwrap_or(usize::MAX);
    if len > usize::from(u16::MAX) {
        return Err(Some("a subject is too long"));
    }
    if len > 0 {
        cursor.take(len)?;
        let (total, _first) = (cursor.number()?, cursor.number()?);
        if total > 1 || version >= 4 {
            cursor.number()?;
        }
    }
    Ok(Part::Subjects(left - 1))
}

fn block(cursor: &mut Cursor<'_>, version: u8, left: u64) -> Read<Part> {
    // Number, bytes, first sequence and time, last sequence and time.
    for _ in 0..6 {
        cursor.number()?;
    }
    let deleted = cursor.number()?;
    // Messages that end by themselves, and schedules.
    for _ in 1..version.min(3) {
        cursor.number()?;
    }
    Ok(if deleted > 0 { Part::Set(left - 1) } else { Part::Blocks(left - 1) })
}

fn set(cursor: &mut Cursor<'_>, blocks: u64) -> Read<Part> {
    let head = cursor.take(SET_HEAD)?;
    let words = match head {
        [SET_MAGIC, 1, ..] => 64,
        [SET_MAGIC, 2, ..] => 32,
        _ => return Err(Some("a set of deleted messages")),
    };
    let left = head[2..].first_chunk().map_or(0, |&nodes| u32::from_le_bytes(nodes));
    Ok(Part::Nodes { left, words, blocks })
}

fn node(cursor: &mut Cursor<'_>, words: usize, found: &mut VecDeque<Item>) -> Read<()> {
    // The first sequence, a bit for each from there on, and the height in a tree.
    let node = cursor.take(8 + 8 * words + 2)?;
    let mut numbers =
        node.chunks_exact(8).map(|bytes| bytes.try_into().map_or(0, u64::from_le_bytes));
    let base = numbers.next().unwrap_or(0);
    for (word, bits) in (0u64..).zip(numbers) {
        for bit in (0..64).filter(|bit| bits >> bit & 1 == 1) {
            let seq = base.checked_add(word * 64 + bit).ok_or(Some("a deleted message"))?;
            found.push_back(Item::Deleted(seq));
        }
    }
    Ok(())
}
