//! Sizes of the write-ahead log.

use crate::Error;
use crate::format::WalFileHeader;

/// Sizes of the write-ahead log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalOptions {
    /// Bytes of a file; a multiple of 4096 from 16 KiB to 1 GiB. Files made with another size stay
    /// usable.
    pub file_size: u64,
    /// How many files of that size may wait for a checkpoint; at least 2.
    pub files: u64,
    /// How many bytes one step of maintenance zeroes, and how many a new file starts with; 0
    /// leaves files to grow, which is right where the file system copies on write anyway.
    pub zero_step: u64,
    /// When to close a batch and begin the next, in bytes of records.
    pub batch_max: usize,
}

impl WalOptions {
    /// Refuses what cannot work.
    ///
    /// # Errors
    /// [`Error::Options`].
    pub(super) fn check(&self) -> Result<(), Error> {
        const SIZES: std::ops::RangeInclusive<u64> = 16 * 1024..=1024 * 1024 * 1024;
        if !SIZES.contains(&self.file_size) || !self.file_size.is_multiple_of(WalFileHeader::SIZE) {
            return Err(Error::Options("wal file size: a multiple of 4096, 16 KiB to 1 GiB"));
        }
        if self.files < 2 {
            return Err(Error::Options("wal files: at least 2"));
        }
        Ok(())
    }

    /// The bound of the log, in bytes.
    #[must_use]
    pub fn bytes_max(&self) -> u64 {
        self.file_size.saturating_mul(self.files)
    }
}

impl Default for WalOptions {
    fn default() -> Self {
        Self {
            file_size: 64 * 1024 * 1024,
            files: 4,
            zero_step: 1024 * 1024,
            batch_max: 8 * 1024 * 1024,
        }
    }
}

/// How much of the log waits for a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Bytes that a restart would read, and bytes before them in the same file.
    pub used: u64,
    /// The bound, at which appends are refused.
    pub max: u64,
}

impl Usage {
    /// Whether it is time for a checkpoint: half of the bound is reached.
    #[must_use]
    pub fn wants_checkpoint(&self) -> bool {
        self.used >= self.max / 2
    }

    /// Whether appends should wait: nine tenths of the bound are reached.
    #[must_use]
    pub fn must_wait(&self) -> bool {
        self.used >= self.max / 10 * 9
    }
}
