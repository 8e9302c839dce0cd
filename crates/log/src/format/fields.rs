//! Fields one after the other, little-endian, and conversions between widths.

use std::ops::RangeInclusive;

use super::{Checksum, FormatError};

/// Reads fields from the front of bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Result<&'a [u8], FormatError> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            return Err(FormatError::Short { have: to_u64(self.rest.len()), need: to_u64(count) });
        };
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], FormatError> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N)?);
        Ok(array)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, FormatError> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub(crate) fn u16(&mut self) -> Result<u16, FormatError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, FormatError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, FormatError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// What a format begins with.
    pub(crate) fn magic(&mut self, expected: u64) -> Result<(), FormatError> {
        let found = self.u64()?;
        if found == expected { Ok(()) } else { Err(FormatError::Magic { found, expected }) }
    }

    /// The same in four bytes.
    pub(crate) fn short_magic(&mut self, expected: u32) -> Result<(), FormatError> {
        let (found, expected) = (u64::from(self.u32()?), u64::from(expected));
        if found == expected { Ok(()) } else { Err(FormatError::Magic { found, expected }) }
    }

    /// The version of a format, one of those that are `known`.
    pub(crate) fn version(&mut self, known: RangeInclusive<u32>) -> Result<u32, FormatError> {
        let found = self.u32()?;
        let newest = *known.end();
        let is_known = known.contains(&found);
        if is_known { Ok(found) } else { Err(FormatError::Newer { found, known: newest }) }
    }

    pub(crate) fn i64(&mut self) -> Result<i64, FormatError> {
        Ok(i64::from_le_bytes(self.array()?))
    }
}

/// Fields of a header of `size` bytes whose last four are its checksum, once that fits.
pub(super) fn checked(
    bytes: &[u8],
    size: usize,
    start: Checksum,
) -> Result<Fields<'_>, FormatError> {
    let Some((covered, checksum)) =
        bytes.get(..size).and_then(|all| all.split_at_checked(size - 4))
    else {
        return Err(FormatError::Short { have: to_u64(bytes.len()), need: to_u64(size) });
    };
    let (found, expected) = (Checksum(Fields::new(checksum).u32()?), start.then(covered));
    if found == expected {
        Ok(Fields::new(covered))
    } else {
        Err(FormatError::Checksum { found, expected })
    }
}

/// Writes fields into a header of `N` bytes, the rest of which is zero.
#[derive(Debug)]
pub(crate) struct Place<const N: usize> {
    bytes: [u8; N],
    at: usize,
}

impl<const N: usize> Place<N> {
    pub(crate) fn new() -> Self {
        Self { bytes: [0; N], at: 0 }
    }

    #[must_use]
    pub(crate) fn put(mut self, bytes: &[u8]) -> Self {
        let end = self.at + bytes.len();
        assert!(end <= N, "fields of a header are within it");
        self.bytes[self.at..end].copy_from_slice(bytes);
        self.at = end;
        self
    }

    #[must_use]
    pub(crate) fn u16(self, value: u16) -> Self {
        self.put(&value.to_le_bytes())
    }

    #[must_use]
    pub(crate) fn u32(self, value: u32) -> Self {
        self.put(&value.to_le_bytes())
    }

    #[must_use]
    pub(crate) fn u64(self, value: u64) -> Self {
        self.put(&value.to_le_bytes())
    }

    #[must_use]
    pub(crate) fn i64(self, value: i64) -> Self {
        self.put(&value.to_le_bytes())
    }

    /// The next field stands at byte `at`; what is skipped stays zero.
    #[must_use]
    pub(crate) fn skip_to(mut self, at: usize) -> Self {
        assert!(self.at <= at && at <= N, "fields come in order");
        self.at = at;
        self
    }

    /// The bytes so far, for a checksum over them.
    pub(crate) fn so_far(&self) -> &[u8] {
        &self.bytes[..self.at]
    }

    pub(crate) fn bytes(self) -> [u8; N] {
        self.bytes
    }
}

/// The length of something in memory, as it is written down.
pub(crate) fn to_u64(length: usize) -> u64 {
    u64::try_from(length).expect("no machine addresses more than 64 bits")
}

/// The length of something in memory whose maximum is far below 4 GiB.
pub(crate) fn to_u32(length: usize) -> u32 {
    u32::try_from(length).expect("lengths were checked against their maximum")
}

/// A length that was written down, for memory. What does not fit becomes the largest there is,
/// which every maximum refuses.
pub(crate) fn to_usize(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
