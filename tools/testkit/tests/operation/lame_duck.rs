//! Lame duck mode: how long it lasts.

use std::time::{Duration, Instant};

use anabranch_testkit::client::{Client, Event};
use anabranch_testkit::server::Signal;

use crate::both::{TIMEOUT, both, log_lines, running};

#[test]
#[ignore = "needs both servers"]
fn without_clients_it_is_over_at_once() {
    let ended = |binary: &_| {
        // Two minutes, ten seconds of them for the first clients to go by themselves.
        let mut server = running(binary, "");
        server.signal(Signal::USR2).expect("the server runs");
        let code = server.await_end(TIMEOUT / 4).expect("it does not wait for anybody").code();
        let lines = ["Trapped", "lame duck", "Initiating", "Server Exiting"];
        (code, log_lines(&server.log(), &lines))
    };
    let [ours, theirs] = both(ended);
    assert_eq!(ours, theirs);
}

#[test]
#[ignore = "needs both servers"]
fn clients_get_ten_seconds_to_go_by_themselves() {
    const GRACE: Duration = Duration::from_secs(10);
    let told_and_closed = |binary: &_| {
        // The shortest duration that may be configured; the grace period is the default one.
        let mut server = running(binary, "lame_duck_duration: 30s\n");
        let mut client = Client::open(server.address());
        client.barrier();
        let begin = Instant::now();
        server.signal(Signal::USR2).expect("the server runs");
        let Event::Info(info) = client.event() else { panic!("INFO is what comes first") };
        assert!(info.contains("\"ldm\":true"), "{info}");
        client.rest();
        let closed = begin.elapsed();
        server.await_end(TIMEOUT).expect("it ends with its last client");
        closed
    };
    for closed in both(told_and_closed) {
        assert!((GRACE..2 * GRACE).contains(&closed), "{closed:?}");
    }
}
