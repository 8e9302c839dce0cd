//! A script of requests, pulls and acknowledgements, on both servers at once, and the record of
//! everything that came.

use std::time::{Duration, Instant};

use anabranch_testkit::client::{Client, Event, Message, TIMEOUT};
use anabranch_testkit::server::{Binary, Server, Signal};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long nothing has to come for it to be quiet.
const QUIET: Duration = Duration::from_millis(250);
const END_PATIENCE: Duration = Duration::from_secs(10);
/// Lines before a difference that are shown.
const SHOWN: usize = 6;
const WIDTH: usize = 400;
const BEFORE: usize = 120;
const ENDED_EARLY: &str = "the script ended early";

/// `TEST | what our server has to be mended in`. The list only shrinks.
const LATER: &str = include_str!("later.txt");

/// One server, who talks to it, and the record.
pub(crate) struct Script {
    binary: Binary,
    store: TempDir,
    server: Option<Server>,
    client: Client,
    asked: u64,
    pulls: u64,
    listens: Vec<String>,
    /// What came besides answers, not yet in the record.
    heard: Vec<Message>,
    record: Vec<String>,
    has_consumers: bool,
    pending_varies: bool,
}

/// Runs the script on both servers at once; both must say the same.
pub(crate) fn same(script: impl Fn(&mut Script) + Sync) {
    let binaries = Binary::both().expect("both servers are there");
    let [ours, theirs] = std::thread::scope(|scope| {
        let run = |binary| {
            let script = &script;
            scope.spawn(move || {
                let mut one = Script::open(binary);
                let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    script(&mut one);
                }));
                if done.is_err() {
                    one.record.push(ENDED_EARLY.to_owned());
                }
                one.record
            })
        };
        let [ours, theirs] = binaries;
        let running = [run(ours), run(theirs)];
        running.map(|one| one.join().expect("a script ends"))
    });
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    let later = LATER.lines().find(|line| line.split(" | ").next() == Some(&test));
    match (difference(&ours, &theirs), later) {
        (Some(difference), None) => panic!("{difference}"),
        (None, Some(later)) => panic!("in later.txt, but the same on both servers: {later}"),
        (Some(_), Some(_)) | (None, None) => {}
    }
}

/// Runs the script on this server alone, where nats-server promises less.
pub(crate) fn alone(script: impl Fn(&mut Script)) {
    script(&mut Script::open(Binary::anabranch().expect("it is there")));
}

/// Where the records differ, and what was before it.
fn difference(ours: &[String], theirs: &[String]) -> Option<String> {
    let length = ours.len().min(theirs.len());
    let at = (0..length).find(|&at| ours[at] != theirs[at]);
    if at.is_none() && ours.len() == theirs.len() {
        let early = ours.iter().any(|line| line == ENDED_EARLY);
        return early.then(|| format!("{ours:#?}"));
    }
    let at = at.unwrap_or(length);
    let line = |lines: &[String]| lines.get(at).cloned().unwrap_or_default();
    let (one, other) = (line(ours), line(theirs));
    let alike = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    let part = |lines: &[String]| {
        let before = lines[at.saturating_sub(SHOWN).min(lines.len())..at.min(lines.len())].iter();
        let shown: Vec<String> = before.map(|line| cut(line, 0)).collect();
        format!("{}\n=> {}", shown.join("\n"), cut(&line(lines), alike.saturating_sub(BEFORE)))
    };
    let (ours, theirs) = (part(ours), part(theirs));
    Some(format!("line {at}\n--- ours\n{ours}\n--- nats-server\n{theirs}\n"))
}

/// A part of a line that may be long.
fn cut(line: &str, from: usize) -> String {
    line.chars().skip(from).take(WIDTH).collect()
}

impl Script {
    fn open(binary: Binary) -> Self {
        let store = tempfile::tempdir().expect("there is room");
        let server = start(&binary, &store);
        let client = connect(&server);
        let (asked, pulls) = (0, 0);
        let (listens, heard, record) = (Vec::new(), Vec::new(), Vec::new());
        let server = Some(server);
        let (has_consumers, pending_varies) = (false, false);
        Self {
            binary,
            store,
            server,
            client,
            asked,
            pulls,
            listens,
            heard,
            record,
            has_consumers,
            pending_varies,
        }
    }

    /// Ends the server by this signal and starts one on what it left.
    pub(crate) fn restart(&mut self, signal: Signal) {
        self.stop(signal);
        let server = start(&self.binary, &self.store);
        self.client = connect(&server);
        for subscription in &self.listens {
            self.client.send(subscription);
        }
        self.client.barrier();
        self.heard.clear();
        self.server = Some(server);
    }

