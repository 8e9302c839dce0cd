//! What happens while a client says nothing.

use std::time::{Duration, Instant};

use anabranch_testkit::observed::{Observed, on_both};
use anabranch_testkit::wire::{Arrival, Chunks, Connection};

/// The default of `ping_interval` is two minutes; the first PING is to measure the round trip.
const FIRST_PING_MAX: Duration = Duration::from_secs(20);

#[test]
#[ignore = "needs both servers"]
fn the_first_ping_comes_long_before_the_interval() {
    on_both("", |observed| {
        let mut connection = Connection::open(observed.server.address()).expect("it listens");
        connection
            .send(b"CONNECT {\"verbose\":false}\r\nPING\r\n", Chunks::Whole)
            .expect("it reads");
        let deadline = Instant::now() + FIRST_PING_MAX;
        while !connection.buffered().ends_with(b"PONG\r\nPING\r\n") {
            let arrival = connection.fill(deadline).expect("a readable socket");
            assert_eq!(arrival, Arrival::Bytes, "what comes instead of a PING");
        }
    });
}

#[test]
#[ignore = "needs both servers"]
fn keep_alive_is_no_activity_and_everything_else_is() {
    on_both("", |observed| {
        let mut client = observed.client_named("quiet");
        let mut other = observed.client();
        let mut active = |bytes: &str, from_other: &str| {
            let before = last_activity(observed);
            client.send(bytes);
            client.barrier();
            other.send(from_other);
            other.barrier();
            client.barrier();
            last_activity(observed) != before
        };
        assert!(!active("", ""), "PING");
        assert!(!active("PONG\r\n", ""), "PONG");
        assert!(active("SUB quiet 1\r\n", ""), "SUB");
        assert!(active("PUB elsewhere 0\r\n\r\n", ""), "PUB");
        assert!(active("", "PUB quiet 0\r\n\r\n"), "a delivery");
        assert!(!active("", "PUB elsewhere 0\r\n\r\n"), "a message for others");
        assert!(active("UNSUB 1\r\n", ""), "UNSUB");
        assert!(active("CONNECT {\"verbose\":false,\"name\":\"quiet\"}\r\n", ""), "CONNECT");
    });
}

fn last_activity(observed: &Observed) -> String {
    let shown = observed.connection("quiet");
    shown["last_activity"].as_str().expect("a time").to_owned()
}
