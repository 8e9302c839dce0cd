//! Where configuration text comes from. This crate opens no file and reads no environment: the
//! caller does, through [`Source`].

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::options::Tls;

/// Files and environment variables.
pub trait Source {
    /// The text of a file.
    ///
    /// # Errors
    /// Whatever opening and reading it gives.
    fn read(&self, path: &Path) -> io::Result<String>;

    /// The value of an environment variable, if it is set.
    fn env(&self, name: &str) -> Option<String>;

    /// Whether the certificates and keys that a `tls` block names can be used. By default
    /// nobody looks.
    fn check_tls(&self, _tls: &Tls) -> TlsCheck {
        TlsCheck::Usable
    }
}

/// What a look at certificates and keys gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsCheck {
    /// They can be used.
    Usable,
    /// nats-server would not take them either; why.
    Invalid(String),
    /// nats-server would take them, this server cannot; why.
    Unavailable(String),
}

/// Files and environment held in memory, for tests and for embedding.
#[derive(Debug, Clone, Default)]
pub struct MemorySource {
    /// Text by path.
    pub files: BTreeMap<PathBuf, String>,
    /// Value by name.
    pub env: BTreeMap<String, String>,
}

impl MemorySource {
    /// A source of one file.
    #[must_use]
    pub fn of(path: &str, text: &str) -> Self {
        Self { files: BTreeMap::from([(path.into(), text.to_owned())]), env: BTreeMap::new() }
    }

    /// The same with one more file.
    #[must_use]
    pub fn with_file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.into(), text.to_owned());
        self
    }

    /// The same with one more environment variable.
    #[must_use]
    pub fn with_env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }
}

impl Source for MemorySource {
    fn read(&self, path: &Path) -> io::Result<String> {
        self.files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn env(&self, name: &str) -> Option<String> {
        self.env.get(name).cloned()
    }
}

/// The failure to open and read a file, in nats-server's words.
#[must_use]
pub fn open_error(path: &Path, error: &io::Error) -> String {
    let reason = match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        // It can be opened.
        io::ErrorKind::IsADirectory => return format!("read {}: is a directory", path.display()),
        _ => error.to_string(),
    };
    format!("open {}: {reason}", path.display())
}
