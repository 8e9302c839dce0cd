//! Transcripts of requests about streams and consumers, with what nats-server answered.
//!
//! A file of `stream_api/` begins with a server configuration (lines that start with `| `); each
//! `== name` begins with an account without streams. `> CALL.NAME body` is a request about a
//! stream, and the line after it, `< …`, the answer: the `error` or the `config` in it byte by
//! byte, or `ok`. `> CONSUMER.… body` is one about consumers, and the answer is whole, but for
//! times and generated names (see [`crate::redaction`]). `+ subject` subscribes.
//!
//! The pure crate that decides such requests is held to the same files; here is what records
//! them, and compares them with a server.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, io};

use crate::redaction::Redaction;
use crate::server::{self, Binary, Server};
use crate::wire::{Arrival, Chunks, Connection};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What stands in the answer when a stream has no place on disk.
const NO_STORE: &str = "\"err_code\":10049";

/// What can go wrong besides a different answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    /// The server did not start or end.
    #[error(transparent)]
    Server(#[from] server::Error),
    /// The connection failed.
    #[error("connection: {0}")]
    Connection(#[from] io::Error),
    /// No answer came in time.
    #[error("no answer to {0}")]
    NoAnswer(String),
}

/// One file, line by line.
#[derive(Debug)]
pub struct Transcript {
    path: PathBuf,
    lines: Vec<String>,
}

/// A request whose answer is another than the file's.
#[derive(Debug)]
pub struct Difference {
    /// 1-based line of the request.
    pub line: usize,
    /// What the server answered.
    pub answer: String,
}

impl Transcript {
    /// All files of a folder, by name.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn load_all(folder: &Path) -> Result<Vec<Self>, Error> {
        let failed = |error| Error::File(folder.to_path_buf(), error);
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            paths.push(entry.map_err(failed)?.path());
        }
        paths.retain(|path| path.extension().is_some_and(|found| found == "transcript"));
        paths.sort();
        paths.into_iter().map(Self::load).collect()
    }

    fn load(path: PathBuf) -> Result<Self, Error> {
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Self { path, lines: text.lines().map(str::to_owned).collect() }),
            Err(error) => Err(Error::File(path, error)),
        }
    }

    /// The file's name.
    #[must_use]
    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// How many requests there are.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.lines.iter().filter(|line| line.starts_with("> ")).count()
    }

    /// Plays the file against a server; gives the requests that it answers otherwise.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub fn play(&self, binary: &Binary) -> Result<Vec<Difference>, Error> {
        let config: String = self.prefixed("| ").map(|line| format!("{line}\n")).collect();
        let server = Server::start(binary, &config)?;
        let mut asker = Asker::connect(&server)?;
        let (mut differences, mut redaction) = (Vec::new(), Redaction::default());
        for (index, line) in self.lines.iter().enumerate() {
            if line.starts_with("== ") {
                asker.begin()?;
                redaction = Redaction::default();
            } else if let Some(subject) = line.strip_prefix("+ ") {
                asker.subscribe(subject)?;
            } else if let Some(request) = line.strip_prefix("> ") {
                let (call, body) = request.split_once(' ').unwrap_or((request, ""));
                let recorded = self.lines.get(index + 1).and_then(|next| next.strip_prefix("< "));
                let answer = if call.starts_with("CONSUMER.") {
                    redaction.redact(request, &asker.ask(call, body)?)
                } else {
                    let is_late = !recorded.is_some_and(|answer| answer.contains(NO_STORE));
                    shown(&asker.ask_for_stream(&format!("STREAM.{call}"), body, is_late)?)
                };
                if recorded != Some(answer.as_str()) {
                    differences.push(Difference { line: index + 1, answer });
                }
            }
        }
        Ok(differences)
    }

    /// Writes the file with the answers of a server in place of those that it has.
    ///
    /// # Errors
    /// When the server cannot be asked, or the file not be written.
    pub fn record(&self, binary: &Binary) -> Result<(), Error> {
        let mut bare = Self { path: self.path.clone(), lines: self.lines.clone() };
        bare.lines.retain(|line| !line.starts_with("< "));
        let answers = bare.play(binary)?;
        let mut text = String::new();
        for (index, line) in bare.lines.iter().enumerate() {
            text.push_str(&format!("{line}\n"));
            if let Some(found) = answers.iter().find(|found| found.line == index + 1) {
                text.push_str(&format!("< {}\n", found.answer));
            }
        }
        fs::write(&self.path, text).map_err(|error| Error::File(self.path.clone(), error))
    }

    fn prefixed<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.lines.iter().filter_map(move |line| line.strip_prefix(prefix))
    }
}

