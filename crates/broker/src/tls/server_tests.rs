//! Handshakes in memory with certificates made here.

use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine as _;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, SanType,
};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::crypto::ring::{cipher_suite, kx_group};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, ProtocolVersion, ServerConnection};
use rustls::{SignatureScheme, SupportedCipherSuite};

use super::*;

/// A directory of this test alone, removed at its end.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("anabranch-tls-server-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Writes a certificate and its key.
    fn pair(&self, name: &str, leaf: &Leaf) -> CertificateFiles {
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

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(algorithm: &'static rcgen::SignatureAlgorithm) -> Authority {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate_for(algorithm).unwrap()).unwrap()
}

struct Leaf {
    chain: String,
    der: CertificateDer<'static>,
    key: KeyPair,
}

impl Leaf {
    fn issue(params: &CertificateParams, key: KeyPair, issuer: &Authority) -> Self {
        let certificate = params.signed_by(&key, issuer).unwrap();
        Self { chain: certificate.pem(), der: certificate.der().clone(), key }
    }

    fn client_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.serialize_der()).unwrap()
    }

    /// As a pin.
    fn pin(&self) -> String {
        use rcgen::PublicKeyData as _;
        Sha256::digest(self.key.subject_public_key_info())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

fn server_leaf(names: &[&str], issuer: &Authority) -> Leaf {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let params = CertificateParams::new(names).unwrap();
    Leaf::issue(&params, KeyPair::generate().unwrap(), issuer)
}

fn client_leaf(change: impl FnOnce(&mut CertificateParams), issuer: &Authority) -> Leaf {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "client");
    change(&mut params);
    Leaf::issue(&params, KeyPair::generate().unwrap(), issuer)
}

/// A server for `localhost` and what tests change of its configuration.
struct Setup {
    directory: Directory,
    authority: Authority,
    options: Tls,
}

impl Setup {
    fn new() -> Self {
        let directory = Directory::new();
        let authority = authority(&rcgen::PKCS_ECDSA_P256_SHA256);
        let pair = directory.pair("server", &server_leaf(&["localhost"], &authority));
        Self { directory, authority, options: options(vec![pair]) }
    }

    /// Clients must have a certificate of the authority.
    fn verifying() -> Self {
        let mut setup = Self::new();
        let file = setup.directory.write("authority.pem", &setup.authority.pem());
        setup.options.ca_file = Some(file);
        setup.options.verify = true;
        setup
    }

    fn server(&self) -> TlsServer {
        TlsServer::new(&self.options).unwrap()
    }

    fn error(&self) -> TlsError {
        TlsServer::new(&self.options).unwrap_err()
    }

    fn client(&self) -> TestClient<'_> {
        TestClient { authority: &self.authority, provider: ring::default_provider(), leaf: None }
    }
}

fn options(certificates: Vec<CertificateFiles>) -> Tls {
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

struct TestClient<'a> {
    authority: &'a Authority,
    provider: CryptoProvider,
    leaf: Option<&'a Leaf>,
}

impl<'a> TestClient<'a> {
    fn with_suites(mut self, suites: &[SupportedCipherSuite]) -> Self {
        self.provider.cipher_suites = suites.to_vec();
        self
    }

    fn with_leaf(mut self, leaf: &'a Leaf) -> Self {
        self.leaf = Some(leaf);
        self
    }

    fn config(self) -> Arc<ClientConfig> {
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
            Some(leaf) => {
                builder.with_client_auth_cert(vec![leaf.der.clone()], leaf.client_key()).unwrap()
            }
            None => builder.with_no_client_auth(),
        })
    }

    fn connect(self, server: &TlsServer) -> Result<Session, rustls::Error> {
        connect(server, &self.config(), "localhost")
    }
}

struct Session {
    server: ServerConnection,
    client: ClientConnection,
}

