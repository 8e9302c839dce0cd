//! What publishing and not reading do to the figures.

use anabranch_testkit::client::{Client, Event};
use anabranch_testkit::http;
use anabranch_testkit::server::Server;
use serde_json::Value;

use super::{NEED, PLAIN, same_shape};
use crate::pair::{Pair, open};

/// A receiver's queue that takes a few dozen messages from three quarters on to full.
const SLOW: &str = "max_payload: 64KB\nmax_pending: 8MB\n";
const PENDING_MAX: u64 = 8 * 1024 * 1024;
const MESSAGE: usize = 64 * 1024;

#[test]
#[ignore = "needs both servers"]
fn publishes_are_counted_whatever_becomes_of_them() {
    const USER: &str = "authorization: {users: [{user: ann, password: x, \
                        permissions: {publish: {deny: \"no.>\"}}}]}\n";
    let pair = Pair::start(&format!("{PLAIN}{USER}")).expect(NEED);
    let figures = pair.each(|server| {
        let options = "{\"verbose\":false,\"headers\":true,\"user\":\"ann\",\"pass\":\"x\"}";
        let mut client = Client::open_saying(server.address(), options);
        for publish in [
            "PUB nobody.listens 2\r\nhi\r\n",
            "PUB no.right 3\r\nabc\r\n",
            "PUB $NRG.x 5\r\nabcde\r\n",
            "PUB ok _R_.reply 7\r\nabcdefg\r\n",
            "HPUB no.right 12 23\r\nNATS/1.0\r\n\r\nabcdefghijk\r\n",
        ] {
            client.send(publish);
        }
        client.send("PING\r\n");
        while client.event() != Event::Pong {}
        let connection = &get(server, "/connz")["connections"][0];
        let all = get(server, "/varz");
        [connection["in_msgs"].clone(), connection["in_bytes"].clone()]
            .into_iter()
            .chain([all["in_msgs"].clone(), all["in_bytes"].clone()])
            .map(|figure| figure.as_u64().expect("a number"))
            .collect::<Vec<_>>()
    });
    assert_eq!(figures[0], figures[1]);
    assert_eq!(figures[1], [5, 40, 5, 40]);
}

#[test]
#[ignore = "needs both servers"]
fn from_three_quarters_of_max_pending_on_publishers_wait_and_stalls_are_counted() {
    let pair = Pair::start(&format!("{PLAIN}{SLOW}")).expect(NEED);
    let slow = pair.each(|server| {
        let slow = who_does_not_read(server);
        let mut publisher = Client::open(server.address());
        while slow_one(server)["stalls"].is_null() {
            publisher.send(message());
            publisher.barrier();
        }
        slow
    });
    for standing in pair.each(slow_one) {
        let pending = standing["pending_bytes"].as_u64().expect("a number");
        assert!((PENDING_MAX / 4 * 3..=PENDING_MAX).contains(&pending), "{standing}");
    }
    let (ours, theirs) = same_shape(&pair, "/connz");
    for answer in [ours, theirs] {
        assert_eq!(answer.json()["connections"][0]["name"], "slow", "{}", answer.body);
    }
    for all in pair.each(|server| get(server, "/varz")) {
        assert!(all["stalled_clients"].as_u64() > Some(0), "{all}");
        assert_eq!(all["slow_consumers"], 0);
    }
    drop(slow);
}

#[test]
#[ignore = "needs both servers"]
fn without_stalls_messages_for_those_who_are_behind_are_left_out() {
    const MESSAGES: usize = 400;
    let config = format!("{PLAIN}{SLOW}no_fast_producer_stall: true\n");
    let pair = Pair::start(&config).expect(NEED);
    for mut slow in pair.each(|server| {
        let slow = who_does_not_read(server);
        let mut publisher = Client::open(server.address());
        (0..MESSAGES).for_each(|_| publisher.send(message()));
        publisher.barrier();
        let standing = slow_one(server);
        assert!(standing["pending_bytes"].as_u64() >= Some(PENDING_MAX / 4 * 3), "{standing}");
        assert!(standing["stalls"].is_null(), "{standing}");
        let all = get(server, "/varz");
        let troubles = ["stalled_clients", "slow_consumers"].map(|name| all[name].as_u64());
        assert_eq!(troubles, [Some(0), Some(0)]);
        slow
    }) {
        let received = slow.barrier().len();
        assert!((100..MESSAGES).contains(&received), "{received} of {MESSAGES}");
        // It has caught up, so it gets the next one.
        slow.send(message());
        assert_eq!(slow.barrier().len(), 1);
    }
}

/// A client that calls itself `slow`, and has subscribed to what [`message`] publishes.
fn who_does_not_read(server: &Server) -> Client {
    let mut slow = Client::open_saying(server.address(), "{\"verbose\":false,\"name\":\"slow\"}");
    slow.send("SUB slow 1\r\n");
    slow.barrier();
    slow
}

fn message() -> String {
    format!("PUB slow {MESSAGE}\r\n{}\r\n", "x".repeat(MESSAGE))
}

/// What `/connz` says of the client that calls itself `slow`.
fn slow_one(server: &Server) -> Value {
    let all = get(server, "/connz");
    let mut open = all["connections"].as_array().expect("a list").iter();
    open.find(|one| one["name"] == "slow").cloned().expect("it is not cut off")
}

fn get(server: &Server, path: &str) -> Value {
    http::get(open(server.monitoring_address().expect("configured with monitoring")), path).json()
}
