//! Records: an envelope that the log understands around a payload that it does not.

use super::{AccountId, Fields, FormatError, Lsn, Place, StreamId, to_u32, to_u64};

/// What a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A publish of a native client; its sequence is assigned when it is applied.
    Publish,
    /// A batch of another protocol, kept as its producer made it: 1 to n sequences.
    Batch,
    /// What consumers did since the last such record.
    ConsumerDeltas,
    /// A command that has no sequence: make, change or remove a stream, and the like.
    Control,
    /// A deletion or purge.
    Tombstone,
    /// A publish whose payload lies in a segment; see [`Reference`](super::Reference).
    Reference,
    /// Where a stream's sequences stood; see [`Outcome`](super::Outcome).
    Outcome,
    /// What was durable; see [`Mark`](super::Mark). The log writes these itself.
    Mark,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::Publish,
        Self::Batch,
        Self::ConsumerDeltas,
        Self::Control,
        Self::Tombstone,
        Self::Reference,
        Self::Outcome,
        Self::Mark,
    ];

    /// Its number on disk.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Publish => 1,
            Self::Batch => 2,
            Self::ConsumerDeltas => 3,
            Self::Control => 4,
            Self::Tombstone => 5,
            Self::Reference => 6,
            Self::Outcome => 7,
            Self::Mark => 8,
        }
    }

    /// The kind with this number.
    ///
    /// # Errors
    /// [`FormatError::Kind`] if only a newer program knows it.
    pub fn of(number: u8) -> Result<Self, FormatError> {
        let found = Self::ALL.into_iter().find(|kind| kind.number() == number);
        found.ok_or(FormatError::Kind(number))
    }
}

/// What the log knows about a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope {
    /// What it is about.
    pub kind: Kind,
    /// For the kind's own use.
    pub flags: u8,
    /// Whose it is.
    pub account: AccountId,
    /// Of which stream; 0 for none.
    pub stream: StreamId,
    /// How many sequences it takes; 0 for kinds that take none.
    pub count: u32,
    /// The first of them; 0 where applying it assigns them.
    pub first_seq: u64,
    /// When it was proposed, in nanoseconds since 1970.
    pub time_ns: i64,
}

impl Envelope {
    /// Bytes of the envelope with the length before it.
    pub const SIZE: usize = 40;
    /// Most bytes of a payload.
    pub const PAYLOAD_MAX: usize = 64 * 1024 * 1024;

    /// Appends the record to `into`: `write` appends the payload, nothing else.
    ///
    /// `extension` is what later versions know about a record besides, such as its Raft term;
    /// it has at most 65,535 bytes.
    pub fn encode(&self, extension: &[u8], into: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        let extension_len = u16::try_from(extension.len()).expect("an extension is short");
        let start = into.len();
        let fields = Place::<{ Self::SIZE }>::new()
            .u32(0)
            .put(&[self.kind.number(), self.flags])
            .u16(extension_len)
            .u32(self.account.0)
            .u64(self.stream.0)
            .u32(self.count)
            .u64(self.first_seq)
            .i64(self.time_ns);
        into.extend_from_slice(&fields.bytes());
        into.extend_from_slice(extension);
        write(into);
        let length = to_u32(into.len() - start - 4);
        into[start..start + 4].copy_from_slice(&length.to_le_bytes());
    }
}

/// A record as it stands in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Where it begins.
    pub lsn: Lsn,
    /// What the log knows about it.
    pub envelope: Envelope,
    /// What later versions know about it; empty in this one.
    pub extension: &'a [u8],
    /// What it says.
    pub payload: &'a [u8],
}

/// The records of a batch, in order. After an error there are no more.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    fields: Fields<'a>,
    next: Lsn,
    left: u32,
}

impl<'a> Records<'a> {
    /// `count` records in `payload`, the first of which begins at `first`.
    #[must_use]
    pub fn new(payload: &'a [u8], first: Lsn, count: u32) -> Self {
        Self { fields: Fields::new(payload), next: first, left: count }
    }

    fn read(&mut self) -> Result<Record<'a>, FormatError> {
        let length = self.fields.u32()?;
        let mut fields = Fields::new(self.fields.bytes(super::to_usize(u64::from(length)))?);
        let (kind, flags, extension_len) = (fields.u8()?, fields.u8()?, fields.u16()?);
        let envelope = Envelope {
            kind: Kind::of(kind)?,
            flags,
            account: AccountId(fields.u32()?),
            stream: StreamId(fields.u64()?),
            count: fields.u32()?,
            first_seq: fields.u64()?,
            time_ns: fields.i64()?,
        };
        let extension = fields.bytes(usize::from(extension_len))?;
        let record = Record { lsn: self.next, envelope, extension, payload: fields.rest() };
        self.next = self.next.plus(4 + u64::from(length));
        Ok(record)
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, FormatError>;

    fn next(&mut self) -> Option<Self::Item> {
        let Some(left) = self.left.checked_sub(1) else {
            // A count that is too small would hide records.
            let extra = to_u64(std::mem::replace(&mut self.fields, Fields::new(&[])).rest().len());
            let error = FormatError::Field { field: "bytes behind the last record", value: extra };
            return (extra > 0).then_some(Err(error));
        };
        let read = self.read();
        self.left = if read.is_ok() { left } else { 0 };
        if read.is_err() {
            self.fields = Fields::new(&[]);
        }
        Some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(kind: Kind) -> Envelope {
        Envelope {
            kind,
            flags: 3,
            account: AccountId(4),
            stream: StreamId(5),
            count: 6,
            first_seq: 7,
            time_ns: -8,
        }
    }

    fn encoded() -> Vec<u8> {
        let mut bytes = Vec::new();
        for kind in Kind::ALL {
            envelope(kind).encode(b"ext", &mut bytes, |into| into.extend_from_slice(b"payload"));
        }
        envelope(Kind::Publish).encode(b"", &mut bytes, |_| {});
        bytes
    }

    #[test]
    fn records_come_back_with_their_places() {
        let bytes = encoded();
        let records: Vec<Record<'_>> =
            Records::new(&bytes, Lsn(1000), 9).map(Result::unwrap).collect();
        assert_eq!(records.len(), 9);
        for (index, (record, kind)) in records.iter().zip(Kind::ALL).enumerate() {
            assert_eq!(record.envelope, envelope(kind));
            assert_eq!((record.extension, record.payload), (&b"ext"[..], &b"payload"[..]));
            assert_eq!(record.lsn, Lsn(1000 + 50 * to_u64(index)));
        }
        assert_eq!((records[8].extension, records[8].payload), (&b""[..], &b""[..]));
    }

    #[test]
    fn truncations_and_wrong_counts_are_errors_and_end_it() {
        let bytes = encoded();
        for end in 0..bytes.len() {
            let found: Vec<_> = Records::new(&bytes[..end], Lsn(0), 9).collect();
            assert!(found.last().unwrap().is_err(), "{end}");
            assert!(found.iter().rev().skip(1).all(Result::is_ok), "{end}");
        }
        assert!(Records::new(&bytes, Lsn(0), 8).last().unwrap().is_err());
        assert!(Records::new(&bytes, Lsn(0), 10).last().unwrap().is_err());
    }

    #[test]
    fn an_unknown_kind_is_named() {
        let mut bytes = encoded();
        bytes[4] = 9;
        let error = Records::new(&bytes, Lsn(0), 9).next().unwrap().unwrap_err();
        assert_eq!(error, FormatError::Kind(9));
        assert!(error.is_newer());
    }
}
