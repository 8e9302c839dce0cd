//! What a configuration is made of, from the file system and the environment.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anabranch_broker::check_tls;
use anabranch_config::options::Tls;
use anabranch_config::{Source, TlsCheck};

/// No configuration is larger; what is, such as a device without an end, is not read to it.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Files as the process sees them, its environment, and certificates as the broker takes them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FileSource;

impl Source for FileSource {
    fn read(&self, path: &Path) -> io::Result<String> {
        let mut text = String::new();
        let read = File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
        if u64::try_from(read).unwrap_or(u64::MAX) > FILE_BYTES_MAX {
            let why = format!("file is larger than {FILE_BYTES_MAX} bytes");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
        }
        Ok(text)
    }

    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn check_tls(&self, tls: &Tls) -> TlsCheck {
        match check_tls(tls) {
            Ok(()) => TlsCheck::Usable,
            Err(error) if error.is_of_this_server() => TlsCheck::Unavailable(error.to_string()),
            Err(error) => TlsCheck::Invalid(error.to_string()),
        }
    }
}
