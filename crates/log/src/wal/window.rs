//! Reads the log's files in large pieces.

use super::file::WalFile;
use crate::disk::DiskError;
use crate::format::{Lsn, to_u64, to_usize};

/// How much is read at once.
const PIECE: usize = 1024 * 1024;
/// What is asked for again one by one when a piece cannot be read.
const PAGE: usize = 4096;

/// A piece of a file in memory.
#[derive(Debug, Default)]
pub(super) struct Window {
    bytes: Vec<u8>,
    /// The file's number and the piece's place in it.
    number: u64,
    start: u64,
    /// The last page that could not be read, and was taken for zeros.
    unreadable: Option<(Lsn, DiskError)>,
}

impl Window {
    /// `length` bytes at `offset`, fewer if the file ends before.
    pub(super) fn read(
        &mut self,
        file: &WalFile,
        offset: u64,
        length: usize,
    ) -> Result<&[u8], DiskError> {
        if self.number != file.header.number || !self.covers(offset, length) {
            self.load(file, offset, length)?;
        }
        let from = to_usize(offset - self.start).min(self.bytes.len());
        let to = from.saturating_add(length).min(self.bytes.len());
        Ok(&self.bytes[from..to])
    }

    fn covers(&self, offset: u64, length: usize) -> bool {
        let end = self.start + to_u64(self.bytes.len());
        self.start <= offset && offset.saturating_add(to_u64(length)) <= end
    }

    fn load(&mut self, file: &WalFile, offset: u64, length: usize) -> Result<(), DiskError> {
        let left = to_usize(file.header.size.saturating_sub(offset));
        let wanted = length.max(PIECE).min(left);
        self.number = file.header.number;
        self.start = offset;
        self.bytes.clear();
        self.bytes.shrink_to(16 * PIECE);
        self.bytes.resize(wanted, 0);
        let read = match file.file.read_at(&mut self.bytes, offset) {
            Ok(read) => read,
            Err(_) => self.read_pages(file, offset)?,
        };
        // What the file does not have yet reads as zeros.
        self.bytes[read..].fill(0);
        Ok(())
    }

    /// What could not be read at `lsn` or behind it.
    pub(super) fn unreadable_from(&self, lsn: Lsn) -> Option<&DiskError> {
        self.unreadable.as_ref().filter(|(place, _)| *place >= lsn).map(|(_, error)| error)
    }

    /// Reads page by page. What the disk cannot give reads as zeros, in which no checksum fits: it
    /// is then reported as damage like anything else that is wrong.
    fn read_pages(&mut self, file: &WalFile, offset: u64) -> Result<usize, DiskError> {
        let (mut failed, mut some) = (None, false);
        for (index, page) in self.bytes.chunks_mut(PAGE).enumerate() {
            match file.file.read_at(page, offset + to_u64(index * PAGE)) {
                Ok(read) => {
                    page[read..].fill(0);
                    some = true;
                }
                Err(error) => {
                    page.fill(0);
                    let end = offset + to_u64(index * PAGE + PAGE);
                    failed = Some((file.header.first.plus(end), error));
                }
            }
        }
        match failed {
            // A file of which nothing at all can be read is no damage but a missing disk.
            Some((_, error)) if !some => return Err(error),
            Some(failed) if self.unreadable_from(failed.0).is_none() => {
                self.unreadable = Some(failed);
            }
            _ => {}
        }
        Ok(self.bytes.len())
    }
}
