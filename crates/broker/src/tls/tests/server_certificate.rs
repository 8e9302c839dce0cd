//! Which certificate the server shows, and how.

use base64::Engine as _;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::crypto::{WebPkiSupportedAlgorithms, ring};
use rustls::{CertificateError, SignatureScheme};

use super::fixture::*;
use crate::tls::TlsServer;

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
