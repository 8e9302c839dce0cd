//! Writes a segment anew, with what is still needed of it, or of several that follow each other.
//!
//! Not here: what is still needed, and what becomes of the old file. The new one has a name of its
//! own, [`path::UNFINISHED`], until it is whole and durable: what a crash leaves under that name
//! is nobody's.

use std::sync::Arc;

use super::erase::erase_in;
use super::{Place, SegmentReader, SegmentWriter, StoredRecord, path};
use crate::Error;
use crate::disk::path::parent;
use crate::disk::{Disk, OpenMode};
use crate::format::{DirectoryId, FormatError, NewRecord, SegmentId};

/// A segment that is being written anew.
#[derive(Debug)]
pub struct Rewriter {
    disk: Arc<dyn Disk>,
    writer: SegmentWriter,
}

impl Rewriter {
    /// Begins. What an earlier one left is removed.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn begin(
        disk: Arc<dyn Disk>,
        directory: DirectoryId,
        id: SegmentId,
    ) -> Result<Self, Error> {
        assert!(id.revision > 0, "messages were appended to the first revision");
        remove_unfinished(&*disk)?;
        let file = disk.open(path::UNFINISHED, OpenMode::CreateNew)?;
        // Its name is to be there before it is changed, whatever the order of a power cut.
        disk.sync_dir(parent(path::UNFINISHED))?;
        let writer = SegmentWriter::unnamed(Arc::clone(&disk), file, directory, id)?;
        Ok(Self { disk, writer })
    }

    /// Copies the record `seq`, which is at `place` of the segment `from`, behind those that were
    /// copied before: their sequences ascend. Gives where it is now.
    ///
    /// # Errors
    /// [`Error::Format`] with file and offset if it is damaged, or another; [`Error::Disk`].
    pub fn copy(&mut self, from: &SegmentReader, place: Place, seq: u64) -> Result<Place, Error> {
        let record = Self::read(from, place, seq)?;
        Ok(self.put(&record.as_new(), record.fields().is_erased))
    }

    /// The record `seq`, which is at `place` of the segment `from`.
    ///
    /// # Errors
    /// As for [`copy`](Self::copy).
    pub fn read(from: &SegmentReader, place: Place, seq: u64) -> Result<StoredRecord, Error> {
        let record = from.read(place.offset, place.length)?;
        let fields = record.fields();
        if fields.seq != seq || fields.occupied() != u64::from(place.length) {
            let cause = FormatError::Field { field: "seq", value: fields.seq };
            return Err(Error::format(from.path(), place.offset, cause));
        }
        Ok(record)
    }

    /// Adds a record behind those before it. Gives where it is.
    pub fn put(&mut self, record: &NewRecord<'_>, is_erased: bool) -> Place {
        let copied = self.writer.append(record);
        if is_erased {
            self.writer.mark_erased(copied);
        }
        copied
    }

    /// Writes what was copied, durably.
    ///
    /// # Errors
    /// [`Error::Disk`]: what was copied so far is not to be used.
    pub fn sync(&mut self) -> Result<(), Error> {
        self.writer.sync_data()
    }

    /// Overwrites the contents of the record `seq`, which was copied to `place`, durably.
    ///
    /// # Errors
    /// As for [`erase`](super::erase()).
    pub fn erase(&mut self, place: Place, seq: u64) -> Result<(), Error> {
        self.writer.write()?;
        erase_in(&*self.writer.file, self.writer.seed, place, seq)
    }

    /// Ends the segment: it has its name, durably. Gives its length in bytes.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn finish(mut self) -> Result<u64, Error> {
        self.sync()?;
        let path = path::path(self.writer.id());
        self.disk.rename(path::UNFINISHED, &path)?;
        self.disk.sync_dir(parent(&path))?;
        self.disk.sync_dir(parent(path::UNFINISHED))?;
        Ok(self.writer.tail().end)
    }
}

/// Removes what is left of a segment that was not written to its end by this run. Its bytes are
/// overwritten: there may be messages among them that were erased since.
///
/// # Errors
/// [`Error::Disk`].
pub fn discard(disk: &dyn Disk) -> Result<(), Error> {
    let file = match disk.open(path::UNFINISHED, OpenMode::Write) {
        Ok(file) => file,
        Err(error) if error.is_not_found() => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    file.write_zeros(0, file.length()?)?;
    file.sync_data()?;
    drop(file);
    remove_unfinished(disk)
}

/// Removes what an earlier run left of a segment. Its bytes are not touched: after a power cut it
/// may be one file with that which got its name.
///
/// # Errors
/// [`Error::Disk`].
pub fn remove_unfinished(disk: &dyn Disk) -> Result<(), Error> {
    match disk.remove(path::UNFINISHED) {
        Ok(()) => Ok(disk.sync_dir(parent(path::UNFINISHED))?),
        Err(error) if error.is_not_found() => Ok(()),
        Err(error) => Err(error.into()),
    }
}
