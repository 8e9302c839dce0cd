//! Certificates made here, and handshakes in memory.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anabranch_config::options::{CertificateFiles, HandshakeFirst, Tls, TlsVersion};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::{self, cipher_suite};
use rustls::sign::CertifiedKey;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConnection, SignatureScheme,
    SupportedCipherSuite, version,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use sha2::{Digest, Sha256};
use x509_parser::asn1_rs::{Any, FromDer as _};

use crate::tls::{TlsError, TlsServer, algorithms};

/// A directory of this test alone, removed at its end.
pub(super) struct Directory(pub(super) PathBuf);

impl Directory {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("anabranch-tls-server-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Writes a certificate and its key.
    pub(super) fn pair(&self, name: &str, leaf: &Leaf) -> CertificateFiles {
        CertificateFiles {
            cert_file: self.write(&format!("{name}.pem"), &leaf.chain),
            key_file: self.write(&format!("{name}.key"), &leaf.key.serialize_pem()),
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(super) type Authority = CertifiedIssuer<'static, KeyPair>;

pub(super) fn authority(algorithm: &'static rcgen::SignatureAlgorithm) -> Authority {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate_for(algorithm).unwrap()).unwrap()
}

pub(super) struct Leaf {
    pub(super) chain: String,
    pub(super) der: CertificateDer<'static>,
    pub(super) key: KeyPair,
}

impl Leaf {
    pub(super) fn issue(params: &CertificateParams, key: KeyPair, issuer: &Authority) -> Self {
        let certificate = params.signed_by(&key, issuer).unwrap();
        Self { chain: certificate.pem(), der: certificate.der().clone(), key }
    }

    pub(super) fn self_signed(params: &CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { chain: certificate.pem(), der: certificate.der().clone(), key }
    }

    /// The same as X.509 version 1, signed by `signer`.
    pub(super) fn of_version_one(mut self, signer: &KeyPair) -> Self {
        self.der = version_one(&self.der, signer);
        self
    }

    fn certified_key(&self) -> CertifiedKey {
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        let key = ring::default_provider().key_provider.load_private_key(key).unwrap();
        CertifiedKey::new(vec![self.der.clone()], key)
    }

    /// As a pin.
    pub(super) fn pin(&self) -> String {
        use rcgen::PublicKeyData as _;
        Sha256::digest(self.key.subject_public_key_info())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

/// A certificate without what versions 2 and 3 added: its extensions and the version itself.
pub(super) fn version_one(der: &[u8], signer: &KeyPair) -> CertificateDer<'static> {
    use rcgen::SigningKey as _;
    const VERSION: [u8; 5] = [0xa0, 3, 2, 1, 2];
    let (_, parsed) = x509_parser::parse_x509_certificate(der).unwrap();
    let signed: &[u8] = parsed.tbs_certificate.as_ref();
    let begin = signed.windows(5).position(|bytes| bytes == VERSION).unwrap() + 5;
    let key = parsed.public_key().raw;
    let end = signed.windows(key.len()).position(|bytes| bytes == key).unwrap() + key.len();
    // Behind the signed part stand the algorithm and the signature.
    let (_, outside) = Any::from_der(der).unwrap();
    let algorithm = &outside.data[signed.len()..];
    let algorithm = &algorithm[..usize::from(algorithm[1]) + 2];
    let signed = tlv(0x30, &signed[begin..end]);
    let signature = [vec![0], signer.sign(&signed).unwrap()].concat();
    tlv(0x30, &[&signed, algorithm, &tlv(3, &signature)].concat()).into()
}

/// DER of a value.
fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let len = u16::try_from(value.len()).unwrap().to_be_bytes();
    let head = match len {
        [0, short @ 0..=127] => vec![tag, short],
        [0, long] => vec![tag, 0x81, long],
        [high, low] => vec![tag, 0x82, high, low],
    };
    [head.as_slice(), value].concat()
}

/// Presents this, whatever the server would like.
#[derive(Debug)]
struct Presents(Arc<CertifiedKey>);

impl ResolvesClientCert for Presents {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

pub(super) fn server_leaf(names: &[&str], issuer: &Authority) -> Leaf {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let params = CertificateParams::new(names).unwrap();
    Leaf::issue(&params, KeyPair::generate().unwrap(), issuer)
}

pub(super) fn client_leaf(change: impl FnOnce(&mut CertificateParams), issuer: &Authority) -> Leaf {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "client");
    change(&mut params);
    Leaf::issue(&params, KeyPair::generate().unwrap(), issuer)
}

/// A server for `localhost` and what tests change of its configuration.
pub(super) struct Setup {
    pub(super) directory: Directory,
    pub(super) authority: Authority,
    pub(super) options: Tls,
}

impl Setup {
    pub(super) fn new() -> Self {
        let directory = Directory::new();
        let authority = authority(&rcgen::PKCS_ECDSA_P256_SHA256);
        let pair = directory.pair("server", &server_leaf(&["localhost"], &authority));
        Self { directory, authority, options: options(vec![pair]) }
    }

    /// Clients must have a certificate of the authority.
    pub(super) fn verifying() -> Self {
        let mut setup = Self::new();
        let file = setup.directory.write("authority.pem", &setup.authority.pem());
        setup.options.ca_file = Some(file);
        setup.options.verify = true;
        setup
    }

    pub(super) fn server(&self) -> TlsServer {
        TlsServer::new(&self.options).unwrap()
    }

    pub(super) fn error(&self) -> TlsError {
        TlsServer::new(&self.options).unwrap_err()
    }

    pub(super) fn client(&self) -> TestClient<'_> {
        TestClient { authority: &self.authority, provider: ring::default_provider(), leaf: None }
    }
}

pub(super) fn options(certificates: Vec<CertificateFiles>) -> Tls {
    Tls {
        certificates,
        ca_file: None,
        verify: false,
        verify_and_map: false,
        timeout: Duration::from_secs(2),
        connection_rate_limit: 0,
        pinned_certs: Vec::new(),
        handshake_first: HandshakeFirst::No,
        min_version: TlsVersion::V12,
        cipher_suites: Vec::new(),
        curve_preferences: Vec::new(),
    }
}

pub(super) struct TestClient<'a> {
    pub(super) authority: &'a Authority,
    pub(super) provider: CryptoProvider,
    pub(super) leaf: Option<&'a Leaf>,
}

impl<'a> TestClient<'a> {
    pub(super) fn with_suites(mut self, suites: &[SupportedCipherSuite]) -> Self {
        self.provider.cipher_suites = suites.to_vec();
        self
    }

    pub(super) fn with_leaf(mut self, leaf: &'a Leaf) -> Self {
        self.leaf = Some(leaf);
        self
    }

    pub(super) fn config(self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.der().clone()).unwrap();
        let has_tls13 = self.provider.cipher_suites.iter().any(|s| s.tls13().is_some());
        let versions: &[_] =
            if has_tls13 { &[&version::TLS13, &version::TLS12] } else { &[&version::TLS12] };
        let builder = ClientConfig::builder_with_provider(Arc::new(self.provider))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        Arc::new(match self.leaf {
            Some(leaf) => builder
                .with_client_cert_resolver(Arc::new(Presents(Arc::new(leaf.certified_key())))),
            None => builder.with_no_client_auth(),
        })
    }

    pub(super) fn connect(self, server: &TlsServer) -> Result<Session, rustls::Error> {
        connect(server, &self.config(), "localhost")
    }
}

pub(super) struct Session {
    pub(super) server: ServerConnection,
    pub(super) client: ClientConnection,
}

impl Session {
    pub(super) fn suite(&self) -> &'static str {
        algorithms::suite_name(self.server.negotiated_cipher_suite().unwrap().suite())
    }