impl Session {
    fn suite(&self) -> &'static str {
        algorithms::suite_name(self.server.negotiated_cipher_suite().unwrap().suite())
    }

    /// The certificate that the server presented.
    fn server_leaf(&self) -> &CertificateDer<'static> {
        self.client.peer_certificates().unwrap().first().unwrap()
    }

    /// Those that the client presented.
    fn client_leaves(&self) -> Vec<Vec<u8>> {
        let certificates = self.server.peer_certificates().unwrap_or_default();
        certificates.iter().map(|c| c.as_ref().to_vec()).collect()
    }
}

fn connect(
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

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

const TLS12: &[SupportedCipherSuite] = &[
    cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
];

#[test]
fn speaks_tls_13_and_12_in_its_own_order() {
    let setup = Setup::new();
    let server = setup.server();
    let session = setup.client().connect(&server).unwrap();
    assert_eq!(session.server.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    assert_eq!(session.suite(), "TLS_AES_128_GCM_SHA256");
    let session = setup.client().with_suites(TLS12).connect(&server).unwrap();
    assert_eq!(session.server.protocol_version(), Some(ProtocolVersion::TLSv1_2));
    assert_eq!(session.suite(), "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
}

#[test]
fn refuses_versions_below_the_oldest() {
    let mut setup = Setup::new();
    setup.options.min_version = TlsVersion::V13;
    let server = setup.server();
    assert!(setup.client().with_suites(TLS12).connect(&server).is_err());
    setup.client().connect(&server).unwrap();
}

#[test]
fn keeps_to_the_suites_of_the_configuration() {
    let mut setup = Setup::new();
    setup.options.cipher_suites = names(&[
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    ]);
    let server = setup.server();
    let session = setup.client().with_suites(TLS12).connect(&server).unwrap();
    assert_eq!(session.suite(), "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256");
    let session = setup.client().with_suites(&TLS12[..2]).connect(&server).unwrap();
    assert_eq!(session.suite(), "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
    assert!(setup.client().with_suites(&TLS12[1..2]).connect(&server).is_err());
}

#[test]
fn has_nothing_for_tls_12_when_only_suites_of_tls_13_are_named() {
    let mut setup = Setup::new();
    setup.options.cipher_suites = names(&["TLS_AES_256_GCM_SHA384"]);
    let server = setup.server();
    assert!(setup.client().with_suites(TLS12).connect(&server).is_err());
    assert_eq!(setup.client().connect(&server).unwrap().suite(), "TLS_AES_256_GCM_SHA384");
}

#[test]
fn keeps_to_the_curves_of_the_configuration() {
    let mut setup = Setup::new();
    setup.options.curve_preferences = names(&["CurveP384"]);
    let server = setup.server();
    let session = setup.client().connect(&server).unwrap();
    let group = session.server.negotiated_key_exchange_group().unwrap();
    assert_eq!(group.name(), kx_group::SECP384R1.name());
    let mut client = setup.client();
    client.provider.kx_groups = vec![kx_group::X25519];
    assert!(client.connect(&server).is_err());
}

#[test]
fn names_the_algorithm_it_does_not_have() {
    let mut setup = Setup::new();
    setup.options.cipher_suites = names(&["TLS_RSA_WITH_RC4_128_SHA"]);
    assert!(matches!(setup.error(), TlsError::CipherSuite(n) if n == "TLS_RSA_WITH_RC4_128_SHA"));
    setup.options.cipher_suites.clear();
    setup.options.curve_preferences = names(&["CurveP521"]);
    assert!(matches!(setup.error(), TlsError::Curve(n) if n == "CurveP521"));
}

#[test]
fn chooses_the_certificate_by_the_name_asked_for() {
    let mut setup = Setup::new();
    let leaves = [
        server_leaf(&["one.example", "192.0.2.1"], &setup.authority),
        server_leaf(&["*.two.example", "two.example"], &setup.authority),
        server_leaf(&["one.example", "three.example"], &setup.authority),
    ];
    setup.options.certificates =
        (0..).zip(&leaves).map(|(i, leaf)| setup.directory.pair(&format!("c{i}"), leaf)).collect();
    let server = setup.server();
    let client = setup.client().config();
    // An address is not sent as a name: it gets the first.
    for (name, leaf) in [
        ("one.example", 0),
        ("two.example", 1),
        ("a.two.example", 1),
        ("three.example", 2),
        ("192.0.2.1", 0),
    ] {
        let session = connect(&server, &client, name).unwrap();
        assert_eq!(*session.server_leaf(), leaves[leaf].der, "{name}");
    }
    // None fits: the client is shown the first, and does not take it.
    assert!(matches!(
        connect(&server, &client, "four.example"),
        Err(rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. }))
    ));
}

#[test]
fn chooses_the_certificate_by_what_the_client_can_verify() {
    let mut setup = Setup::new();
    let authority = authority(&rcgen::PKCS_ED25519);
    let params = CertificateParams::new(names(&["localhost"])).unwrap();
    let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let leaf = Leaf::issue(&params, key, &authority);
    setup.options.certificates.push(setup.directory.pair("ed25519", &leaf));
    let server = setup.server();

    let client = setup.client().config();
    let session = connect(&server, &client, "localhost").unwrap();
    assert_ne!(*session.server_leaf(), leaf.der);

    let mut client = setup.client();
    client.authority = &authority;
    client.provider.signature_verification_algorithms = only(SignatureScheme::ED25519);
    let session = client.connect(&server).unwrap();
    assert_eq!(*session.server_leaf(), leaf.der);
}

fn only(scheme: SignatureScheme) -> WebPkiSupportedAlgorithms {
    let all = ring::default_provider().signature_verification_algorithms;
    let mapping: Vec<_> = all.mapping.iter().filter(|(s, _)| *s == scheme).copied().collect();
    WebPkiSupportedAlgorithms { all: all.all, mapping: mapping.leak() }
}

#[test]
fn sends_the_whole_chain() {
    let setup = Setup::new();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "intermediate");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let intermediate = CertifiedIssuer::signed_by(params, key, &setup.authority).unwrap();
    let mut leaf = server_leaf(&["localhost"], &intermediate);
    leaf.chain.push_str("text between certificates\n");
    leaf.chain.push_str(&intermediate.pem());
    let options = options(vec![setup.directory.pair("chain", &leaf)]);
    let session = setup.client().connect(&TlsServer::new(&options).unwrap()).unwrap();
    assert_eq!(session.client.peer_certificates().unwrap().len(), 2);
}

#[test]
fn reads_a_sec1_key_after_its_parameters() {
    let mut setup = Setup::new();
    let leaf = server_leaf(&["localhost"], &setup.authority);
    let mut pair = setup.directory.pair("sec1", &leaf);
    // The SEC 1 key is the octet string of the PKCS #8 one (RFC 5958 §2); for this curve it
    // begins here.
    let sec1 = base64::engine::general_purpose::STANDARD.encode(&leaf.key.serialize_der()[29..]);
    let text = format!(
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n\
         -----BEGIN EC PRIVATE KEY-----\n{sec1}\n-----END EC PRIVATE KEY-----\n"
    );
    pair.key_file = setup.directory.write("sec1.key", &text);
    setup.options.certificates = vec![pair];
    setup.client().connect(&setup.server()).unwrap();
}

#[test]
fn demands_a_certificate_of_its_authorities() {
    let setup = Setup::verifying();
    let server = setup.server();
    for suites in [TLS12, ring::ALL_CIPHER_SUITES] {
        assert!(matches!(
            setup.client().with_suites(suites).connect(&server),
            Err(rustls::Error::NoCertificatesPresented)
        ));
        let leaf = client_leaf(|_| {}, &setup.authority);
        let session = setup.client().with_suites(suites).with_leaf(&leaf).connect(&server);
        assert_eq!(session.unwrap().client_leaves(), [leaf.der.to_vec()]);
        // Another authority, of the same name.
        let stranger = client_leaf(|_| {}, &authority(&rcgen::PKCS_ECDSA_P256_SHA256));
        let session = setup.client().with_suites(suites).with_leaf(&stranger).connect(&server);
        assert!(matches!(session, Err(rustls::Error::InvalidCertificate(_))));
    }
}

#[test]
fn verifies_when_certificates_name_users() {
    let mut setup = Setup::verifying();
    setup.options.verify = false;
    setup.options.verify_and_map = true;
    let server = setup.server();
    assert!(setup.client().connect(&server).is_err());
    let leaf = client_leaf(|_| {}, &setup.authority);
    setup.client().with_leaf(&leaf).connect(&server).unwrap();
}

#[test]
fn takes_client_certificates_whatever_they_name() {
    let setup = Setup::verifying();
    let server = setup.server();
    let changes: [fn(&mut CertificateParams); 4] = [
        |p| p.subject_alt_names.push(SanType::Rfc822Name("a@b.example".try_into().unwrap())),
        |p| p.subject_alt_names.push(SanType::URI("spiffe://b/a".try_into().unwrap())),
        |p| p.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth),
        |p| p.distinguished_name = rcgen::DistinguishedName::new(),
    ];
    for change in changes {
        let leaf = client_leaf(change, &setup.authority);
        setup.client().with_leaf(&leaf).connect(&server).unwrap();
    }
}

