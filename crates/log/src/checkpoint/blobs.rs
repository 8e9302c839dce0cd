//! Blobs of one checkpoint that are read when they are needed, also while others are made.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::file::CheckpointFile;
use super::reader::BlobReader;
use super::store::Checkpoint;
use crate::Error;
use crate::format::BlobKey;
use crate::sealing::Sealer;

/// The blobs of a checkpoint. Its files are open, and stay readable when they are removed.
#[derive(Debug)]
pub struct Blobs {
    checkpoint: Arc<Checkpoint>,
    /// By generation, or why it cannot be read.
    files: BTreeMap<u64, Result<Arc<CheckpointFile>, Error>>,
    sealer: Option<Arc<Sealer>>,
}

impl Blobs {
    pub(super) fn new(
        checkpoint: &Arc<Checkpoint>,
        sealer: Option<Arc<Sealer>>,
        open: impl Fn(u64) -> Result<CheckpointFile, Error>,
    ) -> Self {
        let mut files = BTreeMap::new();
        for place in checkpoint.blobs.values() {
            let generation = place.generation;
            files.entry(generation).or_insert_with(|| open(generation).map(Arc::new));
        }
        Self { checkpoint: Arc::clone(checkpoint), files, sealer }
    }

    /// All of a blob; nothing if the checkpoint has none of that key.
    ///
    /// # Errors
    /// [`Error::Format`] with file and place if it is damaged; [`Error::Disk`].
    pub fn read(&self, key: BlobKey) -> Result<Option<Vec<u8>>, Error> {
        let Some(place) = self.checkpoint.blobs.get(&key) else { return Ok(None) };
        let Some(file) = self.files.get(&place.generation) else { return Ok(None) };
        let file = Arc::clone(file.as_ref().map_err(Error::clone)?);
        let reader = BlobReader::new(file, self.sealer.clone(), key, *place);
        reader.read_all(u64::MAX).map(Some)
    }
}
