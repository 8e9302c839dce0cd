//! Stories: what a client asks of streams and publishes into them, with everything that
//! nats-server sent for it.
//!
//! A file of `stories/` has parts, each begun by `== name` and played on a server of its own;
//! `{{storage}}` in it is `memory` or `file`, in what comes too. Steps:
//!
//! - `> SUBJECT body`: publishes with a reply subject; lines `| Header: value` before it are its
//!   headers, and `@ REPLY` another reply subject. A body may have `\r`, `\n` and `\\`.
//! - `* text`: waits for what comes by itself.
//! - `! kill`: kills the server, and starts one on what it left.
//! - `% key: value` behind one of those two or the beginning: more of the block `jetstream {}`; it
//!   stays until others come.
//!
//! After a step stands what came for it, one line a message: `< . headers body` for an answer,
//! `< SUBJECT …` for another message (the client listens to `rp.>` and to advisories of batches),
//! answers first. Times are `<time>`, identifiers `<id>`. Where it
//! depends on the storage, lines begin with `<memory` and `<file`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, io};

use crate::server::{Binary, Server, Signal};
use crate::stream_api::Error;
use crate::wire::{Arrival, Chunks, Connection};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a recording listens for more.
const RECORDED: Duration = Duration::from_millis(500);
/// How long one message may come after another.
const NEXT: Duration = Duration::from_millis(120);
/// How long it does where something has to come by itself.
const RECORDED_WAIT: Duration = Duration::from_secs(4);
const STORAGES: [&str; 2] = ["memory", "file"];

/// One file, line by line.
#[derive(Debug)]
pub struct Story {
    path: PathBuf,
    lines: Vec<String>,
}

/// A step for which something else came than the file says.
#[derive(Debug)]
pub struct Difference {
    /// 1-based line of the step.
    pub line: usize,
    /// How the streams were stored.
    pub storage: &'static str,
    /// What came.
    pub came: Vec<String>,
}

impl Story {
    /// All files of a folder, by name.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn load_all(folder: &Path) -> Result<Vec<Self>, Error> {
        let failed = |error| Error::File(folder.to_path_buf(), error);
        let entries = fs::read_dir(folder).map_err(failed)?.collect::<io::Result<Vec<_>>>();
        let mut paths: Vec<_> = entries.map_err(failed)?.iter().map(fs::DirEntry::path).collect();
        paths.retain(|path| path.extension().is_some_and(|found| found == "story"));
        paths.sort();
        let load = |path: PathBuf| match fs::read_to_string(&path) {
            Ok(text) => Ok(Self { path, lines: text.lines().map(str::to_owned).collect() }),
            Err(error) => Err(Error::File(path, error)),
        };
        paths.into_iter().map(load).collect()
    }

    /// The file's name.
    #[must_use]
    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// How many steps it has, in both storages together.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.lines.iter().filter(|line| is_step(line)).count() * STORAGES.len()
    }

    /// Plays the file against a server; gives the steps for which something else came.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub fn play(&self, binary: &Binary) -> Result<Vec<Difference>, Error> {
        let mut differences = Vec::new();
        for storage in STORAGES {
            self.go_through(binary, storage, |index, teller| {
                let recorded = self.recorded(index, storage);
                let mut came = teller.hear(recorded.len(), PATIENCE)?;
                came.iter_mut().for_each(|came| *came = without_storage(came, storage));
                if came != recorded {
                    differences.push(Difference { line: index + 1, storage, came });
                }
                Ok(())
            })?;
        }
        Ok(differences)
    }

    /// What the file says came for a step.
    fn recorded(&self, step: usize, storage: &str) -> Vec<&str> {
        let lines = self.lines[step + 1..].iter().take_while(|line| is_heard(line));
        let told = lines.filter_map(|line| line[1..].split_once(' '));
        let told = told.filter(|(only, _)| only.is_empty() || *only == storage);
        let mut recorded: Vec<&str> = told.map(|(_, text)| text).collect();
        answers_first(&mut recorded);
        recorded
    }

    /// Writes the file with what a server sends in place of what it has.
    ///
    /// # Errors
    /// When the server cannot be asked, or the file not be written.
    pub fn record(&self, binary: &Binary) -> Result<(), Error> {
        let mut heard = STORAGES.map(|_| vec![Vec::new(); self.lines.len()]);
        for (storage, heard) in STORAGES.into_iter().zip(&mut heard) {
            self.go_through(binary, storage, |index, teller| {
                let waits = self.lines[index].starts_with("* ");
                let came = teller.hear(usize::MAX, if waits { RECORDED_WAIT } else { RECORDED })?;
                heard[index] = came.iter().map(|came| without_storage(came, storage)).collect();
                Ok(())
            })?;
        }
        let mut text = String::new();
        for (index, line) in self.lines.iter().enumerate().filter(|(_, line)| !is_heard(line)) {
            text.push_str(&format!("{line}\n"));
            let same = heard[0][index] == heard[1][index];
            for (storage, heard) in STORAGES.iter().zip(&heard).take(if same { 1 } else { 2 }) {
                let only = if same { "" } else { storage };
                heard[index].iter().for_each(|came| text.push_str(&format!("<{only} {came}\n")));
            }
        }
        fs::write(&self.path, text).map_err(|error| Error::File(self.path.clone(), error))
    }

    /// The lines of configuration behind a line.
    fn configured(&self, index: usize) -> String {
        let behind = self.lines[index + 1..].iter().map_while(|line| line.strip_prefix("% "));
        behind.map(|line| format!("{line}\n")).collect()
    }

    /// Takes every step, and has `after` listen to what comes of it.
    fn go_through(
        &self,
        binary: &Binary,
        storage: &str,
        mut after: impl FnMut(usize, &mut Teller) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut told: Option<(Stage, Teller)> = None;
        let (mut headers, mut reply) = (String::new(), None);
        for (index, line) in self.lines.iter().enumerate() {
            let line = line.replace("{{storage}}", storage);
            if line.starts_with("== ") {
                let stage = Stage::build(binary, self.configured(index))?;
                let teller = Teller::connect(stage.server())?;
                told = Some((stage, teller));
            }
            let Some((stage, teller)) = &mut told else { continue };
            if line == "! kill" {
                stage.rebuild(binary, self.configured(index))?;
                *teller = Teller::connect(stage.server())?;
            }
            if let Some(header) = line.strip_prefix("| ") {
                headers.push_str(&format!("{}\r\n", unescaped(header)));
            } else if let Some(subject) = line.strip_prefix("@ ") {
                reply = Some(subject.to_owned());
            } else if let Some(message) = line.strip_prefix("> ") {
                let (subject, body) = message.split_once(' ').unwrap_or((message, ""));
                let headers = std::mem::take(&mut headers);
                teller.publish(subject, reply.take(), &headers, &unescaped(body))?;
            }
            if is_step(&line) {
                after(index, teller)?;
            }
        }
        Ok(())
    }
}

