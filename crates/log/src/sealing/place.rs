//! Where sealed bytes belong. It is authenticated with them, so that they do not open elsewhere.

use crate::format::{AccountId, BlobKey, Envelope, Place, StreamId};

/// Where sealed bytes belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedPlace {
    /// The payload of a record of the log with this envelope; its flags do not count.
    Record(Envelope),
    /// A message in a segment. Which segment, and where in it, does not count: it may be moved.
    Message {
        /// Whose it is.
        account: AccountId,
        /// Of which stream.
        stream: StreamId,
        /// Its sequence.
        seq: u64,
        /// When it was stored, in nanoseconds since 1970.
        time_ns: i64,
        /// The flags of its record.
        flags: u16,
    },
    /// A chunk of a blob in a checkpoint.
    Chunk {
        /// The checkpoint in whose file it stands.
        generation: u64,
        /// Which blob.
        key: BlobKey,
        /// Its number within the blob, from 0.
        index: u32,
        /// It is the last one.
        is_last: bool,
    },
}

impl SealedPlace {
    /// Bytes of every place.
    pub(super) const SIZE: usize = 48;

    /// As it is authenticated.
    pub(super) fn bytes(&self) -> [u8; Self::SIZE] {
        let place = Place::new();
        match *self {
            Self::Record(envelope) => place
                .put(&[1, envelope.kind.number(), 0, 0])
                .u32(envelope.account.0)
                .u64(envelope.stream.0)
                .u32(envelope.count)
                .u64(envelope.first_seq)
                .i64(envelope.time_ns),
            Self::Message { account, stream, seq, time_ns, flags } => {
                place.put(&[2, 0]).u16(flags).u32(account.0).u64(stream.0).u64(seq).i64(time_ns)
            }
            Self::Chunk { generation, key, index, is_last } => place
                .put(&[3, u8::from(is_last)])
                .u16(key.kind)
                .u32(key.account.0)
                .u64(key.stream.0)
                .u64(key.part)
                .u64(generation)
                .u32(index),
        }
        .bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Kind;

    #[test]
    fn places_that_differ_in_anything_have_other_bytes() {
        let (account, stream) = (AccountId(1), StreamId(1));
        let envelope = Envelope {
            kind: Kind::Publish,
            flags: 1,
            account,
            stream,
            count: 1,
            first_seq: 1,
            time_ns: 1,
        };
        let key = BlobKey { account, stream, kind: 1, part: 1 };
        let message =
            |seq, time_ns, flags| SealedPlace::Message { account, stream, seq, time_ns, flags };
        let chunk = |generation, key, index, is_last| SealedPlace::Chunk {
            generation,
            key,
            index,
            is_last,
        };
        let places = [
            SealedPlace::Record(envelope),
            SealedPlace::Record(Envelope { kind: Kind::Control, ..envelope }),
            SealedPlace::Record(Envelope { account: AccountId(2), ..envelope }),
            SealedPlace::Record(Envelope { stream: StreamId(2), ..envelope }),
            SealedPlace::Record(Envelope { count: 2, ..envelope }),
            SealedPlace::Record(Envelope { first_seq: 2, ..envelope }),
            SealedPlace::Record(Envelope { time_ns: 2, ..envelope }),
            message(1, 1, 1),
            message(2, 1, 1),
            message(1, 2, 1),
            message(1, 1, 2),
            chunk(1, key, 1, true),
            chunk(2, key, 1, true),
            chunk(1, BlobKey { kind: 2, ..key }, 1, true),
            chunk(1, BlobKey { part: 2, ..key }, 1, true),
            chunk(1, key, 2, true),
            chunk(1, key, 1, false),
        ];
        let mut all: Vec<_> = places.iter().map(SealedPlace::bytes).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), places.len());
        let other = SealedPlace::Record(Envelope { flags: 0, ..envelope });
        assert_eq!(other.bytes(), places[0].bytes());
    }
}
