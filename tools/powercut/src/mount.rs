//! The storage as a file system of the operating system.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use fuser::{
    BackgroundSession, BsdFileFlags, Config, Errno, FileAttr, FileHandle, FileType, Filesystem,
    FopenFlags, Generation, INodeNo, LockOwner, MountOption, OpenFlags, RenameFlags, ReplyAttr,
    ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs,
    ReplyWrite, Request, TimeOrNow, WriteFlags,
};

use crate::storage::Storage;
use crate::tree::Kind;

/// How long the kernel may remember: everything goes through it, so always.
const TTL: Duration = Duration::from_secs(3600);
/// `O_DSYNC`, which `O_SYNC` contains.
const O_DSYNC: i32 = 0o10000;
/// Every byte goes to the storage at once: the kernel keeps no pages.
const DIRECT: FopenFlags = FopenFlags::FOPEN_DIRECT_IO;

/// A mounted storage; unmounted when dropped.
#[derive(Debug)]
pub struct Mounted {
    session: BackgroundSession,
}

impl Mounted {
    /// Mounts `storage` at the directory `at`, for this user only. A thread serves it.
    ///
    /// # Errors
    /// When the system has no FUSE, or this user may not mount.
    pub fn new(storage: &Storage, at: &Path) -> io::Result<Self> {
        let mut config = Config::default();
        config.mount_options =
            vec![MountOption::FSName("powercut".to_owned()), MountOption::NoAtime];
        let session = fuser::spawn_mount(View { storage: storage.clone() }, at, &config)?;
        Ok(Self { session })
    }

    /// Unmounts it and waits for its thread.
    ///
    /// # Errors
    /// When it is in use.
    pub fn unmount(self) -> io::Result<()> {
        self.session.umount_and_join()
    }
}

struct View {
    storage: Storage,
}

impl View {
    fn attributes(&self, number: u64) -> Result<FileAttr, Errno> {
        let kind = self.storage.look(|tree| tree.kind(number))?;
        Ok(attributes(number, kind))
    }

    fn made(&self, parent: INodeNo, name: &OsStr, kind: Kind) -> Result<FileAttr, Errno> {
        Ok(attributes(self.storage.make(parent.0, name, kind)?, kind))
    }
}

fn attributes(number: u64, kind: Kind) -> FileAttr {
    let (size, kind, perm) = match kind {
        Kind::File(size) => (size, FileType::RegularFile, 0o600),
        Kind::Directory => (0, FileType::Directory, 0o700),
    };
    let time = SystemTime::UNIX_EPOCH;
    FileAttr {
        ino: INodeNo(number),
        size,
        blocks: size.div_ceil(512),
        atime: time,
        mtime: time,
        ctime: time,
        crtime: time,
        kind,
        perm,
        nlink: 1,
        uid: 0,
        gid: 0,
        rdev: 0,
        blksize: 4096,
        flags: 0,
    }
}

fn empty(reply: ReplyEmpty, outcome: Result<(), Errno>) {
    match outcome {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    }
}

fn entry(reply: ReplyEntry, outcome: Result<FileAttr, Errno>) {
    match outcome {
        Ok(attributes) => reply.entry(&TTL, &attributes, Generation(0)),
        Err(error) => reply.error(error),
    }
}

fn attr(reply: ReplyAttr, outcome: Result<FileAttr, Errno>) {
    match outcome {
        Ok(attributes) => reply.attr(&TTL, &attributes),
        Err(error) => reply.error(error),
    }
}

impl Filesystem for View {
    fn lookup(&self, _request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let found = self.storage.look(|tree| tree.lookup(parent.0, name));
        entry(reply, found.and_then(|number| self.attributes(number)));
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        attr(reply, self.attributes(ino.0));
    }

    fn setattr(
        &self,
        _request: &Request,
        ino: INodeNo,
        _mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _fh: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let done = match size {
            Some(size) => {
                self.storage.rearrange(|tree| tree.change(ino.0, |file| file.set_length(size)))
            }
            None => Ok(()),
        };
        attr(reply, done.and_then(|()| self.attributes(ino.0)));
    }

