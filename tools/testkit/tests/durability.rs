//! What was acknowledged is there after the process was killed, however often: no message is
//! lost, none comes twice, each publisher's come in order, and what was deleted stays deleted.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use anabranch_testkit::client::{Client, Event, TIMEOUT};
use anabranch_testkit::server::{Binary, Server, Signal};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// Publishers that write at once.
const PUBLISHERS: usize = 4;
/// Messages that each has in flight.
const WINDOW: usize = 100;
/// Acknowledgements of each before the kill.
const ACKED: usize = 800;

fn rounds() -> usize {
    let named = std::env::var("ANABRANCH_KILL_ROUNDS").ok();
    named.and_then(|text| text.parse().ok()).unwrap_or(10)
}

fn start(store: &Path) -> Server {
    let binary = Binary::anabranch().expect("the binary is built");
    // A part may want all of this with a key, for example.
    let more = std::env::var("ANABRANCH_KILL_CONFIG").unwrap_or_default();
    let config = format!("jetstream {{ store_dir: \"{}\"\n{more} }}", store.display());
    Server::start(&binary, &config).expect("it starts on what it left behind")
}

fn kill(mut server: Server) {
    server.signal(Signal::KILL).expect("the server runs");
    server.await_end(TIMEOUT).expect("it is killed");
}

/// Asks the API.
fn ask(client: &mut Client, call: &str, body: &str) -> Value {
    client.send(format!("PUB $JS.API.{call} _A.ask {}\r\n{body}\r\n", body.len()));
    let answer = client.message();
    serde_json::from_slice(&answer.payload).expect("answers are JSON")
}

/// A client that hears answers below `inbox`.
fn open(address: SocketAddr, inbox: &str) -> Client {
    let mut client = Client::open(address);
    client.send(format!("SUB {inbox}.> 1\r\n"));
    client.barrier();
    client
}

/// Publishes until `ACKED` messages are acknowledged, and leaves others under way; gives the
/// acknowledged payloads by sequence.
fn publish(address: SocketAddr, publisher: usize, round: usize) -> BTreeMap<u64, String> {
    let inbox = format!("_P.{publisher}");
    let mut client = open(address, &inbox);
    let mut acked = BTreeMap::new();
    let mut next = 0;
    while acked.len() < ACKED {
        let mut lines = String::new();
        while next < acked.len() + WINDOW {
            let body = format!("{round}.{publisher}.{next}");
            let len = body.len();
            lines.push_str(&format!("PUB k.{publisher} {inbox}.{body} {len}\r\n{body}\r\n"));
            next += 1;
        }
        client.send(lines);
        let Event::Message(answer) = client.event() else { panic!("an acknowledgement comes") };
        let ack: Value = serde_json::from_slice(&answer.payload).expect("it is JSON");
        let seq = ack["seq"].as_u64().filter(|seq| *seq > 0);
        let seq = seq.unwrap_or_else(|| panic!("it is no refusal: {ack}"));
        let body = answer.subject.get(inbox.len() + 1..).expect("it is below").to_owned();
        assert!(acked.insert(seq, body).is_none(), "a sequence is given once");
    }
    acked
}

/// All messages of the stream, by sequence.
fn stored(client: &mut Client) -> BTreeMap<u64, String> {
    let info = ask(client, "STREAM.INFO.K", "");
    let last = info["state"]["last_seq"].as_u64().expect("it has a state");
    let mut found = BTreeMap::new();
    let all: Vec<u64> = (1..=last).collect();
    for some in all.chunks(500) {
        for seq in some {
            let body = format!("{{\"seq\":{seq}}}");
            let len = body.len();
            client.send(format!("PUB $JS.API.STREAM.MSG.GET.K _A.get {len}\r\n{body}\r\n"));
        }
        for &seq in some {
            let answer = client.message();
            let answer: Value = serde_json::from_slice(&answer.payload).expect("it is JSON");
            if let Some(data) = answer["message"]["data"].as_str() {
                assert_eq!(answer["message"]["seq"], seq, "answers come in order");
                let body = STANDARD.decode(data).expect("it is base64");
                found.insert(seq, String::from_utf8(body).expect("it was text"));
            } else {
                assert_eq!(answer["error"]["err_code"], 10037, "{answer}");
            }
        }
    }
    let messages = u64::try_from(found.len()).expect("few");
    assert_eq!(info["state"]["messages"], messages, "the state counts what is there");
    found
}

