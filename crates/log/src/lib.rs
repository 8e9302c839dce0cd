//! Durable storage: a write-ahead log shared by all streams, segments, checkpoints, recovery.
//!
//! Not here: NATS. A record is an envelope and opaque bytes; what it means, and which state it
//! leads to, is the caller's business. Everything goes through a [`Disk`](disk::Disk), of which
//! there is a simulated one. The formats are in [`format`](mod@format) and in `docs/format.md`.
//!
//! How a shard uses it:
//!
//! ```
//! use std::sync::Arc;
//!
//! use anabranch_log::checkpoint::{BlobKey, Checkpoints};
//! use anabranch_log::directory::Directory;
//! use anabranch_log::disk::{LockMode, RealDisk};
//! use anabranch_log::format::{AccountId, DirectoryFormat, DirectoryId, Envelope, Kind, StreamId};
//! use anabranch_log::segment::{NewRecord, SegmentId, SegmentWriter, Tail};
//! use anabranch_log::wal::{Item, Recovery, Start};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let (id, now_ns) = (DirectoryId([7; 16]), 1_700_000_000_000_000_000);
//! // Open the directory; nobody else has it from here on.
//! let disk = Arc::new(RealDisk::new(folder.path())?);
//! let new = DirectoryFormat { id, created_ns: now_ns, is_sealed: false };
//! let directory = Directory::open(disk.clone(), LockMode::Fail, new)?;
//!
//! // Load the newest checkpoint.
//! let (mut checkpoints, rejected) = Checkpoints::open(disk.clone(), directory.id())?;
//! assert!(rejected.is_empty(), "to be reported");
//! let stream = SegmentId::new(AccountId(0), StreamId(1), 1);
//! let key = BlobKey { account: stream.account, stream: stream.stream, kind: 1, part: 0 };
//! let newest = checkpoints.newest().cloned();
//! let state = match &newest {
//!     Some(newest) => checkpoints.read(newest, key)?,
//!     None => None,
//! };
//! let mut segment = match state {
//!     Some(state) => {
//!         let tail = Tail::decode(&state.read_all(1 << 20)?)?;
//!         SegmentWriter::open(disk.clone(), directory.id(), stream, tail)?
//!     }
//!     None => SegmentWriter::create(disk.clone(), directory.id(), stream)?,
//! };
//!
//! // Apply what the log has behind it, then go on there.
//! let start = newest.map_or(Start::default(), |newest| newest.start);
//! let options = directory.wal_options(0)?;
//! let mut recovery = Recovery::open(disk.clone(), directory.id(), options, start)?;
//! while let Some(item) = recovery.next_item()? {
//!     match item {
//!         Item::Batch(batch) => {
//!             for record in batch.records() {
//!                 assert_eq!(record.envelope.kind, Kind::Publish); // apply it
//!             }
//!         }
//!         Item::Damage(damage) => eprintln!("{} at byte {}", damage.path, damage.offset),
//!     }
//! }
//! let (mut wal, _report) = recovery.finish()?;
//! segment.cut()?;
//! wal.release(checkpoints.log_needed_from())?;
//!
//! // A turn: gather commands, make them durable, apply them, acknowledge them.
//! let envelope = Envelope {
//!     kind: Kind::Publish,
//!     flags: 0,
//!     account: stream.account,
//!     stream: stream.stream,
//!     count: 1,
//!     first_seq: 0,
//!     time_ns: now_ns,
//! };
//! let lsn = wal.append(&envelope, b"publish command")?;
//! wal.write()?;
//! let durable = wal.sync()?;
//! assert!(lsn < durable.lsn, "from here on it may be acknowledged");
//! let place = segment.append(&NewRecord {
//!     seq: 1,
//!     time_ns: now_ns,
//!     flags: 0,
//!     subject: b"orders.new",
//!     header: b"",
//!     payload: b"payload",
//! });
//! segment.write()?;
//! assert!(place.offset > 0, "what a reader needs to find it");
//!
//! // Once `wal.usage().wants_checkpoint()`: segments first, then their ends, then the log.
//! let tail = segment.sync()?;
//! let start = Start { position: durable, durable: wal.durable().lsn };
//! let mut writer = checkpoints.begin(start, now_ns)?;
//! writer.put(key, &tail.encode())?;
//! let needed_from = checkpoints.install(writer.finish()?)?;
//! wal.release(needed_from)?;
//!
//! // While there is nothing to do: files for later, and a mark of what is durable.
//! wal.maintain()?;
//! wal.mark(0)?;
//! # Ok(())
//! # }
//! ```

pub mod checkpoint;
pub mod directory;
pub mod disk;
mod error;
pub mod format;
#[cfg(feature = "sabotage")]
pub mod sabotage;
#[cfg(not(feature = "sabotage"))]
mod sabotage;
pub mod sealing;
pub mod segment;
pub mod wal;

pub use error::Error;
