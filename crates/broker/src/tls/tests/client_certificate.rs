//! Whose certificates are accepted, and what that means for sessions.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType,
};
use rustls::HandshakeKind;
use rustls::crypto::ring;

use super::fixture::*;

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
fn takes_version_one_certificates_of_its_authorities() {
    let setup = Setup::verifying();
    let server = setup.server();
    let leaf = client_leaf(|_| {}, &setup.authority).of_version_one(setup.authority.key());
    for suites in [TLS12, ring::ALL_CIPHER_SUITES] {
        let session = setup.client().with_suites(suites).with_leaf(&leaf).connect(&server).unwrap();
        assert_eq!(session.client_leaves(), [leaf.der.to_vec()]);
        assert!(server.accepts_pinned(&session.client_leaves()));
        // Signed by nobody who is known.
        let key = KeyPair::generate().unwrap();
        let stranger = client_leaf(|_| {}, &setup.authority).of_version_one(&key);
        let session = setup.client().with_suites(suites).with_leaf(&stranger).connect(&server);
        assert!(matches!(session, Err(rustls::Error::InvalidCertificate(_))));
        // Of another key than the one that the client has.
        let mut thief = client_leaf(|_| {}, &setup.authority);
        thief.der = leaf.der.clone();
        assert!(setup.client().with_suites(suites).with_leaf(&thief).connect(&server).is_err());
    }
}

#[test]
fn takes_self_signed_certificates_that_are_listed() {
    let mut setup = Setup::verifying();
    let leaf = |is_ca: IsCa| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "client");
        params.is_ca = is_ca;
        Leaf::self_signed(&params)
    };
    for is_ca in [IsCa::Ca(BasicConstraints::Unconstrained), IsCa::ExplicitNoCa, IsCa::NoCa] {
        let (listed, other) = (leaf(is_ca), leaf(is_ca));
        setup.options.ca_file = Some(setup.directory.write("listed.pem", &listed.chain));
        let server = setup.server();
        for suites in [TLS12, ring::ALL_CIPHER_SUITES] {
            setup.client().with_suites(suites).with_leaf(&listed).connect(&server).unwrap();
            let other = setup.client().with_suites(suites).with_leaf(&other).connect(&server);
            assert!(matches!(other, Err(rustls::Error::InvalidCertificate(_))));
        }
    }
}

#[test]
fn takes_certificates_that_the_system_trusts_where_no_file_is_named() {
    let mut setup = Setup::verifying();
    setup.options.ca_file = None;
    let server = setup.server();
    assert!(setup.client().connect(&server).is_err());
    let leaf = client_leaf(|_| {}, &setup.authority);
    let session = setup.client().with_leaf(&leaf).connect(&server);
    assert!(matches!(session, Err(rustls::Error::InvalidCertificate(_))));
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
