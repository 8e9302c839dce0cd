//! Rows of numbers in little memory: every field takes as many bytes as the largest distance from
//! the field's base needs, and no bytes while all rows have the same value.

use super::bytes::{Bytes, DecodeError, put_varint};

/// A number is read with those behind it, so so many bytes follow the last row.
const BEHIND: usize = 8;

/// Rows of `K` numbers each. A field that was never set in a row reads as its base, which is
/// whatever was set first in any row.
///
/// `bytes.len() == len * stride + BEHIND`, or 0 without rows
#[derive(Debug, Clone)]
pub struct Rows<const K: usize> {
    fields: [Field; K],
    stride: usize,
    len: usize,
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Field {
    /// What is added to what is written.
    base: u64,
    /// Where in a row it begins.
    at: u8,
    /// Bytes of a number: 0 to 8.
    width: u8,
    /// Some row was set.
    is_used: bool,
}

/// How a field of new rows begins.
#[derive(Debug, Clone, Copy)]
pub enum Begin {
    /// As wide as in other rows, from this base on.
    At(u64),
    /// As wide as in other rows, from what is set first on.
    Alike,
    /// Without bytes.
    Anew,
}

impl<const K: usize> Default for Rows<K> {
    fn default() -> Self {
        Self { fields: [Field::default(); K], stride: 0, len: 0, bytes: Vec::new() }
    }
}

impl<const K: usize> Rows<K> {
    /// No rows yet, but room for numbers like those of `other`.
    #[must_use]
    pub fn like(other: &Self, begin: [Begin; K]) -> Self {
        let mut rows = Self::default();
        for (field, (model, begin)) in rows.fields.iter_mut().zip(other.fields.iter().zip(begin)) {
            let width = model.width;
            *field = match begin {
                Begin::At(base) => Field { base, width, is_used: true, at: 0 },
                Begin::Alike => Field { width, ..Field::default() },
                Begin::Anew => Field::default(),
            };
        }
        rows.stride = lay_out(&mut rows.fields);
        rows
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Adds rows up to `len`.
    pub fn fill_to(&mut self, len: usize) {
        if len > self.len {
            self.len = len;
            self.bytes.resize(len * self.stride + BEHIND, 0);
        }
    }

    /// A number; 0 where there is no row.
    #[must_use]
    #[inline]
    pub fn get(&self, row: usize, field: usize) -> u64 {
        let Field { base, at, width, .. } = self.fields[field];
        let begin = row * self.stride + usize::from(at);
        match self.bytes.get(begin..).and_then(|bytes| bytes.first_chunk()) {
            Some(bytes) if row < self.len => {
                base.wrapping_add(u64::from_le_bytes(*bytes) & mask(width))
            }
            _ => 0,
        }
    }

    /// Sets a number of a row that is there.
    pub fn set(&mut self, row: usize, field: usize, value: u64) {
        assert!(row < self.len, "only rows that were added are set");
        let Field { base, width, is_used, .. } = self.fields[field];
        if !is_used {
            self.fields[field].base = value;
            self.fields[field].is_used = true;
        } else if value < base || value - base > mask(width) {
            self.widen(field, value);
        }
        let Field { base, at, width, .. } = self.fields[field];
        let begin = row * self.stride + usize::from(at);
        put(&mut self.bytes[begin..], mask(width), value - base);
    }

    /// All rows have the same value in this field.
    #[must_use]
    pub fn all_are(&self, field: usize) -> Option<u64> {
        (self.fields[field].width == 0).then_some(self.fields[field].base)
    }

    /// The same numbers, of these rows only.
    #[must_use]
    pub fn select(&self, rows: &[u16]) -> Self {
        let mut selected = Self { len: 0, bytes: Vec::new(), ..*self };
        for &row in rows {
            let begin = usize::from(row) * self.stride;
            selected.bytes.extend_from_slice(&self.bytes[begin..begin + self.stride]);
        }
        selected.len = rows.len();
        selected.bytes.resize(selected.len * self.stride + BEHIND, 0);
        selected
    }

    /// Makes room for `value` in a field.
    fn widen(&mut self, field: usize, value: u64) {
        let before = self.clone_layout();
        let held = (0..self.len).map(|row| self.get(row, field));
        let base = self.fields[field].base;
        let (low, high) =
            held.fold((base, base), |(low, high), value| (low.min(value), high.max(value)));
        let changed = &mut self.fields[field];
        if value < low {
            // Room below too, so that falling numbers do not come here each time.
            changed.base = value.saturating_sub(high - value);
        }
        let high = high.max(value) - changed.base;
        changed.width = (0..8).find(|&width| high <= mask(width)).unwrap_or(8);
        self.stride = lay_out(&mut self.fields);
        let mut bytes = vec![0; self.len * self.stride + BEHIND];
        for (number, (old, new)) in before.fields.iter().zip(&self.fields).enumerate() {
            let shift = if number == field { old.base.wrapping_sub(new.base) } else { 0 };
            let (mut from, mut to) = (usize::from(old.at), usize::from(new.at));
            for _ in 0..self.len {
                let held = word(&self.bytes[from..]) & mask(old.width);
                put(&mut bytes[to..], mask(new.width), held.wrapping_add(shift));
                (from, to) = (from + before.stride, to + self.stride);
            }
        }
        self.bytes = bytes;
    }

    fn clone_layout(&self) -> Self {
        Self { fields: self.fields, stride: self.stride, len: 0, bytes: Vec::new() }
    }

    /// No more rows will come.
    pub fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
    }

