//! A TLS client, for what a server says through TLS and about it.
//!
//! It trusts one certificate of those that [`crate::certificate`] wrote into the server's
//! directory, and no other.

use std::io::{self, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, SignatureScheme, StreamOwned,
    SupportedProtocolVersion,
};

use crate::client::TIMEOUT;

pub use rustls::ALL_VERSIONS;
pub use rustls::version::{TLS12, TLS13};

/// A TCP stream inside of TLS. Reads wait as long as those of the TCP stream.
pub type TlsStream = StreamOwned<ClientConnection, TcpStream>;

/// How a client shakes hands.
#[derive(Debug, Clone, Copy)]
pub struct Handshake<'a> {
    /// Where the certificates are.
    pub directory: &'a Path,
    /// The certificate to trust.
    pub trusted: &'a str,
    /// The certificate to show to a server that asks for one, whosever it would like to see:
    /// `NAME.pem`, with its key `NAME-key.pem`, if it is there.
    pub shown: &'a str,
    /// The name asked for.
    pub name: &'static str,
    /// The versions offered.
    pub versions: &'a [&'static SupportedProtocolVersion],
    /// Bytes before the first message, in the same write.
    pub early: &'a [u8],
    /// What is said behind the last message, in the same write.
    pub late: &'a [u8],
}

impl<'a> Handshake<'a> {
    /// As a usual client does it with a server of that directory.
    #[must_use]
    pub fn of(directory: &'a Path) -> Self {
        Self {
            directory,
            trusted: "cert.pem",
            shown: "client",
            name: "localhost",
            versions: ALL_VERSIONS,
            early: b"",
            late: b"",
        }
    }

    /// Shakes hands over `stream`.
    ///
    /// # Errors
    /// Those of the socket, and of a server that does not agree.
    pub fn over(&self, mut stream: TcpStream) -> io::Result<TlsStream> {
        stream.set_read_timeout(Some(TIMEOUT))?;
        let (mut tls, first) = self.begin()?;
        stream.write_all(&first)?;
        while tls.is_handshaking() || tls.wants_write() {
            tls.complete_io(&mut stream)?;
        }
        Ok(StreamOwned::new(tls, stream))
    }

    /// A handshake without a stream, and the bytes that it begins with.
    ///
    /// # Errors
    /// When the certificates cannot be read, or `late` is too much to be kept.
    pub fn begin(&self) -> io::Result<(ClientConnection, Vec<u8>)> {
        let config = Arc::new(self.configuration().map_err(io::Error::other)?);
        let name = ServerName::try_from(self.name).map_err(io::Error::other)?;
        let mut tls = ClientConnection::new(config, name).map_err(io::Error::other)?;
        let mut first = self.early.to_vec();
        tls.write_tls(&mut first)?;
        // Kept until it can be encrypted, which is behind the handshake.
        tls.writer().write_all(self.late)?;
        Ok((tls, first))
    }

    fn configuration(&self) -> Result<ClientConfig, Box<dyn std::error::Error + Send + Sync>> {
        let certificate = |name: &str| CertificateDer::from_pem_file(self.directory.join(name));
        let mut roots = RootCertStore::empty();
        roots.add(certificate(self.trusted)?)?;
        let provider: CryptoProvider = rustls::crypto::ring::default_provider();
        let keys = provider.key_provider;
        let builder = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(self.versions)?
            .with_root_certificates(roots);
        let shown = format!("{}.pem", self.shown);
        if !self.directory.join(&shown).exists() {
            return Ok(builder.with_no_client_auth());
        }
        let key = self.directory.join(format!("{}-key.pem", self.shown));
        let key = keys.load_private_key(PrivateKeyDer::from_pem_file(key)?)?;
        let shown = CertifiedKey::new(vec![certificate(&shown)?], key);
        Ok(builder.with_client_cert_resolver(Arc::new(Shows(Arc::new(shown)))))
    }
}

/// Shows this, whatever is asked for.
#[derive(Debug)]
struct Shows(Arc<CertifiedKey>);

impl ResolvesClientCert for Shows {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}
