//! The TLS of a listener, from its options.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anabranch_config::options::{HandshakeFirst, Tls, TlsVersion};
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};

use super::algorithms;
use super::rate::RateLimit;

/// Why the TLS options cannot be used. Names the file or the option.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file that cannot be read, or is not PEM of the right kind.
    #[error("error parsing {what} {path:?}: {why}")]
    File {
        /// What the file should hold.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// A certificate and a key that do not belong together, or that TLS cannot use.
    #[error("error parsing X509 certificate/key pair {cert:?}, {key:?}: {why}")]
    Pair {
        /// Certificate file.
        cert: PathBuf,
        /// Key file.
        key: PathBuf,
        /// Why not.
        why: String,
    },
    /// An option that means nothing.
    #[error("tls: {0}")]
    Option(String),
}

/// The TLS of a listener.
pub struct TlsServer {
    /// What rustls needs.
    pub config: Arc<ServerConfig>,
    /// Time for a handshake.
    pub timeout: Duration,
    /// Whether INFO or the handshake goes first.
    pub handshake_first: HandshakeFirst,
    /// New connections per second.
    pub rate: RateLimit,
    /// Lower-case hex SHA-256 of accepted public keys.
    pins: Vec<String>,
}

impl fmt::Debug for TlsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsServer").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl TlsServer {
    /// Reads the files of `options`.
    ///
    /// # Errors
    /// When a file or an option cannot be used.
    pub fn new(options: &Tls) -> Result<Self, TlsError> {
        let provider = Arc::new(provider(options)?);
        let keys = certified_keys(options, &provider)?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions(options.min_version))
            .map_err(|e| TlsError::Option(e.to_string()))?;
        let builder = if options.verify || options.verify_and_map {
            let roots = Arc::new(roots(options)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider)
                .build()
                .map_err(|e| TlsError::Option(e.to_string()))?;
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let config = builder.with_cert_resolver(Arc::new(Certificates(keys)));
        Ok(Self {
            config: Arc::new(config),
            timeout: options.timeout,
            handshake_first: options.handshake_first,
            rate: RateLimit::new(options.connection_rate_limit),
            pins: options.pinned_certs.iter().map(|p| p.to_ascii_lowercase()).collect(),
        })
    }

    /// Whether the public key of the client's certificate is one of those that are pinned;
    /// true where none are.
    #[must_use]
    pub fn accepts_pinned(&self, peer_certificates: &[Vec<u8>]) -> bool {
        if self.pins.is_empty() {
            return true;
        }
        let key = peer_certificates.first().and_then(|leaf| public_key_hash(leaf));
        key.is_some_and(|key| self.pins.contains(&key))
    }
}

/// Hex SHA-256 of a certificate's SubjectPublicKeyInfo.
fn public_key_hash(der: &[u8]) -> Option<String> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    let digest = Sha256::digest(certificate.public_key().raw);
    Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// ring's algorithms, narrowed to what the options allow. Suites of TLS 1.3 are not
/// configurable, as in Go: naming only older ones leaves all of 1.3 in.
fn provider(options: &Tls) -> Result<CryptoProvider, TlsError> {
    let mut provider = rustls::crypto::ring::default_provider();
    if !options.cipher_suites.is_empty() {
        let named = options
            .cipher_suites
            .iter()
            .map(|name| {
                algorithms::suite_named(name).ok_or_else(|| {
                    TlsError::Option(format!("cipher suite {name:?} is not supported"))
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let is_13 = |s: &rustls::SupportedCipherSuite| s.tls13().is_some();
        let mut suites: Vec<_> = provider.cipher_suites.iter().copied().filter(is_13).collect();
        suites.extend(named.into_iter().filter(|s| !is_13(s)));
        provider.cipher_suites = suites;
    }
    if !options.curve_preferences.is_empty() {
        provider.kx_groups = options
            .curve_preferences
            .iter()
            .map(|name| {
                algorithms::group_named(name)
                    .ok_or_else(|| TlsError::Option(format!("curve {name:?} is not supported")))
            })
            .collect::<Result<Vec<_>, _>>()?;
    }
    Ok(provider)
}

fn versions(min: TlsVersion) -> &'static [&'static SupportedProtocolVersion] {
    static FROM_12: [&SupportedProtocolVersion; 2] =
        [&rustls::version::TLS13, &rustls::version::TLS12];
    match min {
        TlsVersion::V12 => &FROM_12,
        TlsVersion::V13 => &FROM_12[..1],
    }
}

fn roots(options: &Tls) -> Result<RootCertStore, TlsError> {
    let Some(path) = &options.ca_file else {
        let why = "client certificates are verified, but there is no ca_file to do it with";
        return Err(TlsError::Option(why.to_owned()));
    };
    let mut roots = RootCertStore::empty();
    for certificate in read_certificates(path, "root certificate")? {
        roots.add(certificate).map_err(|e| file_error("root certificate", path, &e))?;
    }
    Ok(roots)
}

fn certified_keys(
    options: &Tls,
    provider: &CryptoProvider,
) -> Result<Vec<Arc<CertifiedKey>>, TlsError> {
    let mut keys = Vec::new();
    for files in &options.certificates {
        let chain = read_certificates(&files.cert_file, "certificate")?;
        let key = PrivateKeyDer::from_pem_file(&files.key_file)
            .map_err(|e| file_error("private key", &files.key_file, &e))?;
        let pair = CertifiedKey::from_der(chain, key, provider).map_err(|e| TlsError::Pair {
            cert: files.cert_file.clone(),
            key: files.key_file.clone(),
            why: e.to_string(),
        })?;
        keys.push(Arc::new(pair));
    }
    if keys.is_empty() {
        return Err(TlsError::Option("no certificate is configured".to_owned()));
    }
    Ok(keys)
}

fn read_certificates(
    path: &Path,
    what: &'static str,
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_file_iter(path).map_err(|e| file_error(what, path, &e))?;
    let certificates =
        read.collect::<Result<Vec<_>, _>>().map_err(|e| file_error(what, path, &e))?;
    if certificates.is_empty() {
        return Err(file_error(what, path, &"it holds no certificate"));
    }
    Ok(certificates)
}

fn file_error(what: &'static str, path: &Path, why: &dyn fmt::Display) -> TlsError {
    TlsError::File { what, path: path.to_owned(), why: why.to_string() }
}

/// Certificates to choose from: the first that the client can use and that carries the name it
/// asked for, else the first that it can use, else the first.
#[derive(Debug)]
struct Certificates(Vec<Arc<CertifiedKey>>);

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let usable =
            |key: &&Arc<CertifiedKey>| key.key.choose_scheme(hello.signature_schemes()).is_some();
        let named = |key: &&Arc<CertifiedKey>| {
            hello.server_name().is_some_and(|name| carries_name(key, name))
        };
        let all = &self.0;
        all.iter()
            .find(|key| usable(key) && named(key))
            .or_else(|| all.iter().find(usable))
            .or_else(|| all.first())
            .cloned()
    }
}

fn carries_name(key: &CertifiedKey, name: &str) -> bool {
    let Ok(server_name) = rustls_pki_types::ServerName::try_from(name) else { return false };
    key.end_entity_cert().is_ok_and(|der| {
        rustls::server::ParsedCertificate::try_from(der).is_ok_and(|certificate| {
            rustls::client::verify_server_name(&certificate, &server_name).is_ok()
        })
    })
}
