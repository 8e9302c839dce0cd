//! Large messages to many receivers: content, order, and memory.

use std::thread;

use anabranch_testkit::client::{Client, Message};
use anabranch_testkit::observed::{Observed, tell};

const WITH_HEADERS: &str = "{\"verbose\":false,\"headers\":true}";
const WITHOUT_HEADERS: &str = "{\"verbose\":false}";
const HEADERS: &str = "NATS/1.0\r\nKind: large\r\n\r\n";

#[test]
#[ignore = "load"]
fn the_largest_messages_reach_a_hundred_receivers() {
    const SIZE: usize = 1024 * 1024;
    const MESSAGES: usize = 4;
    let observed = Observed::start("");
    let before = observed.resident_max();
    let mut receivers = receivers(&observed, 100);
    let mut publisher = observed.client();
    for n in 0..MESSAGES {
        publisher.send(format!("PUB large {SIZE}\r\n"));
        publisher.send(payload(n, SIZE));
        publisher.send("\r\n");
    }
    publisher.barrier();
    for receiver in &mut receivers {
        for n in 0..MESSAGES {
            assert!(receiver.message().payload == payload(n, SIZE), "message {n}");
        }
    }
    let grown = observed.resident_max() - before;
    tell(&format!(
        "{grown} bytes resident more than before, at most, for {MESSAGES} of {SIZE} bytes"
    ));
    assert!(grown < 128 * 1024 * 1024, "receivers share a payload: {grown} bytes");
}

#[test]
#[ignore = "load"]
fn large_and_small_messages_keep_their_order_with_and_without_headers() {
    // Around the size from which payloads are shared, and around that of a read.
    const SIZES: [usize; 10] = [1, 16_383, 16_384, 0, 40_000, 5, 65_536, 200_000, 2, 17_000];
    const ROUNDS: usize = 20;
    let observed = Observed::start("");
    let mut receivers = receivers(&observed, 40);
    let mut publisher = observed.client();
    let sizes = || (0..ROUNDS).flat_map(|_| SIZES).enumerate();
    thread::scope(|scope| {
        for (index, receiver) in receivers.iter_mut().enumerate() {
            scope.spawn(move || {
                for (n, size) in sizes() {
                    check(&receiver.message(), n, size, index % 2 == 0);
                }
            });
        }
        for (n, size) in sizes() {
            if n % 3 == 0 {
                let total = HEADERS.len() + size;
                publisher.send(format!("HPUB large {} {total}\r\n{HEADERS}", HEADERS.len()));
            } else {
                publisher.send(format!("PUB large {size}\r\n"));
            }
            publisher.send(payload(n, size));
            publisher.send("\r\n");
        }
        publisher.barrier();
    });
    receivers.iter_mut().for_each(|receiver| assert_eq!(receiver.barrier(), []));
}

/// Every other one takes headers, the first does.
fn receivers(observed: &Observed, count: usize) -> Vec<Client> {
    let open = |n: usize| {
        let options = if n.is_multiple_of(2) { WITH_HEADERS } else { WITHOUT_HEADERS };
        let mut client = Client::open_saying(observed.server.address(), options);
        client.send("SUB large 1\r\n");
        client.barrier();
        client
    };
    (0..count).map(open).collect()
}

fn check(message: &Message, n: usize, size: usize, takes_headers: bool) {
    let headers = if n.is_multiple_of(3) && takes_headers { HEADERS } else { "" };
    assert_eq!(message.headers, headers.as_bytes(), "message {n}");
    assert!(message.payload == payload(n, size), "message {n} of {size} bytes");
}

/// Bytes that differ from message to message and from place to place.
fn payload(n: usize, size: usize) -> Vec<u8> {
    (0..size).map(|at| u8::try_from((at * 31 + at / 251 + n * 7) % 256).expect("a byte")).collect()
}
