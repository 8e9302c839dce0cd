//! Writes a checkpoint.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Checkpoint;
use super::file::{self, CheckpointFile, DIRECTORY};
use super::reader::BlobReader;
use crate::Error;
use crate::disk::{Disk, DiskError, DiskFile, OpenMode};
use crate::format::{
    AccountId, BlobKey, BlobPlace, CheckpointFooter, CheckpointHeader, ChunkHeader, ChunkRole,
    DirectoryId, StreamId, encode_index_entry, to_u64,
};
use crate::sabotage::{self, Mistake};
use crate::sealing::{SealedPlace, Sealer};
use crate::wal::Start;

/// How much is gathered before it is written.
const PIECE: usize = 1024 * 1024;
/// For how many checkpoints a blob may be carried, at least; to this comes a number that differs
/// between blobs, so that they are not all written anew in the same checkpoint.
const CARRIED_MAX: u64 = 16;

/// A checkpoint being written. It owns all it needs, so that another thread may do it. Nothing of
/// it counts before [`Checkpoints::install`](super::Checkpoints::install).
#[derive(Debug)]
pub struct CheckpointWriter {
    disk: Arc<dyn Disk>,
    file: Box<dyn DiskFile>,
    directory: DirectoryId,
    generation: u64,
    start: Start,
    previous: Option<Arc<Checkpoint>>,
    /// What seals blobs, where they are sealed.
    sealer: Option<Arc<Sealer>>,
    blobs: BTreeMap<BlobKey, BlobPlace>,
    pending: Vec<u8>,
    /// Bytes written to the file, without those pending.
    written: u64,
}

/// A checkpoint that is durable and was read back.
#[derive(Debug)]
pub struct Finished(pub(super) Checkpoint);

impl CheckpointWriter {
    pub(super) fn begin(
        disk: Arc<dyn Disk>,
        header: CheckpointHeader,
        start: Start,
        previous: Option<Arc<Checkpoint>>,
    ) -> Result<Self, Error> {
        let CheckpointHeader { directory, generation, .. } = header;
        let file = disk.open(&file::unfinished_path(generation), OpenMode::Create)?;
        file.set_length(0)?;
        let pending = header.encode().to_vec();
        Ok(Self {
            disk,
            file,
            directory,
            generation,
            start,
            previous,
            sealer: None,
            blobs: BTreeMap::new(),
            pending,
            written: 0,
        })
    }

    pub(super) fn sealed_by(self, sealer: Option<Arc<Sealer>>) -> Self {
        Self { sealer, ..self }
    }

    /// Writes a blob that is in memory as a whole.
    ///
    /// # Errors
    /// [`Error::Disk`]; the checkpoint is then to be dropped.
    pub fn put(&mut self, key: BlobKey, contents: &[u8]) -> Result<(), Error> {
        let mut blob = self.blob(key);
        blob.write(contents)?;
        blob.end()
    }

