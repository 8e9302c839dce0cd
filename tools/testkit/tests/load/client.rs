//! A client that understands what it reads: just enough of the protocol to count and compare.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anabranch_testkit::wire::{Arrival, Chunks, Connection};

/// How long anything may take that the server does at once when it has the processor.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(20);

/// One operation of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    Message(Message),
    Pong,
    Info(String),
    Error(String),
    Closed,
}

/// A message; `payload` begins after the headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) subject: String,
    pub(crate) sid: String,
    pub(crate) headers: Vec<u8>,
    pub(crate) payload: Vec<u8>,
}

/// A connected client.
#[derive(Debug)]
pub(crate) struct Client {
    connection: Connection,
    events: VecDeque<Event>,
}

impl Client {
    /// A client whose CONNECT was answered.
    pub(crate) fn open(address: SocketAddr) -> Self {
        Self::open_saying(address, "{\"verbose\":false,\"headers\":true,\"protocol\":1}")
    }

    /// As [`Client::open`], with these options.
    pub(crate) fn open_saying(address: SocketAddr, options: &str) -> Self {
        let mut client = Self::silent(address);
        client.send(format!("CONNECT {options}\r\n"));
        client.barrier();
        client
    }

    /// A connection that has said nothing.
    pub(crate) fn silent(address: SocketAddr) -> Self {
        let connection = Connection::open(address).expect("the server listens");
        Self { connection, events: VecDeque::new() }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.connection.send(bytes.as_ref(), Chunks::Whole).expect("the server reads");
    }

    pub(crate) fn send_in(&mut self, bytes: &[u8], chunks: Chunks) {
        self.connection.send(bytes, chunks).expect("the server reads");
    }

    /// PING, and everything up to its PONG is read; the messages are given back.
    pub(crate) fn barrier(&mut self) -> Vec<Message> {
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

    /// The next message; other things than INFO must not come before it.
    pub(crate) fn message(&mut self) -> Message {
        loop {
            match self.event() {
                Event::Message(message) => return message,
                Event::Info(_) => {}
                other => panic!("instead of a message: {other:?}"),
            }
        }
    }

    /// The next thing that the server says.
    pub(crate) fn event(&mut self) -> Event {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            match self.connection.fill(deadline).expect("a readable socket") {
                Arrival::Closed => return Event::Closed,
                Arrival::Nothing => panic!("nothing came in {TIMEOUT:?}"),
                Arrival::Bytes => self.understand(),
            }
        }
    }

    /// Everything until the server closes.
    pub(crate) fn rest(&mut self) -> Vec<Event> {
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
        "INFO" => Event::Info(rest.to_owned()),
        "-ERR" => Event::Error(rest.to_owned()),
        "MSG" | "HMSG" => {
            let words: Vec<&str> = rest.split(' ').collect();
            let number = |word: &&str| word.parse::<usize>().expect("a length");
            let size = words.last().map(number).expect("a size");
            let headers = if verb == "HMSG" { number(&words[words.len() - 2]) } else { 0 };
            let all = bytes.get(body..body + size + 2)?;
            assert_eq!(&all[size..], b"\r\n", "a message ends where its line says");
            let message = Message {
                subject: words[0].to_owned(),
                sid: words[1].to_owned(),
                headers: all[..headers].to_vec(),
                payload: all[headers..size].to_vec(),
            };
            return Some((Some(Event::Message(message)), body + size + 2));
        }
        _ => panic!("an operation of the server: {line}"),
    };
    Some((Some(event), body))
}
