//! A data directory: its lock, its version, and what is in it.

use std::sync::Arc;

use crate::Error;
use crate::disk::{Disk, DiskLock, EntryKind, FileSystem, LockMode, OpenMode, sync_path};
use crate::format::{AccountId, DirectoryFormat, DirectoryId, FormatError, StreamId};
use crate::wal::WalOptions;

const FORMAT: &str = "FORMAT";
const LOCK: &str = "lock";
const ASIDE: &str = "aside";
/// What a directory in use has besides.
const CONTENTS: [&str; 3] = ["wal", "checkpoints", "streams"];
/// Sizes between which files of the log are chosen, in bytes,
const FILE_MIN: u64 = 4 * 1024 * 1024;
const FILE_MAX: u64 = 256 * 1024 * 1024;
/// and what a record and its file take besides a message.
const RECORD_EXTRA: u64 = 128 * 1024;
/// How often a sync is measured.
const MEASUREMENTS: usize = 5;

/// A data directory that is open. Nobody else has it open as long as this lives.
#[derive(Debug)]
pub struct Directory {
    disk: Arc<dyn Disk>,
    format: DirectoryFormat,
    _lock: Box<dyn DiskLock>,
}

/// What is worth a line in the server's log when it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What the directory is on.
    pub file_system: FileSystem,
    /// The system call that makes batches durable.
    pub sync_method: &'static str,
    /// How long that takes for 4 KiB: the median of a few, in nanoseconds.
    pub sync_ns: u64,
    /// Bytes that may still be written; [`u64::MAX`] where the system does not tell.
    pub free_bytes: u64,
}

/// Directories under `streams/`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StreamDirectories {
    /// Those of streams, sorted.
    pub streams: Vec<(AccountId, StreamId)>,
    /// Paths of what is no stream's.
    pub others: Vec<String>,
}

impl Directory {
    /// Locks and opens a data directory. An empty one becomes `new`, which names it by 16 random
    /// bytes and says when that was.
    ///
    /// # Errors
    /// [`Error::InUse`] if another server has it and `lock` is [`LockMode::Fail`];
    /// [`Error::Format`] if it is a newer program's or damaged; [`Error::NoFormat`] if it has
    /// contents but nothing says whose; [`Error::Disk`].
    pub fn open(disk: Arc<dyn Disk>, lock: LockMode, new: DirectoryFormat) -> Result<Self, Error> {
        let lock = disk.lock(LOCK, lock).map_err(|error| match error.kind {
            std::io::ErrorKind::WouldBlock => Error::InUse,
            _ => error.into(),
        })?;
        let format = match read_format(&*disk)? {
            Some(format) => format,
            None => {
                write_format(&*disk, &new)?;
                new
            }
        };
        for folder in CONTENTS {
            disk.create_dir(folder)?;
        }
        disk.sync_dir("")?;
        Ok(Self { disk, format, _lock: lock })
    }

    /// The disk it is on.
    #[must_use]
    pub fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    /// Its random name.
    #[must_use]
    pub fn id(&self) -> DirectoryId {
        self.format.id
    }

    /// When it was made, in nanoseconds since 1970.
    #[must_use]
    pub fn created_ns(&self) -> i64 {
        self.format.created_ns
    }