/// A connection that asks one thing at a time.
struct Asker {
    connection: Connection,
    asked: u64,
    subscribed: bool,
}

impl Asker {
    fn connect(server: &Server) -> Result<Self, Error> {
        let mut connection = Connection::open(server.address())?;
        let hello = b"CONNECT {\"verbose\":false}\r\nSUB _INBOX.t.> 1\r\n";
        connection.send(hello, Chunks::Whole)?;
        Ok(Self { connection, asked: 0, subscribed: false })
    }

    fn ask(&mut self, call: &str, body: &str) -> Result<String, Error> {
        self.asked += 1;
        let reply = format!("_INBOX.t.{}", self.asked);
        let request = format!("PUB $JS.API.{call} {reply} {}\r\n{body}\r\n", body.len());
        self.connection.send(request.as_bytes(), Chunks::Whole)?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.connection.answer_ping()?;
            if let Some(payload) = self.take_message(&reply) {
                return Ok(payload);
            }
            if self.connection.fill(deadline)? != Arrival::Bytes {
                return Err(Error::NoAnswer(call.to_owned()));
            }
        }
    }

    /// The same. If `is_late`, what may have no store because nats-server still removes that of a
    /// stream of the same name is asked for again.
    fn ask_for_stream(&mut self, call: &str, body: &str, is_late: bool) -> Result<String, Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.ask(call, body)?;
            if !is_late || !answer.contains(NO_STORE) || Instant::now() >= deadline {
                return Ok(answer);
            }
        }
    }

    /// The payload of the message to `reply`, when it is there; lines before it are dropped.
    fn take_message(&mut self, reply: &str) -> Option<String> {
        loop {
            let buffered = self.connection.buffered();
            let end = buffered.windows(2).position(|pair| pair == b"\r\n")?;
            let line = String::from_utf8_lossy(&buffered[..end]).into_owned();
            let mut words = line.split(' ');
            if words.next() != Some("MSG") {
                self.connection.consume(end + 2);
                continue;
            }
            let size: usize = words.next_back().and_then(|word| word.parse().ok()).unwrap_or(0);
            if buffered.len() < end + 2 + size + 2 {
                return None;
            }
            self.connection.consume(end + 2);
            let payload = self.connection.consume(size);
            self.connection.consume(2);
            if line.contains(&format!(" {reply} ")) {
                return Some(String::from_utf8_lossy(&payload).into_owned());
            }
        }
    }

    fn subscribe(&mut self, subject: &str) -> Result<(), Error> {
        self.subscribed = true;
        self.connection.send(format!("SUB {subject} 2\r\n").as_bytes(), Chunks::Whole)?;
        Ok(())
    }

    /// Takes streams and subscriptions away.
    fn begin(&mut self) -> Result<(), Error> {
        if std::mem::take(&mut self.subscribed) {
            self.connection.send(b"UNSUB 2\r\n", Chunks::Whole)?;
        }
        let names = self.ask("STREAM.NAMES", "")?;
        let names: serde_json::Value = serde_json::from_str(&names).unwrap_or_default();
        for name in names["streams"].as_array().into_iter().flatten() {
            self.ask(&format!("STREAM.DELETE.{}", name.as_str().unwrap_or_default()), "")?;
        }
        Ok(())
    }
}

/// The part of an answer that is compared.
fn shown(answer: &str) -> String {
    let found = ["error", "config"].iter().find_map(|field| object_at(answer, field));
    found.map_or_else(|| "ok".to_owned(), str::to_owned)
}

/// The text of the object under a key of the outermost object.
fn object_at<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let key = format!("\"{key}\":{{");
    let start = text.find(&key)? + key.len() - 1;
    let (mut depth, mut quoted, mut escaped) = (0_u32, false, false);
    for (at, byte) in text.bytes().enumerate().skip(start) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            b'{' if !quoted => depth += 1,
            b'}' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return text.get(start..=at);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_cut_down_to_what_stays_the_same() {
        let answer = r#"{"type":"t","config":{"name":"a}\"{","x":{}},"created":"now"}"#;
        assert_eq!(shown(answer), r#"{"name":"a}\"{","x":{}}"#);
        let answer = r#"{"type":"t","error":{"code":1},"total":0}"#;
        assert_eq!(shown(answer), r#"{"code":1}"#);
        assert_eq!(shown(r#"{"type":"t","success":true}"#), "ok");
    }
}
