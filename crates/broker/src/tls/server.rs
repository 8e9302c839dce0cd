//! What TLS needs before the first handshake: certificates, keys, authorities and algorithms,
//! from a configuration and the files it names.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anabranch_config::options::{CertificateFiles, HandshakeFirst, Tls, TlsVersion};
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{
    ClientHello, NoServerSessionStorage, ParsedCertificate, ResolvesServerCert,
    WebPkiClientVerifier,
};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, InconsistentKeys, RootCertStore, ServerConfig, version};
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use sha2::{Digest, Sha256};

use super::algorithms;
use super::rate::RateLimit;

/// The TLS side of a listener.
#[derive(Debug)]
pub struct TlsServer {
    /// What each handshake starts from.
    pub config: Arc<ServerConfig>,
    /// Time for a handshake.
    pub timeout: Duration,
    /// Whether INFO or the handshake goes first.
    pub handshake_first: HandshakeFirst,
    /// New TLS connections per second.
    pub rate: RateLimit,
    /// Lower-case hex SHA-256 of the public keys accepted; empty: any.
    pins: Vec<String>,
}

/// Why a TLS configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", file.display())]
    File {
        /// Its name.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file is not PEM, or does not hold what it should.
    #[error("{}: expected {expected}: {source}", file.display())]
    Pem {
        /// Its name.
        file: PathBuf,
        /// What should be in it.
        expected: &'static str,
        /// What is wrong.
        source: pem::Error,
    },
    /// A certificate cannot be used.
    #[error("{}: certificate cannot be used: {source}", file.display())]
    Certificate {
        /// The file it is in.
        file: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
    /// A key cannot be used: its kind or length is not supported.
    #[error("{}: private key cannot be used: {source}", file.display())]
    Key {
        /// The file it is in.
        file: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
    /// A certificate and a key that are not a pair.
    #[error("{} is not the private key of {}", key.display(), certificate.display())]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// There is no server certificate.
    #[error("tls: a certificate and its key are needed: 'cert_file' and 'key_file', or 'certs'")]
    NoCertificate,
    /// None of the authorities of a file can be used.
    #[error("{}: no certificate of an authority in it can be used", file.display())]
    Authorities {
        /// Its name.
        file: PathBuf,
    },
    /// Clients shall be verified, but by whose word is not said.
    #[error("tls: 'verify' needs the authorities of client certificates in 'ca_file'")]
    NoAuthorities,
    /// A name in `cipher_suites` that stands for nothing.
    #[error("tls: cipher suite {0} is not available")]
    CipherSuite(String),
    /// A name in `curve_preferences` that stands for nothing.
    #[error("tls: curve {0} is not available")]
    Curve(String),
    /// The parts do not fit together.
    #[error("tls: {0}")]
    Unusable(#[from] rustls::Error),
}

impl TlsServer {
    /// Reads the files that `options` name.
    ///
    /// # Errors
    /// [`TlsError`] for the first thing that cannot be used.
    pub fn new(options: &Tls) -> Result<Self, TlsError> {
        Ok(Self {
            config: Arc::new(server_config(options)?),
            timeout: options.timeout,
            handshake_first: options.handshake_first,
            rate: RateLimit::new(options.connection_rate_limit),
            pins: options.pinned_certs.iter().map(|pin| pin.to_ascii_lowercase()).collect(),
        })
    }

    /// Whether a client that presented these certificates, leaf first, may go on.
    ///
    /// With pins, one without a certificate may not.
    #[must_use]
    pub fn accepts_pinned(&self, peer_certificates: &[Vec<u8>]) -> bool {
        if self.pins.is_empty() {
            return true;
        }
        let pin = peer_certificates.first().and_then(|leaf| public_key_hash(leaf));
        pin.is_some_and(|pin| self.pins.contains(&pin))
    }
}

fn server_config(options: &Tls) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(provider(options)?);
    let versions: &[_] = match options.min_version {
        TlsVersion::V12 => &[&version::TLS13, &version::TLS12],
        TlsVersion::V13 => &[&version::TLS13],
    };
    // Read even if no client is verified: a file that is named and broken is a mistake.
    let authorities = options.ca_file.as_deref().map(authorities).transpose()?;
    let verify = options.verify || options.verify_and_map;
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)?;
    let builder = if verify {
        let authorities = authorities.ok_or(TlsError::NoAuthorities)?;
        let verifier = WebPkiClientVerifier::builder_with_provider(
            Arc::new(authorities),
            Arc::clone(&provider),
        )
        .build()
        .map_err(|e| rustls::Error::General(e.to_string()))?;
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    let mut config =
        builder.with_cert_resolver(Arc::new(Certificates::read(&options.certificates, &provider)?));
    // As in Go, the server's order counts: clients tend to put AES-256 first, which costs both
    // sides more and gains nothing.
    config.ignore_client_order = true;
    // Sessions are resumed by tickets alone, which need no memory for each client. With
    // verification there are none: a resumed session would not look at the certificate again.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    if !verify {
        config.ticketer = ring::Ticketer::new()?;
        config.send_tls13_tickets = 1;
    }
    Ok(config)
}

fn provider(options: &Tls) -> Result<CryptoProvider, TlsError> {
    let cipher_suites = algorithms::suites_named(&options.cipher_suites)
        .map_err(|name| TlsError::CipherSuite(name.to_owned()))?;
    let kx_groups = algorithms::groups_named(&options.curve_preferences)
        .map_err(|name| TlsError::Curve(name.to_owned()))?;
    Ok(CryptoProvider { cipher_suites, kx_groups, ..ring::default_provider() })
}

/// The authorities in a file: those of its certificates that can be used, as Go's
/// `AppendCertsFromPEM` does it; at least one.
fn authorities(file: &Path) -> Result<RootCertStore, TlsError> {
    let found = certificates(file)?;
    let mut store = RootCertStore::empty();
    if store.add_parsable_certificates(found).0 == 0 {
        return Err(TlsError::Authorities { file: file.to_owned() });
    }
    Ok(store)
}

/// The certificates of a PEM file, in its order; at least one.
fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(file)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let found =
        found.and_then(|f| if f.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(f) });
    found.map_err(|source| TlsError::Pem {
        file: file.to_owned(),
        expected: "certificates",
        source,
    })
}