    /// Appends all of it.
    pub fn save(&self, into: &mut Vec<u8>) {
        put_varint(into, u64::try_from(self.len).unwrap_or(u64::MAX));
        for field in &self.fields {
            put_varint(into, field.base);
            into.push(field.width | if field.is_used { USED } else { 0 });
        }
        into.extend_from_slice(&self.bytes[..self.len * self.stride]);
    }

    /// What [`Self::save`] wrote, of at most `max` rows.
    ///
    /// # Errors
    /// When the bytes are none of its.
    pub fn load(bytes: &mut Bytes<'_>, max: usize) -> Result<Self, DecodeError> {
        let mut rows = Self::default();
        let len = usize::try_from(bytes.varint()?).ok().filter(|&len| len <= max);
        rows.len = len.ok_or(DecodeError::Field("rows"))?;
        for field in &mut rows.fields {
            field.base = bytes.varint()?;
            let width = bytes.byte()?;
            field.is_used = width & USED != 0;
            field.width = width & !USED;
            if field.width > 8 {
                return Err(DecodeError::Field("width"));
            }
        }
        rows.stride = lay_out(&mut rows.fields);
        let held = bytes.take(rows.len * rows.stride)?;
        if rows.len > 0 {
            rows.bytes = Vec::with_capacity(held.len() + BEHIND);
            rows.bytes.extend_from_slice(held);
            rows.bytes.resize(held.len() + BEHIND, 0);
        }
        Ok(rows)
    }
}

const USED: u8 = 0x80;

fn lay_out(fields: &mut [Field]) -> usize {
    let mut at = 0;
    for field in fields {
        field.at = at;
        at += field.width;
    }
    usize::from(at)
}

/// The number that begins there; eight bytes follow every row.
#[inline]
fn word(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// Writes the bits of `mask`; what lies behind them stays.
#[inline]
fn put(bytes: &mut [u8], mask: u64, value: u64) {
    if let Some(bytes) = bytes.first_chunk_mut() {
        let changed = (u64::from_le_bytes(*bytes) & !mask) | (value & mask);
        *bytes = changed.to_le_bytes();
    }
}

#[inline]
fn mask(width: u8) -> u64 {
    match width {
        0 => 0,
        1..8 => (1 << (8 * width)) - 1,
        _ => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixed(mut value: u64) -> u64 {
        value = value.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        value ^ (value >> 29)
    }

    #[test]
    fn numbers_of_any_size_come_back() {
        for shift in [0, 8, 20, 33, 50, 60] {
            let mut rows = Rows::<3>::default();
            let mut expected = Vec::new();
            for row in 0..300 {
                rows.fill_to(row + 1);
                let seed = u64::try_from(row).unwrap();
                let values = [mixed(seed) >> shift, 1_000_000 - seed * 7, 5];
                for (field, value) in values.into_iter().enumerate() {
                    rows.set(row, field, value);
                }
                expected.push(values);
            }
            rows.set(7, 2, 70_000);
            expected[7][2] = 70_000;
            let mut saved = Vec::new();
            rows.save(&mut saved);
            let loaded = Rows::<3>::load(&mut Bytes(&saved), 300).unwrap();
            for (row, values) in expected.iter().enumerate() {
                for (field, &value) in values.iter().enumerate() {
                    assert_eq!(rows.get(row, field), value, "{row} {field}");
                    assert_eq!(loaded.get(row, field), value, "{row} {field}");
                }
            }
            assert!(Rows::<3>::load(&mut Bytes(&saved), 299).is_err());
            assert!(Rows::<3>::load(&mut Bytes(&saved[..saved.len() - 1]), 300).is_err());
        }
    }

    #[test]
    fn what_is_the_same_everywhere_takes_no_bytes() {
        let mut rows = Rows::<2>::default();
        for row in 0..1000 {
            rows.fill_to(row + 1);
            rows.set(row, 0, 77);
            rows.set(row, 1, u64::try_from(row / 4).unwrap());
        }
        assert_eq!((rows.all_are(0), rows.all_are(1)), (Some(77), None));
        assert_eq!(rows.bytes.len(), 1000 + BEHIND);
        let few = rows.select(&[4, 8, 999]);
        assert_eq!((few.len(), few.get(1, 0), few.get(2, 1)), (3, 77, 249));
    }
}
