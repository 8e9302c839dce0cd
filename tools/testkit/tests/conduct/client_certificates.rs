//! Whose certificates are accepted, and what is logged of the others.

use std::io::Read;
use std::net::TcpStream;

use anabranch_testkit::client::TIMEOUT;
use anabranch_testkit::client_certificates;
use anabranch_testkit::observed::wait_until;
use anabranch_testkit::server::{Binary, Server};
use anabranch_testkit::tls::Handshake;
use anabranch_testkit::wire::read_line;

const CONFIG: &str = "tls: {cert_file: \"{{dir}}/cert.pem\", key_file: \"{{dir}}/key.pem\", \
                      verify: true, ca_file: \"{{dir}}/trusted.pem\", timeout: 20}\n";
const CONNECT: &[u8] = b"CONNECT {\"verbose\":false}\r\nPING\r\n";
const UNKNOWN: &str = "x509: certificate signed by unknown authority";

#[test]
#[ignore = "needs both servers"]
fn the_same_certificates_are_accepted_and_the_others_refused_in_the_same_words() {
    for binary in Binary::both().expect("needs both servers") {
        let server = Server::start_with(&binary, CONFIG, client_certificates::write);
        let server = server.expect("a valid configuration");
        for name in ["client", "old", "authority", "listed"] {
            assert_eq!(answer(&server, name), "PONG\r\n", "{name} with {:?}", binary.kind());
        }
        for (count, (name, why)) in (1..).zip([
            ("old-stranger", UNKNOWN),
            ("unlisted", UNKNOWN),
            ("server", "x509: certificate specifies an incompatible key usage"),
            ("expired", "x509: certificate has expired or is not yet valid"),
        ]) {
            assert_eq!(answer(&server, name), "", "{name} with {:?}", binary.kind());
            const ERROR: &str = "TLS handshake error: tls: failed to verify certificate: ";
            wait_until(name, || server.log().matches(ERROR).count() == count);
            let log = server.log();
            let last = log.rsplit(ERROR).next().unwrap_or_default();
            assert!(last.starts_with(why), "{name} with {:?}: {last}", binary.kind());
        }
    }
}

/// What the server says to a client with this certificate: a PONG, or nothing.
fn answer(server: &Server, name: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).expect("the server listens");
    stream.set_read_timeout(Some(TIMEOUT)).expect("not zero");
    read_line(&mut stream).expect("INFO in time");
    let handshake = Handshake { shown: name, late: CONNECT, ..Handshake::of(server.directory()) };
    let Ok(mut tls) = handshake.over(stream) else { return String::new() };
    let mut said = String::new();
    let mut byte = [0];
    // Since TLS 1.3 a client hears of a refusal only after its own part is done.
    while !said.ends_with('\n') && tls.read(&mut byte).is_ok_and(|count| count > 0) {
        said.push(char::from(byte[0]));
    }
    said
}
