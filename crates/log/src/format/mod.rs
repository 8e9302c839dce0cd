//! Everything on disk, as bytes: pure functions, specified in `docs/format.md`.
//!
//! Not here: files and when they are written. All numbers are little-endian. Everything has a
//! magic number or a seeded checksum, a version and a length, and no decoder trusts any of them
//! before the checksum fits.

mod batch;
mod checkpoint;
mod checksum;
mod directory;
mod error;
mod fields;
mod ids;
mod key_file;
mod lsn;
mod record;
mod record_payload;
mod segment;
mod wal_file;

pub use batch::{BatchHeader, SECTOR};
pub use checkpoint::{BlobKey, BlobPlace};
pub use checksum::{Checksum, Seed};
pub use directory::DirectoryFormat;
pub use error::FormatError;
pub use ids::{AccountId, DirectoryId, StreamId};
pub use key_file::{KeyFile, WrappedKey};
pub use lsn::{Lsn, Position};
pub use record::{Envelope, Kind, Record, Records};
pub use record_payload::{Mark, Outcome, Reference};
pub use segment::{Columns, NewRecord, RecordHeader, SegmentFooter, SegmentId};
pub use wal_file::WalFileHeader;

pub(crate) use checkpoint::{
    CheckpointFooter, CheckpointHeader, ChunkHeader, ChunkRole, INDEX_ENTRY_SIZE,
    decode_index_entry, encode_index_entry,
};
pub(crate) use fields::{Fields, Place, to_u32, to_u64, to_usize};
pub(crate) use segment::{ALIGNMENT, SegmentHeader};
