//! Why bytes are not what they should be.

use super::{Checksum, Lsn};

/// Why bytes are not what they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// They end too early.
    #[error("{have} bytes, expected {need}")]
    Short {
        /// Bytes there are.
        have: u64,
        /// Bytes it takes.
        need: u64,
    },
    /// They are something else.
    #[error("magic number {found:#x}, expected {expected:#x}")]
    Magic {
        /// What stands there.
        found: u64,
        /// What should.
        expected: u64,
    },
    /// A newer writer made them.
    #[error("format version {found}, this program reads up to {known}")]
    Newer {
        /// Their version.
        found: u32,
        /// The newest that this program reads.
        known: u32,
    },
    /// The checksum does not fit.
    #[error("checksum {found}, expected {expected}")]
    Checksum {
        /// What the bytes say.
        found: Checksum,
        /// What was computed from them.
        expected: Checksum,
    },
    /// A batch that belongs to another place of the log.
    #[error("LSN {found}, expected {expected}")]
    Lsn {
        /// What the bytes say.
        found: Lsn,
        /// What their place says.
        expected: Lsn,
    },
    /// A file of another data directory.
    #[error("it belongs to another data directory")]
    Foreign,
    /// A kind of record that only a newer writer makes.
    #[error("record kind {0} is unknown to this program")]
    Kind(u8),
    /// A field whose value makes no sense, though the checksum fits.
    #[error("{field} is {value}")]
    Field {
        /// Its name in `docs/format.md`.
        field: &'static str,
        /// Its value.
        value: u64,
    },
    /// It is sealed, and there is no key.
    #[error("it is encrypted, and no key was given")]
    Sealed,
    /// It is sealed, and is not what was sealed for this place.
    #[error("what is encrypted does not belong there, or was changed")]
    Seal,
    /// It is sealed with a key that the directory has not.
    #[error("it is encrypted with data key {0}, which the file KEYS does not have")]
    DataKey(u32),
    /// It is not sealed, where everything is.
    #[error("it is not encrypted, in a directory where everything is")]
    Plain,
    /// It was erased, or is said to be: nothing of it is left that could be checked.
    #[error("it is erased, and nobody deleted it")]
    Erased,
}

impl FormatError {
    /// Whether a newer program made the bytes: nothing is damaged, and nothing may be changed.
    #[must_use]
    pub fn is_newer(&self) -> bool {
        matches!(self, Self::Newer { .. } | Self::Kind(_))
    }

    /// Whether the bytes were changed since they were written: going on without them makes nothing
    /// worse. Those of a newer program or another directory were not, nor those without their key.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        !self.is_newer() && !matches!(self, Self::Foreign | Self::Sealed | Self::DataKey(_))
    }
}
