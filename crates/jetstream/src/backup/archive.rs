//! The archive within a backup: entries one after the other, each with its name, time, sequence
//! and sizes (`server/archive` of nats-server). Numbers are LEB128, the time zigzag.

use super::fault::Fault;

/// What an archive begins with.
pub(super) const MAGIC: &[u8; 8] = b"NATSARC1";
/// The longest name of an entry.
const NAME_MAX: u64 = 1 << 20;

const CUT: Fault = Fault::Archive("an entry ends early");

/// What stands before an entry's bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) name: Vec<u8>,
    /// Nanoseconds since 1970.
    pub(super) time: i64,
    /// 0: no message.
    pub(super) seq: u64,
    pub(super) headers_len: u64,
    pub(super) body_len: u64,
}

impl Head {
    pub(super) fn encode(&self, into: &mut Vec<u8>) {
        let zigzag = (self.time << 1) ^ (self.time >> 63);
        let name_len = u64::try_from(self.name.len()).unwrap_or(u64::MAX);
        let numbers = [name_len, zigzag.cast_unsigned(), self.seq, self.headers_len, self.body_len];
        for number in numbers {
            put_varint(into, number);
        }
        into.extend_from_slice(&self.name);
    }

    /// Reads a head from what came; nothing while some of it is missing. Gives its length too.
    pub(super) fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, Fault> {
        let mut numbers = [0; 5];
        let mut rest = bytes;
        for number in &mut numbers {
            match varint(rest)? {
                Some((value, behind)) => (*number, rest) = (value, behind),
                None => return Ok(None),
            }
        }
        let [name_len, zigzag, seq, headers_len, body_len] = numbers;
        if name_len > NAME_MAX {
            return Err(Fault::Archive("a name is too long"));
        }
        let name_len = usize::try_from(name_len).map_err(|_| CUT)?;
        let Some(name) = rest.get(..name_len) else { return Ok(None) };
        let time = (zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed();
        let head = Self { name: name.to_vec(), time, seq, headers_len, body_len };
        Ok(Some((head, bytes.len() - rest.len() + name_len)))
    }
}

fn put_varint(into: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        into.push(u8::try_from(value & 0x7f).unwrap_or(0) | 0x80);
        value >>= 7;
    }
    into.push(u8::try_from(value).unwrap_or(0));
}

/// A number and what follows it; nothing when it goes on behind the end.
pub(super) fn varint(bytes: &[u8]) -> Result<Option<(u64, &[u8])>, Fault> {
    let mut value = 0;
    for (at, &byte) in bytes.iter().enumerate().take(10) {
        let bits = u64::from(byte & 0x7f);
        if at == 9 && bits > 1 {
            break;
        }
        value |= bits << (7 * at);
        if byte & 0x80 == 0 {
            return Ok(Some((value, &bytes[at + 1..])));
        }
    }
    if bytes.len() < 10 { Ok(None) } else { Err(Fault::Archive("a number is too long")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_come_back_once_they_are_complete() {
        for (time, seq) in [(0, 0), (i64::MAX, u64::MAX), (-1, 1), (i64::MIN, 300)] {
            let head =
                Head { name: b"a.b".to_vec(), time, seq, headers_len: 128, body_len: 1 << 40 };
            let mut bytes = Vec::new();
            head.encode(&mut bytes);
            for end in 0..bytes.len() {
                assert_eq!(Head::decode(&bytes[..end]), Ok(None), "{end}");
            }
            let len = bytes.len();
            bytes.extend_from_slice(b"rest");
            assert_eq!(Head::decode(&bytes), Ok(Some((head, len))));
        }
    }

    #[test]
    fn numbers_and_names_have_a_longest() {
        assert!(Head::decode(&[0xff; 10]).is_err());
        assert!(Head::decode(&[0x80, 0x80, 0x40, 0, 0, 0, 0]).is_ok());
        assert!(Head::decode(&[0xff, 0xff, 0x7f, 0, 0, 0, 0]).is_err());
    }
}
