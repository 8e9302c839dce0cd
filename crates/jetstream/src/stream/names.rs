//! A chunk of subjects: their names one behind the other, and what is known of each in rows. Once a
//! chunk is full, what all its names begin with is kept once.

use std::borrow::Cow;
use std::cmp::Ordering;

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

/// Bytes that names have in common, at most, as far as they are kept once.
const COMMON_MAX: usize = 16;
/// Names up to here are put together without memory of their own.
const NAME_SHORT: usize = 128;

/// A name in its two parts.
#[derive(Debug, Clone, Copy)]
pub struct Name<'a> {
    start: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Name<'a> {
    /// Of a subject that is not there.
    pub(super) const NONE: Self = Self { start: &[], rest: &[] };

    /// It is this one.
    pub(super) fn is(self, other: &[u8]) -> bool {
        other.strip_prefix(self.start) == Some(self.rest)
    }

    /// How it stands to another.
    pub(super) fn order(self, other: &[u8]) -> Ordering {
        match other.split_at_checked(self.start.len()) {
            Some((start, rest)) => self.start.cmp(start).then_with(|| self.rest.cmp(rest)),
            // What is equal so far is longer.
            None => self.start.cmp(other),
        }
    }

    /// It begins so.
    pub(super) fn begins(self, with: &[u8]) -> bool {
        match with.strip_prefix(self.start) {
            Some(with) => self.rest.starts_with(with),
            None => self.start.starts_with(with),
        }
    }

    /// In one piece, for a moment.
    pub(super) fn with<R>(self, look: impl FnOnce(&[u8]) -> R) -> R {
        let (start, len) = (self.start.len(), self.start.len() + self.rest.len());
        let mut short = [0; NAME_SHORT];
        match short.get_mut(..len) {
            _ if start == 0 => look(self.rest),
            Some(short) => {
                short[..start].copy_from_slice(self.start);
                short[start..].copy_from_slice(self.rest);
                look(short)
            }
            None => look(&[self.start, self.rest].concat()),
        }
    }

    /// In one piece.
    pub(super) fn whole(self) -> Cow<'a, [u8]> {
        if self.start.is_empty() {
            Cow::Borrowed(self.rest)
        } else {
            Cow::Owned([self.start, self.rest].concat())
        }
    }
}

/// Subjects by row.
#[derive(Debug, Clone, Default)]
pub struct Chunk {
    rows: Rows<5>,
    /// What all names begin with, and how long that is.
    common: [u8; COMMON_MAX],
    common_len: usize,
    /// How they go on.
    names: Vec<u8>,
    /// Bytes of `names` that belong to nobody.
    garbage: usize,
    /// Rows that are not free.
    used: usize,
    /// The epoch in which it changed last.
    pub(super) changed: u64,
}

