//! Numbers and texts as bytes, for what is stored: commands and snapshots.

/// Why stored bytes cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeError {
    /// They end too early.
    Short,
    /// They are of a newer program: this version is not known.
    Version(u32),
    /// A field has a value that it never has.
    Field(&'static str),
}

impl std::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Short => f.write_str("the bytes end too early"),
            Self::Version(found) => write!(f, "version {found} is not known to this program"),
            Self::Field(name) => write!(f, "{name} has a value that it never has"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Appends a number: seven bits a byte, the lowest first (LEB128).
pub fn put_varint(into: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        into.push(low_byte(value) | 0x80);
        value >>= 7;
    }
    into.push(low_byte(value));
}

fn low_byte(value: u64) -> u8 {
    u8::try_from(value & 0x7f).expect("seven bits were kept")
}

/// Appends a text with its length before it.
pub fn put_text(into: &mut Vec<u8>, text: &[u8]) {
    put_varint(into, u64::try_from(text.len()).unwrap_or(u64::MAX));
    into.extend_from_slice(text);
}

/// What is left to read.
#[derive(Debug, Clone, Copy)]
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    /// The next `len` bytes.
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(DecodeError::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    /// The next bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| DecodeError::Short)
    }

    /// One byte.
    pub fn byte(&mut self) -> Result<u8, DecodeError> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// A 64-bit number, lowest byte first.
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }

    /// A signed 64-bit number, lowest byte first.
    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        self.array().map(i64::from_le_bytes)
    }

    /// A 32-bit number, lowest byte first.
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    /// A number of [`put_varint`].
    pub fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(DecodeError::Field("number"));
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DecodeError::Field("number"))
    }

    /// A length of what follows: never more than is left.
    pub fn length(&mut self) -> Result<usize, DecodeError> {
        let length = usize::try_from(self.varint()?).map_err(|_| DecodeError::Short)?;
        if length > self.0.len() { Err(DecodeError::Short) } else { Ok(length) }
    }

    /// A text of [`put_text`].
    pub fn text(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.length()?;
        self.take(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            assert_eq!(Bytes(&bytes).varint(), Ok(value));
            let cut = &bytes[..bytes.len() - 1];
            assert_eq!(Bytes(cut).varint(), Err(DecodeError::Short));
        }
        assert_eq!(Bytes(&[0xff; 10]).varint(), Err(DecodeError::Field("number")));
    }
}
