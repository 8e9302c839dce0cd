//! What is made of options and files, and what is wrong with them.

use std::path::Path;
use std::time::Duration;

use anabranch_config::options::{CertificateFiles, HandshakeFirst};

use super::fixture::*;
use crate::tls::{TlsError, TlsServer};

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
