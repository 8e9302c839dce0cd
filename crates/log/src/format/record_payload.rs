//! Payloads that the log itself understands.

use super::{Checksum, Fields, FormatError, Lsn, StreamId};

/// Says that a record's payload lies in a segment (record kind 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    /// The first sequence of the segment, which names its file.
    pub segment: u64,
    /// Where its first record begins in the file, in bytes.
    pub offset: u64,
    /// Bytes of all its records there.
    pub length: u64,
    /// The checksum of those bytes.
    pub checksum: Checksum,
}

impl Reference {
    /// Appends it to `into`.
    pub fn encode(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.segment.to_le_bytes());
        into.extend_from_slice(&self.offset.to_le_bytes());
        into.extend_from_slice(&self.length.to_le_bytes());
        into.extend_from_slice(&self.checksum.0.to_le_bytes());
    }

    /// Reads it from the front of a payload, and gives what follows it.
    ///
    /// # Errors
    /// [`FormatError::Short`].
    pub fn decode(payload: &[u8]) -> Result<(Self, &[u8]), FormatError> {
        let mut fields = Fields::new(payload);
        let (segment, offset, length) = (fields.u64()?, fields.u64()?, fields.u64()?);
        let checksum = Checksum(fields.u32()?);
        Ok((Self { segment, offset, length, checksum }, fields.rest()))
    }
}

/// Says where a stream's sequences stood (record kind 7), so that recovery can go on behind a
/// damaged range without giving a sequence twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Which stream.
    pub stream: StreamId,
    /// Everything before this was applied to it.
    pub applied: Lsn,
    /// The last sequence assigned by that.
    pub last_seq: u64,
}

impl Outcome {
    /// Appends it to `into`.
    pub fn encode(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.stream.0.to_le_bytes());
        into.extend_from_slice(&self.applied.0.to_le_bytes());
        into.extend_from_slice(&self.last_seq.to_le_bytes());
    }

    /// Reads a payload, which may hold several: gives the first and what follows it.
    ///
    /// # Errors
    /// [`FormatError::Short`].
    pub fn decode(payload: &[u8]) -> Result<(Self, &[u8]), FormatError> {
        let mut fields = Fields::new(payload);
        let (stream, applied, last_seq) = (fields.u64()?, fields.u64()?, fields.u64()?);
        Ok((Self { stream: StreamId(stream), applied: Lsn(applied), last_seq }, fields.rest()))
    }
}

/// Says what was durable (record kind 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Everything before this was.
    pub durable: Lsn,
}

impl Mark {
    /// Appends it to `into`.
    pub fn encode(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.durable.0.to_le_bytes());
    }

    /// Reads a payload.
    ///
    /// # Errors
    /// [`FormatError::Short`].
    pub fn decode(payload: &[u8]) -> Result<Self, FormatError> {
        Ok(Self { durable: Lsn(Fields::new(payload).u64()?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_come_back_and_short_ones_are_refused() {
        let reference = Reference { segment: 1, offset: 2, length: 3, checksum: Checksum(4) };
        let outcome = Outcome { stream: StreamId(5), applied: Lsn(6), last_seq: 7 };
        let mark = Mark { durable: Lsn(8) };
        let mut bytes = Vec::new();
        reference.encode(&mut bytes);
        outcome.encode(&mut bytes);
        mark.encode(&mut bytes);
        let (found, rest) = Reference::decode(&bytes).unwrap();
        assert_eq!(found, reference);
        let (found, rest) = Outcome::decode(rest).unwrap();
        assert_eq!(found, outcome);
        assert_eq!(Mark::decode(rest), Ok(mark));
        assert!(Reference::decode(&bytes[..27]).is_err());
        assert!(Outcome::decode(&bytes[..23]).is_err());
        assert!(Mark::decode(&bytes[..7]).is_err());
    }
}