#[test]
fn refuses_client_certificates_of_another_purpose_or_time() {
    let setup = Setup::verifying();
    let server = setup.server();
    let changes: [fn(&mut CertificateParams); 3] = [
        |p| p.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth),
        |p| p.not_after = rcgen::date_time_ymd(2020, 1, 1),
        |p| p.not_before = rcgen::date_time_ymd(4000, 1, 1),
    ];
    for change in changes {
        let leaf = client_leaf(change, &setup.authority);
        let session = setup.client().with_leaf(&leaf).connect(&server);
        assert!(matches!(session, Err(rustls::Error::InvalidCertificate(_))));
    }
}

#[test]
fn does_not_ask_for_certificates_without_verification() {
    let mut setup = Setup::verifying();
    setup.options.verify = false;
    let server = setup.server();
    let leaf = client_leaf(|_| {}, &setup.authority);
    let session = setup.client().with_leaf(&leaf).connect(&server).unwrap();
    assert!(session.client_leaves().is_empty());
}

#[test]
fn resumes_sessions_only_without_verification() {
    let kinds = |setup: &Setup, leaf: &Leaf| {
        let server = setup.server();
        let client = setup.client().with_leaf(leaf).config();
        [0, 1].map(|_| connect(&server, &client, "localhost").unwrap().server.handshake_kind())
    };
    let setup = Setup::new();
    let leaf = client_leaf(|_| {}, &setup.authority);
    assert_eq!(kinds(&setup, &leaf), [Some(HandshakeKind::Full), Some(HandshakeKind::Resumed)]);
    let setup = Setup::verifying();
    let leaf = client_leaf(|_| {}, &setup.authority);
    assert_eq!(kinds(&setup, &leaf), [Some(HandshakeKind::Full); 2]);
}

