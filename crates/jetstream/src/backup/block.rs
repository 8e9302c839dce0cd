//! One block of S2: Snappy's elements, and copies that repeat the last offset
//! (<https://github.com/klauspost/compress/tree/master/s2#format-extensions>).

use super::fault::Fault;

const SHORT: Fault = Fault::Compression("a block ends early");
const LENGTH: Fault = Fault::Compression("a block's length");
const OFFSET: Fault = Fault::Compression("an offset before the block");

/// Appends what the block holds: at most `max` bytes.
///
/// # Errors
/// When it is damaged, or holds more.
pub(super) fn decode(block: &[u8], max: usize, into: &mut Vec<u8>) -> Result<(), Fault> {
    let mut rest = Elements(block);
    let len = rest.varint()?;
    if len > max {
        return Err(Fault::TooLarge("a block"));
    }
    let (begin, end) = (into.len(), into.len() + len);
    into.reserve(len);
    let mut offset = 0;
    while let Some(tag) = rest.byte() {
        let room = end - into.len();
        match rest.element(tag)? {
            Element::Literal(len) => {
                let literal = rest.take(len)?;
                if len > room {
                    return Err(LENGTH);
                }
                into.extend_from_slice(literal);
                continue;
            }
            Element::Copy { offset: new, len } => {
                offset = new;
                copy(into, begin, offset, len.min(room + 1))?;
            }
            Element::Repeat(len) => copy(into, begin, offset, len.min(room + 1))?,
        }
        if into.len() > end {
            return Err(LENGTH);
        }
    }
    if into.len() == end { Ok(()) } else { Err(SHORT) }
}

/// Appends `len` bytes that begin `offset` bytes before the end; they may overlap what is added.
fn copy(into: &mut Vec<u8>, begin: usize, offset: usize, len: usize) -> Result<(), Fault> {
    if offset == 0 || offset > into.len() - begin {
        return Err(OFFSET);
    }
    let from = into.len() - offset;
    let mut left = len;
    while left > 0 {
        // What was added is a source too: the pattern doubles with each round.
        let part = left.min(into.len() - from);
        into.extend_from_within(from..from + part);
        left -= part;
    }
    Ok(())
}

enum Element {
    Literal(usize),
    Copy { offset: usize, len: usize },
    Repeat(usize),
}

/// What is left of a block.
struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(SHORT)?;
        self.0 = rest;
        Ok(taken)
    }

    /// A little-endian number of up to four bytes.
    fn number(&mut self, bytes: usize) -> Result<usize, Fault> {
        let mut all = [0; 4];
        all[..bytes].copy_from_slice(self.take(bytes)?);
        usize::try_from(u32::from_le_bytes(all)).map_err(|_| LENGTH)
    }

    fn varint(&mut self) -> Result<usize, Fault> {
        let mut value = 0u64;
        for shift in (0..35).step_by(7) {
            let byte = self.byte().ok_or(SHORT)?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return usize::try_from(value).map_err(|_| LENGTH);
            }
        }
        Err(LENGTH)
    }

    fn element(&mut self, tag: u8) -> Result<Element, Fault> {
        let upper = usize::from(tag >> 2);
        match tag & 3 {
            0 => {
                let len = if upper < 60 { upper } else { self.number(upper - 59)? };
                Ok(Element::Literal(len.checked_add(1).ok_or(LENGTH)?))
            }
            1 => {
                let low = self.number(1)?;
                let (high, short) = (usize::from(tag >> 5), upper & 7);
                let offset = high << 8 | low;
                if offset > 0 {
                    Ok(Element::Copy { offset, len: short + 4 })
                } else {
                    self.repeat(short)
                }
            }
            2 => Ok(Element::Copy { offset: self.number(2)?, len: upper + 1 }),
            _ => Ok(Element::Copy { offset: self.number(4)?, len: upper + 1 }),
        }
    }

    /// A copy of offset 0 repeats the last one; its longest lengths stand behind it.
    fn repeat(&mut self, short: usize) -> Result<Element, Fault> {
        let len = match short {
            5 => self.number(1)? + 8,
            6 => self.number(2)? + 256 + 4,
            7 => self.number(3)? + 65_536 + 4,
            _ => short + 4,
        };
        Ok(Element::Repeat(len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(block: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut into = b"before".to_vec();
        decode(block, 1 << 20, &mut into)?;
        Ok(into.split_off(6))
    }

    #[test]
    fn literals_copies_and_repeats_are_read() {
        // Length 4 + 4 + 4 + 9: "abcd", a copy from 4 back, one that repeats, and a long one.
        let block = [21, 3 << 2, b'a', b'b', b'c', b'd', 0b001, 4, 0b001, 0, 0b10101, 0, 1];
        assert_eq!(decoded(&block).unwrap(), b"abcdabcdabcdabcdabcda");
        assert_eq!(decoded(&[0]).unwrap(), b"");
        let overlapping = [9, 0, b'x', 7 << 2 | 2, 1, 0];
        assert_eq!(decoded(&overlapping).unwrap(), b"xxxxxxxxx");
    }

    #[test]
    fn every_cut_is_an_error() {
        let block = [21, 3 << 2, b'a', b'b', b'c', b'd', 0b001, 4, 0b001, 0, 0b10101, 0, 1];
        for end in 0..block.len() {
            assert!(decoded(&block[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn lengths_and_offsets_stay_within_the_block() {
        // An offset into what stands before the block, none at all, and more than is announced.
        for block in [&[8, 0, b'x', 0b001, 2][..], &[4, 0b001, 0], &[2, 0, b'x', 7 << 2 | 2, 1, 0]]
        {
            assert!(decoded(block).is_err(), "{block:?}");
        }
        let huge = [0xff, 0xff, 0xff, 0xff, 0x0f, 0, b'x'];
        assert_eq!(decoded(&huge), Err(Fault::TooLarge("a block")));
    }

    #[test]
    fn snappy_blocks_are_blocks_of_s2() {
        let text: Vec<u8> = (0..200_000u32).flat_map(|n| (n / 9 % 977).to_le_bytes()).collect();
        let block = snap::raw::Encoder::new().compress_vec(&text).unwrap();
        assert!(block.len() < text.len());
        assert_eq!(decoded(&block).unwrap(), text);
    }
}
