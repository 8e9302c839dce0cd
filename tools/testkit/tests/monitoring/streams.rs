//! Streams in monitoring, limits of the server, the domain and advisories, on both servers.

use std::io::{Read, Write};
use std::net::TcpStream;

use anabranch_testkit::http::Answer;
use anabranch_testkit::server::Server;
use serde_json::{Value, json};

use super::pair::{Pair, open};
use super::{NEED, same_answer, same_shape};

const JETSTREAM: &str = "http: \"127.0.0.1:-1\"\nserver_name: mon\n\
    jetstream {store_dir: \"{{dir}}/js\", domain: hub, max_mem: 1000, max_file: 100M,\n\
    limits {duplicate_window: \"1m\"}, unique_tag: \" AZ:\", sync: always}\n";

/// What differs from moment to moment.
const VOLATILE: [&str; 10] = [
    "active",
    "id",
    "timestamp",
    "start",
    "rtt",
    "ts",
    "created",
    "first_ts",
    "last_ts",
    "store_dir",
];

/// A client that asks and listens.
struct Client {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Client {
    fn connect(server: &Server) -> Self {
        let mut client = Self { stream: open(server.address()), read: Vec::new() };
        client.write("CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true}\r\n");
        client.write("SUB _R 1\r\n");
        client
    }

    fn write(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).expect("loopback takes a few lines");
    }

    fn fill(&mut self) {
        let mut piece = [0; 4096];
        let count = self.stream.read(&mut piece).expect("an answer in time");
        assert!(count > 0, "closed after {}", String::from_utf8_lossy(&self.read));
        self.read.extend_from_slice(&piece[..count]);
    }

    fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.read.windows(2).position(|two| two == b"\r\n") {
                let line = self.read.drain(..end + 2).collect::<Vec<_>>();
                return String::from_utf8_lossy(&line[..end]).into_owned();
            }
            self.fill();
        }
    }

    /// The next message: its subject and its payload.
    fn message(&mut self) -> (String, String) {
        loop {
            let line = self.line();
            let words: Vec<&str> = line.split(' ').collect();
            if !matches!(words.first(), Some(&"MSG" | &"HMSG")) {
                continue;
            }
            let size: usize = words.last().and_then(|size| size.parse().ok()).expect("a size");
            while self.read.len() < size + 2 {
                self.fill();
            }
            let payload = self.read.drain(..size + 2).collect::<Vec<_>>();
            let payload = String::from_utf8_lossy(&payload[..size]).into_owned();
            return (words[1].to_owned(), payload);
        }
    }

    /// What is answered to a request.
    fn request(&mut self, subject: &str, body: &str) -> String {
        self.write(&format!("PUB {subject} _R {}\r\n{body}\r\n", body.len()));
        self.message().1
    }

    /// As [`Self::request`], without what differs from moment to moment.
    fn settled(&mut self, subject: &str, body: &str) -> Value {
        let answer = self.request(subject, body);
        settle(serde_json::from_str(&answer).unwrap_or(Value::String(answer)))
    }
}

fn settle(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            fields.retain(|name, _| !VOLATILE.contains(&name.as_str()));
            for (_, field) in fields.iter_mut() {
                *field = settle(field.take());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = settle(item.take())),
        _ => {}
    }
    value
}

