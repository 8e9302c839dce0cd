//! Segments: the records of one stream, in files that are written behind the log.
//!
//! Not here: which records there should be. A segment is never trusted beyond the end that a
//! checkpoint states: what lies behind is cut off and written again from the log. What lies
//! before it and does not read is damage, and is reported with file and offset.

mod erase;
mod path;
mod reader;
mod reference;
mod rewrite;
mod scan;
mod tail;
mod window;
mod writer;

pub use crate::format::{Columns, NewRecord, RecordHeader, SegmentFooter, SegmentId};
pub use erase::erase;
pub use path::{path as file_path, remove, segments, stream_dir};
pub use reader::{SegmentReader, SparseOffset, StoredRecord};
pub use rewrite::{Rewriter, discard, remove_unfinished};
pub use scan::{Scan, ScanItem, SegmentDamage};
pub use tail::Tail;
pub use window::{RecordRef, Wait, Window};
pub use writer::{Place, RECORDS_MAX, SIZE_MAX, SegmentWriter, Unsynced};
