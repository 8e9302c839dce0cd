//! Certificates for servers under test. Made anew for each server, so they are worth nothing.

use std::path::Path;
use std::{fs, io};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::server::Error;

/// Writes `cert.pem`, self-signed for `localhost`, and `key.pem` into `directory`.
///
/// # Errors
/// [`Error::Io`] when it cannot be made or written.
pub fn write_self_signed(directory: &Path) -> Result<(), Error> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).map_err(unmade)?;
    write(directory, "cert.pem", &made.cert.pem())?;
    write(directory, "key.pem", &made.signing_key.serialize_pem())
}

/// As [`write_self_signed`], and an authority, `ca.pem`, with a client's certificate that it
/// issued, `client.pem`, and its key, `client-key.pem`.
///
/// # Errors
/// [`Error::Io`] when they cannot be made or written.
pub fn write_with_client(directory: &Path) -> Result<(), Error> {
    write_self_signed(directory)?;
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "authority");
    let key = KeyPair::generate().map_err(unmade)?;
    let certificate = params.self_signed(&key).map_err(unmade)?;
    write(directory, "ca.pem", &certificate.pem())?;
    let issuer = Issuer::new(params, key);
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "client");
    params.distinguished_name.push(DnType::OrganizationName, "testkit");
    let key = KeyPair::generate().map_err(unmade)?;
    let certificate = params.signed_by(&key, &issuer).map_err(unmade)?;
    write(directory, "client.pem", &certificate.pem())?;
    write(directory, "client-key.pem", &key.serialize_pem())
}

fn write(directory: &Path, name: &str, text: &str) -> Result<(), Error> {
    fs::write(directory.join(name), text)
        .map_err(|source| Error::Io { what: format!("write {name}"), source })
}

fn unmade(error: rcgen::Error) -> Error {
    Error::Io { what: "make a certificate".to_owned(), source: io::Error::other(error) }
}
