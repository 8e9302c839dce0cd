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
