//! A TLS client, for what a server says through TLS and about it.
//!
//! It trusts the certificate that [`crate::certificate`] wrote into the server's directory, and no
//! other.

use std::io::{self, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::client::TIMEOUT;

/// A TCP stream inside of TLS. Reads wait as long as those of the TCP stream.
pub type TlsStream = StreamOwned<ClientConnection, TcpStream>;

/// Shakes hands over `stream`, with `early` before and in the same write as the first message of
/// the handshake, and `late` behind and in the same write as its last one. Where `client.pem` is in
/// the directory, the client shows it when it is asked to.
///
/// # Errors
/// Those of the socket, and of a server that does not agree.
pub fn connect(
    directory: &Path,
    mut stream: TcpStream,
    early: &[u8],
    late: &[u8],
) -> io::Result<TlsStream> {
    stream.set_read_timeout(Some(TIMEOUT))?;
    let config = configuration(directory).map_err(io::Error::other)?;
    let name = "localhost".try_into().map_err(io::Error::other)?;
    let mut tls = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    let mut first = early.to_vec();
    tls.write_tls(&mut first)?;
    stream.write_all(&first)?;
    // Kept until it can be encrypted, which is behind the handshake.
    tls.writer().write_all(late)?;
    while tls.is_handshaking() || tls.wants_write() {
        tls.complete_io(&mut stream)?;
    }
    Ok(StreamOwned::new(tls, stream))
}

fn configuration(
    directory: &Path,
) -> Result<ClientConfig, Box<dyn std::error::Error + Send + Sync>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(directory.join("cert.pem"))?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let own = directory.join("client.pem");
    if !own.exists() {
        return Ok(builder.with_no_client_auth());
    }
    let key = PrivateKeyDer::from_pem_file(directory.join("client-key.pem"))?;
    Ok(builder.with_client_auth_cert(vec![CertificateDer::from_pem_file(own)?], key)?)
}