    /// Whether what is stored in it is sealed; see [`unlock`](crate::sealing::unlock).
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.format.is_sealed
    }

    /// What is stored is sealed from now on: a program that knows nothing of that refuses it.
    pub(crate) fn note_sealed(&mut self) -> Result<(), Error> {
        if !self.format.is_sealed {
            let format = DirectoryFormat { is_sealed: true, ..self.format };
            write_format(&*self.disk, &format)?;
            self.format = format;
        }
        Ok(())
    }

    /// Whether something was stored in it.
    pub(crate) fn has_contents(&self) -> Result<bool, Error> {
        has_contents(&*self.disk)
    }

    /// Sizes of the log that suit its file system and records of up to `record_max` bytes: on a
    /// small disk, with what the log has already, at most a quarter of it.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn wal_options(&self, record_max: u64) -> Result<WalOptions, Error> {
        let defaults = WalOptions::default();
        let copy_on_write = self.disk.file_system()?.copy_on_write;
        let zero_step = if copy_on_write { 0 } else { defaults.zero_step };
        let room = self.disk.free_space()?.saturating_add(self.wal_bytes()?);
        let mut file_size = defaults.file_size;
        while file_size > FILE_MIN && file_size.saturating_mul(4 * defaults.files) > room {
            file_size /= 2;
        }
        while file_size < FILE_MAX && file_size < record_max.saturating_add(RECORD_EXTRA) {
            file_size *= 2;
        }
        Ok(WalOptions { zero_step, file_size, ..defaults })
    }

    /// Bytes of the log's files.
    fn wal_bytes(&self) -> Result<u64, Error> {
        let mut sum = 0;
        for entry in self.disk.list(CONTENTS[0])? {
            if entry.kind == EntryKind::File {
                let path = format!("{}/{}", CONTENTS[0], entry.name);
                sum += self.disk.open(&path, OpenMode::Read)?.length()?;
            }
        }
        Ok(sum)
    }

    /// What is worth a line in the server's log. `now_ns` is a clock that does not go back.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn facts(&self, now_ns: impl Fn() -> u64) -> Result<Facts, Error> {
        const PROBE: &str = "probe.tmp";
        let file = self.disk.open(PROBE, OpenMode::Create)?;
        file.write_zeros(0, 4096)?;
        file.sync_all()?;
        let mut times = Vec::with_capacity(MEASUREMENTS);
        for byte in [1_u8; MEASUREMENTS] {
            let before = now_ns();
            file.write_at(&[byte; 4096], 0)?;
            file.sync_data()?;
            times.push(now_ns().saturating_sub(before));
        }
        drop(file);
        self.disk.remove(PROBE)?;
        times.sort_unstable();
        Ok(Facts {
            file_system: self.disk.file_system()?,
            sync_method: if cfg!(target_os = "linux") { "fdatasync" } else { "fsync" },
            sync_ns: times[MEASUREMENTS / 2],
            free_bytes: self.disk.free_space()?,
        })
    }

    /// What is under `streams/`.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn streams(&self) -> Result<StreamDirectories, Error> {
        let mut found = StreamDirectories::default();
        for entry in self.disk.list("streams")? {
            let path = format!("streams/{}", entry.name);
            match (entry.kind, number(&entry.name).and_then(|number| u32::try_from(number).ok())) {
                (EntryKind::Directory, Some(account)) => {
                    self.streams_of(AccountId(account), &path, &mut found)?;
                }
                _ => found.others.push(path),
            }
        }
        found.streams.sort_unstable();
        Ok(found)
    }

    /// Moves what is at `path` to `aside/`, where nothing looks at it and nothing removes it.
    /// Gives the path there.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn set_aside(&self, path: &str) -> Result<String, Error> {
        set_aside(&*self.disk, path)
    }

    fn streams_of(
        &self,
        account: AccountId,
        folder: &str,
        found: &mut StreamDirectories,
    ) -> Result<(), Error> {
        for entry in self.disk.list(folder)? {
            match (entry.kind, number(&entry.name)) {
                (EntryKind::Directory, Some(stream)) => {
                    found.streams.push((account, StreamId(stream)));
                }
                _ => found.others.push(format!("{folder}/{}", entry.name)),
            }
        }
        Ok(())
    }
}

/// Moves what is at `path` to `aside/` under a free name.
pub(crate) fn set_aside(disk: &dyn Disk, path: &str) -> Result<String, Error> {
    disk.create_dir(ASIDE)?;
    let name = path.replace('/', "-");
    let taken = disk.list(ASIDE)?;
    let mut names = (0..=taken.len()).map(|attempt| match attempt {
        0 => name.clone(),
        _ => format!("{name}.{attempt}"),
    });
    let free = names
        .find(|name| !taken.iter().any(|entry| entry.name == *name))
        .expect("there is one more name than there are files");
    let target = format!("{ASIDE}/{free}");
    disk.rename(path, &target)?;
    sync_path(disk, &target)?;
    disk.sync_dir(crate::disk::path::parent(path))?;
    Ok(target)
}

/// A number as we write it in names: decimal, without zeros before it.
fn number(name: &str) -> Option<u64> {
    name.parse().ok().filter(|number: &u64| number.to_string() == name)
}

fn read_format(disk: &dyn Disk) -> Result<Option<DirectoryFormat>, Error> {
    let file = match disk.open(FORMAT, OpenMode::Read) {
        Ok(file) => file,
        Err(error) if error.is_not_found() => {
            return if has_contents(disk)? { Err(Error::NoFormat) } else { Ok(None) };
        }
        Err(error) => return Err(error.into()),
    };
    let mut bytes = [0; DirectoryFormat::SIZE];
    let read = file.read_at(&mut bytes, 0)?;
    let format = DirectoryFormat::decode(&bytes[..read]);
    format.map(Some).map_err(|cause: FormatError| Error::format(FORMAT, 0, cause))
}

