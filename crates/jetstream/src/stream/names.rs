//! A chunk of subjects: their names one behind the other, and what is known of each in rows.

use super::bytes::{Bytes, DecodeError, put_text};
use super::rows::Rows;
use super::stored::Keepable;
use super::subjects::SubjectState;

/// Subjects of a chunk.
pub const CHUNK: u32 = 1024;
const ROWS_MAX: usize = 1024;

/// Where the name begins in `names`, and its length.
const AT: usize = 0;
const LEN: usize = 1;
const FIRST: usize = 2;
/// Distance from the first message to the last.
const SPAN: usize = 3;
/// Messages; 0: the row is free.
const COUNT: usize = 4;

/// Garbage below this is not worth moving names for.
const GARBAGE_MIN: usize = 2048;

/// Subjects by row.
#[derive(Debug, Clone, Default)]
pub struct Chunk {
    rows: Rows<5>,
    names: Vec<u8>,
    /// Bytes of `names` that belong to nobody.
    garbage: usize,
    /// Rows that are not free.
    used: usize,
    /// The epoch in which it changed last.
    pub(super) changed: u64,
}

impl Chunk {
    pub(super) fn name(&self, row: usize) -> &[u8] {
        let get = |field| usize::try_from(self.rows.get(row, field)).unwrap_or(usize::MAX);
        let at = get(AT);
        self.names.get(at..at.saturating_add(get(LEN))).unwrap_or_default()
    }

    pub(super) fn state(&self, row: usize) -> SubjectState {
        let first = self.rows.get(row, FIRST);
        let last = first.saturating_add(self.rows.get(row, SPAN));
        SubjectState { first, last, count: self.rows.get(row, COUNT) }
    }

    pub(super) fn set_state(&mut self, row: usize, state: SubjectState) {
        self.rows.set(row, FIRST, state.first);
        self.rows.set(row, SPAN, state.last.saturating_sub(state.first));
        self.rows.set(row, COUNT, state.count);
    }

    /// The subject has one more message; gives the last one before.
    pub(super) fn add(&mut self, row: usize, seq: u64) -> u64 {
        let SubjectState { first, last, count } = self.state(row);
        self.rows.set(row, SPAN, seq.saturating_sub(first));
        self.rows.set(row, COUNT, count + 1);
        last
    }

    pub(super) fn insert(&mut self, row: usize, name: &[u8], state: SubjectState) {
        self.rows.fill_to(row + 1);
        self.rows.set(row, AT, count(self.names.len()));
        self.rows.set(row, LEN, count(name.len()));
        self.names.extend_from_slice(name);
        self.set_state(row, state);
        self.used += 1;
        if row + 1 == ROWS_MAX {
            self.rows.shrink();
            self.names.shrink_to_fit();
        }
    }

    pub(super) fn remove(&mut self, row: usize) {
        self.garbage += self.name(row).len();
        self.rows.set(row, LEN, 0);
        self.rows.set(row, COUNT, 0);
        self.used = self.used.saturating_sub(1);
        if self.used == 0 {
            let rows = self.rows.len();
            *self = Self { changed: self.changed, ..Self::default() };
            self.rows.fill_to(rows);
            // What is not set reads as what is set first.
            for row in 0..rows {
                self.rows.set(row, LEN, 0);
                self.rows.set(row, COUNT, 0);
            }
        } else if self.garbage > GARBAGE_MIN && self.garbage > self.names.len() / 2 {
            self.compact();
        }
    }

    fn compact(&mut self) {
        let mut names = Vec::with_capacity(self.names.len() - self.garbage);
        for row in 0..self.rows.len() {
            let at = names.len();
            names.extend_from_slice(self.name(row));
            self.rows.set(row, AT, count(at));
        }
        self.names = names;
        self.garbage = 0;
    }

    pub(super) fn save(&self, into: &mut Vec<u8>) {
        self.rows.save(into);
        put_text(into, &self.names);
    }
}

impl Keepable for Chunk {
    /// How many rows it has.
    type Head = usize;

    fn load(bytes: &mut Bytes<'_>, len: usize) -> Result<Self, DecodeError> {
        let rows = Rows::load(bytes, ROWS_MAX)?;
        if rows.len() != len {
            return Err(DecodeError::Field("chunk"));
        }
        let names = bytes.text()?.to_vec();
        let mut chunk = Self { rows, names, ..Self::default() };
        let mut held = 0u64;
        for row in 0..chunk.rows.len() {
            let get = |field| chunk.rows.get(row, field);
            let (end, is_free) = (get(AT).saturating_add(get(LEN)), get(COUNT) == 0);
            if end > count(chunk.names.len()) || (is_free && get(LEN) > 0) {
                return Err(DecodeError::Field("name"));
            }
            held += get(LEN);
            chunk.used += usize::from(!is_free);
        }
        let garbage = count(chunk.names.len()).checked_sub(held);
        let garbage = garbage.ok_or(DecodeError::Field("name"))?;
        chunk.garbage = usize::try_from(garbage).unwrap_or(usize::MAX);
        Ok(chunk)
    }

    fn blank(len: usize) -> Self {
        let mut chunk = Self { used: len, ..Self::default() };
        chunk.rows.fill_to(len);
        chunk
    }
}

fn count(len: usize) -> u64 {
    u64::try_from(len).expect("a length is below 2^64")
}