    /// Ends the server by this signal.
    pub(crate) fn stop(&mut self, signal: Signal) {
        let mut server = self.server.take().expect("it runs");
        server.signal(signal).expect("it runs");
        server.await_end(END_PATIENCE).expect("it ends");
    }

    /// Adds a line to the record.
    pub(crate) fn note(&mut self, line: impl Into<String>) {
        self.record.push(line.into());
    }

    /// Leaves out of tokens how many messages are pending: where messages are published while
    /// others are delivered, that depends on who is faster.
    pub(crate) fn pending_varies(&mut self) {
        self.pending_varies = true;
    }

    /// The last line of the record must have this in it.
    #[track_caller]
    pub(crate) fn expect(&self, text: &str) {
        let last = self.record.last().expect("something was said");
        assert!(last.contains(text), "{last}\nhas no {text}");
    }

    /// What is answered to a message, which is not recorded.
    pub(crate) fn request(&mut self, subject: &str, headers: &str, body: &str) -> Message {
        self.asked += 1;
        let reply = format!("_A.{}", self.asked);
        self.publish(subject, &reply, headers, body);
        let deadline = Instant::now() + TIMEOUT;
        loop {
            match self.client.event_by(deadline) {
                Some(Event::Message(message)) if message.subject == reply => return message,
                Some(Event::Message(message)) => self.heard.push(message),
                Some(Event::Info(_)) => {}
                other => panic!("no answer to {subject} {body}: {other:?}"),
            }
        }
    }

    /// Publishes as it is.
    pub(crate) fn publish(&mut self, subject: &str, reply: &str, headers: &str, body: &str) {
        let line = if headers.is_empty() {
            format!("PUB {subject} {reply} {}\r\n{body}\r\n", body.len())
        } else {
            let block = format!("NATS/1.0\r\n{headers}\r\n\r\n");
            let (len, all) = (block.len(), block.len() + body.len());
            format!("HPUB {subject} {reply} {len} {all}\r\n{block}{body}\r\n")
        };
        self.client.send(line);
    }

    /// Asks the API and records the answer.
    pub(crate) fn ask(&mut self, call: &str, body: &Value) -> Value {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        self.ask_text(call, &text)
    }

    /// As [`Script::ask`], with any text.
    pub(crate) fn ask_text(&mut self, call: &str, body: &str) -> Value {
        let answer = self.request(&format!("$JS.API.{call}"), "", body);
        let shown = show_payload(&answer.payload);
        let headers = String::from_utf8_lossy(&answer.headers).replace("\r\n", "|");
        self.note(format!("{call} {body} -> {headers}{shown}"));
        serde_json::from_slice(&answer.payload).unwrap_or_default()
    }

    /// As [`Script::ask`] of what may have no answer.
    pub(crate) fn request_no_answer(&mut self, call: &str) {
        self.client.send("SUB _N n\r\n");
        self.publish(&format!("$JS.API.{call}"), "_N", "", "");
        self.note(call);
        self.quiet();
        self.client.send("UNSUB n\r\n");
    }

    /// Makes a stream; in memory where nothing else is said.
    pub(crate) fn stream(&mut self, config: Value) {
        let mut config = config;
        if config["storage"].is_null() {
            config["storage"] = json!("memory");
        }
        let name = config["name"].as_str().expect("it has a name").to_owned();
        let answer = self.request(&format!("$JS.API.STREAM.CREATE.{name}"), "", &text(&config));
        let answer: Value = serde_json::from_slice(&answer.payload).expect("JSON");
        assert!(answer["error"].is_null(), "{answer}");
    }

    /// The stream `S` on `s.>`.
    pub(crate) fn plain_stream(&mut self) {
        self.stream(json!({ "name": "S", "subjects": ["s.>"] }));
    }

    /// Makes a durable consumer of `S` with explicit acknowledgements where nothing else is said.
    pub(crate) fn consumer(&mut self, name: &str, config: Value) -> Value {
        let mut config = config;
        self.has_consumers = true;
        config["durable_name"] = json!(name);
        if config["ack_policy"].is_null() {
            config["ack_policy"] = json!("explicit");
        }
        let body = json!({ "stream_name": "S", "config": config });
        let answer = self.ask(&format!("CONSUMER.CREATE.S.{name}"), &body);
        assert!(answer["error"].is_null(), "{answer}");
        answer
    }

    /// Records what is told of a consumer of `S`.
    pub(crate) fn info(&mut self, name: &str) -> Value {
        self.ask(&format!("CONSUMER.INFO.S.{name}"), &Value::Null)
    }

