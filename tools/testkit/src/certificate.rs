//! Certificates for servers under test. Made anew for each server, so they are worth nothing.

use std::path::Path;
use std::{fs, io};

use crate::server::Error;

/// Writes `cert.pem`, self-signed for `localhost`, and `key.pem` into `directory`.
///
/// # Errors
/// [`Error::Io`] when it cannot be made or written.
pub fn write_self_signed(directory: &Path) -> Result<(), Error> {
    let failed = |source| Error::Io { what: "make a certificate".to_owned(), source };
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])
        .map_err(|error| failed(io::Error::other(error)))?;
    fs::write(directory.join("cert.pem"), made.cert.pem())
        .and_then(|()| fs::write(directory.join("key.pem"), made.signing_key.serialize_pem()))
        .map_err(failed)
}
