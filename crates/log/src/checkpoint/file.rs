//! Reads whole checkpoint files.

use std::collections::BTreeMap;

use super::Checkpoint;
use crate::Error;
use crate::disk::{Disk, DiskFile, OpenMode};
use crate::format::{
    BlobKey, BlobPlace, CheckpointFooter, CheckpointHeader, ChunkHeader, ChunkRole, DirectoryId,
    FormatError, INDEX_ENTRY_SIZE, decode_index_entry, to_u64, to_usize,
};
use crate::wal::Start;

/// The directory of checkpoints.
pub(super) const DIRECTORY: &str = "checkpoints";

pub(super) fn path(generation: u64) -> String {
    format!("{DIRECTORY}/{generation:020}.ckpt")
}

pub(super) fn unfinished_path(generation: u64) -> String {
    format!("{DIRECTORY}/{generation:020}.tmp")
}

/// The generation in a file's name, if it is one of ours.
pub(super) fn generation(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".ckpt")?;
    let is_number = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    // Half of all numbers are out of reach for ever, so that counting on cannot overflow.
    digits.parse().ok().filter(|generation| is_number && *generation <= u64::MAX / 2)
}

/// A checkpoint file, for reading chunks.
#[derive(Debug)]
pub(super) struct CheckpointFile {
    file: Box<dyn DiskFile>,
    directory: DirectoryId,
    generation: u64,
    length: u64,
}

/// A chunk and where the next one begins.
pub(super) struct Chunk {
    pub(super) header: ChunkHeader,
    pub(super) next: u64,
}

impl CheckpointFile {
    /// Opens the file at `path` and reads its header.
    pub(super) fn open(
        disk: &dyn Disk,
        path: &str,
        directory: DirectoryId,
        generation: u64,
    ) -> Result<Self, Error> {
        let file = disk.open(path, OpenMode::Read)?;
        let length = file.length()?;
        let mut bytes = [0; CheckpointHeader::SIZE];
        let read = file.read_at(&mut bytes, 0)?;
        let header = CheckpointHeader::decode(&bytes[..read], directory)
            .map_err(|cause| Error::format(path, 0, cause))?;
        if header.generation != generation {
            let cause = FormatError::Field { field: "generation", value: header.generation };
            return Err(Error::format(path, 0, cause));
        }
        Ok(Self { file, directory, generation, length })
    }

    /// Reads the chunk at `offset`, its contents into `contents`.
    pub(super) fn chunk(&self, offset: u64, contents: &mut Vec<u8>) -> Result<Chunk, Error> {
        let wrong = |cause| Error::format(self.file.path(), offset, cause);
        let mut bytes = [0; ChunkHeader::SIZE];
        let read = self.file.read_at(&mut bytes, offset)?;
        let seed = CheckpointHeader::seed(self.directory, self.generation, offset);
        let header = ChunkHeader::decode(&bytes[..read], seed).map_err(wrong)?;
        let begin = offset.saturating_add(to_u64(ChunkHeader::SIZE));
        contents.resize(to_usize(u64::from(header.length)), 0);
        let read = self.file.read_at(contents, begin)?;
        header.check_contents(&contents[..read], seed).map_err(wrong)?;
        Ok(Chunk { header, next: begin.saturating_add(u64::from(header.length)) })
    }

    fn footer(&self) -> Result<(CheckpointFooter, u64), Error> {
        let offset = self.length.saturating_sub(to_u64(CheckpointFooter::SIZE));
        let mut bytes = [0; CheckpointFooter::SIZE];
        let read = self.file.read_at(&mut bytes, offset)?;
        let seed = CheckpointHeader::seed(self.directory, self.generation, offset);
        let footer = CheckpointFooter::decode(&bytes[..read], seed)
            .map_err(|cause| Error::format(self.file.path(), offset, cause))?;
        Ok((footer, offset))
    }

    /// Reads footer and index: the checkpoint without its blobs.
    pub(super) fn checkpoint(&self) -> Result<Checkpoint, Error> {
        let (footer, footer_offset) = self.footer()?;
        let mut blobs = BTreeMap::new();
        let (mut offset, mut contents) = (footer.index_offset, Vec::new());
        while offset < footer_offset {
            let chunk = self.chunk(offset, &mut contents)?;
            let wrong = |cause| Error::format(self.file.path(), offset, cause);
            if chunk.header.role != ChunkRole::Index {
                return Err(wrong(FormatError::Field { field: "role", value: 0 }));
            }
            for entry in contents.chunks(INDEX_ENTRY_SIZE) {
                let (key, place) = decode_index_entry(entry).map_err(wrong)?;
                self.check_place(&place).map_err(wrong)?;
                blobs.insert(key, place);
            }
            offset = chunk.next;
        }
        if to_u64(blobs.len()) != footer.entries {
            let cause = FormatError::Field { field: "entries", value: footer.entries };
            return Err(Error::format(self.file.path(), footer_offset, cause));
        }
        let start = Start { position: footer.position, durable: footer.durable };
        Ok(Checkpoint { generation: self.generation, start, blobs })
    }

    fn check_place(&self, place: &BlobPlace) -> Result<(), FormatError> {
        if place.generation > self.generation {
            return Err(FormatError::Field { field: "generation", value: place.generation });
        }
        Ok(())
    }

    /// Reads every blob of the file that belongs to this checkpoint itself, and checks that they
    /// are those of the index.
    pub(super) fn verify(&self, checkpoint: &Checkpoint) -> Result<(), Error> {
        for (key, place) in &checkpoint.blobs {
            if place.generation == self.generation {
                self.verify_blob(*key, *place)?;
            }
        }
        Ok(())
    }

    fn verify_blob(&self, key: BlobKey, place: BlobPlace) -> Result<(), Error> {
        let (mut offset, mut contents, mut index, mut length) = (place.offset, Vec::new(), 0, 0);
        loop {
            let chunk = self.blob_chunk(key, index, offset, &mut contents)?;
            (offset, index) = (chunk.next, index + 1);
            length += to_u64(contents.len());
            if chunk.header.role == ChunkRole::BlobEnd || length > place.length {
                break;
            }
        }
        if length != place.length {
            let cause = FormatError::Field { field: "length", value: place.length };
            return Err(Error::format(self.file.path(), place.offset, cause));
        }
        Ok(())
    }

    /// Reads a chunk that must be this one of this blob.
    pub(super) fn blob_chunk(
        &self,
        key: BlobKey,
        index: u32,
        offset: u64,
        contents: &mut Vec<u8>,
    ) -> Result<Chunk, Error> {
        let chunk = self.chunk(offset, contents)?;
        let fits = chunk.header.key == key
            && chunk.header.index == index
            && chunk.header.role != ChunkRole::Index;
        if !fits {
            let value = u64::from(chunk.header.index);
            let cause = FormatError::Field { field: "index", value };
            return Err(Error::format(self.file.path(), offset, cause));
        }
        Ok(chunk)
    }

    pub(super) fn path(&self) -> &str {
        self.file.path()
    }
}
