//! Clients that send much and deserve little.

use anabranch_testkit::client::{Client, Event};
use anabranch_testkit::observed::{Observed, tell};

const MEBIBYTE: usize = 1024 * 1024;
/// What bad input may cost the server in all.
const COST_MAX: u64 = 16 * 1024 * 1024;

#[test]
#[ignore = "load"]
fn endless_input_before_authentication_costs_little_memory() {
    let observed = Observed::start("authorization {token: t, timeout: 10}");
    let address = observed.server.address();
    let before = observed.resident_max();
    let starts: [&[u8]; 5] = [
        b"",
        b"PUB a 100000000\r\n",
        b"CONNECT {\"auth_token\":\"",
        b"SUB ",
        b"HPUB a 100000000 100000000\r\nNATS/1.0\r\n",
    ];
    for start in starts {
        let mut client = Client::silent(address);
        client.send(start);
        let piece = vec![b'x'; MEBIBYTE];
        // What the server does not read any more is not an error of sending.
        (0..100).for_each(|_| client.send(&piece));
        let events = client.rest();
        tell(&format!("{}: {:?}", String::from_utf8_lossy(start).trim_end(), events.last()));
    }
    let grown = observed.resident_max() - before;
    tell(&format!("{grown} bytes resident more than before, at most"));
    assert!(grown < COST_MAX, "{grown} bytes");
    observed.await_count("connections", 0);
}

#[test]
#[ignore = "load"]
fn unfinished_lines_of_many_unknown_clients_cost_no_more_than_they_hold() {
    let observed = Observed::start("authorization {token: t, timeout: 2}");
    let address = observed.server.address();
    let before = observed.resident_max();
    let line = format!("CONNECT {{\"auth_token\":\"{}", "x".repeat(4_000));
    let mut clients: Vec<Client> = (0..1_000).map(|_| Client::silent(address)).collect();
    clients.iter_mut().for_each(|client| client.send(&line));
    for client in &mut clients {
        assert!(matches!(client.rest().last(), Some(Event::Error(_))));
    }
    let grown = observed.resident_max() - before;
    tell(&format!("{} bytes resident per unknown client with half a line", grown / 1_000));
    assert!(grown < 4 * COST_MAX, "{grown} bytes");
}

#[test]
#[ignore = "load"]
fn a_client_that_asks_and_never_reads_is_cut_off() {
    let observed = Observed::start("max_pending: 1MB\nmax_payload: 64KB\nwrite_deadline: \"2s\"");
    let before = observed.resident_max();
    let mut client = observed.client();
    let pings = b"PING\r\n".repeat(MEBIBYTE / 6);
    (0..40).for_each(|_| client.send(&pings));
    // It is cut off, or not read from: either way nothing grows.
    observed.serves_a_new_pair();
    let grown = observed.resident_max() - before;
    tell(&format!("{grown} bytes resident more than before, at most"));
    assert!(grown < COST_MAX, "{grown} bytes");
    observed.await_count("connections", 0);
    assert_eq!(observed.count("slow_consumers"), 1);
}
