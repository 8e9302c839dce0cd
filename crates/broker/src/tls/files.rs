//! Certificates, keys and authorities from files, with what is wrong with them in the words of
//! nats-server, which are Go's.

use std::path::Path;

use anabranch_config::open_error;
use anabranch_config::options::CertificateFiles;
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, InconsistentKeys};
use rustls_pki_types::pem::{PemObject, SectionKind};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::asn1_rs::{Any, FromDer as _, Tag};

use super::client_auth::Roots;

/// Why a certificate and its key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PairError {
    /// A file cannot be read; the words name it.
    #[error("{0}")]
    File(String),
    /// The certificate's file is no PEM.
    #[error("tls: failed to find any PEM data in certificate input")]
    NoCertificate,
    /// The certificate's file holds a key.
    #[error(
        "tls: failed to find certificate PEM data in certificate input, but did find a private \
         key; PEM inputs may have been switched"
    )]
    Switched,
    /// The certificate's file holds PEM, but no certificate: these.
    #[error(
        "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM \
         blocks of the following types: [{0}]"
    )]
    OtherThanCertificate(String),
    /// The key's file is no PEM.
    #[error("tls: failed to find any PEM data in key input")]
    NoKey,
    /// The key's file holds a certificate.
    #[error("tls: found a certificate rather than a key in the PEM for the private key")]
    CertificateForKey,
    /// The key's file holds PEM, but no key: these.
    #[error(
        "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after \
         skipping PEM blocks of the following types: [{0}]"
    )]
    OtherThanKey(String),
    /// The certificate is none.
    #[error("x509: malformed certificate")]
    Certificate,
    /// The key is none, or is encrypted.
    #[error("tls: failed to parse private key")]
    Key,
    /// The key is not the certificate's.
    #[error("tls: private key does not match public key")]
    Mismatch,
    /// nats-server could use the pair; this server lacks the kind or size of key.
    #[error("the private key's kind or size is not available")]
    Unavailable,
}

/// Reads a certificate, what leads to its authority, and its key.
pub(super) fn certified_key(
    files: &CertificateFiles,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, PairError> {
    let (certificate, key) = (read_pair(&files.cert_file)?, read_pair(&files.key_file)?);
    let chain = chain(&certificate)?;
    let key = private_key(&key)?;
    let kind = kind_of(&key);
    let Ok(key) = provider.key_provider.load_private_key(key) else {
        return Err(kind);
    };
    let pair = CertifiedKey::new(chain, key);
    match pair.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(pair),
        // Well-formed, but of a kind that a server could not verify, such as X.509 version 1.
        // Whether it will do is for the clients to say.
        Err(rustls::Error::InvalidCertificate(CertificateError::Other(_))) => Ok(pair),
        Err(rustls::Error::InconsistentKeys(_)) => Err(PairError::Mismatch),
        Err(_) => Err(PairError::Certificate),
    }
}

/// The authorities in a file: those of its certificates that can be read; at least one.
///
/// # Errors
/// What is wrong, in nats-server's words.
pub(super) fn authorities(file: &Path) -> Result<Roots, String> {
    let text = std::fs::read(file).map_err(|error| open_error(file, &error))?;
    let found = sections(&text, SectionKind::Certificate);
    let (roots, count) = Roots::of(found.iter().map(Vec::as_slice));
    if count == 0 { Err("failed to parse root ca certificate".to_owned()) } else { Ok(roots) }
}

/// What the operating system trusts.
pub(super) fn system_authorities() -> Roots {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        log::debug!("{error}");
    }
    let (roots, count) = Roots::of(found.certs.iter().map(AsRef::as_ref));
    if count == 0 {
        log::warn!("The system trusts no authority: no client certificate will be accepted");
    }
    roots
}

fn read_pair(file: &Path) -> Result<Vec<u8>, PairError> {
    std::fs::read(file).map_err(|error| PairError::File(open_error(file, &error)))
}

/// The sections of a kind, up to the first that is broken.
fn sections(text: &[u8], kind: SectionKind) -> Vec<Vec<u8>> {
    let all = <(SectionKind, Vec<u8>)>::pem_slice_iter(text).map_while(Result::ok);
    all.filter(|(found, _)| *found == kind).map(|(_, der)| der).collect()
}

fn chain(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, PairError> {
    let found = sections(text, SectionKind::Certificate);
    if !found.is_empty() {
        return Ok(found.into_iter().map(CertificateDer::from).collect());
    }
    let labels = labels(text);
    match labels.as_slice() {
        [] => Err(PairError::NoCertificate),
        [label] if label.ends_with("PRIVATE KEY") => Err(PairError::Switched),
        _ => Err(PairError::OtherThanCertificate(labels.join(" "))),
    }
}

/// The first private key: PKCS #8, PKCS #1 or SEC 1.
fn private_key(text: &[u8]) -> Result<PrivateKeyDer<'static>, PairError> {
    if let Ok(key) = PrivateKeyDer::from_pem_slice(text) {
        return Ok(key);
    }
    let labels = labels(text);
    match labels.as_slice() {
        [] => Err(PairError::NoKey),
        [label] if label == "CERTIFICATE" => Err(PairError::CertificateForKey),
        // Encrypted, or broken.
        _ if labels.iter().any(|label| label.ends_with("PRIVATE KEY")) => Err(PairError::Key),
        _ => Err(PairError::OtherThanKey(labels.join(" "))),
    }
}

/// The labels of PEM sections that are whole.
fn labels(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    let label = |line: &str| {
        let label = line.strip_prefix("-----BEGIN ")?.trim_end().strip_suffix("-----")?;
        text.contains(&format!("-----END {label}-----")).then(|| label.to_owned())
    };
    text.lines().filter_map(label).collect()
}

/// What it means that a key cannot be loaded: if it has the form of one, it is of a kind or size
/// that is not available.
fn kind_of(key: &PrivateKeyDer<'_>) -> PairError {
    let form = |der: &[u8]| {
        let (rest, whole) = Any::from_der(der).ok()?;
        let (behind, version) = Any::from_der(whole.data).ok()?;
        let is_version = version.tag() == Tag::Integer && version.data.len() == 1;
        let more = Any::from_der(behind).is_ok();
        (rest.is_empty() && whole.tag() == Tag::Sequence && is_version && more).then_some(())
    };
    if form(key.secret_der()).is_some() { PairError::Unavailable } else { PairError::Key }
}
