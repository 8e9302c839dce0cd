//! Small files for other programs.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Writes a file so that nobody reads a part of it: beside it first, then renamed over it.
pub(super) fn write_at_once(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = write(&beside, content, mode).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // It may not exist; then there is nothing to remove.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Writes a file in place.
pub(super) fn write(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut how = OpenOptions::new();
    how.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut how, mode);
    #[cfg(not(unix))]
    let _ = mode;
    how.open(path)?.write_all(content)
}
