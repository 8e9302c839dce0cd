//! Which checkpoints there are, and which files they need.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeBounds;
use std::sync::Arc;

use super::blobs::Blobs;
use super::file::{self, CheckpointFile, DIRECTORY};
use super::reader::BlobReader;
use super::writer::{CheckpointWriter, Finished};
use crate::Error;
use crate::disk::{Disk, EntryKind};
use crate::format::{BlobKey, BlobPlace, CheckpointHeader, DirectoryId, FormatError, Lsn};
use crate::sabotage::{self, Mistake};
use crate::sealing::Sealer;
use crate::wal::Start;

/// How many checkpoints are kept.
const KEPT: usize = 2;

/// The checkpoints of a data directory.
#[derive(Debug)]
pub struct Checkpoints {
    disk: Arc<dyn Disk>,
    directory: DirectoryId,
    /// What seals and opens blobs, where they are sealed.
    sealer: Option<Arc<Sealer>>,
    /// Those that are whole, oldest first.
    kept: Vec<Arc<Checkpoint>>,
    next_generation: u64,
}

/// A checkpoint that is whole as far as its index goes. Blobs are checked when they are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Its number; a later one is larger.
    pub generation: u64,
    /// Where the log goes on behind it.
    pub start: Start,
    pub(super) blobs: BTreeMap<BlobKey, BlobPlace>,
}

impl Checkpoint {
    /// Its blobs, sorted by key, with their lengths in bytes.
    pub fn blobs(&self) -> impl Iterator<Item = (BlobKey, u64)> {
        self.blobs.iter().map(|(key, place)| (*key, place.length))
    }

    /// Bytes of the blobs that were written for it, and not taken over from an earlier one.
    #[must_use]
    pub fn bytes_anew(&self) -> u64 {
        let anew = self.blobs.values().filter(|place| place.generation == self.generation);
        anew.map(|place| place.length).sum()
    }
}

/// A checkpoint file that is not used because it is damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The file.
    pub path: String,
    /// What is wrong with it.
    pub error: Error,
}

impl Checkpoints {
    /// Finds the checkpoints of `directory`; damaged ones are named beside.
    ///
    /// # Errors
    /// [`Error::Format`] for a checkpoint of a newer program or another directory;
    /// [`Error::Disk`].
    pub fn open(
        disk: Arc<dyn Disk>,
        directory: DirectoryId,
    ) -> Result<(Self, Vec<Rejected>), Error> {
        disk.create_dir(DIRECTORY)?;
        disk.sync_dir("")?;
        // The program may have ended between a rename and this.
        disk.sync_dir(DIRECTORY)?;
        let generations = generations(&*disk)?;
        let next_generation = generations.last().map_or(1, |last| last + 1);
        let present: BTreeSet<u64> = generations.iter().copied().collect();
        let (sealer, kept) = (None, Vec::new());
        let mut store = Self { disk, directory, sealer, kept, next_generation };
        let mut rejected = Vec::new();
        for generation in generations.into_iter().rev() {
            if store.kept.len() == KEPT {
                break;
            }
            match store.load(generation, &present) {
                Ok(checkpoint) => store.kept.insert(0, Arc::new(checkpoint)),
                Err(error) if is_damage(&error) => {
                    rejected.push(Rejected { path: file::path(generation), error });
                }
                Err(error) => return Err(error),
            }
        }
        Ok((store, rejected))
    }

    /// Blobs are sealed from now on, and those that are can be read.
    #[must_use]
    pub fn sealed_by(self, sealer: Option<Arc<Sealer>>) -> Self {
        Self { sealer, ..self }
    }

    /// The newest checkpoint that is whole.
    #[must_use]
    pub fn newest(&self) -> Option<&Arc<Checkpoint>> {
        self.kept.last()
    }

    /// The one before it, for when a blob of the newest turns out to be damaged.
    #[must_use]
    pub fn previous(&self) -> Option<&Arc<Checkpoint>> {
        self.kept.len().checked_sub(KEPT).and_then(|index| self.kept.get(index))
    }