impl Chunk {
    pub(super) fn name(&self, row: usize) -> Name<'_> {
        Name { start: self.common(), rest: self.rest(row) }
    }

    /// Looks at a name, so that it is near afterwards.
    pub(super) fn touch(&self, row: usize) {
        std::hint::black_box(self.rest(row).first());
    }

    fn common(&self) -> &[u8] {
        &self.common[..self.common_len]
    }

    fn rest(&self, row: usize) -> &[u8] {
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
        if !name.starts_with(self.common()) {
            self.set_common(0);
        }
        let rest = &name[self.common_len..];
        let is_last = self.rows.len() + 1 == ROWS_MAX && row + 1 == ROWS_MAX;
        self.rows.fill_to(row + 1);
        self.rows.set(row, AT, count(self.names.len()));
        self.rows.set(row, LEN, count(rest.len()));
        self.names.extend_from_slice(rest);
        self.set_state(row, state);
        self.used += 1;
        if is_last {
            self.set_common(self.in_common(row));
            self.rows.shrink();
        }
    }

    /// How many bytes all names begin with that the one in `row` begins with.
    fn in_common(&self, row: usize) -> usize {
        let first = self.rest(row);
        let mut len = first.len().min(COMMON_MAX);
        for other in (0..self.rows.len()).filter(|&other| self.is_used(other)) {
            let same = self.rest(other).iter().zip(first).take_while(|(a, b)| a == b).count();
            len = len.min(same);
        }
        len
    }

    fn is_used(&self, row: usize) -> bool {
        self.rows.get(row, COUNT) > 0
    }

    /// Keeps so many bytes of all names once: they have them in common. They are as long as
    /// before, or have none in common before that.
    fn set_common(&mut self, len: usize) {
        let mut names = Vec::with_capacity(self.names.len() - self.garbage);
        let mut common = [0; COMMON_MAX];
        for row in 0..self.rows.len() {
            let at = names.len();
            if self.is_used(row) {
                let name = self.name(row).whole();
                common[..len].copy_from_slice(&name[..len]);
                names.extend_from_slice(&name[len..]);
            }
            self.rows.set(row, AT, count(at));
            self.rows.set(row, LEN, count(names.len() - at));
        }
        (self.names, self.garbage) = (names, 0);
        (self.common, self.common_len) = (common, len);
        self.names.shrink_to_fit();
    }

    pub(super) fn remove(&mut self, row: usize) {
        self.garbage += self.rest(row).len();
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
            names.extend_from_slice(self.rest(row));
            self.rows.set(row, AT, count(at));
        }
        self.names = names;
        self.garbage = 0;
    }

    pub(super) fn save(&self, into: &mut Vec<u8>) {
        self.rows.save(into);
        put_text(into, self.common());
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
        let kept = bytes.text()?;
        let names = bytes.text()?.to_vec();
        let mut chunk = Self { rows, names, common_len: kept.len(), ..Self::default() };
        let common = chunk.common.get_mut(..kept.len()).ok_or(DecodeError::Field("name"))?;
        common.copy_from_slice(kept);
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

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: SubjectState = SubjectState { first: 1, last: 1, count: 1 };

    fn reloaded(chunk: &Chunk) -> Chunk {
        let mut saved = Vec::new();
        chunk.save(&mut saved);
        for end in 0..saved.len() {
            assert!(Chunk::load(&mut Bytes(&saved[..end]), ROWS_MAX).is_err());
        }
        Chunk::load(&mut Bytes(&saved), ROWS_MAX).unwrap()
    }

    fn check(chunk: &Chunk, expected: &[String]) {
        for chunk in [chunk, &reloaded(chunk)] {
            for (row, name) in expected.iter().enumerate() {
                let held = chunk.name(row);
                assert_eq!(*held.whole(), *name.as_bytes());
                assert!(held.is(name.as_bytes()) && held.with(|held| held == name.as_bytes()));
                let others =
                    ["", "a", "bench", "bench.", "bench.1", "bench.500.x", "c", name.as_str()];
                for other in others.map(str::as_bytes) {
                    assert_eq!(held.order(other), name.as_bytes().cmp(other));
                    assert_eq!(held.is(other), name.as_bytes() == other);
                    assert_eq!(held.begins(other), name.as_bytes().starts_with(other));
                }
            }
        }
    }

    #[test]
    fn what_all_names_of_a_full_chunk_begin_with_is_kept_once() {
        let mut chunk = Chunk::default();
        let mut names: Vec<String> = (0..ROWS_MAX).map(|row| format!("bench.{row}")).collect();
        // One goes, and another comes, before it is full.
        chunk.insert(0, b"other", STATE);
        chunk.remove(0);
        for (row, name) in names.iter().enumerate() {
            chunk.insert(row, name.as_bytes(), STATE);
        }
        assert_eq!(chunk.common(), b"bench.");
        check(&chunk, &names);
        chunk.remove(7);
        names[7] = format!("bench.{}", "long".repeat(50));
        chunk.insert(7, names[7].as_bytes(), STATE);
        assert_eq!(chunk.common(), b"bench.");
        check(&chunk, &names);
        chunk.remove(9);
        names[9] = "ben".to_owned();
        chunk.insert(9, b"ben", STATE);
        assert_eq!(chunk.common(), b"");
        check(&chunk, &names);
    }
}
