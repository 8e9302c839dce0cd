//! Reads what a data directory stores, while no server has it: for `store check` and `store dump`.

use std::sync::Arc;

use anabranch_config::options::Encryption;
use anabranch_log::Error;
use anabranch_log::directory::Directory;
use anabranch_log::format::{AccountId, FormatError, Kind, Record, StreamId};
use anabranch_log::sealing::Sealer;
use anabranch_log::segment::StoredRecord;

use super::sealing::{self, Opener};

/// Opens what is sealed in a data directory, if the key is there.
#[derive(Debug)]
pub struct StoreReader {
    sealer: Option<Arc<Sealer>>,
    opener: Opener,
    is_locked: bool,
}

impl StoreReader {
    /// A reader for the directory. Without a key it only tells what is sealed.
    ///
    /// # Errors
    /// When the key is not the directory's, or its data keys cannot be read.
    pub fn new(directory: &Directory, encryption: Option<&Encryption>) -> Result<Self, Error> {
        let (sealer, is_locked) = match sealing::open(directory, encryption) {
            Err(Error::Locked) => (None, true),
            sealer => (sealer?, false),
        };
        Ok(Self { opener: Opener::new(sealer.clone()), sealer, is_locked })
    }

    /// What is stored is sealed, and there is no key.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.is_locked
    }

    /// For checkpoints.
    #[must_use]
    pub fn sealer(&self) -> Option<Arc<Sealer>> {
        self.sealer.clone()
    }

    /// Opens a record of the log; nothing is said of sealed ones without the key.
    ///
    /// # Errors
    /// When it was changed.
    pub fn check(&mut self, record: &Record<'_>) -> Result<(), FormatError> {
        let has_command =
            matches!(record.envelope.kind, Kind::Publish | Kind::Control | Kind::Tombstone);
        if self.is_locked || !has_command {
            return Ok(());
        }
        self.opener.payload(record).map(|_| ())
    }

    /// The subject of a message of a segment, which is opened; nothing of sealed ones without the
    /// key, nor of erased ones that were sealed. Zeros of other erased ones.
    ///
    /// # Errors
    /// When it was changed, or is stored in a way that this program does not know.
    pub fn subject(
        &self,
        whose: (AccountId, StreamId),
        record: &StoredRecord,
    ) -> Result<Option<Vec<u8>>, Error> {
        let is_sealed = record.fields().flags & sealing::MESSAGE != 0;
        if record.fields().is_erased {
            return Ok((!is_sealed).then(|| record.subject().to_vec()));
        }
        if !is_sealed && self.sealer.is_none() {
            return Ok(Some(record.subject().to_vec()));
        }
        if is_sealed && self.is_locked {
            return Ok(None);
        }
        let path = anabranch_log::segment::stream_dir(whose.0, whose.1);
        let seq = record.fields().seq;
        let at = |cause| Error::Format { path: format!("{path}, message {seq}"), offset: 0, cause };
        let mut subject = None;
        let see = |seen: &[u8]| subject = Some(seen.to_vec());
        sealing::message(self.sealer.as_deref(), whose, record, at, see)?;
        Ok(subject)
    }
}
