//! What monitoring says of TLS connections, and through TLS.

use std::io::{Read, Write};
use std::net::TcpStream;

use anabranch_testkit::server::Server;
use anabranch_testkit::tls::{Handshake, TlsStream};
use anabranch_testkit::wire::read_line;
use anabranch_testkit::{client, http};

use super::{NEED, PLAIN, connections, same_shape};
use crate::pair::{Pair, open, shape};

const CERTIFICATE: &str = "cert_file: \"{{dir}}/cert.pem\", key_file: \"{{dir}}/key.pem\"";
const CONNECT: &[u8] = b"CONNECT {\"verbose\":false}\r\nPING\r\n";

/// Who speaks first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    /// The server, with INFO.
    Info,
    /// The client, with the handshake.
    Handshake,
}

#[test]
#[ignore = "needs both servers"]
fn connz_tells_of_tls() {
    for (more, first) in [
        ("", First::Info),
        ("ca_file: \"{{dir}}/ca.pem\", verify: true", First::Info),
        ("handshake_first: true", First::Handshake),
        ("handshake_first: auto", First::Handshake),
        ("handshake_first: auto", First::Info),
    ] {
        let config = format!("{PLAIN}tls: {{{CERTIFICATE}, timeout: 10, {more}}}\n");
        let pair = Pair::start(&config).expect(NEED);
        let clients = pair.each(|server| connected(server, first));
        for path in ["/connz", "/connz?auth=1"] {
            let (ours, theirs) = same_shape(&pair, path);
            for name in ["tls_version", "tls_cipher_suite", "tls_peer_certs", "tls_first"] {
                let shown = |answer| connections(answer)[0][name].clone();
                assert_eq!(shown(&ours), shown(&theirs), "{name} with {more}, {first:?} first");
            }
        }
        drop(clients);
    }
}

/// A client whose CONNECT was answered.
fn connected(server: &Server, first: First) -> TlsStream {
    let mut stream = open(server.address());
    if first == First::Info {
        read_line(&mut stream).expect("INFO in time");
    }
    let mut tls = Handshake::of(server.directory()).over(stream).expect("a handshake");
    tls.write_all(CONNECT).expect("loopback takes a line");
    while read_line(&mut tls).expect("a line in time") != "PONG\r\n" {}
    tls
}

#[test]
#[ignore = "needs both servers"]
fn https_answers_as_http() {
    let config = format!("server_name: mon\nhttps: \"127.0.0.1:-1\"\ntls: {{{CERTIFICATE}}}\n");
    let pair = Pair::start(&config).expect(NEED);
    for path in ["/", "/varz", "/connz", "/subsz", "/healthz", "/nothing"] {
        let [ours, theirs] = pair.each(|server| {
            let address = server.monitoring_address().expect("configured with monitoring");
            let stream = TcpStream::connect(address).expect("it listens");
            let tls = Handshake::of(server.directory()).over(stream).expect("a handshake");
            http::get(tls, path)
        });
        assert_eq!(
            (&ours.status, &ours.content_type),
            (&theirs.status, &theirs.content_type),
            "{path}"
        );
        if path != "/varz" {
            assert_eq!(shape(&ours), shape(&theirs), "{path}");
        }
    }
    // Plain HTTP is answered with a refusal, not with what it asks for.
    let [ours, theirs] = pair.each(|server| {
        let address = server.monitoring_address().expect("configured with monitoring");
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(client::TIMEOUT)).expect("not zero");
        stream.write_all(b"GET /varz HTTP/1.0\r\n\r\n").expect("loopback takes a line");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).contains("server_id")
    });
    assert_eq!([ours, theirs], [false, false]);
}
