//! Versions, suites and curves.

use anabranch_config::options::TlsVersion;
use rustls::ProtocolVersion;
use rustls::crypto::ring::kx_group;

use super::fixture::*;
use crate::tls::TlsError;

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