    fn mkdir(
        &self,
        _request: &Request,
        parent: INodeNo,
        name: &OsStr,
        _mode: u32,
        _umask: u32,
        reply: ReplyEntry,
    ) {
        entry(reply, self.made(parent, name, Kind::Directory));
    }

    fn unlink(&self, _request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        empty(reply, self.storage.rearrange(|tree| tree.unlink(parent.0, name)));
    }

    fn rmdir(&self, _request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        empty(reply, self.storage.rearrange(|tree| tree.remove_dir(parent.0, name)));
    }

    fn rename(
        &self,
        _request: &Request,
        parent: INodeNo,
        name: &OsStr,
        to_parent: INodeNo,
        to_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        if !flags.is_empty() {
            return reply.error(Errno::EINVAL);
        }
        let (from, to) = ((parent.0, name), (to_parent.0, to_name));
        empty(reply, self.storage.rearrange(|tree| tree.rename(from, to)));
    }

    fn open(&self, _request: &Request, ino: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        match self.storage.open(ino.0) {
            Ok(()) => reply.opened(FileHandle(0), DIRECT),
            Err(error) => reply.error(error),
        }
    }

    fn create(
        &self,
        _request: &Request,
        parent: INodeNo,
        name: &OsStr,
        _mode: u32,
        _umask: u32,
        _flags: i32,
        reply: ReplyCreate,
    ) {
        let made = self.made(parent, name, Kind::File(0));
        let opened = made.and_then(|made| self.storage.open(made.ino.0).map(|()| made));
        match opened {
            Ok(made) => reply.created(&TTL, &made, Generation(0), FileHandle(0), DIRECT),
            Err(error) => reply.error(error),
        }
    }

    fn read(
        &self,
        _request: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.storage.look(|tree| Ok(tree.file(ino.0)?.read(offset, u64::from(size)))) {
            Ok(bytes) => reply.data(&bytes),
            Err(error) => reply.error(error),
        }
    }

    fn write(
        &self,
        _request: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        data: &[u8],
        _write_flags: WriteFlags,
        flags: OpenFlags,
        _owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.storage.write(ino.0, offset, data, flags.0 & O_DSYNC != 0) {
            Ok(()) => reply.written(u32::try_from(data.len()).unwrap_or(0)),
            Err(error) => reply.error(error),
        }
    }

    fn flush(
        &self,
        _request: &Request,
        _ino: INodeNo,
        _fh: FileHandle,
        _owner: LockOwner,
        reply: ReplyEmpty,
    ) {
        reply.ok();
    }

    fn release(
        &self,
        _request: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        _flags: OpenFlags,
        _owner: Option<LockOwner>,
        _flush: bool,
        reply: ReplyEmpty,
    ) {
        self.storage.close(ino.0);
        reply.ok();
    }

    fn fsync(
        &self,
        _request: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        _datasync: bool,
        reply: ReplyEmpty,
    ) {
        empty(reply, self.storage.sync(ino.0));
    }

    fn readdir(
        &self,
        _request: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let names = match self.storage.list(ino.0) {
            Ok(names) => names,
            Err(error) => return reply.error(error),
        };
        let skipped = usize::try_from(offset).unwrap_or(usize::MAX);
        for ((name, number, kind), next) in names.into_iter().zip(1..).skip(skipped) {
            let kind = attributes(number, kind).kind;
            if reply.add(INodeNo(number), next, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn fsyncdir(
        &self,
        _request: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        _datasync: bool,
        reply: ReplyEmpty,
    ) {
        empty(reply, self.storage.sync_dir(ino.0));
    }

    fn statfs(&self, _request: &Request, _ino: INodeNo, reply: ReplyStatfs) {
        let (page, all, free) = self.storage.space();
        let page = u32::try_from(page).unwrap_or(4096);
        reply.statfs(all, free, free, 1 << 20, 1 << 20, page, 255, page);
    }
}
