//! The file that holds the process id.

use std::path::Path;

use super::file::{write, write_at_once};
use crate::io_reason::io_reason;

/// Readable by the owner alone, as nats-server's.
const MODE: u32 = 0o600;

/// Writes the process id, and nothing else, into a file; it stays there after the process, as
/// nats-server's does.
///
/// # Errors
/// In nats-server's words.
pub(crate) fn write_pid_file(path: &Path) -> Result<(), String> {
    let id = std::process::id().to_string();
    // In a directory where no file may be made, one that is there may still be writable; and
    // what is no ordinary file is not to be replaced by one.
    let ordinary = std::fs::symlink_metadata(path).map_or(true, |metadata| metadata.is_file());
    if ordinary && write_at_once(path, id.as_bytes(), MODE).is_ok() {
        return Ok(());
    }
    write(path, id.as_bytes(), MODE).map_err(|why| {
        format!("Could not write pidfile: open {}: {}", path.display(), io_reason(&why))
    })
}
