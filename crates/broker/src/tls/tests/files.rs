//! What is made of options and files, and what is wrong with them.

use std::path::Path;
use std::time::Duration;

use anabranch_config::options::{CertificateFiles, HandshakeFirst};

use super::fixture::*;
use crate::tls::{PairError, TlsError, TlsServer, check_tls};

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

/// What is wrong with a certificate and a key.
fn pair_error(cert: &Path, key: &Path) -> PairError {
    let pair = CertificateFiles { cert_file: cert.to_owned(), key_file: key.to_owned() };
    match TlsServer::new(&options(vec![pair])).unwrap_err() {
        TlsError::Pair { source, .. } => source,
        other => panic!("{other}"),
    }
}

#[test]
fn names_the_file_that_is_missing() {
    let mut setup = Setup::new();
    let good = setup.options.certificates[0].clone();
    let absent = setup.directory.0.join("absent.pem");
    let missing = format!("open {}: no such file or directory", absent.display());
    for (cert, key) in [(&good.cert_file, &absent), (&absent, &good.key_file), (&absent, &absent)] {
        assert_eq!(pair_error(cert, key), PairError::File(missing.clone()));
    }
    setup.options.ca_file = Some(absent);
    assert_eq!(setup.error(), TlsError::Authorities(missing));
    setup.options.certificates.push(CertificateFiles { cert_file: "".into(), ..good });
    assert!(setup.error().to_string().starts_with("error parsing X509 certificate/key pair 2/2: "));
}

#[test]
fn tells_what_a_file_holds_instead() {
    let setup = Setup::new();
    let CertificateFiles { cert_file, key_file } = setup.options.certificates[0].clone();
    let section = |label: &str, text: &str| {
        format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
    };
    let file = |name: &str, text: &str| setup.directory.write(name, text);
    let garbage = file("garbage.pem", "no certificate at all");
    let cut = file("cut.pem", "-----BEGIN CERTIFICATE-----\nMIIB");
    for nothing in [&garbage, &cut] {
        assert_eq!(pair_error(nothing, &key_file), PairError::NoCertificate);
        assert_eq!(pair_error(&cert_file, nothing), PairError::NoKey);
    }
    assert_eq!(pair_error(&key_file, &key_file), PairError::Switched);
    assert_eq!(pair_error(&cert_file, &cert_file), PairError::CertificateForKey);
    let other = file("other.pem", &(section("X509 CRL", "AAAA") + &section("ODD", "AAAA")));
    let others = "X509 CRL ODD".to_owned();
    assert_eq!(pair_error(&other, &key_file), PairError::OtherThanCertificate(others.clone()));
    assert_eq!(pair_error(&cert_file, &other), PairError::OtherThanKey(others));
    let broken = file("broken.pem", &section("CERTIFICATE", "////"));
    assert_eq!(pair_error(&broken, &key_file), PairError::Certificate);
    for label in ["PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
        let broken = file("broken.key", &section(label, "////"));
        assert_eq!(pair_error(&cert_file, &broken), PairError::Key);
    }
}

#[test]
fn tells_a_key_that_it_lacks_from_one_that_is_none() {
    let setup = Setup::new();
    let cert = &setup.options.certificates[0].cert_file;
    // PKCS #8 of an algorithm that nobody has.
    let odd = setup.directory.write(
        "odd.key",
        "-----BEGIN PRIVATE KEY-----\nMAwCAQAwBAYCKgMEAQA=\n-----END PRIVATE KEY-----\n",
    );
    assert_eq!(pair_error(cert, &odd), PairError::Unavailable);
    let error = TlsError::Pair { which: None, source: PairError::Unavailable };
    assert!(error.is_of_this_server());
    let error = TlsError::Pair { which: None, source: PairError::Key };
    assert!(!error.is_of_this_server());
}

#[test]
fn refuses_a_key_of_another_certificate() {
    let setup = Setup::new();
    let other = setup.directory.pair("other", &server_leaf(&["localhost"], &setup.authority));
    let cert = &setup.options.certificates[0].cert_file;
    assert_eq!(pair_error(cert, &other.key_file), PairError::Mismatch);
}

#[test]
fn only_a_start_needs_a_certificate() {
    let mut setup = Setup::verifying();
    setup.options.certificates.clear();
    assert_eq!(setup.error(), TlsError::NoCertificate);
    assert_eq!(check_tls(&setup.options), Ok(()));
    setup.options.ca_file = Some(setup.directory.write("none.pem", ""));
    let error = check_tls(&setup.options).unwrap_err();
    assert_eq!(error.to_string(), "failed to parse root ca certificate");
}

#[test]
fn takes_the_authorities_that_it_can_read() {
    let mut setup = Setup::verifying();
    let broken = "-----BEGIN CERTIFICATE-----\n////\n-----END CERTIFICATE-----\n";
    let both = setup.directory.write("both.pem", &(broken.to_owned() + &setup.authority.pem()));
    setup.options.ca_file = Some(both);
    let leaf = client_leaf(|_| {}, &setup.authority);
    setup.client().with_leaf(&leaf).connect(&setup.server()).unwrap();
    setup.options.ca_file = Some(setup.directory.write("none.pem", broken));
    let error = TlsError::Authorities("failed to parse root ca certificate".to_owned());
    assert_eq!(setup.error(), error);
}
