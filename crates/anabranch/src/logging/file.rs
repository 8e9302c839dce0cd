//! A log file that is rotated by size, and opened again on demand.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::entry::{Entry, Label};
use super::line::LineFormat;
use super::rotation::{rotated_name, surplus};
use super::sink::Lost;
use crate::io_reason::io_reason;

/// Bytes written at once.
const CHUNK: usize = 64 * 1024;

/// When a file is rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rotation {
    /// Bytes beyond which the file is rotated; 0: never.
    pub(super) size_max: u64,
    /// Files kept, the current one included; 0: all.
    pub(super) files_max: u32,
}

/// A log file that is open.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    size: u64,
    /// A write ended inside a line.
    torn: bool,
    rotation: Rotation,
    /// Doubles when a rotation fails, so that not every line tries again.
    size_next: u64,
    format: LineFormat,
}

impl LogFile {
    pub(super) fn open(path: &Path, rotation: Rotation, format: LineFormat) -> io::Result<Self> {
        let (file, size) = open(path)?;
        let size_next = rotation.size_max;
        Ok(Self { path: path.to_owned(), file, size, torn: false, rotation, size_next, format })
    }

    pub(super) fn reopen(&mut self) -> io::Result<()> {
        (self.file, self.size) = open(&self.path)?;
        self.torn = false;
        Ok(())
    }

    /// Writes lines in chunks; a file that a line took beyond its size is rotated before the
    /// next.
    pub(super) fn write(&mut self, entries: &[Entry]) -> Result<(), Lost> {
        let mut chunk = Vec::new();
        let mut chunk_lines = 0;
        let mut lost: Option<Lost> = None;
        for (index, entry) in entries.iter().enumerate() {
            self.format.append(&mut chunk, entry);
            chunk_lines += 1;
            let full = chunk.len() >= CHUNK || self.exceeds_with(chunk.len());
            if !full && index + 1 < entries.len() {
                continue;
            }
            if let Err(why) = self.write_chunk(&chunk) {
                let lines = chunk_lines + lost.as_ref().map_or(0, |lost| lost.lines);
                lost = Some(Lost { lines, why });
            }
            if self.exceeds_with(0) {
                self.rotate();
            }
            chunk.clear();
            chunk_lines = 0;
        }
        lost.map_or(Ok(()), Err)
    }

    fn exceeds_with(&self, bytes: usize) -> bool {
        let size = self.size.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        self.size_next > 0 && size > self.size_next
    }

    fn write_chunk(&mut self, chunk: &[u8]) -> io::Result<()> {
        if self.torn {
            self.write_bytes(b"\n")?;
            self.torn = false;
        }
        self.write_bytes(chunk)
    }

    fn write_bytes(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.file.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.size = self.size.saturating_add(u64::try_from(written).unwrap_or(0));
                    self.torn = !bytes[..written].ends_with(b"\n");
                    bytes = &bytes[written..];
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Renames the file and goes on in a new one. If that fails, the one that is open is kept.
    fn rotate(&mut self) {
        let now = TimeZone::system().to_datetime(Timestamp::now());
        let shown = rotated_name(&self.path.to_string_lossy(), now);
        let base = self.path.file_name().unwrap_or_default().to_string_lossy();
        let backup = self.path.with_file_name(rotated_name(&base, now));
        let renamed = fs::rename(&self.path, &backup);
        match renamed.and_then(|()| open(&self.path)) {
            Ok((file, size)) => {
                (self.file, self.size) = (file, size);
                self.size_next = self.rotation.size_max;
                self.note(Label::Info, format!("Rotated log, backup saved as \"{shown}\""));
                self.purge();
            }
            Err(why) => {
                self.size_next = self.size.saturating_mul(2);
                let why = io_reason(&why);
                let next = self.size_next;
                self.note(
                    Label::Error,
                    format!(
                        "Unable to rotate the log ({why}), will attempt next rotation at size \
                         {next}"
                    ),
                );
            }
        }
    }

    fn purge(&mut self) {
        if self.rotation.files_max == 0 {
            return;
        }
        let directory = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let names = match file_names(&directory) {
            Ok(names) => names,
            Err(why) => {
                let why = io_reason(&why);
                let text = format!("Unable to read directory {directory:?} for log purge ({why})");
                return self.note(Label::Error, text);
            }
        };
        let base = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let names = names.iter().map(String::as_str);
        for name in surplus(&base, names, self.rotation.files_max) {
            let (label, text) = match fs::remove_file(directory.join(name)) {
                Ok(()) => (Label::Info, format!("Purged log file \"{name}\"")),
                Err(why) => {
                    let why = io_reason(&why);
                    (Label::Error, format!("Unable to remove backup log file \"{name}\" ({why})"))
                }
            };
            self.note(label, text);
        }
    }

    /// A line about the file itself. It is not worth a report if it cannot be written: the next
    /// line will fail too, and be reported.
    fn note(&mut self, label: Label, text: String) {
        let mut line = Vec::new();
        self.format.append(&mut line, &Entry::now(label, text));
        let _ = self.write_chunk(&line);
    }
}

fn open(path: &Path) -> io::Result<(File, u64)> {
    let mut how = OpenOptions::new();
    how.append(true).create(true);
    // As nats-server: others have no business in what clients send.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut how, 0o640);
    let file = how.open(path)?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

fn file_names(directory: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            names.extend(entry.file_name().into_string());
        }
    }
    Ok(names)
}