    /// The newest turned out to be damaged: it counts no more, and the one before is the newest.
    pub fn forget_newest(&mut self) {
        self.kept.pop();
    }

    /// Reads the blobs whose keys are in `range` and that are wanted, sorted by key: `each` gets
    /// their contents, or why they cannot be read, and nothing of those that are not wanted.
    ///
    /// # Errors
    /// What `each` says.
    pub fn read_each<E>(
        &self,
        checkpoint: &Checkpoint,
        range: impl RangeBounds<BlobKey>,
        is_wanted: impl Fn(BlobKey) -> bool,
        mut each: impl FnMut(BlobKey, Result<Option<&[u8]>, Error>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut files: BTreeMap<u64, Arc<CheckpointFile>> = BTreeMap::new();
        let mut contents = Vec::new();
        for (&key, &place) in checkpoint.blobs.range(range) {
            if !is_wanted(key) {
                each(key, Ok(None))?;
                continue;
            }
            contents.clear();
            let read = self.read_blob(&mut files, key, place, &mut contents);
            each(key, read.map(|()| Some(&contents[..])))?;
        }
        Ok(())
    }

    /// The blobs of a checkpoint, to be read when they are needed.
    #[must_use]
    pub fn blobs(&self, checkpoint: &Arc<Checkpoint>) -> Blobs {
        Blobs::new(checkpoint, self.sealer.clone(), |generation| self.file(generation))
    }

    fn read_blob(
        &self,
        files: &mut BTreeMap<u64, Arc<CheckpointFile>>,
        key: BlobKey,
        place: BlobPlace,
        into: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let file = match files.entry(place.generation) {
            Entry::Occupied(file) => file.into_mut(),
            Entry::Vacant(none) => none.insert(Arc::new(self.file(place.generation)?)),
        };
        let mut reader = BlobReader::new(Arc::clone(file), self.sealer.clone(), key, place);
        while let Some(chunk) = reader.next_chunk()? {
            into.extend_from_slice(chunk);
        }
        Ok(())
    }

    fn file(&self, generation: u64) -> Result<CheckpointFile, Error> {
        let path = file::path(generation);
        CheckpointFile::open(&*self.disk, &path, self.directory, generation)
    }

    /// From where on the write-ahead log is needed: from the older of two checkpoints. All of it
    /// is, as long as there are not two.
    #[must_use]
    pub fn log_needed_from(&self) -> Lsn {
        let oldest = match sabotage::is(Mistake::ReleaseEarly) {
            true => self.newest(),
            false => self.previous(),
        };
        oldest.map_or(Lsn(0), |previous| previous.start.position.lsn)
    }

    /// Reads a blob; nothing if the checkpoint has none of that key.
    ///
    /// # Errors
    /// [`Error::Format`], [`Error::Disk`].
    pub fn read(&self, checkpoint: &Checkpoint, key: BlobKey) -> Result<Option<BlobReader>, Error> {
        let Some(place) = checkpoint.blobs.get(&key) else {
            return Ok(None);
        };
        let file = Arc::new(self.file(place.generation)?);
        Ok(Some(BlobReader::new(file, self.sealer.clone(), key, *place)))
    }

    /// Reads all of a checkpoint, carried blobs included. Without their keys, sealed blobs are
    /// checked as they are stored.
    ///
    /// # Errors
    /// [`Error::Format`] with the place of the first damage; [`Error::Disk`].
    pub fn verify(&self, checkpoint: &Checkpoint) -> Result<(), Error> {
        for key in checkpoint.blobs.keys() {
            let reader = self.read(checkpoint, *key)?;
            let mut reader = reader.expect("the key is one of the checkpoint's");
            match self.sealer {
                Some(_) => while reader.next_chunk()?.is_some() {},
                None => while reader.next_stored()?.is_some() {},
            }
        }
        Ok(())
    }

    /// Begins the next checkpoint: the state with everything before `start.position` applied.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn begin(&mut self, start: Start, created_ns: i64) -> Result<CheckpointWriter, Error> {
        let generation = self.next_generation;
        self.next_generation += 1;
        let header = CheckpointHeader { directory: self.directory, generation, created_ns };
        let writer =
            CheckpointWriter::begin(self.disk.clone(), header, start, self.newest().cloned())?;
        Ok(writer.sealed_by(self.sealer.clone()))
    }

