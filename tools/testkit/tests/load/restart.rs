//! The server goes away, with and without saying so.

use std::thread;
use std::time::{Duration, Instant};

use anabranch_testkit::server::Signal;

use anabranch_testkit::client::{Client, Event, TIMEOUT};
use anabranch_testkit::observed::{Observed, tell};

#[test]
#[ignore = "load"]
fn lame_duck_mode_tells_two_hundred_clients_and_closes_them_in_time() {
    // The shortest duration that a configuration may name; most of it is grace.
    let timing = "lame_duck_duration: \"30s\"\nlame_duck_grace_period: \"28s\"\n";
    let mut observed = Observed::start(timing);
    let mut clients: Vec<Client> = (0..200).map(|_| observed.client()).collect();
    clients.iter_mut().for_each(|client| drop(client.barrier()));
    let begin = Instant::now();
    observed.server.signal(Signal::USR2).expect("the server runs");
    for client in &mut clients {
        let Event::Info(info) = client.event() else { panic!("INFO is what comes first") };
        assert!(info.contains("\"ldm\":true"), "{info}");
    }
    for client in &mut clients[..100] {
        client.barrier();
    }
    assert!(begin.elapsed() < Duration::from_secs(20), "they are told at once");
    let status = observed.server.await_end(Duration::from_secs(40)).expect("it ends");
    tell(&format!("ended {:?} after the signal", begin.elapsed()));
    assert_eq!(status.code(), Some(0));
    assert!((28..=35).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
    for client in &mut clients {
        client.rest();
    }
}

#[test]
#[ignore = "load"]
fn a_server_restarted_on_its_port_takes_everybody_back() {
    const CLIENTS_PER_THREAD: usize = 50;
    let mut observed = Observed::start("");
    let address = observed.server.address();
    let mut clients: Vec<Client> = (0..400).map(|_| observed.client()).collect();
    clients.iter_mut().for_each(|client| drop(client.barrier()));
    observed.server.signal(Signal::KILL).expect("the server runs");
    observed.server.await_end(TIMEOUT).expect("it is killed");
    let observed = Observed::start(&format!("port: {}", address.port()));
    assert_eq!(observed.server.address(), address);
    let begin = Instant::now();
    thread::scope(|scope| {
        for lost in clients.chunks_mut(CLIENTS_PER_THREAD) {
            scope.spawn(move || {
                for client in lost {
                    assert_eq!(client.event(), Event::Closed);
                    *client = Client::open(address);
                }
            });
        }
    });
    tell(&format!("400 clients came back in {:?}", begin.elapsed()));
    observed.await_count("connections", 400);
}
