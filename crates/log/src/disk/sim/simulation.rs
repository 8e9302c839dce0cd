//! The simulated disk.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::contents::Contents;
use super::fault::{Armed, Fault, FaultKind};
use super::names::{Names, Node};
use super::random::Random;
use crate::disk::path::{parent, parts};
use crate::disk::{
    Disk, DiskError, DiskFile, DiskLock, Entry, EntryKind, FileSystem, LockMode, OpenMode,
    Operation,
};
use crate::format::to_u64;

/// A disk in memory. Clones are the same disk.
#[derive(Debug, Clone)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Clone)]
struct State {
    random: Random,
    names: Names,
    files: BTreeMap<u64, Contents>,
    next_file: u64,
    locks: BTreeSet<String>,
    faults: Vec<Armed>,
    capacity: u64,
    /// Operations so far, and at which the power goes off.
    operations: u64,
    off_at: Option<u64>,
    /// Counts restarts: what was open before one does not work after it.
    run: u64,
}

impl SimDisk {
    /// An empty disk. What it decides follows from `seed` and the calls.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let state = State {
            random: Random::new(seed),
            names: Names::default(),
            files: BTreeMap::new(),
            next_file: 0,
            locks: BTreeSet::new(),
            faults: Vec::new(),
            capacity: u64::MAX,
            operations: 0,
            off_at: None,
            run: 0,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Another disk with the same contents, on which nothing is open.
    #[must_use]
    pub fn fork(&self) -> Self {
        let mut state = self.state().clone();
        state.restart();
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// How many operations there were.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// The power goes off during the operation that many from now: it and all later ones fail.
    pub fn power_off_after(&self, operations: u64) {
        let mut state = self.state();
        state.off_at = Some(state.operations + operations);
    }

    /// What was not synced is there, gone or torn, sector by sector and name by name. Everything
    /// that was open is closed, faults are over and the power is on again.
    pub fn crash(&self) {
        let mut guard = self.state();
        let state = &mut *guard;
        let choices = [0, 10, 50, 90, 100];
        let survival = choices[crate::format::to_usize(state.random.below(5))];
        state.names.crash(survival, &mut state.random);
        for contents in state.files.values_mut() {
            contents.crash(survival, &mut state.random);
        }
        state.restart();
    }

    /// The program ends and starts again; the system has lost nothing.
    pub fn restart(&self) {
        self.state().restart();
    }

    /// Makes something go wrong.
    pub fn inject(&self, fault: Fault) {
        self.state().faults.push(Armed::new(fault));
    }

    /// No more than this many bytes of contents fit, from now on.
    pub fn set_capacity(&self, bytes: u64) {
        self.state().capacity = bytes;
    }

    /// Changes a byte of a file behind everybody's back, durably. Does nothing where there is none.
    pub fn corrupt(&self, path: &str, offset: u64, change: impl Fn(u8) -> u8) {
        let mut state = self.state();
        if let Some(Node::File(id)) = state.names.at(path) {
            state.contents(id).corrupt(offset, change);
        }
    }

    /// The files below a path, with their lengths.
    #[must_use]
    pub fn files(&self, prefix: &str) -> Vec<(String, u64)> {
        let state = self.state();
        let mut found = Vec::new();
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            for (name, node) in state.names.within(&folder) {
                let path = if folder.is_empty() { name.into() } else { format!("{folder}/{name}") };
                match node {
                    Node::Directory => folders.push(path),
                    Node::File(id) if path.starts_with(prefix) => {
                        found.push((path, state.files.get(&id).map_or(0, Contents::length)));
                    }
                    Node::File(_) => {}
                }
            }
        }
        found.sort();
        found
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Tests that panic elsewhere must not hide behind this.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run<T>(
        &self,
        operation: Operation,
        path: &str,
        work: impl FnOnce(&mut State) -> io::Result<T>,
    ) -> Result<T, DiskError> {
        let mut state = self.state();
        parts(path)
            .and_then(|_| state.begin(operation, path))
            .and_then(|()| work(&mut state))
            .map_err(|error| DiskError::new(operation, path, &error))
    }
}

impl State {
    fn restart(&mut self) {
        let named: BTreeSet<u64> = self.names.files().collect();
        self.files.retain(|id, _| named.contains(id));
        self.locks.clear();
        self.faults.clear();
        self.off_at = None;
        self.run += 1;
    }

    /// Counts an operation. Writes and syncs look at faults themselves.
    fn begin(&mut self, operation: Operation, path: &str) -> io::Result<()> {
        self.operations += 1;
        self.power()?;
        if matches!(operation, Operation::Write | Operation::Sync) {
            return Ok(());
        }
        match self.strike(operation, path) {
            Some(FaultKind::Error(kind)) => Err(injected(kind)),
            _ => Ok(()),
        }
    }