    /// Makes a finished checkpoint the newest, removes files that nothing needs any more, and says
    /// from where on the log is needed now.
    ///
    /// # Errors
    /// [`Error::Disk`] if a file cannot be removed; the checkpoint is the newest all the same.
    pub fn install(&mut self, finished: Finished) -> Result<Lsn, Error> {
        self.kept.push(Arc::new(finished.0));
        let excess = self.kept.len().saturating_sub(KEPT);
        self.kept.drain(..excess);
        if self.kept.len() == KEPT {
            self.remove_unneeded()?;
        }
        Ok(self.log_needed_from())
    }

    /// Removes what a checkpoint that failed has left: the space that it takes, and its name, if it
    /// got that far. A later start must not take it for the newest.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn sweep(&self) -> Result<(), Error> {
        for unfinished in unfinished(&*self.disk)? {
            self.disk.remove(&unfinished)?;
        }
        let failed = self.next_generation - 1;
        if self.newest().is_none_or(|newest| newest.generation < failed) {
            match self.disk.remove(&file::path(failed)) {
                Err(error) if error.is_not_found() => {}
                removed => {
                    removed?;
                    self.disk.sync_dir(DIRECTORY)?;
                }
            }
        }
        Ok(())
    }

    fn load(&self, generation: u64, present: &BTreeSet<u64>) -> Result<Checkpoint, Error> {
        let path = file::path(generation);
        let file = CheckpointFile::open(&*self.disk, &path, self.directory, generation)?;
        let checkpoint = file.checkpoint()?;
        let missing = checkpoint.blobs.values().find(|place| !present.contains(&place.generation));
        if let Some(place) = missing {
            let cause = FormatError::Field { field: "generation", value: place.generation };
            return Err(Error::format(&path, 0, cause));
        }
        Ok(checkpoint)
    }

    /// Files that no kept checkpoint refers to, unfinished ones among them.
    fn remove_unneeded(&self) -> Result<(), Error> {
        let mut needed: BTreeSet<u64> = BTreeSet::new();
        for checkpoint in &self.kept {
            needed.insert(checkpoint.generation);
            needed.extend(checkpoint.blobs.values().map(|place| place.generation));
        }
        let newest = self.kept.last().map_or(0, |newest| newest.generation);
        let mut removed = false;
        for generation in generations(&*self.disk)? {
            if generation < newest && !needed.contains(&generation) {
                self.disk.remove(&file::path(generation))?;
                removed = true;
            }
        }
        for unfinished in unfinished(&*self.disk)? {
            self.disk.remove(&unfinished)?;
            removed = true;
        }
        if removed { Ok(self.disk.sync_dir(DIRECTORY)?) } else { Ok(()) }
    }
}

/// The generations that have files, sorted.
fn generations(disk: &dyn Disk) -> Result<Vec<u64>, Error> {
    let entries = disk.list(DIRECTORY)?;
    let files = entries.iter().filter(|entry| entry.kind == EntryKind::File);
    let mut generations: Vec<u64> =
        files.filter_map(|entry| file::generation(&entry.name)).collect();
    generations.sort_unstable();
    Ok(generations)
}

fn unfinished(disk: &dyn Disk) -> Result<Vec<String>, Error> {
    let entries = disk.list(DIRECTORY)?;
    let names = entries.iter().filter(|entry| entry.name.ends_with(".tmp"));
    Ok(names.map(|entry| format!("{DIRECTORY}/{}", entry.name)).collect())
}

/// Whether another checkpoint may stand in for one with this error.
fn is_damage(error: &Error) -> bool {
    match error {
        Error::Format { cause, .. } => cause.is_damage(),
        Error::Disk(error) => error.operation == crate::disk::Operation::Read,
        _ => false,
    }
}
