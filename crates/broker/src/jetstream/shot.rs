//! A stream's files at the moment of a checkpoint.

use std::sync::Arc;

use anabranch_log::Error;
use anabranch_log::disk::Disk;
use anabranch_log::segment::{self, SegmentId, Unsynced};

/// What a checkpoint keeps of the files of a stream.
#[derive(Debug)]
pub struct FilesShot {
    pub(super) disk: Arc<dyn Disk>,
    /// Which segments there are, for
    /// [`FilePayloads::load_from`](super::files::FilePayloads::load_from).
    pub list: Vec<u8>,
    pub(super) unsynced: Vec<Unsynced>,
    pub(super) full: usize,
    pub(super) empty: Vec<SegmentId>,
    pub(super) doomed: Vec<SegmentId>,
}

/// What the stream hears of when the checkpoint was made.
#[derive(Debug, Default)]
pub struct Installed {
    /// So many full segments are durable.
    pub(super) full: usize,
    /// Segments without messages, and replaced ones, at that time.
    pub(super) empty: Vec<SegmentId>,
    /// Segments that were removed.
    pub(super) doomed: Vec<SegmentId>,
}

impl FilesShot {
    /// Makes everything durable that was written when this was made.
    ///
    /// # Errors
    /// What the disk says. The checkpoint must not be made then.
    pub fn sync(&self) -> Result<(), Error> {
        self.unsynced.iter().try_for_each(Unsynced::sync)
    }

    /// Removes what nobody needs once the checkpoint was made; what cannot be removed is added
    /// to `stay`.
    pub fn remove_doomed(self, stay: &mut Vec<SegmentId>) -> Installed {
        for &id in &self.doomed {
            if let Err(error) = segment::remove(&*self.disk, id) {
                log::error!("A segment without messages cannot be removed: {error}");
                stay.push(id);
            }
        }
        let Self { full, empty, doomed, .. } = self;
        Installed { full, empty, doomed }
    }
}
