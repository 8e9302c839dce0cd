//! Bytes that a server reads before it knows what they are: they belong to the handshake, or to
//! the protocol, in whole.

use std::io::{Read, Write};
use std::net::TcpStream;

use anabranch_testkit::client::TIMEOUT;
use anabranch_testkit::observed::{Observed, on_both};
use anabranch_testkit::tls::Handshake;
use anabranch_testkit::wire::read_line;

const CERTIFICATE: &str = "cert_file: \"{{dir}}/cert.pem\", key_file: \"{{dir}}/key.pem\"";
const CONNECT: &[u8] = b"CONNECT {\"verbose\":false,\"name\":\"early\"}\r\nPING\r\n";
const V1: &[u8] = b"PROXY TCP4 192.0.2.7 192.0.2.9 4711 4222\r\n";
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\xc0\0\x02\x09\x12\x67\x10\x7e";

/// Who speaks first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    /// The server, with INFO.
    Info,
    /// The client.
    Client,
}

#[test]
#[ignore = "needs both servers"]
fn a_hello_that_is_looked_at_is_a_hello_still() {
    for (more, first) in [
        ("", First::Info),
        ("handshake_first: true", First::Client),
        ("handshake_first: 20s", First::Client),
    ] {
        let optional = if first == First::Info { "allow_non_tls: true\n" } else { "" };
        on_both(&with_tls(more, optional), |observed| {
            shakes_hands(observed, first, b"");
        });
    }
}

#[test]
#[ignore = "needs both servers"]
fn a_hello_behind_a_proxy_header_is_a_hello_still() {
    for (more, allow, first) in [
        ("", "", First::Info),
        ("", "allow_non_tls: true\n", First::Info),
        ("handshake_first: true", "", First::Client),
        ("handshake_first: 20s", "", First::Client),
    ] {
        on_both(&with_tls(more, &format!("{allow}proxy_protocol: true\n")), |observed| {
            for header in [V1, V2] {
                shakes_hands(observed, first, header);
                let shown = observed.get("/connz?state=any&sort=start");
                let all = shown["connections"].as_array().expect("a list");
                assert!(all.iter().all(|one| one["ip"] == "192.0.2.7"), "{shown}");
            }
        });
    }
}

#[test]
#[ignore = "needs both servers"]
fn plain_bytes_behind_a_proxy_header_stay_plain_where_both_are_allowed() {
    let config = with_tls("", "allow_non_tls: true\nproxy_protocol: true\n");
    on_both(&config, |observed| {
        for header in [V1, V2, b""] {
            let mut stream = open(observed, First::Info);
            stream.write_all(&[header, CONNECT].concat()).expect("loopback takes a line");
            is_answered(&mut stream);
        }
    });
}

/// A handshake with `early` before the hello and CONNECT behind the last message, each in the
/// same write.
fn shakes_hands(observed: &Observed, first: First, early: &[u8]) {
    let stream = open(observed, first);
    let usual = Handshake::of(observed.server.directory());
    let mut tls = Handshake { early, late: CONNECT, ..usual }.over(stream).expect("a handshake");
    is_answered(&mut tls);
}

fn is_answered(stream: &mut impl Read) {
    let mut line = read_line(stream).expect("a line in time");
    if line.starts_with("INFO ") {
        line = read_line(stream).expect("a line in time");
    }
    assert_eq!(line, "PONG\r\n");
}

fn open(observed: &Observed, first: First) -> TcpStream {
    let mut stream = TcpStream::connect(observed.server.address()).expect("the server listens");
    stream.set_read_timeout(Some(TIMEOUT)).expect("not zero");
    stream.set_nodelay(true).expect("a TCP stream");
    if first == First::Info {
        read_line(&mut stream).expect("INFO in time");
    }
    stream
}

fn with_tls(more: &str, beside: &str) -> String {
    format!("{beside}tls: {{{CERTIFICATE}, timeout: 20, {more}}}\n")
}
