//! Clients that publish, delete, purge and make streams until the server is gone.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use anabranch_testkit::client::{Client, Event, Message};
use serde_json::Value;

use crate::promises::{Promises, body};

/// Connections that publish into stream K.
const PUBLISHERS: usize = 4;
/// Messages that each has in flight.
const WINDOW: usize = 50;
/// The same of the one that publishes long messages into stream B.
const BULK_WINDOW: usize = 8;

/// Connections that are about to begin.
pub struct Load {
    round: u32,
    publishers: Vec<Asker>,
    bulk: Asker,
    control: Asker,
}

/// A connection with an inbox of its own.
pub struct Asker {
    client: Client,
    /// What the subjects of all answers to it begin with, with a dot at the end.
    inbox: String,
}

impl Asker {
    /// Connects.
    pub fn open(address: SocketAddr) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let inbox = format!("_R{}.", COUNT.fetch_add(1, Ordering::Relaxed));
        let mut client = Client::open(address);
        client.send(format!("SUB {inbox}> 1\r\n"));
        client.barrier();
        Self { client, inbox }
    }

    /// Asks the API; none: the server is gone.
    pub fn ask(&mut self, call: &str, body: &str) -> Option<Value> {
        self.publish(&format!("$JS.API.{call}"), "ask", body.as_bytes());
        self.answer().map(|(_, value)| value)
    }

    /// Publishes; the answer has this name.
    pub fn publish(&mut self, subject: &str, name: &str, body: &[u8]) {
        let line = format!("PUB {subject} {}{name} {}\r\n", self.inbox, body.len());
        self.client.send([line.as_bytes(), body, b"\r\n"].concat());
    }

    /// The next answer, with its name.
    pub fn message(&mut self) -> Option<(String, Message)> {
        loop {
            match self.client.event() {
                Event::Message(message) => {
                    let name = message.subject.strip_prefix(&self.inbox).expect("it is ours");
                    return Some((name.to_owned(), message));
                }
                Event::Closed => return None,
                _ => {}
            }
        }
    }

    /// The next answer that is JSON.
    fn answer(&mut self) -> Option<(String, Value)> {
        let (name, message) = self.message()?;
        let value = serde_json::from_slice(&message.payload).expect("answers are JSON");
        Some((name, value))
    }
}

impl Load {
    /// Connects, and makes the streams in the first round.
    pub fn open(address: SocketAddr, round: u32, promises: &mut Promises) -> Self {
        let mut control = Asker::open(address);
        for (name, more) in [("K", ""), ("B", ",\"max_msgs\":200")] {
            let subject = name.to_lowercase();
            let config = format!(
                r#"{{"name":"{name}","subjects":["{subject}.>"],"allow_direct":true{more}}}"#
            );
            let made = control.ask(&format!("STREAM.CREATE.{name}"), &config);
            assert!(made.is_some_and(|made| made["error"].is_null()), "{name} is made");
            promises.stream(name, true);
        }
        if round % 3 == 2 {
            let purged = control.ask("STREAM.PURGE.K", "").expect("the server is there");
            assert_eq!(purged["success"], true, "{purged}");
            promises.purged();
        }
        let publishers = (0..PUBLISHERS).map(|_| Asker::open(address)).collect();
        Self { round, publishers, bulk: Asker::open(address), control }
    }

    /// Runs until all connections are closed.
    pub fn run(self, promises: &mut Promises) {
        let round = self.round;
        thread::scope(|scope| {
            let threads: Vec<_> = self
                .publishers
                .into_iter()
                .enumerate()
                .map(|(number, mut client)| {
                    let of = format!("k.{round}.{number}");
                    scope.spawn(move || publish(&mut client, &of, WINDOW))
                })
                .collect();
            let mut bulk = self.bulk;
            let bulk =
                scope.spawn(move || publish(&mut bulk, &format!("b.{round}.0"), BULK_WINDOW));
            let mut control = self.control;
            Control { client: &mut control, round, promises }.run();
            for thread in threads {
                promises.kept(thread.join().expect("it publishes"));
            }
            promises.bulk(bulk.join().expect("it publishes"));
        });
    }
}

/// Publishes numbered messages until the server is gone; gives the acknowledged ones.
fn publish(client: &mut Asker, of: &str, window: usize) -> BTreeMap<u64, String> {
    let mut acked = BTreeMap::new();
    let (mut next, mut answered) = (0, 0);
    loop {
        while next < answered + window {
            let name = format!("{of}.{next}");
            client.publish(of, &name, &body(&name));
            next += 1;
        }
        let Some((name, ack)) = client.answer() else { return acked };
        answered += 1;
        if let Some(seq) = ack["seq"].as_u64().filter(|_| ack["error"].is_null()) {
            let before = acked.insert(seq, name);
            assert!(before.is_none(), "sequence {seq} was given twice");
        }
    }
}

/// One thing after the other, each acknowledged before the next.
struct Control<'a> {
    client: &'a mut Asker,
    round: u32,
    promises: &'a mut Promises,
}

impl Control<'_> {
    fn run(&mut self) {
        for step in 0.. {
            if self.step(step).is_none() {
                return;
            }
        }
    }

    fn step(&mut self, step: u32) -> Option<()> {
        let subject = format!("k.{}.c{step}", self.round);
        let mut stored = Vec::new();
        for number in 0..3 {
            let name = format!("{subject}.{number}");
            self.client.publish(&subject, &name, &body(&name));
            let (name, ack) = self.client.answer()?;
            let seq = ack["seq"].as_u64().filter(|_| ack["error"].is_null())?;
            self.promises.kept(BTreeMap::from([(seq, name)]));
            stored.push(seq);
        }
        self.remove(&stored[..1], "STREAM.MSG.DELETE.K", &format!("{{\"seq\":{}}}", stored[0]))?;
        if step.is_multiple_of(2) {
            let filter = format!("{{\"filter\":\"{subject}\"}}");
            self.remove(&stored, "STREAM.PURGE.K", &filter)?;
        }
        let name = format!("S{}x{step}", self.round);
        let config = format!(r#"{{"name":"{name}","subjects":["s.{name}"]}}"#);
        self.restructure(&name, "CREATE", &config, true)?;
        if step.is_multiple_of(4) { Some(()) } else { self.restructure(&name, "DELETE", "", false) }
    }

    fn remove(&mut self, which: &[u64], call: &str, body: &str) -> Option<()> {
        self.promises.doubt(which);
        let done = self.client.ask(call, body)?;
        if done["success"] == true {
            self.promises.gone(which);
        }
        Some(())
    }

    fn restructure(&mut self, name: &str, verb: &str, body: &str, there: bool) -> Option<()> {
        self.promises.doubt_stream(name);
        let done = self.client.ask(&format!("STREAM.{verb}.{name}"), body)?;
        if done["error"].is_null() {
            self.promises.stream(name, there);
        }
        Some(())
    }
}
