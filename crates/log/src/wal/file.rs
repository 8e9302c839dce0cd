//! One file of the write-ahead log, and how files are named.

use crate::disk::{Disk, DiskError, DiskFile, OpenMode};
use crate::format::{Lsn, WalFileHeader, to_usize};
use crate::sabotage::{self, Mistake};

/// The directory of the log's files.
pub(super) const DIRECTORY: &str = "wal";
/// Where a file is zeroed before it has a number.
pub(super) const NEXT: &str = "wal/next.tmp";

/// An open file of the log.
#[derive(Debug)]
pub(super) struct WalFile {
    pub(super) header: WalFileHeader,
    pub(super) file: Box<dyn DiskFile>,
    /// Up to where space was written to, header included.
    pub(super) zeroed: u64,
    /// Whether something was written since the last sync.
    pub(super) dirty: bool,
}

impl WalFile {
    /// Makes the file of this header, of the file at `from` if there is one, or else anew, with
    /// `zeros` bytes written. The header and the name are durable afterwards.
    pub(super) fn make(
        disk: &dyn Disk,
        header: WalFileHeader,
        from: Option<&str>,
        zeros: u64,
    ) -> Result<Self, DiskError> {
        let path = path(header.number);
        let file = match from {
            Some(from) => {
                disk.rename(from, &path)?;
                disk.open(&path, OpenMode::Write)?
            }
            None => disk.open(&path, OpenMode::Create)?,
        };
        write_header(&*file, &header)?;
        let mut zeroed = file.length()?.min(header.size);
        let wanted = zeros.min(header.size);
        if zeroed < wanted {
            file.write_zeros(zeroed, wanted - zeroed)?;
            zeroed = wanted;
        }
        file.sync_all()?;
        if !sabotage::is(Mistake::SkipLogDirectorySync) {
            disk.sync_dir(DIRECTORY)?;
        }
        Ok(Self { header, file, zeroed, dirty: false })
    }

    /// Where this LSN is in the file.
    pub(super) fn offset(&self, lsn: Lsn) -> u64 {
        lsn.since(self.header.first)
    }

    /// Whether a batch at `lsn` is in this file.
    pub(super) fn holds(&self, lsn: Lsn) -> bool {
        self.header.first_batch() <= lsn && lsn < self.header.end()
    }

    pub(super) fn write(&mut self, bytes: &[u8], lsn: Lsn) -> Result<(), DiskError> {
        let offset = self.offset(lsn);
        assert!(self.holds(lsn), "a batch is written to its own file");
        let end = lsn.plus(crate::format::to_u64(bytes.len()));
        assert!(end <= self.header.end(), "a batch is within one file");
        self.dirty = true;
        self.file.write_at(bytes, offset)?;
        self.zeroed = self.zeroed.max(self.offset(end));
        Ok(())
    }

    pub(super) fn sync(&mut self) -> Result<(), DiskError> {
        if self.dirty {
            if !sabotage::is(Mistake::SkipLogSync) {
                self.file.sync_data()?;
            }
            self.dirty = false;
        }
        Ok(())
    }

    /// Writes zeros to the next `step` bytes that were never written to. Whether there were any.
    pub(super) fn zero(&mut self, step: u64) -> Result<bool, DiskError> {
        let step = step.min(self.header.size - self.zeroed);
        if step == 0 {
            return Ok(false);
        }
        self.file.write_zeros(self.zeroed, step)?;
        self.zeroed += step;
        self.file.sync_data()?;
        Ok(true)
    }
}

/// Writes a header and the zeros behind it.
fn write_header(file: &dyn DiskFile, header: &WalFileHeader) -> Result<(), DiskError> {
    let mut bytes = vec![0; to_usize(WalFileHeader::SIZE)];
    bytes[..WalFileHeader::FIELDS].copy_from_slice(&header.encode());
    file.write_at(&bytes, 0)
}

/// The path of the file with this number.
pub(super) fn path(number: u64) -> String {
    format!("{DIRECTORY}/{number:020}.wal")
}

/// The number in a file's name, if it is one of ours.
pub(super) fn number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".wal")?;
    let is_number = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    // Half of all numbers are out of reach for ever, so that counting on cannot overflow.
    let possible = 1..=u64::MAX / 2;
    digits.parse().ok().filter(|number| is_number && possible.contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_the_number() {
        assert_eq!(path(7), "wal/00000000000000000007.wal");
        assert_eq!(number("00000000000000000007.wal"), Some(7));
        for other in [
            "7.wal",
            "next.tmp",
            "18446744073709551615.wal",
            "00000000000000000000.wal",
            "0000000000000000000x.wal",
        ] {
            assert_eq!(number(other), None, "{other}");
        }
    }
}
