//! Direct gets beside other traffic: what was acknowledged is found, from any connection, and what
//! was deleted or purged is not found any more once that was acknowledged.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anabranch_testkit::client::{Client, Message};
use anabranch_testkit::observed::{Observed, on_both};
use serde_json::{Value, json};

const CONFIG: &str = "jetstream { store_dir: \"{{dir}}/store\", max_mem: 1GB, max_file: 4GB }";
/// Those who store, get and delete, each with subjects of its own.
const PAIRS: usize = 3;
const ROUNDS: usize = 120;
/// Messages that others have under way all the while.
const UNDER_WAY: usize = 200;

fn settings(name: &str, more: &Value) -> Value {
    let mut config =
        json!({ "name": name, "subjects": [format!("{name}.>")], "allow_direct": true });
    for (key, value) in more.as_object().into_iter().flatten() {
        config[key] = value.clone();
    }
    config
}

/// A client with an inbox of its own.
struct Asker {
    client: Client,
    inbox: String,
}

impl Asker {
    fn open(observed: &Observed) -> Self {
        static OPENED: AtomicU64 = AtomicU64::new(0);
        let inbox = format!("_A.{}", OPENED.fetch_add(1, Ordering::Relaxed));
        let mut client = observed.client();
        client.send(format!("SUB {inbox} 1\r\n"));
        client.barrier();
        Self { client, inbox }
    }

    fn ask(&mut self, subject: &str, body: &[u8]) -> Message {
        let line = format!("PUB {subject} {} {}\r\n", self.inbox, body.len());
        self.client.send([line.as_bytes(), body, b"\r\n"].concat());
        self.client.message()
    }

    /// Asks the API; it must not refuse.
    fn must(&mut self, call: &str, body: &Value) {
        let answer = self.ask(&format!("$JS.API.{call}"), text(body).as_bytes());
        let answer: Value = serde_json::from_slice(&answer.payload).expect("an answer in JSON");
        assert!(answer["error"].is_null(), "{call}: {answer}");
    }

    /// A direct get; nothing if there is no such message.
    fn get(&mut self, call: &str, body: &Value) -> Option<Vec<u8>> {
        let answer = self.ask(&format!("$JS.API.DIRECT.GET.{call}"), text(body).as_bytes());
        if answer.headers.starts_with(b"NATS/1.0 404") {
            return None;
        }
        assert!(answer.headers.starts_with(b"NATS/1.0\r\nNats-Stream: "), "{answer:?}");
        Some(answer.payload)
    }

    /// The first message of a batch of one; what ends the batch is read too.
    fn get_batch(&mut self, stream: &str, seq: u64) -> Option<Vec<u8>> {
        let found = self.get(stream, &json!({ "seq": seq, "batch": 1 }));
        if found.is_some() {
            let end = self.client.message();
            assert!(end.headers.starts_with(b"NATS/1.0 204"), "{end:?}");
        }
        found
    }
}

fn text(body: &Value) -> String {
    if body.is_null() { String::new() } else { body.to_string() }
}

/// Ends the others when a test ends, also by a panic.
struct Until<'a>(&'a AtomicBool);

impl Drop for Until<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Keeps the stream busy until it is told to end.
fn make_noise(observed: &Observed, stream: &str, ends: &AtomicBool) {
    let mut client = observed.client();
    client.send("SUB _N 1\r\n");
    let message = format!("PUB {stream}.noise _N 100\r\n{}\r\n", "n".repeat(100));
    client.send(message.repeat(UNDER_WAY));
    while !ends.load(Ordering::Relaxed) {
        let ack = client.message();
        assert!(ack.payload.starts_with(b"{\"stream\""), "{ack:?}");
        client.send(&message);
    }
}

