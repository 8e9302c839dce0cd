//! What a `tls` block makes of a handshake.

use std::io::Write;
use std::net::TcpStream;

use anabranch_testkit::client::TIMEOUT;
use anabranch_testkit::observed::{Observed, on_both};
use anabranch_testkit::tls::{Handshake, TLS12, TLS13, TlsStream};
use anabranch_testkit::wire::read_line;
use rustls::{CipherSuite, NamedGroup};

const CERTIFICATE: &str = "cert_file: \"{{dir}}/cert.pem\", key_file: \"{{dir}}/key.pem\"";
const CLIENTS: &str = "ca_file: \"{{dir}}/ca.pem\", verify: true";

#[test]
#[ignore = "needs both servers"]
fn versions_below_the_oldest_are_refused() {
    for (more, old_accepted) in [("", true), ("min_version: \"1.3\"", false)] {
        on_both(&with_tls(more), |observed| {
            let usual = Handshake::of(observed.server.directory());
            let old = talks(observed, Handshake { versions: &[&TLS12], ..usual });
            assert_eq!(old.is_some(), old_accepted, "{more}");
            assert!(talks(observed, Handshake { versions: &[&TLS13], ..usual }).is_some());
        });
    }
}

#[test]
#[ignore = "needs both servers"]
fn suites_and_curves_are_those_of_the_configuration() {
    let more = "cipher_suites: [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256], \
                curve_preferences: [CurveP384]";
    on_both(&with_tls(more), |observed| {
        let usual = Handshake::of(observed.server.directory());
        let old = talks(observed, Handshake { versions: &[&TLS12], ..usual }).expect("TLS 1.2");
        let suite = old.conn.negotiated_cipher_suite().map(|suite| suite.suite());
        assert_eq!(suite, Some(CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256));
        let tls = talks(observed, usual).expect("TLS 1.3");
        let group = tls.conn.negotiated_key_exchange_group().map(|group| group.name());
        assert_eq!(group, Some(NamedGroup::secp384r1));
    });
}

#[test]
#[ignore = "needs both servers"]
fn clients_show_a_certificate_with_a_key_that_is_pinned() {
    for (more, accepted) in [
        (CLIENTS.to_owned(), true),
        (format!("{CLIENTS}\ninclude pinned.conf\n"), true),
        (format!("{CLIENTS}\ninclude unpinned.conf\n"), false),
    ] {
        on_both(&with_tls(&more), |observed| {
            let usual = Handshake::of(observed.server.directory());
            assert_eq!(talks(observed, usual).is_some(), accepted, "{more}");
        });
    }
}

#[test]
#[ignore = "needs both servers"]
fn of_several_certificates_the_one_with_the_name_is_shown() {
    const SEVERAL: &str = "certs: [\
        {cert_file: \"{{dir}}/cert.pem\", key_file: \"{{dir}}/key.pem\"}, \
        {cert_file: \"{{dir}}/other.pem\", key_file: \"{{dir}}/other-key.pem\"}]";
    on_both(&format!("tls: {{{SEVERAL}, timeout: 20}}\n"), |observed| {
        let usual = Handshake::of(observed.server.directory());
        assert!(talks(observed, usual).is_some());
        let other = Handshake { name: "other.test", trusted: "other.pem", ..usual };
        assert!(talks(observed, other).is_some());
        let neither = Handshake { name: "neither.test", ..usual };
        assert!(talks(observed, neither).is_none());
    });
}

/// The stream, if a PING was answered through it.
fn talks(observed: &Observed, handshake: Handshake<'_>) -> Option<TlsStream> {
    let mut stream = TcpStream::connect(observed.server.address()).expect("the server listens");
    stream.set_read_timeout(Some(TIMEOUT)).expect("not zero");
    read_line(&mut stream).expect("INFO in time");
    let mut tls = handshake.over(stream).ok()?;
    // Of its certificate a client may hear only afterwards.
    tls.write_all(b"CONNECT {\"verbose\":false}\r\nPING\r\n").ok()?;
    read_line(&mut tls).ok().filter(|line| line == "PONG\r\n").map(|_| tls)
}

fn with_tls(more: &str) -> String {
    format!("tls: {{{CERTIFICATE}, timeout: 20, {more}}}\n")
}