#[test]
fn accepts_only_pinned_keys() {
    let mut setup = Setup::verifying();
    let [pinned, other] = [0, 1].map(|_| client_leaf(|_| {}, &setup.authority));
    setup.options.pinned_certs = vec!["0".repeat(64), pinned.pin().to_ascii_uppercase()];
    let server = setup.server();
    let accepts = |leaf| {
        let session = setup.client().with_leaf(leaf).connect(&server).unwrap();
        server.accepts_pinned(&session.client_leaves())
    };
    assert!(accepts(&pinned));
    assert!(!accepts(&other));
    // Only the leaf counts.
    assert!(!server.accepts_pinned(&[other.der.to_vec(), pinned.der.to_vec()]));
    assert!(!server.accepts_pinned(&[]));
    assert!(!server.accepts_pinned(&[Vec::new()]));
}

#[test]
fn accepts_every_key_without_pins() {
    let server = Setup::new().server();
    assert!(server.accepts_pinned(&[]));
    assert!(server.accepts_pinned(&[Vec::new()]));
}

#[test]
fn takes_over_what_concerns_the_connection() {
    let mut setup = Setup::new();
    setup.options.timeout = Duration::from_secs(7);
    setup.options.connection_rate_limit = 1;
    setup.options.handshake_first = HandshakeFirst::Yes;
    let server = setup.server();
    assert_eq!(server.timeout, Duration::from_secs(7));
    assert_eq!(server.handshake_first, HandshakeFirst::Yes);
    let now = Duration::from_secs(1);
    assert!(server.rate.allow(now) && !server.rate.allow(now));
}

