//! Backups in nats-server's format: an archive of messages, or in older ones a tar of its files,
//! in S2 frames. Bytes in, entries out, and the other way round.
//!
//! Not here: chunks and their acknowledgements, and how entries become a stream.

mod archive;
mod block;
mod blockfile;
mod consumer;
mod consumer_file;
mod fault;
mod frames;
mod index;
mod reader;
mod store;
mod tar;
mod writer;

pub use consumer::Consumer;
pub use fault::Fault;
pub use frames::{Compressor, Frames};
pub use reader::{Item, Message, Reader};
pub use writer::Writer;

/// Bytes that one frame holds at most when it is unpacked: S2's largest block.
pub const FRAME_MAX: usize = 4 << 20;