/// The first private key of a PEM file: PKCS #8, PKCS #1 or SEC 1.
fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(&read(file)?).map_err(|source| TlsError::Pem {
        file: file.to_owned(),
        expected: "a private key without a passphrase",
        source,
    })
}

fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(file).map_err(|source| TlsError::File { file: file.to_owned(), source })
}

/// The server's certificates, in the order of the configuration; never empty.
#[derive(Debug)]
struct Certificates(Vec<Arc<CertifiedKey>>);

impl Certificates {
    fn read(files: &[CertificateFiles], provider: &CryptoProvider) -> Result<Self, TlsError> {
        if files.is_empty() {
            return Err(TlsError::NoCertificate);
        }
        files
            .iter()
            .map(|pair| certified_key(pair, provider).map(Arc::new))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl ResolvesServerCert for Certificates {
    /// The first that has the name the client asks for and a key whose signatures it knows;
    /// if there is none, the first, as Go's `getCertificate` does: what fails then, fails at the
    /// client, which can say why.
    fn resolve(&self, client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let (first, others) = self.0.split_first()?;
        if others.is_empty() {
            return Some(Arc::clone(first));
        }
        let name = client_hello.server_name().and_then(|name| ServerName::try_from(name).ok());
        let fits = |key: &&Arc<CertifiedKey>| {
            key.key.choose_scheme(client_hello.signature_schemes()).is_some()
                && name.as_ref().is_none_or(|name| has_name(key, name))
        };
        Some(Arc::clone(self.0.iter().find(fits).unwrap_or(first)))
    }
}

fn has_name(key: &CertifiedKey, name: &ServerName<'_>) -> bool {
    let parsed = key.end_entity_cert().and_then(ParsedCertificate::try_from);
    parsed.is_ok_and(|certificate| verify_server_name(&certificate, name).is_ok())
}

fn certified_key(
    files: &CertificateFiles,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, TlsError> {
    let chain = certificates(&files.cert_file)?;
    let key = provider
        .key_provider
        .load_private_key(private_key(&files.key_file)?)
        .map_err(|source| TlsError::Key { file: files.key_file.clone(), source })?;
    let pair = CertifiedKey::new(chain, key);
    match pair.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(pair),
        // Well-formed, but of a kind that a server could not verify, such as X.509 version 1.
        // Whether it will do is for the clients to say.
        Err(rustls::Error::InvalidCertificate(CertificateError::Other(_))) => Ok(pair),
        Err(rustls::Error::InconsistentKeys(_)) => Err(TlsError::Mismatch {
            certificate: files.cert_file.clone(),
            key: files.key_file.clone(),
        }),
        Err(source) => Err(TlsError::Certificate { file: files.cert_file.clone(), source }),
    }
}

/// Lower-case hex SHA-256 of a certificate's `SubjectPublicKeyInfo`.
fn public_key_hash(certificate: &[u8]) -> Option<String> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let hash = Sha256::digest(parsed.public_key().raw);
    let mut text = String::with_capacity(2 * hash.len());
    for byte in hash {
        // Into memory: it cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Some(text)
}
