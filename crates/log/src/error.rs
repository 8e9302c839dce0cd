//! Why the log cannot do what it was asked.

use crate::disk::DiskError;
use crate::format::{FormatError, Lsn};

/// Why the log cannot do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Storage refused, and nothing is lost by that.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A write or sync of the write-ahead log failed. Nothing is known about what was not durable
    /// before, and nothing will be: every later call gets this error.
    #[error("the write-ahead log has stopped: {0}")]
    Poisoned(DiskError),
    /// A file is not what it should be, and going on could make it worse.
    #[error("{path} at byte {offset}: {cause}")]
    Format {
        /// The file.
        path: String,
        /// Where in it, in bytes.
        offset: u64,
        /// What is wrong.
        cause: FormatError,
    },
    /// A record that no batch could hold. Its payload belongs into a segment, and a reference to
    /// it into the log.
    #[error("record of {bytes} bytes, at most {max} fit into the write-ahead log")]
    RecordTooLarge {
        /// Its size with envelope.
        bytes: u64,
        /// The largest size.
        max: u64,
    },
    /// The write-ahead log has reached its bound; a checkpoint must come first.
    #[error("the write-ahead log is full: {used} of {max} bytes wait for a checkpoint")]
    Full {
        /// Bytes in use.
        used: u64,
        /// Its bound.
        max: u64,
    },
    /// A position that the log does not reach, or does not reach any more.
    #[error("LSN {asked} is not within the write-ahead log, which reaches from {first} to {end}")]
    OutOfLog {
        /// What was asked for.
        asked: Lsn,
        /// Where the log begins.
        first: Lsn,
        /// Where it ends.
        end: Lsn,
    },
    /// Another server has the data directory.
    #[error("the data directory is in use by another server")]
    InUse,
    /// A directory with contents of ours and without the file that says what they are.
    #[error("the data directory has contents but no FORMAT file")]
    NoFormat,
    /// A sealed directory, and no key.
    #[error("the data directory is encrypted, and no key is configured (jetstream: key)")]
    Locked,
    /// A sealed directory, and other keys than its own.
    #[error("the data directory is encrypted with another key than those configured")]
    WrongKey,
    /// A sealed directory whose data keys are gone.
    #[error("the data directory is encrypted, and its files KEYS and KEYS.copy are missing")]
    NoKeys,
    /// The system refused a thread.
    #[error("no thread for the write-ahead log: {0}")]
    Thread(String),
    /// Options that make no sense together.
    #[error("{0}")]
    Options(&'static str),
}

impl Error {
    /// `cause` in the file at `path`, at byte `offset`.
    pub(crate) fn format(path: &str, offset: u64, cause: FormatError) -> Self {
        Self::Format { path: path.to_owned(), offset, cause }
    }
}