    fn power(&self) -> io::Result<()> {
        match self.off_at {
            Some(off_at) if self.operations >= off_at => Err(io::Error::other("the power is off")),
            _ => Ok(()),
        }
    }

    fn strike(&mut self, operation: Operation, path: &str) -> Option<FaultKind> {
        self.faults.iter_mut().find_map(|fault| fault.strike(operation, path))
    }

    fn contents(&mut self, id: u64) -> &mut Contents {
        self.files.entry(id).or_default()
    }

    fn used(&self) -> u64 {
        self.files.values().map(Contents::length).sum()
    }

    /// Whether a file may grow to `end`.
    fn fits(&mut self, id: u64, end: u64) -> bool {
        let growth = end.saturating_sub(self.contents(id).length());
        let fits = |state: &Self| state.used() + growth <= state.capacity;
        growth == 0 || self.capacity == u64::MAX || fits(self)
    }

    fn open(&mut self, path: &str, mode: OpenMode) -> io::Result<u64> {
        match (self.names.at(path), mode) {
            (Some(Node::Directory), _) => Err(io::ErrorKind::IsADirectory.into()),
            (Some(Node::File(_)), OpenMode::CreateNew) => Err(io::ErrorKind::AlreadyExists.into()),
            (Some(Node::File(id)), _) => Ok(id),
            (None, OpenMode::Read | OpenMode::Write) => Err(io::ErrorKind::NotFound.into()),
            (None, OpenMode::Create | OpenMode::CreateNew) => {
                self.in_directory(path)?;
                self.next_file += 1;
                let id = self.next_file;
                self.names.make(path, Node::File(id));
                self.files.insert(id, Contents::default());
                Ok(id)
            }
        }
    }