#[test]
fn names_the_file_that_is_missing() {
    let mut setup = Setup::new();
    let absent = setup.directory.0.join("absent.pem");
    setup.options.ca_file = Some(absent.clone());
    let error = setup.error();
    assert!(error.to_string().contains("absent.pem"), "{error}");
    assert!(matches!(error, TlsError::File { file, .. } if file == absent));
    setup.options.ca_file = None;
    setup.options.certificates[0].key_file.clone_from(&absent);
    assert!(matches!(setup.error(), TlsError::File { file, .. } if file == absent));
    setup.options.certificates[0].cert_file.clone_from(&absent);
    assert!(matches!(setup.error(), TlsError::File { file, .. } if file == absent));
}

#[test]
fn names_the_file_that_holds_something_else() {
    let setup = Setup::new();
    let good = setup.options.certificates[0].clone();
    let garbage = setup.directory.write("garbage.pem", "no certificate at all");
    let broken = setup
        .directory
        .write("broken.pem", "-----BEGIN CERTIFICATE-----\n////\n-----END CERTIFICATE-----\n");
    let cut = setup.directory.write("cut.pem", "-----BEGIN CERTIFICATE-----\nMIIB");
    let error = |cert: &Path, key: &Path| {
        let pair = CertificateFiles { cert_file: cert.to_owned(), key_file: key.to_owned() };
        TlsServer::new(&options(vec![pair])).unwrap_err()
    };
    // A certificate where the key should be, and the other way round.
    for key in [&garbage, &good.cert_file] {
        let error = error(&good.cert_file, key);
        assert!(matches!(error, TlsError::Pem { file, .. } if file == *key));
    }
    for cert in [&garbage, &cut, &good.key_file] {
        let error = error(cert, &good.key_file);
        assert!(matches!(error, TlsError::Pem { file, .. } if file == *cert));
    }
    let error = error(&broken, &good.key_file);
    assert!(matches!(error, TlsError::Certificate { file, .. } if file == broken));
}

#[test]
fn refuses_a_key_it_cannot_use() {
    let mut setup = Setup::new();
    let key = "-----BEGIN PRIVATE KEY-----\n////\n-----END PRIVATE KEY-----\n";
    let key = setup.directory.write("broken.key", key);
    setup.options.certificates[0].key_file.clone_from(&key);
    assert!(matches!(setup.error(), TlsError::Key { file, .. } if file == key));
}

#[test]
fn refuses_a_key_of_another_certificate() {
    let mut setup = Setup::new();
    let other = setup.directory.pair("other", &server_leaf(&["localhost"], &setup.authority));
    setup.options.certificates[0].key_file.clone_from(&other.key_file);
    assert!(matches!(setup.error(), TlsError::Mismatch { key, .. } if key == other.key_file));
}

#[test]
fn refuses_to_start_without_what_it_needs() {
    let mut setup = Setup::new();
    setup.options.verify = true;
    assert!(matches!(setup.error(), TlsError::NoAuthorities));
    setup.options.verify = false;
    setup.options.certificates.clear();
    assert!(matches!(setup.error(), TlsError::NoCertificate));
}

#[test]
fn takes_the_authorities_that_it_can_read() {
    let mut setup = Setup::verifying();
    let broken = "-----BEGIN CERTIFICATE-----\n////\n-----END CERTIFICATE-----\n";
    let both = setup.directory.write("both.pem", &(broken.to_owned() + &setup.authority.pem()));
    setup.options.ca_file = Some(both);
    let leaf = client_leaf(|_| {}, &setup.authority);
    setup.client().with_leaf(&leaf).connect(&setup.server()).unwrap();
    let none = setup.directory.write("none.pem", broken);
    setup.options.ca_file = Some(none.clone());
    assert!(matches!(setup.error(), TlsError::Authorities { file } if file == none));
}
