//! A client that understands what it reads: just enough of the protocol to count and compare.
//!
//! Not a library for applications: what a test does not expect ends the test, so the functions
//! here panic where the server is silent for [`TIMEOUT`] or says something else.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::wire::{Arrival, Chunks, Connection};

/// How long anything may take that the server does at once when it has the processor.
pub const TIMEOUT: Duration = Duration::from_secs(20);

/// One operation of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// MSG or HMSG.
    Message(Message),
    /// PONG.
    Pong,
    /// `+OK`.
    Ok,
    /// INFO, with its JSON.
    Info(String),
    /// `-ERR`, with its text in single quotes.
    Error(String),
    /// The server closed the connection.
    Closed,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Where it was published.
    pub subject: String,
    /// The subscription that got it.
    pub sid: String,
    /// Where an answer goes; empty: nowhere.
    pub reply: String,
    /// The header block as it came; empty for MSG.
    pub headers: Vec<u8>,
    /// What follows the headers.
    pub payload: Vec<u8>,
}

/// A connected client.
#[derive(Debug)]
pub struct Client {
    connection: Connection,
    events: VecDeque<Event>,
}

impl Client {
    /// A client whose CONNECT was answered.
    ///
    /// # Panics
    /// When nobody listens, or the CONNECT is not accepted.
    #[must_use]
    pub fn open(address: SocketAddr) -> Self {
        Self::open_saying(address, "{\"verbose\":false,\"headers\":true,\"protocol\":1}")
    }

    /// As [`Client::open`], with these options, a JSON object.
    ///
    /// # Panics
    /// As [`Client::open`].
    #[must_use]
    pub fn open_saying(address: SocketAddr, options: &str) -> Self {
        let mut client = Self::silent(address);
        client.send(format!("CONNECT {options}\r\n"));
        client.barrier();
        client
    }

    /// A connection that has said nothing.
    ///
    /// # Panics
    /// When nobody listens.
    #[must_use]
    pub fn silent(address: SocketAddr) -> Self {
        let connection = Connection::open(address).expect("the server listens");
        Self { connection, events: VecDeque::new() }
    }

    /// Sends bytes as they are.
    ///
    /// # Panics
    /// When the server does not read for long.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.connection.send(bytes.as_ref(), Chunks::Whole).expect("the server reads");
    }

    /// As [`Client::send`], cut in pieces.
    ///
    /// # Panics
    /// As [`Client::send`].
    pub fn send_in(&mut self, bytes: &[u8], chunks: Chunks) {
        self.connection.send(bytes, chunks).expect("the server reads");
    }

    /// Says that nothing more will be sent, while reading goes on.
    pub fn end_sending(&mut self) {
        self.connection.end_sending();
    }

    /// PING, and everything up to its PONG is read; the messages are given back.
    ///
    /// # Panics
    /// When something else than messages and INFO comes before the PONG.
    pub fn barrier(&mut self) -> Vec<Message> {
        self.send("PING\r\n");
        let mut messages = Vec::new();
        loop {
            match self.event() {
                Event::Pong => return messages,
                Event::Message(message) => messages.push(message),
                Event::Info(_) => {}
                other => panic!("instead of a PONG: {other:?}"),
            }
        }
    }

    /// The next message.
    ///
    /// # Panics
    /// When something else than INFO comes before it.
    pub fn message(&mut self) -> Message {
        loop {
            match self.event() {
                Event::Message(message) => return message,
                Event::Info(_) => {}
                other => panic!("instead of a message: {other:?}"),
            }
        }
    }

    /// The next thing that the server says. Its PINGs are answered and not shown.
    ///
    /// # Panics
    /// When nothing comes in time.
    pub fn event(&mut self) -> Event {
        let event = self.event_by(Instant::now() + TIMEOUT);
        event.unwrap_or_else(|| panic!("nothing came in {TIMEOUT:?}"))
    }

    /// As [`Client::event`]; nothing if nothing comes until `deadline`.
    ///
    /// # Panics
    /// When the socket cannot be read.
    pub fn event_by(&mut self, deadline: Instant) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            match self.connection.fill(deadline).expect("a readable socket") {
                Arrival::Closed => return Some(Event::Closed),
                Arrival::Nothing => return None,
                Arrival::Bytes => self.understand(),
            }
        }
    }

    /// Everything until the server closes.
    ///
    /// # Panics
    /// When it does not close in time.
    pub fn rest(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            match self.event() {
                Event::Closed => return events,
                event => events.push(event),
            }
        }
    }

    fn understand(&mut self) {
        let mut taken = 0;
        let mut pings = 0;
        while let Some((event, length)) = parse(&self.connection.buffered()[taken..]) {
            taken += length;
            match event {
                Some(event) => self.events.push_back(event),
                None => pings += 1,
            }
        }
        self.connection.consume(taken);
        for _ in 0..pings {
            self.send("PONG\r\n");
        }
    }
}

/// The first operation and its length; no event for a PING.
fn parse(bytes: &[u8]) -> Option<(Option<Event>, usize)> {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    let line = std::str::from_utf8(&bytes[..end]).expect("control lines are text");
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let body = end + 2;
    let event = match verb {
        "PING" => return Some((None, body)),
        "PONG" => Event::Pong,
        "+OK" => Event::Ok,
        "INFO" => Event::Info(rest.to_owned()),
        "-ERR" => Event::Error(rest.to_owned()),
        "MSG" | "HMSG" => {
            let words: Vec<&str> = rest.split(' ').collect();
            let number = |word: &&str| word.parse::<usize>().expect("a length");
            let size = words.last().map(number).expect("a size");
            let sizes = if verb == "HMSG" { 2 } else { 1 };
            let headers = if sizes == 2 { number(&words[words.len() - 2]) } else { 0 };
            let reply = words[2..words.len() - sizes].first().copied().unwrap_or_default();
            let all = bytes.get(body..body + size + 2)?;
            assert_eq!(&all[size..], b"\r\n", "a message ends where its line says");
            let message = Message {
                subject: words[0].to_owned(),
                sid: words[1].to_owned(),
                reply: reply.to_owned(),
                headers: all[..headers].to_vec(),
                payload: all[headers..size].to_vec(),
            };
            return Some((Some(Event::Message(message)), body + size + 2));
        }
        _ => panic!("an operation of the server: {line}"),
    };
    Some((Some(event), body))
}
