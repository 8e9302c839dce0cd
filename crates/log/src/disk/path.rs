//! Which paths are paths within a data directory.

use std::io;

use super::{Disk, DiskError};

/// The parts of a relative path; none for the directory itself.
///
/// # Errors
/// `InvalidInput` for absolute paths and for parts that lead out of the directory.
pub(super) fn parts(path: &str) -> io::Result<Vec<&str>> {
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let parts: Vec<&str> = path.split('/').collect();
    let allowed =
        |part: &&str| !matches!(*part, "" | "." | "..") && !part.contains(['\\', ':', '\0']);
    if parts.iter().all(allowed) {
        Ok(parts)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "not a path within the data directory"))
    }
}

/// The directory that holds what is at `path`.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// Makes the name of what is at `path` durable, with those of all directories above it.
///
/// # Errors
/// Whatever the system says.
pub fn sync_path(disk: &dyn Disk, path: &str) -> Result<(), DiskError> {
    let mut folder = path;
    while !folder.is_empty() {
        folder = parent(folder);
        disk.sync_dir(folder)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_within_the_directory() {
        assert_eq!(parts("wal/1.wal").unwrap(), ["wal", "1.wal"]);
        assert!(parts("").unwrap().is_empty());
        for outside in ["/etc", "..", "a/../b", "a//b", "a/", "./a", "a\\b", "c:a", "a\0"] {
            assert!(parts(outside).is_err(), "{outside:?}");
        }
    }

    #[test]
    fn the_parent_is_everything_before_the_last_part() {
        assert_eq!((parent("a/b/c"), parent("a")), ("a/b", ""));
    }
}