/// Each publisher's messages come in the order in which it sent them, and once.
fn assert_order(found: &BTreeMap<u64, String>) {
    let mut last: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for (seq, body) in found {
        let parts: Vec<usize> = body.split('.').filter_map(|part| part.parse().ok()).collect();
        let [round, publisher, number] = parts[..] else { panic!("{seq}: {body}") };
        let before = last.insert((round, publisher), number);
        assert!(before.is_none_or(|before| before < number), "{seq}: {body} after {before:?}");
    }
}

#[test]
#[ignore = "durability"]
fn every_acknowledged_message_survives_kill_9() {
    let store = tempfile::tempdir().expect("there is room");
    let mut server = start(store.path());
    let mut client = open(server.address(), "_A");
    let created = ask(&mut client, "STREAM.CREATE.K", r#"{"name":"K","subjects":["k.*"]}"#);
    assert!(created["error"].is_null(), "{created}");
    let mut expected: BTreeMap<u64, String> = BTreeMap::new();
    let mut deleted: Vec<u64> = Vec::new();
    for round in 0..rounds() {
        let address = server.address();
        std::thread::scope(|scope| {
            let publishers: Vec<_> = (0..PUBLISHERS)
                .map(|publisher| scope.spawn(move || publish(address, publisher, round)))
                .collect();
            for publisher in publishers {
                expected.extend(publisher.join().expect("it publishes"));
            }
        });
        // One of this round's messages is deleted, and acknowledged to be.
        let victim = *expected.keys().next_back().expect("there are some");
        let gone = ask(&mut client, "STREAM.MSG.DELETE.K", &format!("{{\"seq\":{victim}}}"));
        assert_eq!(gone["success"], true, "{gone}");
        expected.remove(&victim);
        deleted.push(victim);
        kill(server);
        server = start(store.path());
        client = open(server.address(), "_A");
        let found = stored(&mut client);
        for (seq, body) in &expected {
            assert_eq!(found.get(seq), Some(body), "round {round}: {seq} was acknowledged");
        }
        assert!(deleted.iter().all(|seq| !found.contains_key(seq)), "deletions are kept");
        assert_order(&found);
        println!("round {round}: {} acknowledged, {} found", expected.len(), found.len());
        // What was under way may be there or not; from now on it is what it is.
        expected = found;
    }
    kill(server);
}

/// nats-server leaves it to chance whether a get overtakes what was published before it.
#[test]
#[ignore = "durability"]
fn a_get_behind_a_publish_of_its_connection_finds_that() {
    let store = tempfile::tempdir().expect("there is room");
    let server = start(store.path());
    let mut client = open(server.address(), "_A");
    let stream = r#"{"name":"K","subjects":["k.*"],"allow_direct":true}"#;
    let created = ask(&mut client, "STREAM.CREATE.K", stream);
    assert!(created["error"].is_null(), "{created}");
    for round in 0..300 {
        let body = format!("{round}");
        let publish = format!("PUB k.1 {}\r\n{body}\r\n", body.len());
        let get = "PUB $JS.API.DIRECT.GET.K.k.1 _A.get 0\r\n\r\n";
        match round % 3 {
            0 => client.send(format!("{publish}{get}")),
            1 => {
                client.send(publish);
                client.send(get);
            }
            _ => {
                client.send(publish);
                client.barrier();
                client.send(get);
            }
        }
        assert_eq!(client.message().payload, body.as_bytes(), "{round}");
    }
}

/// nats-server at times finds what was in the stream before.
#[test]
#[ignore = "durability"]
fn a_stream_made_again_has_nothing_of_the_one_before() {
    let store = tempfile::tempdir().expect("there is room");
    let server = start(store.path());
    let mut client = open(server.address(), "_A");
    let mut other = open(server.address(), "_B");
    let mut get = || {
        other.send("PUB $JS.API.DIRECT.GET.K _B.get 9\r\n{\"seq\":1}\r\n");
        other.message()
    };
    for round in 0..20 {
        let stream = r#"{"name":"K","subjects":["k.*"],"allow_direct":true}"#;
        let created = ask(&mut client, "STREAM.CREATE.K", stream);
        assert!(created["error"].is_null(), "{created}");
        assert!(get().headers.starts_with(b"NATS/1.0 404"), "{round}");
        client.send("PUB k.1 _A.ack 1\r\nx\r\n");
        assert!(client.message().payload.starts_with(b"{\"stream\""));
        assert_eq!(get().payload, b"x", "{round}");
        assert_eq!(ask(&mut client, "STREAM.DELETE.K", "")["success"], true);
    }
}

/// Messages that one round puts into the work queue.
const WORK: usize = 300;

/// Publishes `WORK` messages with ids, twice each, and waits for all acknowledgements.
fn put_work(client: &mut Client, round: usize) {
    for number in 0..WORK {
        let body = format!("{round}.{number}");
        let headers = format!("NATS/1.0\r\nNats-Msg-Id: {body}\r\n\r\n");
        let (head, all) = (headers.len(), headers.len() + body.len());
        client.send(format!("HPUB w.x _A.ack {head} {all}\r\n{headers}{body}\r\n").repeat(2));
    }
    for _ in 0..2 * WORK {
        let answer = client.message();
        assert!(answer.payload.starts_with(b"{\"stream\""), "it is stored: {answer:?}");
    }
}

/// Asks the consumer for messages until none comes.
fn pull_work(client: &mut Client) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let body = r#"{"batch":100000,"expires":500000000}"#;
    let len = body.len();
    client.send(format!("PUB $JS.API.CONSUMER.MSG.NEXT.W.C _A.pull {len}\r\n{body}\r\n"));
    loop {
        let message = client.message();
        if message.subject != "w.x" {
            return found;
        }
        let body = String::from_utf8(message.payload).expect("it was text");
        found.push((body, message.reply));
    }
}

