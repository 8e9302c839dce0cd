//! Numbers of changing length (LEB128), and signed ones as unsigned ones, small ones small
//! (zigzag).

use crate::stream::DecodeError;

/// Appends a number: seven bits a byte, the lowest first.
pub(super) fn put_varint(into: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        into.push(low_bits(value) | 0x80);
        value >>= 7;
    }
    into.push(low_bits(value));
}

fn low_bits(value: u64) -> u8 {
    u8::try_from(value & 0x7f).expect("seven bits were kept")
}

/// What is left to read.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl Bytes<'_> {
    /// One byte.
    pub(super) fn byte(&mut self) -> Result<u8, DecodeError> {
        let (&byte, rest) = self.0.split_first().ok_or(DecodeError::Short)?;
        self.0 = rest;
        Ok(byte)
    }

    /// A number of [`put_varint`].
    pub(super) fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DecodeError::Field("number"))
    }
}

/// 0, -1, 1, -2, … as 0, 1, 2, 3, …
pub(super) fn unsigned(value: i64) -> u64 {
    (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned()
}

/// The way back.
pub(super) fn signed(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_small_ones_are_small() {
        for value in [0, -1, 1, 63, -64, i64::MAX, i64::MIN] {
            assert_eq!(signed(unsigned(value)), value);
        }
        assert!(unsigned(-64) < 128 && unsigned(63) < 128);
    }
}