    fn in_directory(&self, path: &str) -> io::Result<()> {
        match self.names.is_directory(parent(path)) {
            true => Ok(()),
            false => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// The part of a write that happens, where, and how it ends.
    fn write(&mut self, file: &SimFile, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.operations += 1;
        let part = crate::format::to_usize(self.random.below(to_u64(bytes.len()) + 1));
        let outcome = self.power().and_then(|()| match self.strike(Operation::Write, &file.path) {
            Some(FaultKind::Error(kind)) => Err(injected(kind)),
            Some(FaultKind::SilentShortWrite) => Ok((part, offset)),
            Some(FaultKind::Misdirected(by)) => Ok((bytes.len(), offset + by)),
            _ => Ok((bytes.len(), offset)),
        });
        let end = offset.saturating_add(to_u64(bytes.len()));
        let outcome = outcome.and_then(|written| match self.fits(file.id, end) {
            true => Ok(written),
            false => Err(injected(io::ErrorKind::StorageFull)),
        });
        let (count, place) = *outcome.as_ref().unwrap_or(&(part, offset));
        // After the power went off, a part of the one operation that it met may have happened.
        let is_first = self.off_at.is_none_or(|off_at| self.operations <= off_at);
        if is_first {
            let mut random = self.random.clone();
            self.contents(file.id).write(&bytes[..count], place, &mut random);
            self.random = random;
        }
        outcome.map(|_| ())
    }

    fn sync(&mut self, file: &SimFile) -> io::Result<()> {
        self.operations += 1;
        self.power()?;
        match self.strike(Operation::Sync, &file.path) {
            Some(FaultKind::Error(kind)) => {
                self.contents(file.id).lose_dirty();
                Err(injected(kind))
            }
            Some(_) => Ok(()),
            None => {
                self.contents(file.id).sync();
                Ok(())
            }
        }
    }
}

fn injected(kind: io::ErrorKind) -> io::Error {
    io::Error::new(kind, format!("{kind}, by the simulation"))
}

impl Disk for SimDisk {
    fn open(&self, path: &str, mode: OpenMode) -> Result<Box<dyn DiskFile>, DiskError> {
        let (id, run) =
            self.run(Operation::Open, path, |state| Ok((state.open(path, mode)?, state.run)))?;
        let is_writable = mode != OpenMode::Read;
        Ok(Box::new(SimFile { disk: self.clone(), id, run, path: path.into(), is_writable }))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError> {
        self.run(Operation::Rename, from, |state| {
            parts(to)?;
            state.in_directory(to)?;
            match (state.names.at(from), state.names.at(to)) {
                (None, _) => Err(io::ErrorKind::NotFound.into()),
                (_, Some(Node::Directory)) => Err(io::ErrorKind::AlreadyExists.into()),
                _ if from == to => Ok(()),
                _ => {
                    state.names.rename(from, to);
                    Ok(())
                }
            }
        })
    }

    fn remove(&self, path: &str) -> Result<(), DiskError> {
        self.run(Operation::Remove, path, |state| match state.names.at(path) {
            Some(Node::File(_)) => {
                state.names.remove(path);
                Ok(())
            }
            Some(Node::Directory) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        })
    }

    fn remove_dir(&self, path: &str) -> Result<(), DiskError> {
        self.run(Operation::Remove, path, |state| {
            if !state.names.is_directory(path) {
                return Err(io::ErrorKind::NotFound.into());
            }
            if state.names.within(path).next().is_some() {
                return Err(io::ErrorKind::DirectoryNotEmpty.into());
            }
            state.names.remove(path);
            Ok(())
        })
    }

    fn list(&self, path: &str) -> Result<Vec<Entry>, DiskError> {
        self.run(Operation::List, path, |state| {
            if !state.names.is_directory(path) {
                return Err(io::ErrorKind::NotFound.into());
            }
            let entries = state.names.within(path).map(|(name, node)| Entry {
                name: name.to_owned(),
                kind: match node {
                    Node::File(_) => EntryKind::File,
                    Node::Directory => EntryKind::Directory,
                },
            });
            Ok(entries.collect())
        })
    }

    fn create_dir(&self, path: &str) -> Result<(), DiskError> {
        if path.is_empty() || self.state().names.is_directory(path) {
            return Ok(());
        }
        self.create_dir(parent(path))?;
        self.run(Operation::CreateDir, path, |state| match state.names.at(path) {
            None => {
                state.names.make(path, Node::Directory);
                Ok(())
            }
            Some(_) => Err(io::ErrorKind::AlreadyExists.into()),
        })
    }

    fn sync_dir(&self, path: &str) -> Result<(), DiskError> {
        self.run(Operation::Sync, path, |state| match state.strike(Operation::Sync, path) {
            Some(FaultKind::Error(kind)) => Err(injected(kind)),
            Some(_) => Ok(()),
            None => {
                state.names.sync(path);
                Ok(())
            }
        })
    }

    fn lock(&self, path: &str, _: LockMode) -> Result<Box<dyn DiskLock>, DiskError> {
        // Nobody is there who could give it back while one waits.
        let run = self.run(Operation::Lock, path, |state| {
            if !state.locks.insert(path.to_owned()) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            Ok(state.run)
        })?;
        Ok(Box::new(SimLock { disk: self.clone(), run, path: path.into() }))
    }

    fn free_space(&self) -> Result<u64, DiskError> {
        self.run(Operation::Ask, "", |state| Ok(state.capacity.saturating_sub(state.used())))
    }

    fn file_system(&self) -> Result<FileSystem, DiskError> {
        Ok(FileSystem { name: "simulation".to_owned(), copy_on_write: false })
    }
}

#[derive(Debug)]
struct SimFile {
    disk: SimDisk,
    id: u64,
    run: u64,
    path: Box<str>,
    is_writable: bool,
}

impl SimFile {
    fn run<T>(
        &self,
        operation: Operation,
        offset: Option<u64>,
        work: impl FnOnce(&mut State) -> io::Result<T>,
    ) -> Result<T, DiskError> {
        let mut state = self.disk.state();
        let changes = matches!(operation, Operation::Write | Operation::Length);
        let result = if state.run != self.run {
            Err(io::Error::other("opened before a restart"))
        } else if changes && !self.is_writable {
            Err(io::ErrorKind::PermissionDenied.into())
        } else {
            work(&mut state)
        };
        result.map_err(|error| {
            let error = DiskError::new(operation, &self.path, &error);
            match offset {
                Some(offset) => error.at(offset),
                None => error,
            }
        })
    }
}

impl DiskFile for SimFile {
    fn path(&self) -> &str {
        &self.path
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> Result<usize, DiskError> {
        self.run(Operation::Read, Some(offset), |state| {
            state.begin(Operation::Read, &self.path)?;
            Ok(state.contents(self.id).read(into, offset))
        })
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<(), DiskError> {
        self.run(Operation::Write, Some(offset), |state| state.write(self, bytes, offset))
    }

    fn sync_data(&self) -> Result<(), DiskError> {
        self.run(Operation::Sync, None, |state| state.sync(self))
    }

    fn sync_all(&self) -> Result<(), DiskError> {
        self.sync_data()
    }

    fn length(&self) -> Result<u64, DiskError> {
        self.run(Operation::Read, None, |state| Ok(state.contents(self.id).length()))
    }

    fn set_length(&self, length: u64) -> Result<(), DiskError> {
        self.run(Operation::Length, None, |state| {
            state.begin(Operation::Length, &self.path)?;
            state.contents(self.id).set_length(length);
            Ok(())
        })
    }
}

#[derive(Debug)]
struct SimLock {
    disk: SimDisk,
    run: u64,
    path: Box<str>,
}

impl DiskLock for SimLock {}

impl Drop for SimLock {
    fn drop(&mut self) {
        let mut state = self.disk.state();
        if state.run == self.run {
            state.locks.remove(&*self.path);
        }
    }
}