    /// Waits until what is told of a consumer of `S` is so, then records it.
    pub(crate) fn until(&mut self, name: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            let answer = self.request(&format!("$JS.API.CONSUMER.INFO.S.{name}"), "", "");
            let info: Value = serde_json::from_slice(&answer.payload).unwrap_or_default();
            if holds(&info) {
                self.note(format!("{name}: {}", show_payload(&answer.payload)));
                return info;
            }
            assert!(Instant::now() < deadline, "{info}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until so many messages are pending for a consumer of `S`; from then on tokens tell.
    pub(crate) fn counted(&mut self, name: &str, pending: u64) {
        self.until(name, |info| info["num_pending"] == pending);
        self.pending_varies = false;
    }

    /// Publishes messages that must be stored: their bodies are their numbers in this call. With
    /// consumers there already, tokens are recorded as [`Script::pending_varies`] says:
    /// nats-server counts for them after it has acknowledged.
    pub(crate) fn fill(&mut self, subjects: &[&str]) {
        self.pending_varies |= self.has_consumers;
        for (at, subject) in subjects.iter().enumerate() {
            let ack = self.request(subject, "", &format!("m{}", at + 1)).payload;
            assert!(ack.starts_with(b"{\"stream\""), "{}", String::from_utf8_lossy(&ack));
        }
    }

    /// As [`Script::fill`], `count` of them on `s.a`.
    pub(crate) fn put(&mut self, count: usize) {
        self.fill(&vec!["s.a"; count]);
    }

    /// Subscribes; messages are recorded under `sid`.
    pub(crate) fn listen(&mut self, subject: &str, sid: &str) {
        let line = format!("SUB {subject} {sid}\r\n");
        self.client.send(&line);
        self.client.barrier().into_iter().for_each(|late| self.heard.push(late));
        self.listens.push(line);
    }

    /// Ends a subscription.
    pub(crate) fn leave(&mut self, sid: &str) {
        self.client.send(format!("UNSUB {sid}\r\n"));
        let late = self.client.barrier();
        self.heard.extend(late);
    }

    /// Sends a pull request to a consumer of `S` under a subscription of its own: `p1`, `p2`, ….
    pub(crate) fn pull(&mut self, name: &str, body: &Value) -> String {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.pull_text(name, "", &body)
    }

    /// As [`Script::pull`], with any text and headers.
    pub(crate) fn pull_text(&mut self, name: &str, headers: &str, body: &str) -> String {
        self.pulls += 1;
        let sid = format!("p{}", self.pulls);
        let reply = format!("_P.{}", self.pulls);
        self.client.send(format!("SUB {reply} {sid}\r\n"));
        self.note(format!("{sid}: {name} {body}"));
        self.publish(&format!("$JS.API.CONSUMER.MSG.NEXT.S.{name}"), &reply, headers, body);
        sid
    }

    /// As [`Script::pull`], with a request that is another on each server and not recorded.
    pub(crate) fn pull_quietly(&mut self, name: &str, body: &Value) {
        self.pull(name, body);
        self.record.pop();
    }

    /// Records the next `count` messages, in the order they came.
    #[track_caller]
    pub(crate) fn take(&mut self, count: usize) -> Vec<Message> {
        let deadline = Instant::now() + TIMEOUT;
        while self.heard.len() < count {
            match self.client.event_by(deadline) {
                Some(Event::Message(message)) => self.heard.push(message),
                Some(Event::Info(_)) => {}
                other => {
                    let rest = self.heard.len();
                    self.record_heard(rest);
                    panic!("instead of {count} messages {rest}, and {other:?}");
                }
            }
        }
        self.record_heard(count)
    }

    /// As [`Script::take`], recorded in the order of what they say.
    #[track_caller]
    pub(crate) fn take_in_any_order(&mut self, count: usize) {
        self.take(count);
        let from = self.record.len() - count;
        self.record[from..].sort();
    }

    /// The next message, which is not recorded.
    pub(crate) fn take_unrecorded(&mut self) -> Message {
        if self.heard.is_empty() { self.client.message() } else { self.heard.remove(0) }
    }

    /// Pulls this many of a consumer of `S`, which must be there, and records them.
    #[track_caller]
    pub(crate) fn fetch(&mut self, name: &str, count: usize) -> Vec<Message> {
        self.pull(name, &json!({ "batch": count, "expires": 5_000_000_000u64 }));
        self.take(count)
    }

    /// Records everything that comes until it is quiet.
    pub(crate) fn quiet(&mut self) -> Vec<Message> {
        let mut deadline = Instant::now() + QUIET;
        while let Some(event) = self.client.event_by(deadline) {
            match event {
                Event::Message(message) => self.heard.push(message),
                Event::Info(_) => {}
                other => panic!("instead of messages: {other:?}"),
            }
            deadline = Instant::now() + QUIET;
        }
        let messages = self.record_heard(self.heard.len());
        self.note("quiet");
        messages
    }

    /// Acknowledges a message, waits for the server to confirm, and records that.
    pub(crate) fn ack(&mut self, message: &Message, payload: &str) {
        assert!(!message.reply.is_empty(), "{message:?}");
        let answer = self.request(&message.reply, "", payload);
        let token = self.token(message);
        self.note(format!("{payload} of {token} -> {}", shown(&answer)));
    }

    /// Acknowledges without waiting.
    pub(crate) fn ack_only(&mut self, message: &Message, payload: &str) {
        self.publish(&message.reply, "", "", payload);
    }

    /// Waits until acknowledgements that were sent are dealt with, by that of another message,
    /// which has more time now.
    pub(crate) fn settle_acks(&mut self, pending: &Message) {
        let _ = self.request(&pending.reply, "", "+WPI");
    }

    /// The token of a message, as it is recorded.
    fn token(&self, message: &Message) -> String {
        let token = token(&message.reply);
        match token.rsplit_once('.') {
            Some((rest, _)) if self.pending_varies && rest.starts_with("$JS.ACK.") => {
                rest.to_owned()
            }
            _ => token,
        }
    }

    fn record_heard(&mut self, count: usize) -> Vec<Message> {
        let messages: Vec<Message> = self.heard.drain(..count).collect();
        for message in &messages {
            let line = shown(message).replace(&token(&message.reply), &self.token(message));
            self.record.push(line);
        }
        messages
    }
}

fn start(binary: &Binary, store: &TempDir) -> Server {
    let store = store.path().display();
    let config = format!("server_name: one\njetstream {{ store_dir: \"{store}\" }}");
    Server::start(binary, &config).expect("it starts")
}

fn connect(server: &Server) -> Client {
    let connect = "{\"verbose\":false,\"headers\":true,\
        \"no_responders\":true,\"pedantic\":false,\"protocol\":1}";
    let mut client = Client::open_saying(server.address(), connect);
    client.send("SUB _A.* a\r\n");
    client
}

fn text(body: &Value) -> String {
    if body.is_null() { String::new() } else { body.to_string() }
}

/// A message without what is never the same: times and identifiers.
fn shown(message: &Message) -> String {
    let headers = String::from_utf8_lossy(&message.headers);
    let headers: Vec<&str> =
        headers.split("\r\n").filter(|line| !line.is_empty()).map(without_identity).collect();
    let subject = if message.sid == "a" { "_A" } else { &message.subject };
    let reply = token(&message.reply);
    format!("{} {subject} [{reply}] {headers:?} {}", message.sid, show_payload(&message.payload))
}

fn without_identity(header: &str) -> &str {
    match header.split_once(": ") {
        Some(("Nats-Pin-Id", id)) if id.len() == 22 => "Nats-Pin-Id: ID",
        Some(("Nats-Time-Stamp", _)) => "Nats-Time-Stamp: TIME",
        _ => header,
    }
}

/// A reply subject without the message's time and without what is random.
pub(crate) fn token(reply: &str) -> String {
    let mut words: Vec<&str> = reply.split('.').collect();
    if words.len() == 9 && reply.starts_with("$JS.ACK.") && words[7].len() == 19 {
        words[7] = "TIME";
    }
    if reply.starts_with("$JS.FC.") {
        words.truncate(4);
    }
    words.join(".")
}

fn show_payload(payload: &[u8]) -> String {
    let Ok(mut value) = serde_json::from_slice::<Value>(payload) else {
        return String::from_utf8_lossy(payload).into_owned();
    };
    if !value.is_object() {
        return String::from_utf8_lossy(payload).into_owned();
    }
    settle(&mut value);
    value.to_string()
}

/// Takes out of JSON what differs from run to run.
fn settle(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields.iter_mut() {
                let varies = matches!(
                    key.as_str(),
                    "created"
                        | "ts"
                        | "last_active"
                        | "pause_remaining"
                        | "timestamp"
                        | "id"
                        | "pinned_client_id"
                        | "pinned_id"
                        | "pinned_ts"
                        | "ack_time"
                        | "first_ts"
                        | "last_ts"
                        | "pause_until"
                        | "client"
                );
                if varies && !value.is_null() {
                    *value = json!(key.to_uppercase());
                } else if key == "name" && is_random(value) {
                    *value = json!("RANDOM");
                } else {
                    settle(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(settle),
        _ => {}
    }
}

/// Whether this is a name that the server thought of.
fn is_random(name: &Value) -> bool {
    let name = name.as_str().unwrap_or_default();
    name.len() == 8 && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The value of a header; empty if there is none. What is random in it is left out.
pub(crate) fn header(message: &Message, name: &str) -> String {
    token(&raw_header(message, name))
}

/// The value of a header as it came.
pub(crate) fn raw_header(message: &Message, name: &str) -> String {
    let headers = String::from_utf8_lossy(&message.headers);
    let value = headers.split("\r\n").find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    value.unwrap_or_default().to_owned()
}