/// Every message is worked on once: what was confirmed to be acknowledged never comes again, what
/// was not comes until it is.
#[test]
#[ignore = "durability"]
fn confirmed_work_is_done_once_whatever_is_killed() {
    let store = tempfile::tempdir().expect("there is room");
    let mut server = start(store.path());
    let mut client = open(server.address(), "_A");
    let stream = r#"{"name":"W","subjects":["w.*"],"retention":"workqueue"}"#;
    let created = ask(&mut client, "STREAM.CREATE.W", stream);
    assert!(created["error"].is_null(), "{created}");
    let consumer = r#"{"stream_name":"W","config":{"durable_name":"C","ack_policy":"explicit",
        "ack_wait":1000000000,"max_ack_pending":-1}}"#;
    let created = ask(&mut client, "CONSUMER.DURABLE.CREATE.W.C", consumer);
    assert!(created["error"].is_null(), "{created}");
    let (mut left, mut done) = (BTreeMap::new(), BTreeMap::new());
    for round in 0..rounds().min(20) {
        put_work(&mut client, round);
        left.extend((0..WORK).map(|number| (format!("{round}.{number}"), ())));
        let came = pull_work(&mut client);
        for (nth, (body, reply)) in came.iter().enumerate() {
            assert!(!done.contains_key(body), "round {round}: {body} was done before");
            assert!(left.contains_key(body), "round {round}: {body} was put in");
            // The last ones are acknowledged while the server is killed, or not at all.
            if nth + 50 < came.len() {
                client.send(format!("PUB {reply} _A.done 4\r\n+ACK\r\n"));
                assert!(client.message().payload.is_empty(), "{body} is confirmed");
                left.remove(body);
                done.insert(body.clone(), ());
            }
        }
        kill(server);
        server = start(store.path());
        client = open(server.address(), "_A");
    }
    let begun = Instant::now();
    while !left.is_empty() {
        assert!(begun.elapsed() < TIMEOUT, "{} messages never come", left.len());
        let came = pull_work(&mut client);
        for (body, reply) in came {
            assert!(!done.contains_key(&body), "{body} was done before");
            client.send(format!("PUB {reply} _A.done 4\r\n+ACK\r\n"));
            assert!(client.message().payload.is_empty(), "{body} is confirmed");
            left.remove(&body);
            done.insert(body, ());
        }
    }
    let info = ask(&mut client, "STREAM.INFO.W", "");
    assert_eq!(info["state"]["messages"], 0, "{info}");
    let info = ask(&mut client, "CONSUMER.INFO.W.C", "");
    assert_eq!((&info["num_pending"], &info["num_ack_pending"]), (&0.into(), &0.into()), "{info}");
    println!("{} messages were worked on once each", done.len());
}
