//! The operating system's files.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::path::{parent, parts};
use super::{
    Disk, DiskError, DiskFile, DiskLock, Entry, EntryKind, FileSystem, LockMode, OpenMode,
    Operation,
};

/// A directory of the operating system.
#[derive(Debug)]
pub struct RealDisk {
    root: PathBuf,
}

impl RealDisk {
    /// The data directory at `root`, which is made if it does not exist. Its name is durable.
    ///
    /// # Errors
    /// Whatever the system says.
    pub fn new(root: impl Into<PathBuf>) -> Result<Self, DiskError> {
        let root = root.into();
        make_root(&root).map_err(|error| {
            DiskError::new(Operation::CreateDir, &root.to_string_lossy(), &error)
        })?;
        Ok(Self { root })
    }

    /// Where it is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn at(&self, path: &str) -> io::Result<PathBuf> {
        let mut full = self.root.clone();
        full.extend(parts(path)?);
        Ok(full)
    }

    fn run<T>(
        &self,
        operation: Operation,
        path: &str,
        work: impl FnOnce(&Path) -> io::Result<T>,
    ) -> Result<T, DiskError> {
        self.at(path)
            .and_then(|full| work(&full))
            .map_err(|error| DiskError::new(operation, path, &error))
    }
}

/// Makes a directory and those above it, and all their names durable: without its name everything
/// in it is lost. That it is there already proves nothing, since a start may have ended in between;
/// but directories above what was made now need not be ours to open.
fn make_root(root: &Path) -> io::Result<()> {
    let path = std::path::absolute(root)?;
    let made = path.ancestors().take_while(|folder| !folder.exists()).count();
    fs::create_dir_all(&path)?;
    for (level, above) in fs::canonicalize(&path)?.ancestors().skip(1).enumerate() {
        match sync_directory(above) {
            Err(error) if level < made => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

impl Disk for RealDisk {
    fn open(&self, path: &str, mode: OpenMode) -> Result<Box<dyn DiskFile>, DiskError> {
        let file = self.run(Operation::Open, path, |full| {
            let mut options = OpenOptions::new();
            options
                .read(true)
                .write(mode != OpenMode::Read)
                .create(mode == OpenMode::Create)
                .create_new(mode == OpenMode::CreateNew);
            if mode == OpenMode::Read { open_to_read(&options, full) } else { options.open(full) }
        })?;
        Ok(Box::new(RealFile { file, path: path.into() }))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError> {
        self.run(Operation::Rename, from, |full| fs::rename(full, self.at(to)?))
    }

    fn remove(&self, path: &str) -> Result<(), DiskError> {
        self.run(Operation::Remove, path, |full| fs::remove_file(full))
    }

    fn remove_dir(&self, path: &str) -> Result<(), DiskError> {
        self.run(Operation::Remove, path, |full| fs::remove_dir(full))
    }

    fn list(&self, path: &str) -> Result<Vec<Entry>, DiskError> {
        let mut entries = self.run(Operation::List, path, |full| {
            let mut entries = Vec::new();
            for entry in fs::read_dir(full)? {
                let entry = entry?;
                if let Ok(name) = entry.file_name().into_string() {
                    entries.push(Entry { name, kind: kind(entry.file_type()?) });
                }
            }
            Ok(entries)
        })?;
        entries.sort();
        Ok(entries)
    }

    fn create_dir(&self, path: &str) -> Result<(), DiskError> {
        if path.is_empty() || self.run(Operation::CreateDir, path, |full| Ok(full.is_dir()))? {
            return Ok(());
        }
        self.create_dir(parent(path))?;
        self.run(Operation::CreateDir, path, |full| match fs::create_dir(full) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        })
    }

    fn sync_dir(&self, path: &str) -> Result<(), DiskError> {
        self.run(Operation::Sync, path, sync_directory)
    }

    fn lock(&self, path: &str, mode: LockMode) -> Result<Box<dyn DiskLock>, DiskError> {
        let file = self.run(Operation::Lock, path, |full| {
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(full)?;
            match mode {
                LockMode::Wait => file.lock()?,
                LockMode::Fail => file.try_lock().map_err(|error| match error {
                    TryLockError::Error(error) => error,
                    TryLockError::WouldBlock => {
                        io::Error::new(io::ErrorKind::WouldBlock, "another server has it open")
                    }
                })?,
            }
            Ok(file)
        })?;
        Ok(Box::new(RealLock { _file: file }))
    }

    fn free_space(&self) -> Result<u64, DiskError> {
        self.run(Operation::Ask, "", free_space)
    }

    fn file_system(&self) -> Result<FileSystem, DiskError> {
        self.run(Operation::Ask, "", file_system)
    }
}

fn kind(kind: fs::FileType) -> EntryKind {
    if kind.is_file() {
        EntryKind::File
    } else if kind.is_dir() {
        EntryKind::Directory
    } else {
        EntryKind::Other
    }
}

#[derive(Debug)]
struct RealFile {
    file: File,
    path: Box<str>,
}

impl RealFile {
    fn error(&self, operation: Operation) -> impl Fn(io::Error) -> DiskError {
        move |error| DiskError::new(operation, &self.path, &error)
    }
}

impl DiskFile for RealFile {
    fn path(&self) -> &str {
        &self.path
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> Result<usize, DiskError> {
        let mut done = 0;
        while done < into.len() {
            let place = offset + u64::try_from(done).unwrap_or(u64::MAX);
            match read_some(&self.file, &mut into[done..], place) {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.error(Operation::Read)(error).at(place)),
            }
        }
        Ok(done)
    }

    fn read_ready(&self, into: &mut [u8], offset: u64) -> Result<usize, DiskError> {
        match read_cached(&self.file, into, offset) {
            Some(read) => read.map_err(|error| self.error(Operation::Read)(error).at(offset)),
            None => self.read_at(into, offset),
        }
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<(), DiskError> {
        write_whole(&self.file, bytes, offset)
            .map_err(|error| self.error(Operation::Write)(error).at(offset))
    }

    fn sync_data(&self) -> Result<(), DiskError> {
        self.file.sync_data().map_err(self.error(Operation::Sync))
    }

    fn sync_all(&self) -> Result<(), DiskError> {
        self.file.sync_all().map_err(self.error(Operation::Sync))
    }

    fn length(&self) -> Result<u64, DiskError> {
        Ok(self.file.metadata().map_err(self.error(Operation::Length))?.len())
    }

    fn set_length(&self, length: u64) -> Result<(), DiskError> {
        self.file.set_len(length).map_err(self.error(Operation::Length))
    }
}

/// The system gives the lock back when the file is closed.
#[derive(Debug)]
struct RealLock {
    _file: File,
}

impl DiskLock for RealLock {}

#[cfg(unix)]
fn read_some(file: &File, into: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, into, offset)
}

/// Nobody is interested in when files were read last, which the system would look at with each
/// read. Who does not own the file may not say so.
#[cfg(target_os = "linux")]
fn open_to_read(options: &OpenOptions, path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    let flags = i32::try_from(rustix::fs::OFlags::NOATIME.bits()).unwrap_or(0);
    match options.clone().custom_flags(flags).open(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => options.open(path),
        opened => opened,
    }
}

#[cfg(not(target_os = "linux"))]
fn open_to_read(options: &OpenOptions, path: &Path) -> io::Result<File> {
    options.open(path)
}

/// What the system has in memory; nothing if it cannot tell.
#[cfg(target_os = "linux")]
fn read_cached(file: &File, into: &mut [u8], offset: u64) -> Option<io::Result<usize>> {
    use rustix::io::{Errno, ReadWriteFlags, preadv2};

    let mut parts = [io::IoSliceMut::new(into)];
    match preadv2(file, &mut parts, offset, ReadWriteFlags::NOWAIT) {
        Err(Errno::AGAIN | Errno::INTR) => Some(Ok(0)),
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => None,
        read => Some(read.map_err(io::Error::from)),
    }
}

#[cfg(not(target_os = "linux"))]
fn read_cached(_: &File, _: &mut [u8], _: u64) -> Option<io::Result<usize>> {
    None
}

#[cfg(unix)]
fn write_whole(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(unix)]
fn free_space(path: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(path)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(windows)]
fn read_some(file: &File, into: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, into, offset)
}

#[cfg(windows)]
fn write_whole(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    let mut done = 0;
    while done < bytes.len() {
        let place = offset + u64::try_from(done).unwrap_or(u64::MAX);
        match std::os::windows::fs::FileExt::seek_write(file, &bytes[done..], place)? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            written => done += written,
        }
    }
    Ok(())
}

/// NTFS writes the change of a directory together with its own log; there is nothing to call.
#[cfg(windows)]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(windows)]
fn free_space(_: &Path) -> io::Result<u64> {
    Ok(u64::MAX)
}

/// Numbers of `statfs`(2) that we have words for, in hexadecimal, and whether it is
/// copy-on-write.
#[cfg(target_os = "linux")]
const FILE_SYSTEMS: [(&str, &str, bool); 11] = [
    ("ef53", "ext4", false),
    ("58465342", "xfs", false),
    ("9123683e", "btrfs", true),
    ("2fc12fc1", "zfs", true),
    ("ca451a4e", "bcachefs", true),
    ("f2f52010", "f2fs", false),
    ("1021994", "tmpfs", false),
    ("794c7630", "overlay", false),
    ("6969", "nfs", false),
    ("65735546", "fuse", false),
    ("1021997", "9p", false),
];

#[cfg(target_os = "linux")]
fn file_system(path: &Path) -> io::Result<FileSystem> {
    // The number's type differs between systems; its hexadecimal form does not.
    let number = format!("{:x}", rustix::fs::statfs(path)?.f_type);
    let known = FILE_SYSTEMS.iter().find(|(known, ..)| *known == number);
    Ok(match known {
        Some((_, name, copy_on_write)) => {
            FileSystem { name: (*name).to_owned(), copy_on_write: *copy_on_write }
        }
        None => FileSystem { name: number, copy_on_write: false },
    })
}

#[cfg(not(target_os = "linux"))]
fn file_system(_: &Path) -> io::Result<FileSystem> {
    Ok(FileSystem {
        name: std::env::consts::OS.to_owned(),
        copy_on_write: cfg!(target_os = "macos"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk() -> (tempfile::TempDir, RealDisk) {
        let folder = tempfile::tempdir().unwrap();
        let disk = RealDisk::new(folder.path().join("data")).unwrap();
        (folder, disk)
    }

    #[test]
    fn what_was_written_is_read_up_to_the_end() {
        let (_folder, disk) = disk();
        disk.create_dir("a/b").unwrap();
        let file = disk.open("a/b/file", OpenMode::CreateNew).unwrap();
        file.write_zeros(0, 100_000).unwrap();
        file.write_at(b"end", 99_999).unwrap();
        file.sync_data().unwrap();
        let mut bytes = [1; 8];
        assert_eq!(file.read_at(&mut bytes, 99_997).unwrap(), 5);
        assert_eq!(&bytes[..5], b"\0\0end");
        assert_eq!(file.length().unwrap(), 100_002);
        file.set_length(10).unwrap();
        file.sync_all().unwrap();
        assert_eq!(file.read_at(&mut bytes, 20).unwrap(), 0);
        disk.rename("a/b/file", "a/other").unwrap();
        disk.sync_dir("a").unwrap();
        let names: Vec<String> =
            disk.list("a").unwrap().into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["b", "other"]);
        disk.remove("a/other").unwrap();
        disk.remove_dir("a/b").unwrap();
    }

    #[test]
    fn what_is_in_memory_is_read_without_waiting() {
        let (_folder, disk) = disk();
        let file = disk.open("file", OpenMode::CreateNew).unwrap();
        file.write_at(b"written", 0).unwrap();
        let mut bytes = [0; 16];
        let read = file.read_ready(&mut bytes, 2).unwrap();
        assert_eq!(&bytes[..read], b"itten");
        assert_eq!(file.read_ready(&mut bytes, 7).unwrap(), 0);
    }

    #[test]
    fn errors_name_file_and_place() {
        let (_folder, disk) = disk();
        let error = disk.open("absent", OpenMode::Write).unwrap_err();
        assert!(error.is_not_found());
        assert!(error.to_string().starts_with("open absent: "), "{error}");
        disk.open("file", OpenMode::Create).unwrap();
        let error = disk.open("file", OpenMode::Read).unwrap().write_at(b"x", 7).unwrap_err();
        assert!(error.to_string().starts_with("write file at byte 7: "), "{error}");
        assert_eq!(
            disk.open("../x", OpenMode::Read).unwrap_err().kind,
            io::ErrorKind::InvalidInput
        );
    }

    #[test]
    fn a_lock_is_held_by_one() {
        let (_folder, disk) = disk();
        let held = disk.lock("lock", LockMode::Fail).unwrap();
        let refused = disk.lock("lock", LockMode::Fail).unwrap_err();
        assert_eq!(refused.kind, io::ErrorKind::WouldBlock);
        drop(held);
        disk.lock("lock", LockMode::Wait).unwrap();
    }

    #[test]
    fn space_and_kind_are_known() {
        let (_folder, disk) = disk();
        assert!(disk.free_space().unwrap() > 0);
        assert!(!disk.file_system().unwrap().name.is_empty());
    }
}
