//! The last words to a client, and who gets them.

use std::time::{Duration, Instant};

use anabranch_testkit::client::{Client, Event};
use anabranch_testkit::observed::{on_both, tell, wait_until};

#[test]
#[ignore = "needs both servers"]
fn what_was_asked_before_the_end_of_input_is_answered() {
    // More than the system takes from a server whose client does not read yet.
    const MESSAGES: usize = 6_000;
    on_both("", |observed| {
        let mut client = observed.client();
        let message = format!("PUB ending.own 1000\r\n{}\r\n", "x".repeat(1000));
        client.send("SUB ending.own 1\r\n".to_owned() + &message.repeat(MESSAGES) + "PING\r\n");
        client.end_sending();
        let said = client.rest();
        let messages = said.iter().filter(|event| matches!(event, Event::Message(_)));
        assert_eq!(messages.count(), MESSAGES);
        assert_eq!(said.last(), Some(&Event::Pong));
    });
}

#[test]
#[ignore = "needs both servers"]
fn who_is_one_too_many_reads_why() {
    on_both("max_connections: 1", |observed| {
        let _first = observed.client();
        for _ in 0..50 {
            let mut second = Client::silent(observed.server.address());
            // Clients answer INFO at once, before they read on.
            assert!(matches!(second.event(), Event::Info(_)));
            second.send("CONNECT {\"verbose\":false}\r\nPING\r\n");
            let why = Event::Error("'maximum connections exceeded'".to_owned());
            assert_eq!(second.rest(), [why]);
        }
    });
}

#[test]
#[ignore = "needs both servers"]
fn who_was_refused_and_stays_costs_no_descriptor() {
    // A refused client gets a moment to read why.
    const MOMENT: Duration = Duration::from_secs(1);
    const ATTEMPTS: usize = 3;
    on_both("max_connections: 1", |observed| {
        let _first = observed.client();
        let before = observed.descriptors();
        let attempt = || {
            let mut refused: Vec<Client> =
                (0..20).map(|_| Client::silent(observed.server.address())).collect();
            refused.iter_mut().for_each(|client| drop(client.rest()));
            let begin = Instant::now();
            wait_until("descriptors freed", || observed.descriptors() <= before);
            tell(&format!("freed after {:?}", begin.elapsed()));
            begin.elapsed()
        };
        // The machine may be busy with something else, but not always.
        assert!((0..ATTEMPTS).any(|_| attempt() < MOMENT));
    });
}

#[test]
#[ignore = "needs both servers"]
fn who_lets_too_much_wait_ends_with_that_reason() {
    on_both("max_payload: 64KB\nmax_pending: 128KB", |observed| {
        let _slow = observed.subscriber("SUB ending.slow 1\r\n");
        let mut publisher = observed.client();
        let message = format!("PUB ending.slow 65536\r\n{}\r\n", "x".repeat(65_536));
        // The system takes some MiB for a socket that is not read.
        (0..400).for_each(|_| publisher.send(&message));
        publisher.barrier();
        observed.await_count("slow_consumers", 1);
        wait_until("a reason", || observed.close_reasons() == ["Slow Consumer (Pending Bytes)"]);
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_connection_that_breaks_while_it_is_written_to_ends_with_that_reason() {
    const ATTEMPTS: usize = 100;
    on_both("", |observed| {
        let mut publisher = observed.client();
        let message = format!("PUB ending.broken 1000000\r\n{}\r\n", "x".repeat(1_000_000));
        let mut attempt = || {
            let broken = observed.subscriber("SUB ending.broken 1\r\n");
            // More than the system takes, so that the server is in the middle of writing.
            (0..8).for_each(|_| publisher.send(&message));
            publisher.barrier();
            // What it has not read makes its system reset the connection.
            drop(broken);
            observed.await_count("connections", 1);
            observed.close_reasons().contains(&"Write Error".to_owned())
        };
        // A reset can be noticed by reading too: whichever comes first.
        assert!((0..ATTEMPTS).any(|_| attempt()), "{:?}", observed.close_reasons());
    });
}