/// The server of a part, and those before it that were killed.
struct Stage {
    servers: Vec<Server>,
    /// What stands in `jetstream {}`.
    configured: String,
}

impl Stage {
    fn build(binary: &Binary, configured: String) -> Result<Self, Error> {
        let server = Server::start(binary, &config("{{dir}}", &configured))?;
        Ok(Self { servers: vec![server], configured })
    }

    /// The one that runs.
    fn server(&self) -> &Server {
        self.servers.last().expect("there is one from the beginning")
    }

    fn rebuild(&mut self, binary: &Binary, configured: String) -> Result<(), Error> {
        if !configured.is_empty() {
            self.configured = configured;
        }
        if let Some(server) = self.servers.last_mut() {
            server.signal(Signal::KILL)?;
            server.await_end(PATIENCE)?;
        }
        // What it left is in the folder of the first.
        let left = self.servers[0].directory().display().to_string();
        self.servers.push(Server::start(binary, &config(&left, &self.configured))?);
        Ok(())
    }
}

fn config(directory: &str, more: &str) -> String {
    format!("server_name: story\njetstream {{ store_dir: \"{directory}/store\"\n{more}}}\n")
}

/// Other messages come from elsewhere in a server, at no fixed moment.
fn answers_first(messages: &mut [impl AsRef<str>]) {
    messages.sort_by_key(|message| !message.as_ref().starts_with(". "));
}

fn is_step(line: &str) -> bool {
    line.starts_with("> ") || line.starts_with("* ")
}

fn is_heard(line: &str) -> bool {
    line.starts_with('<')
}

/// A connection that publishes and listens.
struct Teller {
    connection: Connection,
    asked: u64,
    /// Where answers to the last message are expected.
    reply: String,
}

impl Teller {
    fn connect(server: &Server) -> Result<Self, Error> {
        let mut connection = Connection::open(server.address())?;
        let hello = b"CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true}\r\n\
            SUB _INBOX.s.> 1\r\nSUB rp.> 2\r\n\
            SUB $JS.EVENT.ADVISORY.STREAM.BATCH_ABANDONED.> 3\r\n";
        connection.send(hello, Chunks::Whole)?;
        Ok(Self { connection, asked: 0, reply: String::new() })
    }

