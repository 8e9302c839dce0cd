//! The trait that stands between the log and storage.

use std::fmt::Debug;

use super::DiskError;

/// A data directory. Paths are relative to it, their parts separated by `/`; the empty path is
/// the directory itself. A path with an empty, `.` or `..` part, or an absolute one, is refused
/// with [`std::io::ErrorKind::InvalidInput`].
///
/// Nothing is durable before a sync says so: what was written to a file before
/// [`DiskFile::sync_data`] of that file, names made, changed or removed before
/// [`Disk::sync_dir`] of the directory that holds them.
pub trait Disk: Debug + Send + Sync {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// Whatever the system says, with the path.
    fn open(&self, path: &str, mode: OpenMode) -> Result<Box<dyn DiskFile>, DiskError>;

    /// Gives the file or directory at `from` the name `to`, replacing a file there. Durable after
    /// the directories of both were synced.
    ///
    /// # Errors
    /// Whatever the system says, with `from`.
    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError>;

    /// Removes a file.
    ///
    /// # Errors
    /// Whatever the system says, with the path.
    fn remove(&self, path: &str) -> Result<(), DiskError>;

    /// Removes an empty directory.
    ///
    /// # Errors
    /// Whatever the system says, with the path.
    fn remove_dir(&self, path: &str) -> Result<(), DiskError>;

    /// What is in a directory, sorted by name. Names that are not UTF-8 are left out: none of
    /// ours is such a one.
    ///
    /// # Errors
    /// Whatever the system says, with the path.
    fn list(&self, path: &str) -> Result<Vec<Entry>, DiskError>;

    /// Makes a directory and its parents. One that exists already is fine, and may not be durable
    /// either: see [`sync_path`](super::sync_path).
    ///
    /// # Errors
    /// Whatever the system says, with the path.
    fn create_dir(&self, path: &str) -> Result<(), DiskError>;

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// Whatever the system says, with the path.
    fn sync_dir(&self, path: &str) -> Result<(), DiskError>;

    /// Takes the exclusive lock that is named by the file at `path`, which is made if need be. It
    /// is given back when the value is dropped, and by the system when the process ends.
    ///
    /// # Errors
    /// [`std::io::ErrorKind::WouldBlock`] if somebody has it and the mode is
    /// [`LockMode::Fail`].
    fn lock(&self, path: &str, mode: LockMode) -> Result<Box<dyn DiskLock>, DiskError>;

    /// Bytes that may still be written; [`u64::MAX`] where the system does not tell.
    ///
    /// # Errors
    /// Whatever the system says.
    fn free_space(&self) -> Result<u64, DiskError>;

    /// What kind of file system this is.
    ///
    /// # Errors
    /// Whatever the system says.
    fn file_system(&self) -> Result<FileSystem, DiskError>;
}

/// An open file. Reads and writes name their place, so that threads may share it.
pub trait DiskFile: Debug + Send + Sync {
    /// The path it was opened with.
    fn path(&self) -> &str;

    /// Fills `into` from `offset` (bytes) on. Fewer bytes than asked for mean that the file ends.
    ///
    /// # Errors
    /// Whatever the system says, with path and offset.
    fn read_at(&self, into: &mut [u8], offset: u64) -> Result<usize, DiskError>;

    /// Reads as much as the system has in memory, without waiting for the disk: maybe less than
    /// there is, or nothing. Where nobody can tell, as [`read_at`](Self::read_at).
    ///
    /// # Errors
    /// Whatever the system says, with path and offset.
    fn read_ready(&self, into: &mut [u8], offset: u64) -> Result<usize, DiskError> {
        self.read_at(into, offset)
    }

    /// Writes all of `bytes` at `offset`. After an error any part of them may be written.
    ///
    /// # Errors
    /// Whatever the system says, with path and offset.
    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<(), DiskError>;

    /// Makes the contents durable, and the length as far as reading them needs it. After an error
    /// nothing is known about what was written since the last success, and a later success says
    /// nothing about it either: the system may have dropped it.
    ///
    /// # Errors
    /// Whatever the system says, with the path.
    fn sync_data(&self) -> Result<(), DiskError>;

    /// The same for contents and everything the system keeps about the file.
    ///
    /// # Errors
    /// As for [`sync_data`](Self::sync_data).
    fn sync_all(&self) -> Result<(), DiskError>;

    /// Its length in bytes.
    ///
    /// # Errors
    /// Whatever the system says, with the path.
    fn length(&self) -> Result<u64, DiskError>;

    /// Cuts it off, or extends it by zeros that take no space.
    ///
    /// # Errors
    /// Whatever the system says, with the path.
    fn set_length(&self, length: u64) -> Result<(), DiskError>;

    /// Writes `length` zeros at `offset`: later writes there need no new space and change nothing
    /// but contents.
    ///
    /// # Errors
    /// Whatever the system says, with path and offset.
    fn write_zeros(&self, offset: u64, length: u64) -> Result<(), DiskError> {
        static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];
        let mut done = 0;
        while done < length {
            let chunk = usize::try_from(length - done).unwrap_or(ZEROS.len()).min(ZEROS.len());
            self.write_at(&ZEROS[..chunk], offset + done)?;
            done += u64::try_from(chunk).unwrap_or(u64::MAX);
        }
        Ok(())
    }
}

/// A lock that is held as long as this lives.
pub trait DiskLock: Debug + Send + Sync {}

/// How a file is opened. All of them read, all but the first write too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// It must exist.
    Read,
    /// It must exist.
    Write,
    /// It is made if it does not exist.
    Create,
    /// It must not exist.
    CreateNew,
}

/// What to do when somebody else holds a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockMode {
    /// Refuse.
    Fail,
    /// Wait for it, however long.
    Wait,
}

/// A name in a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The last part of its path.
    pub name: String,
    /// What it names.
    pub kind: EntryKind,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// Something that the log has no use for.
    Other,
}

/// What kind of file system a data directory is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSystem {
    /// Its name, or its number in hexadecimal where we know no name.
    pub name: String,
    /// Whether it writes to a new place each time, so that writing zeros ahead gains nothing.
    pub copy_on_write: bool,
}
