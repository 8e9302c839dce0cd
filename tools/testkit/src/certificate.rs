//! Certificates for servers under test. Made anew for each server, so they are worth nothing.

use std::path::Path;
use std::{fs, io};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PublicKeyData as _,
};
use sha2::{Digest as _, Sha256};

use crate::server::Error;

/// What [`write_with_client`] writes.
pub const FILES: [&str; 9] = [
    "cert.pem",
    "key.pem",
    "other.pem",
    "other-key.pem",
    "ca.pem",
    "client.pem",
    "client-key.pem",
    "pinned.conf",
    "unpinned.conf",
];

/// Writes `cert.pem`, self-signed for `localhost`, and `key.pem` into `directory`.
///
/// # Errors
/// [`Error::Io`] when it cannot be made or written.
pub fn write_self_signed(directory: &Path) -> Result<(), Error> {
    self_signed(directory, "localhost", "cert.pem", "key.pem")
}

/// As [`write_self_signed`], and
///
/// - `other.pem` with `other-key.pem`, self-signed for `other.test`;
/// - an authority, `ca.pem`, with a client's certificate that it issued, `client.pem`, and its key,
///   `client-key.pem`;
/// - `pinned.conf` and `unpinned.conf`, to be included in a `tls` block: the client's key is the
///   only one that the former lets in, and the latter any but that.
///
/// # Errors
/// [`Error::Io`] when they cannot be made or written.
pub fn write_with_client(directory: &Path) -> Result<(), Error> {
    write_self_signed(directory)?;
    self_signed(directory, "other.test", "other.pem", "other-key.pem")?;
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "authority");
    let key = KeyPair::generate().map_err(unmade)?;
    let certificate = params.self_signed(&key).map_err(unmade)?;
    put(directory, "ca.pem", &certificate.pem())?;
    let issuer = Issuer::new(params, key);
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "client");
    params.distinguished_name.push(DnType::OrganizationName, "testkit");
    let key = KeyPair::generate().map_err(unmade)?;
    let certificate = params.signed_by(&key, &issuer).map_err(unmade)?;
    put(directory, "client.pem", &certificate.pem())?;
    put(directory, "client-key.pem", &key.serialize_pem())?;
    let pin = Sha256::digest(key.subject_public_key_info());
    put(directory, "pinned.conf", &format!("pinned_certs: [\"{}\"]\n", hex(&pin)))?;
    let other = Sha256::digest(pin);
    put(directory, "unpinned.conf", &format!("pinned_certs: [\"{}\"]\n", hex(&other)))
}

fn self_signed(directory: &Path, name: &str, file: &str, key_file: &str) -> Result<(), Error> {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).map_err(unmade)?;
    put(directory, file, &made.cert.pem())?;
    put(directory, key_file, &made.signing_key.serialize_pem())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn put(directory: &Path, name: &str, text: &str) -> Result<(), Error> {
    fs::write(directory.join(name), text)
        .map_err(|source| Error::Io { what: format!("write {name}"), source })
}

pub(crate) fn unmade(error: rcgen::Error) -> Error {
    Error::Io { what: "make a certificate".to_owned(), source: io::Error::other(error) }
}
