//! Reads what the log has while it is open: for a stream whose file was abandoned.

use super::file::WalFile;
use super::recovery::Batch;
use super::scan::{self, Found};
use super::window::Window;
use super::{Wal, file};
use crate::Error;
use crate::format::{FormatError, Lsn, Position, Seed};

impl Wal {
    /// Gives `visit` all durable batches from `from` on, in order.
    ///
    /// # Errors
    /// [`Error::OutOfLog`] if the log does not reach back to `from`; [`Error::Format`] with file
    /// and place if a batch is damaged; [`Error::Disk`]; those of `visit`.
    pub fn reread(
        &self,
        from: Position,
        mut visit: impl FnMut(&Batch<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (files, seed) = self.writer.files();
        let end = self.durable().lsn;
        let first = files.clone().next().map_or(end, |file| file.header.first);
        if from.lsn < first || from.lsn > end {
            return Err(Error::OutOfLog { asked: from.lsn, first, end });
        }
        let mut window = Window::default();
        let mut at = from;
        while at.lsn < end {
            let Some((file, found)) = following(&mut window, files.clone(), seed, at)? else {
                return Err(missing(files, at.lsn));
            };
            let payload = scan::payload_of(&mut window, file, &found.header)?;
            let batch = Batch::new(&found, payload);
            visit(&batch)?;
            at = batch.end;
        }
        Ok(())
    }
}

/// The batch at `at`, or the one that did not fit into its file and is the first of the next.
fn following<'a>(
    window: &mut Window,
    mut files: impl Iterator<Item = &'a WalFile> + Clone,
    seed: Seed,
    at: Position,
) -> Result<Option<(&'a WalFile, Found)>, Error> {
    let here = files.clone().find(|file| file.header.first <= at.lsn && at.lsn < file.header.end());
    let next = files.find(|file| file.header.first >= at.lsn);
    for file in here.into_iter().chain(next) {
        let lsn = at.lsn.max(file.header.first_batch());
        let found = scan::batch_at(window, file, seed, lsn)?;
        if let Some(found) = found.filter(|found| found.header.previous == at.chain) {
            return Ok(Some((file, found)));
        }
    }
    Ok(None)
}

fn missing<'a>(mut files: impl Iterator<Item = &'a WalFile>, lsn: Lsn) -> Error {
    let holder = files.find(|file| file.header.first <= lsn && lsn < file.header.end());
    let (path, offset) = match holder {
        Some(file) => (file::path(file.header.number), file.offset(lsn)),
        None => (file::DIRECTORY.to_owned(), 0),
    };
    Error::format(&path, offset, FormatError::Field { field: "lsn", value: lsn.0 })
}
