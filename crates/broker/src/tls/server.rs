//! What TLS needs before the first handshake: certificates, keys, authorities and algorithms,
//! from a configuration and the files it names.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anabranch_config::options::{CertificateFiles, HandshakeFirst, Tls, TlsVersion};
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{ClientHello, NoServerSessionStorage, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};
use rustls_pki_types::ServerName;
use sha2::{Digest, Sha256};

use super::algorithms;
use super::client_auth::{ClientVerifier, Hints};
use super::files::{PairError, authorities, certified_key, system_authorities};
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

/// Why a TLS configuration cannot be used, in nats-server's words where it has some.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A certificate and its key.
    #[error("error parsing X509 certificate/key pair{}: {source}", which.as_deref().unwrap_or(""))]
    Pair {
        /// Of several, which: ` 1/2`.
        which: Option<String>,
        /// What is wrong.
        source: PairError,
    },
    /// The authorities of clients' certificates.
    #[error("{0}")]
    Authorities(String),
    /// There is no server certificate.
    #[error("tls: a certificate and its key are needed: 'cert_file' and 'key_file', or 'certs'")]
    NoCertificate,
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

impl TlsError {
    /// nats-server could use this configuration; what it needs is not available here.
    #[must_use]
    pub fn is_of_this_server(&self) -> bool {
        match self {
            Self::Pair { source, .. } => *source == PairError::Unavailable,
            Self::Authorities(_) => false,
            _ => true,
        }
    }
}

/// Reads the files that `options` name, as a start does, and forgets them.
///
/// # Errors
/// [`TlsError`] for the first thing that cannot be used; that there is no certificate is not
/// among them, since only a start needs one.
pub fn check_tls(options: &Tls) -> Result<(), TlsError> {
    match TlsServer::new(options) {
        Ok(_) | Err(TlsError::NoCertificate) => Ok(()),
        Err(error) => Err(error),
    }
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
    let certificates = Certificates::read(&options.certificates, &provider)?;
    // Read even if no client is verified: a file that is named and broken is a mistake.
    let named = options.ca_file.as_deref().map(authorities).transpose();
    let named = named.map_err(TlsError::Authorities)?;
    if certificates.0.is_empty() {
        return Err(TlsError::NoCertificate);
    }
    let verify = options.verify || options.verify_and_map;
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)?;
    let builder = if verify {
        let (roots, hints) = match named {
            Some(roots) => (roots, Hints::Told),
            None => (system_authorities(), Hints::Untold),
        };
        let algorithms = provider.signature_verification_algorithms;
        builder.with_client_cert_verifier(Arc::new(ClientVerifier::new(roots, hints, algorithms)))
    } else {
        builder.with_no_client_auth()
    };
    let mut config = builder.with_cert_resolver(Arc::new(certificates));
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

/// The server's certificates, in the order of the configuration; of a server never empty.
#[derive(Debug)]
struct Certificates(Vec<Arc<CertifiedKey>>);

impl Certificates {
    fn read(files: &[CertificateFiles], provider: &CryptoProvider) -> Result<Self, TlsError> {
        let mut pairs = Vec::with_capacity(files.len());
        for (number, pair) in (1..).zip(files) {
            let pair = certified_key(pair, provider).map_err(|source| TlsError::Pair {
                which: (files.len() > 1).then(|| format!(" {number}/{}", files.len())),
                source,
            })?;
            pairs.push(Arc::new(pair));
        }
        Ok(Self(pairs))
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
