//! What went wrong with which file, and where in it.

use std::fmt;
use std::io;

/// An operation on storage that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskError {
    /// What was tried.
    pub operation: Operation,
    /// On which file or directory, relative to the data directory.
    pub path: String,
    /// Where in the file, in bytes, if the operation has a place.
    pub offset: Option<u64>,
    /// The kind of failure.
    pub kind: io::ErrorKind,
    /// The system's own words.
    pub message: String,
}

impl DiskError {
    /// `error` of `operation` on `path`.
    #[must_use]
    pub fn new(operation: Operation, path: &str, error: &io::Error) -> Self {
        let kind = match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
            // Files are closed again: it passes, as a lack of space does.
            Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE) => {
                io::ErrorKind::QuotaExceeded
            }
            _ => error.kind(),
        };
        let (path, offset, message) = (path.to_owned(), None, error.to_string());
        Self { operation, path, offset, kind, message }
    }

    /// The same, at this byte of the file.
    #[must_use]
    pub fn at(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }

    /// Whether what was named does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind == io::ErrorKind::NotFound
    }

    /// Whether there is no space, or no right to use more of it, or of the files that may be open.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self.kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}

impl fmt::Display for DiskError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "the data directory" } else { &self.path };
        write!(to, "{} {path}", self.operation)?;
        if let Some(offset) = self.offset {
            write!(to, " at byte {offset}")?;
        }
        write!(to, ": {}", self.message)
    }
}

impl std::error::Error for DiskError {}

/// What can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Opening a file.
    Open,
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Making contents or names durable.
    Sync,
    /// Asking for the length, or changing it.
    Length,
    /// Renaming.
    Rename,
    /// Removing.
    Remove,
    /// Listing a directory.
    List,
    /// Making a directory.
    CreateDir,
    /// Locking.
    Lock,
    /// Asking about the file system.
    Ask,
}

impl fmt::Display for Operation {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::Open => "open",
            Self::Read => "read",
            Self::Write => "write",
            Self::Sync => "sync",
            Self::Length => "length of",
            Self::Rename => "rename",
            Self::Remove => "remove",
            Self::List => "list",
            Self::CreateDir => "make directory",
            Self::Lock => "lock",
            Self::Ask => "file system of",
        })
    }
}