    fn publish(
        &mut self,
        subject: &str,
        reply: Option<String>,
        headers: &str,
        body: &str,
    ) -> Result<(), Error> {
        self.asked += 1;
        self.reply = reply.unwrap_or_else(|| format!("_INBOX.s.{}", self.asked));
        let reply = &self.reply;
        let message = if headers.is_empty() {
            format!("PUB {subject} {reply} {}\r\n{body}\r\n", body.len())
        } else {
            let block = format!("NATS/1.0\r\n{headers}\r\n");
            let (head, all) = (block.len(), block.len() + body.len());
            format!("HPUB {subject} {reply} {head} {all}\r\n{block}{body}\r\n")
        };
        Ok(self.connection.send(message.as_bytes(), Chunks::Whole)?)
    }

    /// The next messages: so many, or as many as come within `patience` of each other.
    fn hear(&mut self, count: usize, patience: Duration) -> Result<Vec<String>, Error> {
        let mut heard = Vec::new();
        let mut deadline = Instant::now() + patience;
        while heard.len() < count {
            self.connection.answer_ping()?;
            if let Some(message) = self.take_message() {
                heard.push(message);
                deadline = Instant::now()
                    + if count == usize::MAX { patience.min(NEXT) } else { patience };
            } else if self.connection.fill(deadline)? != Arrival::Bytes {
                break;
            }
        }
        answers_first(&mut heard);
        Ok(heard)
    }

    /// The next message as a story shows it; lines before it are dropped.
    fn take_message(&mut self) -> Option<String> {
        loop {
            let buffered = self.connection.buffered();
            let end = buffered.windows(2).position(|pair| pair == b"\r\n")?;
            let line = String::from_utf8_lossy(&buffered[..end]).into_owned();
            let words: Vec<&str> = line.split(' ').collect();
            let (sizes, subject) = match words.first() {
                Some(&"MSG") => (&words[words.len() - 1..], words[1]),
                Some(&"HMSG") => (&words[words.len() - 2..], words[1]),
                _ if line == "PING" => return None,
                _ => {
                    self.connection.consume(end + 2);
                    continue;
                }
            };
            let sizes: Vec<usize> = sizes.iter().map(|size| size.parse().unwrap_or(0)).collect();
            let (head, all) = if sizes.len() == 2 { (sizes[0], sizes[1]) } else { (0, sizes[0]) };
            if buffered.len() < end + 2 + all + 2 {
                return None;
            }
            let subject = if subject == self.reply { "." } else { subject }.to_owned();
            self.connection.consume(end + 2);
            let payload = self.connection.consume(all);
            self.connection.consume(2);
            let (headers, body) = payload.split_at(head);
            return Some(format!("{subject} {}{}", shown(headers), shown(body)));
        }
    }
}

/// Bytes on one line, without the times in them.
fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).replace('\\', "\\\\");
    without_id(&without_times(&text.replace('\r', "\\r").replace('\n', "\\n")))
}

/// Replaces the identifier of an advisory.
fn without_id(text: &str) -> String {
    let Some((before, rest)) = text.split_once(",\"id\":\"") else { return text.to_owned() };
    let Some((_, behind)) = rest.split_once('"') else { return text.to_owned() };
    format!("{before},\"id\":\"<id>\"{behind}")
}

fn without_storage(text: &str, storage: &str) -> String {
    text.replace(&format!("\"storage\":\"{storage}\""), "\"storage\":\"{{storage}}\"")
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(next) = rest.next() {
        match (next, if next == '\\' { rest.next() } else { None }) {
            (_, None) => out.push(next),
            (_, Some('r')) => out.push('\r'),
            (_, Some('n')) => out.push('\n'),
            (_, Some(other)) => out.push(other),
        }
    }
    out
}

/// Replaces times of this century, which end in `Z`.
fn without_times(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("20") {
        let (before, time) = rest.split_at(at);
        out.push_str(before);
        let len = time.find(|c: char| !(c.is_ascii_digit() || "-:.T".contains(c))).unwrap_or(0);
        if len >= 19 && time[len..].starts_with('Z') && time.as_bytes()[10] == b'T' {
            out.push_str("<time>");
            rest = &time[len + 1..];
        } else {
            out.push_str("20");
            rest = &time[2..];
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_one_line_without_times() {
        assert_eq!(shown(b"a\r\n\\b"), "a\\r\\n\\\\b");
        assert_eq!(unescaped("a\\r\\n\\\\b"), "a\r\n\\b");
        let text =
            "\"time\":\"2026-01-02T03:04:05.678Z\",\"n\":2026,\"at\":\"2026-01-02T03:04:05Z\"";
        assert_eq!(without_times(text), "\"time\":\"<time>\",\"n\":2026,\"at\":\"<time>\"");
    }
}
