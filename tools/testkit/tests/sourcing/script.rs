//! A script of requests and publishes, on one server or on both at once.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anabranch_testkit::client::{Client, Message};
use anabranch_testkit::server::{Binary, Server};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// nats-server looks after a stalled origin every 10 s, and waits 12 s and more before it tries
/// again.
const PATIENCE: Duration = Duration::from_secs(50);
const POLL_PAUSE: Duration = Duration::from_millis(20);

/// One server, and who asks it.
pub(crate) struct Script {
    client: Client,
    asked: u64,
    /// What came besides answers.
    heard: Vec<Message>,
}

/// Runs the script on both servers at once; both must see the same.
pub(crate) fn same(script: impl Fn(&mut Script) -> Value + Sync) {
    let binaries = Binary::both().expect("both servers are there");
    let [ours, theirs] = std::thread::scope(|scope| {
        let run = |binary| {
            let script = &script;
            scope.spawn(move || {
                let store = tempfile::tempdir().expect("there is room");
                let server = start(binary, store.path());
                script(&mut Script::open(server.address()))
            })
        };
        let running = [run(&binaries[0]), run(&binaries[1])];
        running.map(|one| one.join().expect("the script ends"))
    });
    let text = |value: &Value| serde_json::to_string_pretty(value).expect("it is JSON");
    assert_eq!(text(&ours), text(&theirs), "ours, and nats-server's");
}

pub(crate) fn start(binary: &Binary, store: &Path) -> Server {
    let config = format!("server_name: one\njetstream {{ store_dir: \"{}\" }}", store.display());
    Server::start(binary, &config).expect("it starts")
}

impl Script {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let connect = "{\"verbose\":false,\"headers\":true,\"no_responders\":true,\"protocol\":1}";
        let mut client = Client::open_saying(address, connect);
        client.send("SUB _A.* 1\r\n");
        Self { client, asked: 0, heard: Vec::new() }
    }

    /// What is answered to a message.
    pub(crate) fn request(&mut self, subject: &str, headers: &str, body: &str) -> Message {
        self.asked += 1;
        let reply = format!("_A.{}", self.asked);
        self.send(subject, &reply, headers, body);
        loop {
            let answer = self.client.message();
            if answer.subject == reply {
                return answer;
            }
            self.heard.push(answer);
        }
    }

    /// Listens from here on.
    pub(crate) fn listen(&mut self, subject: &str) {
        self.client.send(format!("SUB {subject} 2\r\n"));
        self.client.barrier();
    }

    /// What was heard: subjects, headers without times, and bodies.
    pub(crate) fn heard(&mut self) -> Value {
        let late = self.client.barrier();
        let all = self.heard.drain(..).chain(late);
        let one = |message: Message| {
            let headers = anonymous(&String::from_utf8_lossy(&message.headers));
            let headers: Vec<&str> =
                headers.split('|').filter(|line| !line.starts_with("Nats-Time")).collect();
            json!([message.subject, headers, String::from_utf8_lossy(&message.payload)])
        };
        all.map(one).collect()
    }

    fn send(&mut self, subject: &str, reply: &str, headers: &str, body: &str) {
        let block = if headers.is_empty() {
            String::new()
        } else {
            format!("NATS/1.0\r\n{headers}\r\n\r\n")
        };
        let (len, all) = (block.len(), block.len() + body.len());
        let line = if block.is_empty() {
            format!("PUB {subject} {reply} {all}\r\n{body}\r\n")
        } else {
            format!("HPUB {subject} {reply} {len} {all}\r\n{block}{body}\r\n")
        };
        self.client.send(line);
    }

    /// What the API answers.
    pub(crate) fn ask(&mut self, call: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.request(&format!("$JS.API.{call}"), "", &body);
        serde_json::from_slice(&answer.payload).expect("answers are JSON")
    }

    /// Makes a stream; what it needs and the test does not name is in memory.
    pub(crate) fn create(&mut self, config: Value) -> Value {
        let mut config = config;
        if config["storage"].is_null() {
            config["storage"] = json!("memory");
        }
        let name = config["name"].as_str().expect("it has a name").to_owned();
        let made = self.ask(&format!("STREAM.CREATE.{name}"), &config);
        assert!(made["error"].is_null(), "{made}");
        made
    }

    /// What is answered to an update: an error, or the mirror and sources of the new
    /// configuration.
    pub(crate) fn update(&mut self, config: Value) -> Value {
        let mut config = config;
        if config["storage"].is_null() {
            config["storage"] = json!("memory");
        }
        let name = config["name"].as_str().expect("it has a name").to_owned();
        let answer = self.ask(&format!("STREAM.UPDATE.{name}"), &config);
        if answer["error"].is_null() { json!("updated") } else { answer["error"].clone() }
    }

    pub(crate) fn delete(&mut self, name: &str) {
        let gone = self.ask(&format!("STREAM.DELETE.{name}"), &Value::Null);
        assert_eq!(gone["success"], true, "{gone}");
    }

    /// Publishes; gives the acknowledgement, or the status of nobody.
    pub(crate) fn publish(&mut self, subject: &str, headers: &str, body: &str) -> Value {
        let answer = self.request(subject, headers, body);
        if answer.payload.is_empty() {
            return json!(String::from_utf8_lossy(&answer.headers).trim_end());
        }
        serde_json::from_slice(&answer.payload).expect("acknowledgements are JSON")
    }

    /// Publishes some messages without headers, which must be stored: `count` on each subject,
    /// in turn.
    pub(crate) fn fill(&mut self, subjects: &[&str], count: usize) {
        for n in 0..count {
            for subject in subjects {
                let ack = self.publish(subject, "", &format!("{subject} {n}"));
                assert!(ack["error"].is_null() && ack["seq"].is_u64(), "{ack}");
            }
        }
    }

    /// Waits until the stream's last sequence is `last`; gives [`Self::state`].
    pub(crate) fn reaches(&mut self, name: &str, last: u64) -> Value {
        self.until(name, |info| info["state"]["last_seq"] == last);
        self.state(name)
    }

    /// Waits until the info of a stream is so.
    pub(crate) fn until(&mut self, name: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let info = self.ask(&format!("STREAM.INFO.{name}"), &Value::Null);
            if holds(&info) {
                return settled(&info);
            }
            assert!(Instant::now() < deadline, "{info}");
            std::thread::sleep(POLL_PAUSE);
        }
    }

    /// What is in a stream, and how its origins stand.
    pub(crate) fn state(&mut self, name: &str) -> Value {
        let info = self.ask(&format!("STREAM.INFO.{name}"), &Value::Null);
        settled(&info)
    }

    /// All messages of a stream.
    pub(crate) fn messages(&mut self, name: &str) -> Value {
        let info = self.ask(&format!("STREAM.INFO.{name}"), &Value::Null);
        let number = |key: &str| info["state"][key].as_u64().expect("it has a state");
        let (first, last) = (number("first_seq"), number("last_seq"));
        let get = |seq| {
            let answer = self.ask(&format!("STREAM.MSG.GET.{name}"), &json!({ "seq": seq }));
            message(&answer)
        };
        (first.max(1)..=last).filter_map(get).collect()
    }

    /// When each message was stored.
    pub(crate) fn times(&mut self, name: &str) -> Vec<(u64, String)> {
        let info = self.ask(&format!("STREAM.INFO.{name}"), &Value::Null);
        let number = |key: &str| info["state"][key].as_u64().expect("it has a state");
        let (first, last) = (number("first_seq"), number("last_seq"));
        let get = |seq| {
            let answer = self.ask(&format!("STREAM.MSG.GET.{name}"), &json!({ "seq": seq }));
            let time = answer["message"]["time"].as_str()?.to_owned();
            Some((seq, time))
        };
        (first.max(1)..=last).filter_map(get).collect()
    }
}