/// Whether something was stored here. Directories may be there from a start that was cut short.
fn has_contents(disk: &dyn Disk) -> Result<bool, Error> {
    for folder in CONTENTS {
        match disk.list(folder) {
            Ok(entries) if !entries.is_empty() => return Ok(true),
            Ok(_) => {}
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(false)
}

fn write_format(disk: &dyn Disk, format: &DirectoryFormat) -> Result<(), Error> {
    replace(disk, FORMAT, &format.encode())
}

/// Writes the file `name` of the directory, all at once.
pub(crate) fn replace(disk: &dyn Disk, name: &str, contents: &[u8]) -> Result<(), Error> {
    let unfinished = format!("{name}.tmp");
    let file = disk.open(&unfinished, OpenMode::Create)?;
    file.set_length(0)?;
    file.write_at(contents, 0)?;
    file.sync_all()?;
    drop(file);
    disk.rename(&unfinished, name)?;
    disk.sync_dir("")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::RealDisk;

    const NEW: DirectoryFormat =
        DirectoryFormat { id: DirectoryId([1; 16]), created_ns: 5, is_sealed: false };

    fn folder() -> (tempfile::TempDir, Arc<dyn Disk>) {
        let folder = tempfile::tempdir().unwrap();
        let disk = Arc::new(RealDisk::new(folder.path()).unwrap());
        (folder, disk)
    }

    #[test]
    fn a_directory_keeps_its_name() {
        let (_folder, disk) = folder();
        drop(Directory::open(disk.clone(), LockMode::Fail, NEW).unwrap());
        let other = DirectoryFormat { id: DirectoryId([2; 16]), ..NEW };
        let directory = Directory::open(disk, LockMode::Fail, other).unwrap();
        assert_eq!((directory.id(), directory.created_ns()), (NEW.id, 5));
        let facts = directory.facts(|| 7).unwrap();
        assert_eq!(facts.sync_ns, 0);
        assert!(directory.wal_options(1000).unwrap().file_size >= FILE_MIN);
    }

    #[test]
    fn the_log_is_smaller_on_a_small_disk_and_holds_the_largest_record() {
        let disk = crate::disk::SimDisk::new(1);
        let directory = Directory::open(Arc::new(disk.clone()), LockMode::Fail, NEW).unwrap();
        let size = |room: u64, record| {
            disk.set_capacity(room);
            directory.wal_options(record).unwrap().file_size >> 20
        };
        assert_eq!(size(1 << 40, 1 << 20), 64);
        assert_eq!(size(500 << 20, 1 << 20), 16);
        assert_eq!(size(20 << 20, 1 << 20), 4);
        assert_eq!(size(20 << 20, 8 << 20), 16);
        assert_eq!(size(1 << 40, 64 << 20), 128);
    }

    #[test]
    fn two_servers_on_one_directory_are_told() {
        let (_folder, disk) = folder();
        let first = Directory::open(disk.clone(), LockMode::Fail, NEW).unwrap();
        let refused = Directory::open(disk.clone(), LockMode::Fail, NEW).unwrap_err();
        assert_eq!(refused, Error::InUse);
        drop(first);
        Directory::open(disk, LockMode::Fail, NEW).unwrap();
    }

    #[test]
    fn a_newer_directory_and_one_that_lost_its_format_are_refused() {
        let (_folder, disk) = folder();
        drop(Directory::open(disk.clone(), LockMode::Fail, NEW).unwrap());
        disk.open(FORMAT, OpenMode::Write).unwrap().write_at(&[3], 8).unwrap();
        let error = Directory::open(disk.clone(), LockMode::Fail, NEW).unwrap_err();
        assert_eq!(
            error.to_string(),
            "FORMAT at byte 0: format version 3, this program reads up to 2"
        );
        disk.remove(FORMAT).unwrap();
        disk.open("wal/x", OpenMode::Create).unwrap();
        let error = Directory::open(disk, LockMode::Fail, NEW).unwrap_err();
        assert_eq!(error, Error::NoFormat);
    }

    #[test]
    fn streams_are_found_and_other_things_are_set_aside_when_asked() {
        let (_folder, disk) = folder();
        let directory = Directory::open(disk.clone(), LockMode::Fail, NEW).unwrap();
        for path in ["streams/0/12", "streams/0/3", "streams/1/07", "streams/x"] {
            disk.create_dir(path).unwrap();
        }
        let found = directory.streams().unwrap();
        let stream = |account, stream| (AccountId(account), StreamId(stream));
        assert_eq!(found.streams, [stream(0, 3), stream(0, 12)]);
        assert_eq!(found.others, ["streams/1/07", "streams/x"]);
        assert_eq!(directory.set_aside("streams/x").unwrap(), "aside/streams-x");
        disk.create_dir("streams/x").unwrap();
        assert_eq!(directory.set_aside("streams/x").unwrap(), "aside/streams-x.1");
    }
}
