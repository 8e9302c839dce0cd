//! Where a segment that is being written stands.

use crate::format::{Checksum, FormatError, RecordHeader, SegmentHeader, to_u64};

/// The end of a segment, for a checkpoint: everything before it was synced, nothing behind it
/// counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tail {
    /// Where the next record goes, in bytes.
    pub end: u64,
    /// How many records there are.
    pub records: u32,
    /// The last one's sequence; 0 without records.
    pub last_seq: u64,
    /// The checksums of all records' headers, chained.
    pub chain: Checksum,
}

impl Tail {
    /// Bytes of its encoded form.
    pub const SIZE: usize = 24;

    /// The end of a segment without records.
    pub(super) fn empty() -> Self {
        let end = to_u64(SegmentHeader::SIZE);
        Self { end, records: 0, last_seq: 0, chain: Checksum::default() }
    }

    /// The end behind one more record.
    pub(super) fn followed_by(&self, header: &RecordHeader) -> Self {
        Self {
            end: self.end + header.occupied(),
            records: self.records + 1,
            last_seq: header.seq,
            chain: self.chain.then(&header.checksum.0.to_le_bytes()),
        }
    }

    /// For a checkpoint.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        bytes[..8].copy_from_slice(&self.end.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.records.to_le_bytes());
        bytes[12..20].copy_from_slice(&self.last_seq.to_le_bytes());
        bytes[20..].copy_from_slice(&self.chain.0.to_le_bytes());
        bytes
    }

    /// Reads it from the front of a checkpoint's bytes.
    ///
    /// # Errors
    /// [`FormatError::Short`].
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut fields = crate::format::Fields::new(bytes);
        let (end, records) = (fields.u64()?, fields.u32()?);
        let (last_seq, chain) = (fields.u64()?, Checksum(fields.u32()?));
        Ok(Self { end, records, last_seq, chain })
    }
}