    /// Begins a blob that is written piece by piece. A key is written or carried once.
    pub fn blob(&mut self, key: BlobKey) -> BlobWriter<'_> {
        let offset = self.offset();
        let (generation, is_sealed) = (self.generation, self.sealer.is_some());
        let place = BlobPlace { generation, offset, length: 0, is_sealed };
        BlobWriter { writer: self, key, place, index: 0, chunk: Vec::new() }
    }

    /// Takes a blob over from the checkpoint before; false if that has none. Its bytes are only
    /// written again when they have stood in the same old file for long, or are not sealed where
    /// they should be.
    ///
    /// # Errors
    /// [`Error::Disk`], and [`Error::Format`] if the bytes are damaged; the checkpoint is then to
    /// be dropped.
    pub fn carry(&mut self, key: BlobKey) -> Result<bool, Error> {
        let Some(place) = self.before(key) else { return Ok(false) };
        let spread = key.stream.0.wrapping_add(key.part) % CARRIED_MAX;
        let is_old = self.generation - place.generation > CARRIED_MAX + spread;
        if is_old || place.is_sealed != self.sealer.is_some() {
            self.copy(key, place)?;
        } else {
            self.enter(key, place);
        }
        Ok(true)
    }

    /// Writes a blob of an earlier file again.
    fn copy(&mut self, key: BlobKey, place: BlobPlace) -> Result<(), Error> {
        let path = file::path(place.generation);
        let file = CheckpointFile::open(&*self.disk, &path, self.directory, place.generation)?;
        let mut reader = BlobReader::new(Arc::new(file), self.sealer.clone(), key, place);
        let mut blob = self.blob(key);
        while let Some(chunk) = reader.next_chunk()? {
            blob.write(chunk)?;
        }
        blob.end()
    }

    /// The same however long it has stood there: for what nobody could write anew. False if the
    /// checkpoint before has none.
    #[must_use]
    pub fn keep(&mut self, key: BlobKey) -> bool {
        let Some(place) = self.before(key) else { return false };
        self.enter(key, place);
        true
    }

    /// The blobs of a stream that the checkpoint before has.
    #[must_use]
    pub fn blobs_before(&self, account: AccountId, stream: StreamId) -> Vec<BlobKey> {
        let first = BlobKey { account, stream, kind: 0, part: 0 };
        let last = BlobKey { account, stream, kind: u16::MAX, part: u64::MAX };
        let before = self.previous.iter().flat_map(|before| before.blobs.range(first..=last));
        before.map(|(key, _)| *key).collect()
    }

    fn before(&self, key: BlobKey) -> Option<BlobPlace> {
        self.previous.as_ref().and_then(|before| before.blobs.get(&key)).copied()
    }

    /// Writes the index, makes the file durable, reads it back and gives it its name.
    ///
    /// # Errors
    /// [`Error::Disk`], or [`Error::Format`] if what was read back is damaged. The checkpoints
    /// there were stay as they are.
    pub fn finish(mut self) -> Result<Finished, Error> {
        let index_offset = self.offset();
        self.write_index()?;
        let footer = CheckpointFooter {
            position: self.start.position,
            durable: self.start.durable,
            index_offset,
            entries: to_u64(self.blobs.len()),
        };
        let seed = CheckpointHeader::seed(self.directory, self.generation, self.offset());
        self.pending.extend_from_slice(&footer.encode(seed));
        self.flush()?;
        if !sabotage::is(Mistake::SkipCheckpointSync) {
            self.file.sync_all()?;
        }
        let unfinished = file::unfinished_path(self.generation);
        let file = CheckpointFile::open(&*self.disk, &unfinished, self.directory, self.generation)?;
        let checkpoint = file.checkpoint()?;
        file.verify(&checkpoint)?;
        self.disk.rename(&unfinished, &file::path(self.generation))?;
        if !sabotage::is(Mistake::SkipCheckpointDirectorySync) {
            self.disk.sync_dir(DIRECTORY)?;
        }
        Ok(Finished(checkpoint))
    }

    fn write_index(&mut self) -> Result<(), Error> {
        let key = BlobKey { account: AccountId(0), stream: StreamId(0), kind: 0, part: 0 };
        let mut index = Vec::new();
        for (key, place) in &self.blobs {
            index.extend_from_slice(&encode_index_entry(*key, *place));
        }
        let whole_entries = ChunkHeader::CONTENTS_MAX / crate::format::INDEX_ENTRY_SIZE
            * crate::format::INDEX_ENTRY_SIZE;
        for (number, contents) in (0..).zip(index.chunks(whole_entries)) {
            self.write_chunk(key, ChunkRole::Index, number, contents)?;
        }
        Ok(())
    }

    fn write_chunk(
        &mut self,
        key: BlobKey,
        role: ChunkRole,
        index: u32,
        contents: &[u8],
    ) -> Result<(), DiskError> {
        let seed = CheckpointHeader::seed(self.directory, self.generation, self.offset());
        let header = ChunkHeader::encode(key, role, index, contents, seed);
        self.pending.extend_from_slice(&header);
        self.pending.extend_from_slice(contents);
        if self.pending.len() >= PIECE { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), DiskError> {
        self.file.write_at(&self.pending, self.written)?;
        self.written += to_u64(self.pending.len());
        self.pending.clear();
        Ok(())
    }

    fn offset(&self) -> u64 {
        self.written + to_u64(self.pending.len())
    }

    fn enter(&mut self, key: BlobKey, place: BlobPlace) {
        let before = self.blobs.insert(key, place);
        assert!(before.is_none(), "a blob is in a checkpoint once");
    }
}

/// Writes one blob. It is part of the checkpoint once it has [`end`](Self::end)ed.
#[derive(Debug)]
pub struct BlobWriter<'a> {
    writer: &'a mut CheckpointWriter,
    key: BlobKey,
    place: BlobPlace,
    index: u32,
    chunk: Vec<u8>,
}

impl BlobWriter<'_> {
    /// Adds `contents`.
    ///
    /// # Errors
    /// [`Error::Disk`]; the checkpoint is then to be dropped.
    pub fn write(&mut self, mut contents: &[u8]) -> Result<(), Error> {
        let most = match self.writer.sealer {
            Some(_) => ChunkHeader::CONTENTS_MAX - Sealer::OVERHEAD,
            None => ChunkHeader::CONTENTS_MAX,
        };
        while !contents.is_empty() {
            if self.chunk.len() == most {
                self.write_chunk(ChunkRole::Blob)?;
            }
            let room = most - self.chunk.len();
            let (now, later) = contents.split_at(room.min(contents.len()));
            self.chunk.extend_from_slice(now);
            contents = later;
        }
        Ok(())
    }

    /// Ends it.
    ///
    /// # Errors
    /// [`Error::Disk`]; the checkpoint is then to be dropped.
    pub fn end(mut self) -> Result<(), Error> {
        self.write_chunk(ChunkRole::BlobEnd)?;
        self.writer.enter(self.key, self.place);
        Ok(())
    }

    fn write_chunk(&mut self, role: ChunkRole) -> Result<(), Error> {
        let (key, index, generation) = (self.key, self.index, self.place.generation);
        if let Some(sealer) = &self.writer.sealer {
            let is_last = role == ChunkRole::BlobEnd;
            let place = SealedPlace::Chunk { generation, key, index, is_last };
            let mut sealed = Vec::with_capacity(self.chunk.len() + Sealer::OVERHEAD);
            sealer.seal(&place, &mut sealed, |into| into.extend_from_slice(&self.chunk));
            self.chunk = sealed;
        }
        self.writer.write_chunk(key, role, index, &self.chunk)?;
        self.place.length += to_u64(self.chunk.len());
        self.index += 1;
        self.chunk.clear();
        Ok(())
    }
}