fn store_get_delete(observed: &Observed, stream: &str, pair: usize) {
    let mut writer = Asker::open(observed);
    let mut reader = Asker::open(observed);
    for round in 0..ROUNDS {
        let subject = format!("{stream}.{pair}.{}", round % 7);
        let body = format!("{pair}.{round}.{}", "x".repeat(round * 7)).into_bytes();
        let ack = writer.ask(&subject, &body);
        let ack: Value = serde_json::from_slice(&ack.payload).expect("it is JSON");
        let seq = ack["seq"].as_u64().unwrap_or_else(|| panic!("{ack}"));
        let (by_seq, last) = (json!({ "seq": seq }), format!("{stream}.{subject}"));
        for asker in [&mut reader, &mut writer] {
            assert_eq!(asker.get(stream, &by_seq).as_ref(), Some(&body), "{round}: {seq}");
            assert_eq!(asker.get(&last, &Value::Null).as_ref(), Some(&body), "{round}: last");
            assert_eq!(asker.get_batch(stream, seq).as_ref(), Some(&body), "{round}: batch");
        }
        if round % 10 == 9 {
            let purged = json!({ "filter": subject });
            writer.must(&format!("STREAM.PURGE.{stream}"), &purged);
            for asker in [&mut reader, &mut writer] {
                assert_eq!(asker.get(&last, &Value::Null), None, "{round}: last after a purge");
            }
        } else if round % 3 == 0 {
            writer.must(&format!("STREAM.MSG.DELETE.{stream}"), &by_seq);
        } else {
            continue;
        }
        for asker in [&mut reader, &mut writer] {
            assert_eq!(asker.get(stream, &by_seq), None, "{round}: {seq} is deleted");
        }
    }
}

#[test]
#[ignore = "needs both servers"]
fn what_was_acknowledged_is_found_and_what_was_deleted_is_not() {
    on_both(CONFIG, |observed| {
        let mut asker = Asker::open(observed);
        let kinds = [
            ("FILE", json!({})),
            ("PACKED", json!({ "compression": "s2" })),
            ("MEMORY", json!({ "storage": "memory" })),
        ];
        for (name, more) in kinds {
            asker.must(&format!("STREAM.CREATE.{name}"), &settings(name, &more));
            let ends = &AtomicBool::new(false);
            std::thread::scope(|scope| {
                let _until = Until(ends);
                scope.spawn(|| make_noise(observed, name, ends));
                let pairs = (0..PAIRS)
                    .map(|pair| scope.spawn(move || store_get_delete(observed, name, pair)));
                let pairs: Vec<_> = pairs.collect();
                pairs.into_iter().for_each(|pair| pair.join().expect("it is as it should be"));
            });
            asker.must(&format!("STREAM.DELETE.{name}"), &Value::Null);
        }
    });
}

#[test]
#[ignore = "needs both servers"]
fn who_asks_for_much_gets_all_of_it_in_order() {
    on_both(CONFIG, |observed| {
        let mut asker = Asker::open(observed);
        asker.must("STREAM.CREATE.A", &settings("A", &json!({})));
        for seq in 1..=600u32 {
            asker.ask("A.b", &vec![b'x'; usize::try_from(seq * 10).expect("small")]);
        }
        for batch in [1, 255, 256, 257, 600, 1000] {
            let asked = json!({ "seq": 1, "batch": batch }).to_string();
            let mut client = Client::open(observed.server.address());
            client.send(format!(
                "SUB _B 1\r\nPUB $JS.API.DIRECT.GET.A _B {}\r\n{asked}\r\n",
                asked.len()
            ));
            for seq in 1..=batch.min(600) {
                let message = client.message();
                let headers = String::from_utf8_lossy(&message.headers).into_owned();
                assert!(headers.contains(&format!("Nats-Sequence: {seq}\r\n")), "{headers}");
                assert!(headers.contains(&format!("Nats-Num-Pending: {}\r\n", 600 - seq)));
                assert_eq!(message.payload.len(), seq * 10);
            }
            let end = String::from_utf8_lossy(&client.message().headers).into_owned();
            assert!(end.starts_with("NATS/1.0 204 EOB\r\n"), "{end}");
        }
    });
}
