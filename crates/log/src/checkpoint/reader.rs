//! Reads one blob, chunk by chunk.

use std::sync::Arc;

use super::file::CheckpointFile;
use crate::Error;
use crate::format::{BlobKey, BlobPlace, ChunkRole, FormatError, to_u64, to_usize};
use crate::sealing::{SealedPlace, Sealer};

/// Reads a blob of a checkpoint. Each chunk is checked before it is given out.
#[derive(Debug)]
pub struct BlobReader {
    file: Arc<CheckpointFile>,
    sealer: Option<Arc<Sealer>>,
    key: BlobKey,
    place: BlobPlace,
    offset: u64,
    index: u32,
    done: u64,
    is_over: bool,
    contents: Vec<u8>,
}

impl BlobReader {
    /// A blob in `file`, which `sealer` opens if it is sealed.
    pub(super) fn new(
        file: Arc<CheckpointFile>,
        sealer: Option<Arc<Sealer>>,
        key: BlobKey,
        place: BlobPlace,
    ) -> Self {
        let offset = place.offset;
        let contents = Vec::new();
        Self { file, sealer, key, place, offset, index: 0, done: 0, is_over: false, contents }
    }

    /// Bytes of the whole blob, as it is stored.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.place.length
    }

    /// The next chunk, of at most 256 KiB; nothing at the end.
    ///
    /// # Errors
    /// [`Error::Format`] with file and place if it is damaged; [`Error::Disk`].
    pub fn next_chunk(&mut self) -> Result<Option<&[u8]>, Error> {
        if self.is_over {
            return Ok(None);
        }
        let (index, offset) = (self.index, self.offset);
        self.read_chunk()?;
        let Self { file, sealer, key, place, contents, .. } = self;
        let BlobPlace { generation, is_sealed, .. } = *place;
        let place = SealedPlace::Chunk { generation, key: *key, index, is_last: self.is_over };
        let opened = match (sealer, is_sealed) {
            (None, false) => Ok(&contents[..]),
            (None, true) => Err(FormatError::Sealed),
            (Some(sealer), false) => sealer.admit_plain().map(|()| &contents[..]),
            (Some(sealer), true) => sealer.open(&place, contents).map(|plain| &*plain),
        };
        opened.map(Some).map_err(|cause| Error::format(file.path(), offset, cause))
    }

    /// The same as it is stored, be it sealed or not; nothing at the end.
    ///
    /// # Errors
    /// As for [`next_chunk`](Self::next_chunk).
    pub fn next_stored(&mut self) -> Result<Option<&[u8]>, Error> {
        if self.is_over {
            return Ok(None);
        }
        self.read_chunk()?;
        Ok(Some(&self.contents))
    }

    fn read_chunk(&mut self) -> Result<(), Error> {
        let chunk = self.file.blob_chunk(self.key, self.index, self.offset, &mut self.contents)?;
        self.offset = chunk.next;
        self.index += 1;
        self.done += to_u64(self.contents.len());
        self.is_over = chunk.header.role == ChunkRole::BlobEnd;
        if self.done > self.place.length || (self.is_over && self.done != self.place.length) {
            let cause = FormatError::Field { field: "length", value: self.place.length };
            return Err(Error::format(self.file.path(), self.place.offset, cause));
        }
        Ok(())
    }

    /// All of it, if it has at most `max` bytes.
    ///
    /// # Errors
    /// As for [`next_chunk`](Self::next_chunk), and [`Error::Format`] if it is larger.
    pub fn read_all(mut self, max: u64) -> Result<Vec<u8>, Error> {
        if self.place.length > max {
            let cause = FormatError::Field { field: "length", value: self.place.length };
            return Err(Error::format(self.file.path(), self.place.offset, cause));
        }
        let mut all = Vec::with_capacity(to_usize(self.place.length.min(1 << 20)));
        while let Some(chunk) = self.next_chunk()? {
            all.extend_from_slice(chunk);
        }
        Ok(all)
    }
}
