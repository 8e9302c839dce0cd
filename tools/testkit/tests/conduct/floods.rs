//! A flood for one stream is nothing that publishers of another one notice, save that it takes
//! longer.

use std::thread;

use anabranch_testkit::backup::Admin;
use anabranch_testkit::client::Client;
use anabranch_testkit::server::{Binary, Server};
use serde_json::{Value, json};

const CONFIG: &str = "jetstream { store_dir: \"{{dir}}/store\", max_buffered_size: 16M }";
/// Bytes of a message of the flood, how many of them come at a time, and how often.
const BODY: usize = 1000;
const AT_ONCE: usize = 16_000;
const TIMES: usize = 6;
/// Publishers of the flood, by where they hear.
const FLOODERS: [&str; 2] = ["answers.1", "answers.2"];

/// Publishes without waiting; gives how many were refused, all with 429.
fn flood(server: &Server, answers: &str) -> usize {
    let mut client = Client::open(server.address());
    client.send(format!("SUB {answers} 1\r\n"));
    let line = format!("PUB flood {answers} {BODY}\r\n{}\r\n", "x".repeat(BODY));
    let mut refused = 0;
    for _ in 0..TIMES {
        client.send(line.repeat(AT_ONCE));
        for _ in 0..AT_ONCE {
            let answer: Value = serde_json::from_slice(&client.message().payload).expect("JSON");
            if !answer["error"].is_null() {
                assert_eq!(answer["error"]["err_code"], 10_167, "{answer}");
                refused += 1;
            }
        }
    }
    refused
}

#[test]
#[ignore = "needs both servers"]
fn who_publishes_into_another_stream_is_not_refused_during_a_flood() {
    for binary in Binary::both().expect("needs both servers") {
        let server = Server::start(&binary, CONFIG).expect("a valid configuration");
        let mut admin = Admin::open(server.address());
        for name in ["flood", "other"] {
            let config = json!({ "name": name, "subjects": [name], "max_msgs": 1000 });
            admin.must(&format!("STREAM.CREATE.{name}"), &config);
        }
        let published = thread::scope(|scope| {
            let floods = FLOODERS.map(|answers| scope.spawn(|| flood(&server, answers)));
            let mut published = 0;
            while !floods.iter().all(thread::ScopedJoinHandle::is_finished) {
                let ack = admin.ask("other", "", b"x").payload;
                let ack: Value = serde_json::from_slice(&ack).expect("JSON");
                published += 1;
                assert_eq!(ack["seq"], published, "{ack}");
            }
            let refused = floods.map(|flood| flood.join().expect("it publishes"));
            println!("{published} beside the flood, of which {refused:?} were refused");
            published
        });
        assert!(published > 0);
    }
}