/// A file stream S with a message, and a memory stream M without.
fn with_streams() -> Pair {
    let pair = Pair::start(JETSTREAM).expect(NEED);
    pair.each(|server| {
        let mut client = Client::connect(server);
        for (subject, body) in [
            ("$JS.API.STREAM.CREATE.S", r#"{"name":"S","subjects":["s"],"storage":"file"}"#),
            (
                "$JS.API.STREAM.CREATE.M",
                r#"{"name":"M","subjects":["m"],"storage":"memory","max_bytes":500}"#,
            ),
            ("s", "hello"),
            ("$JS.API.STREAM.INFO.X", ""),
        ] {
            client.request(subject, body);
        }
    });
    pair
}

#[test]
#[ignore = "needs both servers"]
fn jsz_shows_mirrors_and_sources_alike() {
    let pair = with_streams();
    pair.each(|server| {
        let mut client = Client::connect(server);
        for (subject, body) in [
            ("$JS.API.STREAM.CREATE.C", r#"{"name":"C","mirror":{"name":"S"}}"#),
            (
                "$JS.API.STREAM.CREATE.T",
                r#"{"name":"T","sources":[{"name":"S","filter_subject":"s"}],"storage":"memory"}"#,
            ),
        ] {
            let answer = client.request(subject, body);
            assert!(!answer.contains("error"), "{answer}");
        }
    });
    let streams = |answer: &Answer| {
        let document = settle(answer.json());
        let streams = document.pointer("/account_details/0/stream_detail");
        let mut streams = streams.and_then(Value::as_array).expect("a list").clone();
        streams.sort_by_key(|stream| stream["name"].to_string());
        streams
    };
    // One message each: the origin's, the copy's, and the other's.
    let is_full = |stream: &&Value| stream["state"]["messages"] == 1;
    let is_level = |answer: &Answer| streams(answer).iter().filter(is_full).count() == 3;
    pair.wait_until("/jsz?streams=1", is_level);
    let (ours, theirs) = same_shape(&pair, "/jsz?streams=1");
    assert_eq!(streams(&ours), streams(&theirs));
}

#[test]
#[ignore = "needs both servers"]
fn jsz_shows_streams_alike_under_every_parameter() {
    let pair = with_streams();
    for parameters in [
        "",
        "?accounts=1",
        "?streams=1",
        "?consumers=true",
        "?streams=1&config=1",
        "?acc=$G",
        "?acc=$G&streams=1",
        "?acc=none",
        "?acc=none&streams=1",
        "?accounts=1&offset=1",
        "?accounts=1&offset=1&limit=-1",
        "?accounts=1&limit=1",
        "?leader-only=1",
        "?stream-leader-only=1&streams=1",
        "?raft=1",
        "?direct-consumers=1",
    ] {
        let (ours, theirs) = same_shape(&pair, &format!("/jsz{parameters}"));
        let sorted = |mut document: Value| {
            if let Some(streams) = document.pointer_mut("/account_details/0/stream_detail") {
                let name = |stream: &Value| stream["name"].to_string();
                streams.as_array_mut().expect("a list").sort_by_key(name);
            }
            document["now"].take();
            document["server_id"].take();
            settle(document)
        };
        assert_eq!(sorted(ours.json()), sorted(theirs.json()), "{parameters}");
    }
    for parameters in ["accounts=x", "streams=x", "consumers=x", "config=x", "offset=x", "raft=x"] {
        same_answer(&pair, &format!("/jsz?{parameters}"));
    }
}

#[test]
#[ignore = "needs both servers"]
fn jsz_says_alike_that_there_is_none() {
    let pair = Pair::start("http: \"127.0.0.1:-1\"\n").expect(NEED);
    for parameters in ["", "?accounts=1", "?acc=$G&streams=1"] {
        same_shape(&pair, &format!("/jsz{parameters}"));
    }
}

#[test]
#[ignore = "needs both servers"]
fn varz_shows_jetstream_alike() {
    let pair = with_streams();
    let (ours, theirs) = pair.get("/varz");
    let shown = |mut document: Value| settle(document["jetstream"].take());
    assert_eq!(shown(ours.json()), shown(theirs.json()));
    let (ours, theirs) = pair.get("/accountz?acc=$G");
    let enabled = |document: Value| document["account_detail"]["jetstream_enabled"].clone();
    assert_eq!(enabled(ours.json()), json!(true));
    assert_eq!(enabled(theirs.json()), json!(true));
}

#[test]
#[ignore = "needs both servers"]
fn healthz_looks_for_streams_alike() {
    let pair = with_streams();
    for parameters in [
        "",
        "js-enabled=true",
        "js-enabled-only=true",
        "js-server-only=true",
        "js-meta-only=true",
        "account=$G",
        "account=$G&stream=S",
        "account=$G&stream=X",
        "account=X",
        "account=X&stream=S",
        "account=$G&stream=S&consumer=c",
        "account=$G&stream=X&details=1",
        "account=X&details=1",
        "account=$G&stream=S&consumer=c&details=1",
        "account=X&js-enabled-only=1",
        "stream=S",
        "account=$G&consumer=c&details=1",
    ] {
        same_answer(&pair, &format!("/healthz?{parameters}"));
    }
}

#[test]
#[ignore = "needs both servers"]
fn what_the_server_does_not_have_is_refused_alike() {
    let pair = with_streams();
    let [ours, theirs] = pair.each(|server| {
        let mut client = Client::connect(server);
        let create = |more: &str| format!(r#"{{"name":"B","subjects":["b"],{more}}}"#);
        let mut answers = Vec::new();
        for more in [
            r#""storage":"memory","max_bytes":501"#,
            r#""storage":"file","max_bytes":100000001"#,
            r#""storage":"file","duplicate_window":60000000001"#,
            r#""storage":"memory""#,
        ] {
            answers.push(client.settled("$JS.API.STREAM.CREATE.B", &create(more)));
        }
        // Each message takes about 300 bytes; the one that goes over the limit is still taken.
        for _ in 0..6 {
            answers.push(client.settled("b", &"x".repeat(280)));
        }
        answers.push(client.settled("$JS.API.STREAM.PURGE.B", ""));
        answers.push(client.settled("b", "x"));
        answers
    });
    assert_eq!(ours, theirs);
}

#[test]
#[ignore = "needs both servers"]
fn the_domain_is_served_alike() {
    let pair = with_streams();
    let [ours, theirs] = pair.each(|server| {
        let mut client = Client::connect(server);
        [
            client.settled("$JS.hub.API.STREAM.NAMES", ""),
            client.settled("$JS.hub.API.INFO", ""),
            client.settled("$JS.hub.API.STREAM.INFO.M", ""),
            client.settled("$JS.other.API.INFO", ""),
            client.settled("s", "more"),
        ]
    });
    assert_eq!(ours, theirs);
}

#[test]
#[ignore = "needs both servers"]
fn advisories_are_told_alike() {
    let pair = with_streams();
    let [ours, theirs] = pair.each(|server| {
        let mut listener = Client::connect(server);
        listener.write("UNSUB 1\r\nSUB $JS.EVENT.ADVISORY.> 2\r\nPING\r\n");
        while listener.line() != "PONG" {}
        let mut client = Client::connect(server);
        let config = r#"{"name":"A","subjects":["a"]}"#;
        let mut told = Vec::new();
        for (call, body, advisories) in [
            ("STREAM.CREATE.A", config, 2),
            ("STREAM.CREATE.A", config, 1),
            ("STREAM.UPDATE.A", config, 2),
            ("STREAM.INFO.none", "", 1),
            ("STREAM.DELETE.A", "", 2),
        ] {
            client.request(&format!("$JS.API.{call}"), body);
            let mut some: Vec<(String, Value)> = (0..advisories)
                .map(|_| {
                    let (subject, payload) = listener.message();
                    let mut advisory: Value = serde_json::from_str(&payload).expect("JSON");
                    if let Some(response) = advisory["response"].as_str() {
                        let response = serde_json::from_str(response).expect("JSON");
                        advisory["response"] = settle(response);
                    }
                    (subject, settle(advisory))
                })
                .collect();
            // Which comes first is chance.
            some.sort_by(|one, other| one.0.cmp(&other.0));
            told.push(some);
        }
        told
    });
    assert_eq!(ours, theirs);
}
