//! Checkpoint files: a header, blobs in chunks, an index in chunks, a footer.

use super::fields::checked;
use super::{
    AccountId, Checksum, DirectoryId, Fields, FormatError, Lsn, Place, Position, Seed, StreamId,
    to_u64,
};

/// What a blob is called within a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobKey {
    /// Whose state it is.
    pub account: AccountId,
    /// Of which stream; 0 for state of no stream.
    pub stream: StreamId,
    /// Which part of it; the numbers belong to whoever writes checkpoints.
    pub kind: u16,
    /// Which of several parts of that kind.
    pub part: u64,
}

/// Where a blob is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobPlace {
    /// The checkpoint in whose file it stands: this one or an earlier.
    pub generation: u64,
    /// Where its first chunk begins, in bytes.
    pub offset: u64,
    /// Bytes of its contents, as they are stored.
    pub length: u64,
    /// Its chunks are sealed.
    pub is_sealed: bool,
}

/// The header of a chunk; its contents follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChunkHeader {
    pub(crate) key: BlobKey,
    pub(crate) role: ChunkRole,
    /// Its number within the blob, from 0.
    pub(crate) index: u32,
    pub(crate) length: u32,
    pub(crate) contents: Checksum,
}

/// What a chunk is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChunkRole {
    /// A blob that goes on in the next chunk.
    Blob,
    /// A blob that ends with it.
    BlobEnd,
    /// The index.
    Index,
}

impl ChunkRole {
    fn number(self) -> u16 {
        match self {
            Self::Blob => 1,
            Self::BlobEnd => 2,
            Self::Index => 3,
        }
    }

    fn of(number: u16) -> Result<Self, FormatError> {
        let all = [Self::Blob, Self::BlobEnd, Self::Index];
        let found = all.into_iter().find(|role| role.number() == number);
        found.ok_or(FormatError::Field { field: "role", value: u64::from(number) })
    }
}

impl ChunkHeader {
    pub(crate) const SIZE: usize = 48;
    /// Most bytes of a chunk's contents.
    pub(crate) const CONTENTS_MAX: usize = 256 * 1024;
    const MAGIC: u32 = u32::from_le_bytes(*b"ABCK");
    const CHECKSUM_AT: usize = 44;

    /// The header of `contents` at byte `offset` of a file with this seed.
    pub(crate) fn encode(
        key: BlobKey,
        role: ChunkRole,
        index: u32,
        contents: &[u8],
        seed: Seed,
    ) -> [u8; Self::SIZE] {
        let fields = Place::new()
            .u32(Self::MAGIC)
            .u32(super::to_u32(contents.len()))
            .u32(key.account.0)
            .u16(key.kind)
            .u16(role.number())
            .u64(key.stream.0)
            .u64(key.part)
            .u32(index)
            .u32(seed.checksum().then(contents).0)
            .skip_to(Self::CHECKSUM_AT);
        let checksum = seed.checksum().then(fields.so_far());
        fields.u32(checksum.0).bytes()
    }

    pub(crate) fn decode(bytes: &[u8], seed: Seed) -> Result<Self, FormatError> {
        let mut fields = checked(bytes, Self::SIZE, seed.checksum())?;
        fields.short_magic(Self::MAGIC)?;
        let (length, account) = (fields.u32()?, AccountId(fields.u32()?));
        let (kind, role) = (fields.u16()?, ChunkRole::of(fields.u16()?)?);
        let (stream, part) = (StreamId(fields.u64()?), fields.u64()?);
        let key = BlobKey { account, stream, kind, part };
        let (index, contents) = (fields.u32()?, Checksum(fields.u32()?));
        if u64::from(length) > to_u64(Self::CONTENTS_MAX) {
            return Err(FormatError::Field { field: "length", value: u64::from(length) });
        }
        Ok(Self { key, role, index, length, contents })
    }

    pub(crate) fn check_contents(&self, contents: &[u8], seed: Seed) -> Result<(), FormatError> {
        let expected = seed.checksum().then(contents);
        if to_u64(contents.len()) != u64::from(self.length) || expected != self.contents {
            return Err(FormatError::Checksum { found: self.contents, expected });
        }
        Ok(())
    }
}

/// The header of a checkpoint file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CheckpointHeader {
    pub(crate) directory: DirectoryId,
    pub(crate) generation: u64,
    pub(crate) created_ns: i64,
}

impl CheckpointHeader {
    pub(crate) const SIZE: usize = 64;
    pub(crate) const VERSION: u32 = 1;
    const MAGIC: u64 = u64::from_le_bytes(*b"ANABRCKP");
    const CHECKSUM_AT: usize = 60;

    pub(crate) fn encode(&self) -> [u8; Self::SIZE] {
        let fields = Place::new()
            .u64(Self::MAGIC)
            .u32(Self::VERSION)
            .u32(0)
            .put(&self.directory.0)
            .u64(self.generation)
            .i64(self.created_ns)
            .skip_to(Self::CHECKSUM_AT);
        let checksum = Checksum::of(fields.so_far());
        fields.u32(checksum.0).bytes()
    }

    pub(crate) fn decode(bytes: &[u8], directory: DirectoryId) -> Result<Self, FormatError> {
        let mut fields = checked(bytes, Self::SIZE, Checksum::default())?;
        fields.magic(Self::MAGIC)?;
        fields.version(Self::VERSION..=Self::VERSION)?;
        fields.u32()?;
        if fields.array()? != directory.0 {
            return Err(FormatError::Foreign);
        }
        Ok(Self { directory, generation: fields.u64()?, created_ns: fields.i64()? })
    }

    /// The seed of what stands at byte `offset` of the file.
    pub(crate) fn seed(directory: DirectoryId, generation: u64, offset: u64) -> Seed {
        Seed::new(directory).of(generation).of(offset)
    }
}

