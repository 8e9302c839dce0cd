//! Backups and restores as client programs make them, and what is in a stream, for comparisons.
//!
//! As with [`crate::client`], what a test does not expect ends the test.

use std::collections::VecDeque;
use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::client::{Client, Message};

/// Where answers come in.
const ANSWERS: &str = "_INBOX.answers";
/// Where chunks come in.
const CHUNKS: &str = "_INBOX.chunks";
/// Bytes of a chunk of a restore, as the `nats` command has it.
const CHUNK: usize = 64 * 1024;

/// A client that asks the JetStream API.
#[derive(Debug)]
pub struct Admin {
    /// The connection.
    pub client: Client,
    /// Chunks that came before the answer to the request for them.
    early: VecDeque<Message>,
}

/// A backup as it came.
#[derive(Debug, Clone)]
pub struct Backup {
    /// The answer to the request: configuration and state.
    pub answer: Value,
    /// All chunks, one after the other.
    pub bytes: Vec<u8>,
    /// Lengths of the chunks that were to be acknowledged.
    pub acknowledged: Vec<usize>,
    /// The header block of the end.
    pub end: String,
}

impl Admin {
    /// Connects.
    ///
    /// # Panics
    /// As [`Client::open`].
    #[must_use]
    pub fn open(address: SocketAddr) -> Self {
        let mut client = Client::open(address);
        client.send(format!("SUB {ANSWERS} 1\r\nSUB {CHUNKS} 2\r\n"));
        client.barrier();
        Self { client, early: VecDeque::new() }
    }

    /// Publishes a message; `headers` is a block or nothing.
    pub fn publish(&mut self, subject: &str, reply: &str, headers: &str, payload: &[u8]) {
        let all = headers.len() + payload.len();
        let line = if headers.is_empty() {
            format!("PUB {subject} {reply} {all}\r\n")
        } else {
            format!("HPUB {subject} {reply} {} {all}\r\n", headers.len())
        };
        self.client.send([line.as_bytes(), headers.as_bytes(), payload, b"\r\n"].concat());
    }

    /// Publishes a message and gives the answer to it.
    ///
    /// # Panics
    /// When none comes.
    pub fn ask(&mut self, subject: &str, headers: &str, payload: &[u8]) -> Message {
        self.publish(subject, ANSWERS, headers, payload);
        loop {
            let message = self.client.message();
            if message.subject != CHUNKS {
                return message;
            }
            self.early.push_back(message);
        }
    }

    /// Asks the API; gives the JSON of the answer.
    ///
    /// # Panics
    /// When the answer is none.
    pub fn api(&mut self, call: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.ask(&format!("$JS.API.{call}"), "", body.as_bytes());
        serde_json::from_slice(&answer.payload).expect("an answer in JSON")
    }

    /// As [`Admin::api`], where an error ends the test.
    ///
    /// # Panics
    /// When the answer is an error.
    pub fn must(&mut self, call: &str, body: &Value) -> Value {
        let answer = self.api(call, body);
        assert!(answer["error"].is_null(), "{call}: {answer}");
        answer
    }

    /// Backs a stream up, with `more` in the request.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn backup(&mut self, stream: &str, more: &Value) -> Backup {
        let mut request = json!({ "deliver_subject": CHUNKS });
        for (key, value) in more.as_object().into_iter().flatten() {
            request[key] = value.clone();
        }
        let answer = self.must(&format!("STREAM.SNAPSHOT.{stream}"), &request);
        let (mut bytes, mut acknowledged) = (Vec::new(), Vec::new());
        loop {
            let chunk = self.early.pop_front().unwrap_or_else(|| self.client.message());
            if chunk.payload.is_empty() {
                let end = String::from_utf8(chunk.headers).expect("a status");
                return Backup { answer, bytes, acknowledged, end };
            }
            bytes.extend_from_slice(&chunk.payload);
            if !chunk.reply.is_empty() {
                acknowledged.push(chunk.payload.len());
                self.publish(&chunk.reply, "", "", b"");
            }
        }
    }

    /// Asks for a restore of `backup`; gives where its chunks go, or the refusal.
    ///
    /// # Errors
    /// The refusal.
    ///
    /// # Panics
    /// When the answer is neither.
    pub fn begin_restore(&mut self, stream: &str, backup: &Value) -> Result<String, Value> {
        let request = json!({ "config": backup["config"], "state": backup["state"] });
        let answer = self.api(&format!("STREAM.RESTORE.{stream}"), &request);
        if answer["error"].is_null() {
            Ok(answer["deliver_subject"].as_str().expect("a subject").to_owned())
        } else {
            Err(answer["error"].clone())
        }
    }

    /// Restores a stream from these bytes; gives the last answer.
    ///
    /// # Panics
    /// When an answer is none.
    pub fn restore(&mut self, stream: &str, backup: &Value, bytes: &[u8]) -> Value {
        let to = match self.begin_restore(stream, backup) {
            Ok(to) => to,
            Err(refusal) => return json!({ "error": refusal }),
        };
        for chunk in bytes.chunks(CHUNK) {
            let answer = self.ask(&to, "", chunk).payload;
            if !answer.is_empty() {
                return serde_json::from_slice(&answer).expect("an answer in JSON");
            }
        }
        let answer = self.ask(&to, "", b"");
        serde_json::from_slice(&answer.payload).expect("an answer in JSON")
    }

    /// Everything that can be seen of a stream: configuration, state, and each sequence from the
    /// first to the last with its message or the error. What is different for each server and
    /// time is left out.
    ///
    /// # Panics
    /// When there is no such stream.
    pub fn contents(&mut self, stream: &str) -> Value {
        let info = json!({ "deleted_details": true, "subjects_filter": ">" });
        let info = self.must(&format!("STREAM.INFO.{stream}"), &info);
        let mut config = info["config"].clone();
        if let Some(fields) = config.as_object_mut() {
            fields.remove("metadata");
        }
        let mut state = info["state"].clone();
        if let Some(fields) = state.as_object_mut() {
            fields.remove("last_ts");
        }
        let number = |key: &str| state[key].as_u64().expect("a sequence");
        let messages: Vec<Value> = (number("first_seq")..=number("last_seq"))
            .map(|seq| {
                let answer = self.api(&format!("STREAM.MSG.GET.{stream}"), &json!({ "seq": seq }));
                if answer["error"].is_null() { answer["message"].clone() } else { Value::Null }
            })
            .collect();
        json!({ "config": config, "state": state, "messages": messages })
    }
}
