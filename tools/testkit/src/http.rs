//! One HTTP request over a stream that is used for nothing else.
//!
//! Not a client library: no redirects, no kept connections, and answers that are not HTTP end the
//! test.

use std::io::{Read, Write};

use serde_json::Value;

/// An HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code, in digits.
    pub status: String,
    /// The header of that name; empty without it.
    pub content_type: String,
    /// The body, its chunks put together.
    pub body: String,
}

impl Answer {
    /// The body as JSON; null if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

/// Asks for `path`, which begins with a slash.
///
/// # Panics
/// When the answer does not come before the stream's own timeout, or is not HTTP.
pub fn get(mut stream: impl Read + Write, path: &str) -> Answer {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("a stream takes a request");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an answer in time");
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    let header = |name: &str| {
        let line = head.lines().find_map(|line| {
            line.split_once(": ").filter(|(found, _)| found.eq_ignore_ascii_case(name))
        });
        line.map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    let body =
        if header("transfer-encoding") == "chunked" { joined(body) } else { body.to_owned() };
    let status = head.split(' ').nth(1).unwrap_or_default().to_owned();
    Answer { status, content_type: header("content-type"), body }
}

/// The chunks of a chunked body, put together.
fn joined(body: &str) -> String {
    let mut whole = String::new();
    let mut rest = body;
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).expect("a chunk's size");
        let Some(chunk) = after.get(..size).filter(|chunk| !chunk.is_empty()) else { break };
        whole.push_str(chunk);
        rest = after[size..].trim_start_matches("\r\n");
    }
    whole
}