/// The end of a checkpoint file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CheckpointFooter {
    pub(crate) position: Position,
    pub(crate) durable: Lsn,
    /// Where the index begins, in bytes.
    pub(crate) index_offset: u64,
    /// How many blobs it names.
    pub(crate) entries: u64,
}

impl CheckpointFooter {
    pub(crate) const SIZE: usize = 64;
    const MAGIC: u64 = u64::from_le_bytes(*b"ANABRCKE");
    const CHECKSUM_AT: usize = 60;

    pub(crate) fn encode(&self, seed: Seed) -> [u8; Self::SIZE] {
        let fields = Place::new()
            .u64(Self::MAGIC)
            .u64(self.position.lsn.0)
            .u32(self.position.chain.0)
            .u32(0)
            .u64(self.durable.0)
            .u64(self.index_offset)
            .u64(self.entries)
            .skip_to(Self::CHECKSUM_AT);
        let checksum = seed.checksum().then(fields.so_far());
        fields.u32(checksum.0).bytes()
    }

    pub(crate) fn decode(bytes: &[u8], seed: Seed) -> Result<Self, FormatError> {
        let mut fields = checked(bytes, Self::SIZE, seed.checksum())?;
        fields.magic(Self::MAGIC)?;
        let (lsn, chain) = (Lsn(fields.u64()?), Checksum(fields.u32()?));
        fields.u32()?;
        Ok(Self {
            position: Position { lsn, chain },
            durable: Lsn(fields.u64()?),
            index_offset: fields.u64()?,
            entries: fields.u64()?,
        })
    }
}

/// An entry of the index.
pub(crate) const INDEX_ENTRY_SIZE: usize = 48;
/// The flag of a blob whose chunks are sealed.
const SEALED: u16 = 1;

pub(crate) fn encode_index_entry(key: BlobKey, place: BlobPlace) -> [u8; INDEX_ENTRY_SIZE] {
    Place::new()
        .u32(key.account.0)
        .u16(key.kind)
        .u16(if place.is_sealed { SEALED } else { 0 })
        .u64(key.stream.0)
        .u64(key.part)
        .u64(place.generation)
        .u64(place.offset)
        .u64(place.length)
        .bytes()
}

pub(crate) fn decode_index_entry(bytes: &[u8]) -> Result<(BlobKey, BlobPlace), FormatError> {
    let mut fields = Fields::new(bytes);
    let (account, kind) = (AccountId(fields.u32()?), fields.u16()?);
    let is_sealed = fields.u16()? & SEALED != 0;
    let (stream, part) = (StreamId(fields.u64()?), fields.u64()?);
    let key = BlobKey { account, stream, kind, part };
    let (generation, offset, length) = (fields.u64()?, fields.u64()?, fields.u64()?);
    Ok((key, BlobPlace { generation, offset, length, is_sealed }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIRECTORY: DirectoryId = DirectoryId([5; 16]);

    fn each_flipped_bit(bytes: &[u8], mut is_refused: impl FnMut(&[u8]) -> bool) {
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(is_refused(&flipped), "bit {bit}");
        }
        assert!(is_refused(&bytes[..bytes.len() - 1]));
    }

    #[test]
    fn headers_and_footers_come_back_and_every_flipped_bit_is_seen() {
        let seed = CheckpointHeader::seed(DIRECTORY, 3, 64);
        let header = CheckpointHeader { directory: DIRECTORY, generation: 3, created_ns: -4 };
        let bytes = header.encode();
        assert_eq!(CheckpointHeader::decode(&bytes, DIRECTORY), Ok(header));
        each_flipped_bit(&bytes, |bytes| CheckpointHeader::decode(bytes, DIRECTORY).is_err());
        let footer = CheckpointFooter {
            position: Position { lsn: Lsn(1), chain: Checksum(2) },
            durable: Lsn(3),
            index_offset: 4,
            entries: 5,
        };
        let bytes = footer.encode(seed);
        assert_eq!(CheckpointFooter::decode(&bytes, seed), Ok(footer));
        each_flipped_bit(&bytes, |bytes| CheckpointFooter::decode(bytes, seed).is_err());
    }

    #[test]
    fn chunks_belong_to_their_place() {
        let key = BlobKey { account: AccountId(1), stream: StreamId(2), kind: 3, part: 4 };
        let seed = CheckpointHeader::seed(DIRECTORY, 3, 64);
        let bytes = ChunkHeader::encode(key, ChunkRole::BlobEnd, 9, b"contents", seed);
        let header = ChunkHeader::decode(&bytes, seed).unwrap();
        assert_eq!((header.key, header.role, header.index), (key, ChunkRole::BlobEnd, 9));
        assert_eq!(header.check_contents(b"contents", seed), Ok(()));
        assert!(header.check_contents(b"Contents", seed).is_err());
        assert!(header.check_contents(b"content", seed).is_err());
        let elsewhere = CheckpointHeader::seed(DIRECTORY, 4, 64);
        assert!(ChunkHeader::decode(&bytes, elsewhere).is_err());
        each_flipped_bit(&bytes, |bytes| ChunkHeader::decode(bytes, seed).is_err());
    }

    #[test]
    fn index_entries_come_back() {
        let key = BlobKey { account: AccountId(1), stream: StreamId(2), kind: 3, part: 4 };
        for is_sealed in [false, true] {
            let place = BlobPlace { generation: 4, offset: 5, length: 6, is_sealed };
            let bytes = encode_index_entry(key, place);
            assert_eq!(decode_index_entry(&bytes), Ok((key, place)));
            assert!(decode_index_entry(&bytes[..47]).is_err());
        }
    }
}
