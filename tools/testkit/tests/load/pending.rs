//! What waits for clients that do not read, and what is left of it when they are gone.

use anabranch_testkit::client::Client;
use anabranch_testkit::observed::{Observed, tell};

const MEBIBYTE: u64 = 1024 * 1024;

#[test]
#[ignore = "load"]
fn what_waited_for_a_client_goes_with_it() {
    const CLIENTS: usize = 10;
    const EACH: u64 = 30 * MEBIBYTE;
    let observed = Observed::start("");
    observed.serves_a_new_pair();
    let before = observed.resident_max();
    let mut publisher = observed.client();
    let message = format!("PUB pending 1024\r\n{}\r\n", "x".repeat(1024));
    for _ in 0..CLIENTS {
        let slow = observed.subscriber("SUB pending 1\r\n");
        for _ in 0..EACH / MEBIBYTE {
            publisher.send(message.repeat(1024));
            publisher.barrier();
        }
        drop(slow);
        observed.await_count("connections", 1);
    }
    // The closed ones are remembered, and how much waited for them, but not what it was.
    assert_eq!(observed.close_reasons().len(), CLIENTS + 2);
    let grown = observed.resident_max() - before;
    tell(&format!("{grown} bytes resident more than before, at most"));
    assert!(grown < 3 * EACH, "{grown} bytes for one client at a time");
}

#[test]
#[ignore = "load"]
fn small_messages_that_wait_cost_little_more_than_their_bytes() {
    const CLIENTS: usize = 40;
    const ROUNDS: usize = 100;
    let observed = Observed::start("");
    let mut blocked: Vec<Client> =
        (0..CLIENTS).map(|_| observed.subscriber("SUB pending.> 1\r\n")).collect();
    let mut busy: Vec<Client> =
        (0..CLIENTS).map(|_| observed.subscriber("SUB busy 1\r\n")).collect();
    let mut publisher = observed.client();
    // More than the system takes; the receivers share it.
    let large = format!("PUB pending.large 1000000\r\n{}\r\n", "x".repeat(1_000_000));
    (0..6).for_each(|_| publisher.send(&large));
    publisher.barrier();
    let before = observed.resident();
    // Batches for others leave large buffers behind, which must not wait half empty.
    let batch = format!("PUB busy 1000\r\n{}\r\n", "y".repeat(1000)).repeat(100);
    for _ in 0..ROUNDS {
        publisher.send(&batch);
        publisher.send("PUB pending.small 2\r\nhi\r\n");
        publisher.barrier();
        busy.iter_mut().for_each(|client| drop(client.barrier()));
    }
    let grown = observed.resident().saturating_sub(before);
    tell(&format!("{grown} bytes resident more than before"));
    assert!(grown < 32 * MEBIBYTE, "{grown} bytes for {ROUNDS} small messages to {CLIENTS}");
    for client in &mut blocked {
        assert_eq!(client.barrier().len(), 6 + ROUNDS);
    }
}