/// A message of an answer; nothing if there is none.
fn message(answer: &Value) -> Option<Value> {
    let message = answer.get("message")?;
    let text = |key: &str| {
        let bytes = STANDARD.decode(message[key].as_str().unwrap_or_default());
        String::from_utf8(bytes.expect("it is base64")).expect("it was text")
    };
    let headers = anonymous(&text("hdrs"));
    Some(json!([message["seq"], message["subject"], headers, text("data")]))
}

/// Headers without what tells the origin from others that had its name.
pub(crate) fn anonymous(headers: &str) -> String {
    let line = |line: &str| {
        let Some(value) = line.strip_prefix("Nats-Stream-Source: ") else { return line.to_owned() };
        let mut words: Vec<&str> = value.split(' ').collect();
        if words.len() == 6 && words[5].len() == 8 {
            words[5] = "IDENTITY";
        }
        format!("Nats-Stream-Source: {}", words.join(" "))
    };
    headers.split("\r\n").map(line).collect::<Vec<_>>().join("|")
}

/// What is the same whenever it is asked.
fn settled(info: &Value) -> Value {
    if !info["error"].is_null() {
        return info["error"].clone();
    }
    let mut state = info["state"].clone();
    if let Some(fields) = state.as_object_mut() {
        fields.retain(|name, _| !name.ends_with("_ts") && name != "bytes");
    }
    let origin = |origin: &Value| {
        let mut origin = origin.clone();
        // When it was heard of differs, and nats-server's lag stays as it was when the last
        // message came, be it 0 or not.
        origin["active"] = json!(origin["active"].is_i64());
        origin["lag"] = json!(origin["lag"].is_u64());
        origin
    };
    let mut sources: Vec<Value> =
        info["sources"].as_array().into_iter().flatten().map(origin).collect();
    sources.sort_by_key(ToString::to_string);
    json!({ "state": state, "mirror": info.get("mirror").map(origin), "sources": sources })
}
