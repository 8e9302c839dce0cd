//! What the server has acknowledged, and whether it kept its word.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use serde_json::Value;

use crate::load::Asker;

/// Direct gets in flight.
const WINDOW: u64 = 200;

/// What came of all rounds.
#[derive(Debug, Default)]
pub struct Figures {
    /// Messages that were acknowledged.
    pub acked: usize,
    /// Of these, messages that were not there afterwards.
    pub lost: usize,
    /// What was wrong, lost messages included.
    pub wrongs: Vec<String>,
}

impl Figures {
    fn lose(&mut self, what: String) {
        self.lost += 1;
        self.wrongs.push(what);
    }
}

/// What is known to be stored, or not to be.
#[derive(Debug, Default)]
pub struct Promises {
    /// Names of the messages that must be in stream K, by sequence.
    kept: BTreeMap<u64, String>,
    /// Sequences of K that must not be there.
    gone: BTreeSet<u64>,
    /// The end of K.
    last: u64,
    /// Acknowledged messages of stream B, which keeps the last ones.
    bulk: BTreeMap<u64, String>,
    /// Streams that must exist, or must not.
    streams: BTreeMap<String, bool>,
    /// Acknowledged since the last check.
    acked: usize,
}

/// The payload of the message of that name.
pub fn body(name: &str) -> Vec<u8> {
    let number: usize = name.rsplit('.').next().and_then(|text| text.parse().ok()).unwrap_or(0);
    let size = match (name.starts_with('b'), number % 16) {
        (true, _) => 32 * 1024,
        (false, 0) => 8 * 1024,
        (false, odd) => 40 + 10 * odd,
    };
    name.bytes().chain([b' ']).cycle().take(size).collect()
}

/// The name of the message with that payload, if it is whole.
fn name_of(payload: &[u8]) -> Option<String> {
    let name = payload.split(|&byte| byte == b' ').next()?;
    let name = String::from_utf8(name.to_vec()).ok()?;
    (body(&name) == payload).then_some(name)
}

impl Promises {
    /// These messages were acknowledged.
    pub fn kept(&mut self, messages: BTreeMap<u64, String>) {
        self.acked += messages.len();
        for (seq, name) in messages {
            if !self.gone.contains(&seq) {
                self.kept.insert(seq, name);
            }
        }
    }

    /// These too, into B.
    pub fn bulk(&mut self, messages: BTreeMap<u64, String>) {
        self.acked += messages.len();
        self.bulk.extend(messages);
    }

    /// These are about to be removed.
    pub fn doubt(&mut self, which: &[u64]) {
        for seq in which {
            self.kept.remove(seq);
        }
    }

    /// These were removed.
    pub fn gone(&mut self, which: &[u64]) {
        self.gone.extend(which);
    }

    /// All that was in K was removed.
    pub fn purged(&mut self) {
        self.gone.extend(1..=self.last);
        self.kept.clear();
    }

    /// This stream is about to be made or removed.
    pub fn doubt_stream(&mut self, name: &str) {
        self.streams.remove(name);
    }

    /// This stream was made or removed.
    pub fn stream(&mut self, name: &str, there: bool) {
        self.streams.insert(name.to_owned(), there);
    }

    /// The server does not start any more.
    pub fn break_all(&mut self, why: &str, figures: &mut Figures) {
        figures.acked += self.acked;
        figures.lost += self.kept.len();
        figures.wrongs.push(format!("the server does not start: {why}"));
        *self = Self::default();
    }

    /// Compares all promises with what is there, which is promised from now on.
    pub fn check(&mut self, address: SocketAddr, figures: &mut Figures) {
        let client = &mut Asker::open(address);
        figures.acked += std::mem::take(&mut self.acked);
        self.check_streams(client, figures);
        let (found, last) = stored(client, "K", figures);
        for (seq, name) in &self.kept {
            match found.get(seq) {
                Some(there) if there == name => {}
                there => figures.lose(format!("K {seq}: {there:?} instead of {name}")),
            }
        }
        for seq in self.gone.iter().filter(|seq| found.contains_key(seq)) {
            figures.wrongs.push(format!("K {seq}: it was removed, and is back"));
        }
        if last < self.last {
            figures.wrongs.push(format!("K ends at {last}, and had {}", self.last));
        }
        check_order("K", &found, figures);
        self.check_bulk(client, figures);
        self.gone = (1..=last).filter(|seq| !found.contains_key(seq)).collect();
        self.last = last;
        self.kept = found;
    }

    fn check_streams(&mut self, client: &mut Asker, figures: &mut Figures) {
        let answer = client.ask("STREAM.NAMES", "").expect("the server is there");
        let names: BTreeSet<&str> =
            answer["streams"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, &there) in &self.streams {
            if names.contains(name.as_str()) != there {
                let what = if there { "lost" } else { "back" };
                figures.wrongs.push(format!("stream {name} is {what}"));
            }
        }
        self.streams = names.iter().map(|&name| (name.to_owned(), true)).collect();
    }

    fn check_bulk(&mut self, client: &mut Asker, figures: &mut Figures) {
        let (found, last) = stored(client, "B", figures);
        for (seq, name) in std::mem::take(&mut self.bulk) {
            let kept = seq + 200 > last && found.get(&seq) != Some(&name);
            if kept || seq > last {
                figures.lose(format!("B {seq}: {:?} instead of {name}", found.get(&seq)));
            }
        }
        check_order("B", &found, figures);
        self.bulk = found;
    }
}

/// Messages of one connection come once, and in the order in which it sent them.
fn check_order(stream: &str, found: &BTreeMap<u64, String>, figures: &mut Figures) {
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    for (seq, name) in found {
        let Some((of, number)) = name.rsplit_once('.') else { continue };
        let number = number.parse().expect("names are ours");
        if last.insert(of, number).is_some_and(|before| before >= number) {
            figures.wrongs.push(format!("{stream} {seq}: {name} out of order"));
        }
    }
}

/// The names of all messages of a stream by sequence, and its end.
fn stored(client: &mut Asker, stream: &str, figures: &mut Figures) -> (BTreeMap<u64, String>, u64) {
    let info = client.ask(&format!("STREAM.INFO.{stream}"), "").expect("the server is there");
    let state = |key: &str| info["state"][key].as_u64().unwrap_or(0);
    let (first, last) = (state("first_seq").max(1), state("last_seq"));
    let mut found = BTreeMap::new();
    let subject = format!("$JS.API.DIRECT.GET.{stream}");
    let mut asked = first;
    for seq in first..=last {
        while asked <= last && asked < seq + WINDOW {
            let body = format!("{{\"seq\":{asked}}}");
            client.publish(&subject, &asked.to_string(), body.as_bytes());
            asked += 1;
        }
        let (number, message) = client.message().expect("the server is there");
        if message.headers.starts_with(b"NATS/1.0 404") {
            continue;
        }
        let seq = number.parse().expect("what was asked for");
        match name_of(&message.payload) {
            Some(name) => drop(found.insert(seq, name)),
            None => figures.wrongs.push(format!("{stream} {seq}: a damaged message")),
        }
    }
    if state("messages") != u64::try_from(found.len()).expect("few") {
        let counted = state("messages");
        figures.wrongs.push(format!("{stream} counts {counted}, and has {}", found.len()));
    }
    (found, last)
}