    /// The certificate that the server presented.
    pub(super) fn server_leaf(&self) -> &CertificateDer<'static> {
        self.client.peer_certificates().unwrap().first().unwrap()
    }

    /// Those that the client presented.
    pub(super) fn client_leaves(&self) -> Vec<Vec<u8>> {
        let certificates = self.server.peer_certificates().unwrap_or_default();
        certificates.iter().map(|c| c.as_ref().to_vec()).collect()
    }
}

pub(super) fn connect(
    server: &TlsServer,
    client: &Arc<ClientConfig>,
    name: &str,
) -> Result<Session, rustls::Error> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut session = Session {
        server: ServerConnection::new(Arc::clone(&server.config)).unwrap(),
        client: ClientConnection::new(Arc::clone(client), name).unwrap(),
    };
    // The handshake, and what the server sends after it.
    for _ in 0..5 {
        let mut wire = Vec::new();
        while session.client.wants_write() {
            session.client.write_tls(&mut wire).unwrap();
        }
        let mut wire = wire.as_slice();
        while !wire.is_empty() {
            session.server.read_tls(&mut wire).unwrap();
            session.server.process_new_packets()?;
        }
        let mut wire = Vec::new();
        while session.server.wants_write() {
            session.server.write_tls(&mut wire).unwrap();
        }
        let mut wire = wire.as_slice();
        while !wire.is_empty() {
            session.client.read_tls(&mut wire).unwrap();
            session.client.process_new_packets()?;
        }
    }
    assert!(!session.server.is_handshaking() && !session.client.is_handshaking());
    Ok(session)
}

pub(super) fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

pub(super) const TLS12: &[SupportedCipherSuite] = &[
    cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
];
