//! Plays one exchange against a running server.
//!
//! Every wait is for bytes or for a close, with a deadline that only a failure reaches.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::info::{self, Check};
use super::parse::{Action, Exchange, Greeting, Splits, Step};
use super::text::{Match, Text, escape};
use crate::server::Server;
use crate::wire::{Arrival, Chunks, Connection};

/// How long an expected answer may take. Generous: a loaded machine is not a wrong answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// How much of an unexpected answer a failure shows.
const SHOWN_BYTES_MAX: usize = 2000;

/// Plays `exchange` in every way of cutting up its bytes that it asks for.
///
/// # Errors
/// Where it went otherwise than written, with what came.
pub fn exchange(server: &Server, exchange: &Exchange) -> Result<(), String> {
    for cut in cuts(exchange)? {
        Player::new(server, cut)
            .steps(&exchange.steps)
            .map_err(|error| if cut == Cut::None { error } else { format!("{cut:?}: {error}") })?;
    }
    Ok(())
}

/// Which send of an exchange is cut up, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// None.
    None,
    /// All, into single bytes.
    EveryByte,
    /// The send of this index, before the byte of this index.
    Send(usize, usize),
}

fn cuts(exchange: &Exchange) -> Result<Vec<Cut>, String> {
    let mut cuts = vec![Cut::None];
    if exchange.splits == Splits::Everywhere {
        cuts.push(Cut::EveryByte);
        let sends = exchange.steps.iter().filter_map(|step| match &step.action {
            Action::Send(_, text) => Some(text.bytes("")),
            _ => None,
        });
        for (index, bytes) in sends.enumerate() {
            cuts.extend((1..bytes?.len()).map(|at| Cut::Send(index, at)));
        }
    }
    Ok(cuts)
}

/// The connections of an exchange under way.
#[derive(Debug)]
pub struct Player<'a> {
    server: &'a Server,
    cut: Cut,
    sends: usize,
    peers: BTreeMap<String, Peer>,
}

#[derive(Debug)]
struct Peer {
    connection: Connection,
    nonce: String,
    /// Whether the end of the exchange must find it open and quiet.
    watched: bool,
}

impl<'a> Player<'a> {
    /// A player without connections.
    #[must_use]
    pub fn new(server: &'a Server, cut: Cut) -> Self {
        Self { server, cut, sends: 0, peers: BTreeMap::new() }
    }

    fn steps(mut self, steps: &[Step]) -> Result<(), String> {
        for step in steps {
            self.step(&step.action)
                .map_err(|error| format!("line {}: {}: {error}", step.line, step.source))?;
        }
        self.finish()
    }

    /// Does what one step says.
    ///
    /// # Errors
    /// What was expected and what came.
    pub fn step(&mut self, action: &Action) -> Result<(), String> {
        match action {
            Action::Remark => Ok(()),
            Action::Open(who, greeting) => self.open(who, *greeting),
            Action::Send(who, text) => self.send(who, text),
            Action::Expect(who, text) => self.peer(who)?.expect(text),
            Action::ExpectInfo(who, checks) => self.peer(who)?.expect_info(checks),
            Action::ExpectClose(who) => self.peer(who)?.expect_close(),
            Action::ExpectCloseAfterAny(who) => self.peer(who)?.expect_close_after_any(),
            Action::Quiet(who) => self.peer(who)?.quiet(),
            Action::ExpectOne(who, text) => self.expect_one(who, text),
            Action::EndSending(who) => {
                self.peer(who)?.connection.end_sending();
                Ok(())
            }
            Action::Drop(who) => {
                self.peers.remove(who);
                Ok(())
            }
            Action::Admitted(who) => self.admitted(who),
            Action::Refused => self.refused(),
            Action::Signal(signal) => {
                self.server.signal(*signal).map_err(|error| error.to_string())
            }
        }
    }

    /// Every connection that should still be open answers a PING and then closes, and nothing
    /// else comes.
    ///
    /// # Errors
    /// What came instead.
    fn finish(mut self) -> Result<(), String> {
        // The first round makes sure that everything sent was acted upon; what this brought to
        // other connections shows in the second.
        for _ in 0..2 {
            for (name, peer) in self.peers.iter_mut().filter(|(_, peer)| peer.watched) {
                peer.quiet().map_err(|error| format!("at the end: {name}: {error}"))?;
            }
        }
        // Waiting for the server's close keeps one exchange's interest out of the next one.
        for peer in self.peers.values_mut() {
            peer.connection.end_sending();
        }
        for (name, peer) in &mut self.peers {
            let watched = peer.watched;
            let end = if watched { peer.expect_close() } else { peer.expect_close_after_any() };
            end.map_err(|error| format!("at the end: {name}: {error}"))?;
        }
        Ok(())
    }

    /// The connections, by name.
    pub(super) fn connections(&mut self) -> impl Iterator<Item = (&String, &mut Connection)> {
        self.peers.iter_mut().map(|(name, peer)| (name, &mut peer.connection))
    }

    fn open(&mut self, who: &str, greeting: Greeting) -> Result<(), String> {
        let connection = Connection::open(self.server.address()).map_err(|e| e.to_string())?;
        let mut peer = Peer { connection, nonce: String::new(), watched: true };
        if greeting == Greeting::Info {
            peer.expect_info(&[])?;
        }
        self.peers.insert(who.into(), peer);
        Ok(())
    }

    /// Connects until it is served: how soon a closed connection is no longer counted, nothing
    /// says.
    fn admitted(&mut self, who: &str) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let served = self.open(who, Greeting::Info).and_then(|()| self.peer(who)?.quiet());
            if served.is_ok() || Instant::now() >= deadline {
                return served;
            }
        }
    }

    /// Waits until the listener is gone: how soon after a signal that is, nothing says.
    fn refused(&self) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        while let Ok(mut connection) = Connection::open(self.server.address()) {
            let arrival = connection.fill(deadline).map_err(|error| error.to_string())?;
            if Instant::now() >= deadline || arrival == Arrival::Nothing {
                return Err("still accepted".into());
            }
        }
        Ok(())
    }

    fn peer(&mut self, who: &str) -> Result<&mut Peer, String> {
        if !self.peers.contains_key(who) {
            self.open(who, Greeting::Info)?;
        }
        self.peers.get_mut(who).ok_or_else(|| "no such connection".into())
    }

    fn send(&mut self, who: &str, text: &Text) -> Result<(), String> {
        let chunks = match self.cut {
            Cut::EveryByte => Chunks::EveryByte,
            Cut::Send(index, at) if index == self.sends => Chunks::At(at),
            _ => Chunks::Whole,
        };
        self.sends += 1;
        let peer = self.peer(who)?;
        let bytes = text.bytes(&peer.nonce)?;
        peer.connection.send(&bytes, chunks).map_err(|error| error.to_string())
    }

    fn expect_one(&mut self, who: &[String], text: &Text) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        let pause = Duration::from_millis(5);
        let found = loop {
            let mut found = None;
            for name in who {
                let peer = self.peer(name)?;
                peer.connection.fill(Instant::now() + pause).map_err(|e| e.to_string())?;
                if let Match::Whole(count) = text.meet(peer.connection.buffered()) {
                    peer.connection.consume(count);
                    found = Some(name);
                    break;
                }
            }
            if found.is_some() || Instant::now() >= deadline {
                break found;
            }
        };
        if found.is_none() {
            return Err("none of them got it".into());
        }
        who.iter().try_for_each(|name| {
            self.peer(name)?.quiet().map_err(|error| format!("{name}: {error}"))
        })
    }
}

impl Peer {
    fn expect(&mut self, text: &Text) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match text.meet(self.connection.buffered()) {
                Match::Whole(count) => {
                    self.connection.consume(count);
                    return Ok(());
                }
                Match::Partial => self.more(deadline)?,
                // A PING that the server sends for its own sake may stand before any answer.
                Match::Refused if self.connection.answer_ping().map_err(|e| e.to_string())? => {}
                Match::Refused if b"PING\r\n".starts_with(self.connection.buffered()) => {
                    self.more(deadline)?;
                }
                Match::Refused => return Err(self.got()),
            }
        }
    }

    fn expect_info(&mut self, checks: &[Check]) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.connection.answer_ping().map_err(|e| e.to_string())?;
            let end = self.connection.buffered().iter().position(|&byte| byte == b'\n');
            let Some(end) = end else {
                self.more(deadline)?;
                continue;
            };
            let line = self.connection.consume(end + 1);
            if let Some(nonce) = info::fields(&line)?.get("nonce").and_then(|v| v.as_str()) {
                self.nonce = nonce.to_owned();
            }
            return info::check(&line, checks);
        }
    }

    fn expect_close(&mut self) -> Result<(), String> {
        self.watched = false;
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.connection.answer_ping().map_err(|error| error.to_string())?;
            let arrival = self.connection.fill(deadline).map_err(|error| error.to_string())?;
            let quiet = b"PING\r\n".starts_with(self.connection.buffered());
            match arrival {
                Arrival::Bytes if quiet => {}
                Arrival::Closed if self.connection.buffered().is_empty() => return Ok(()),
                Arrival::Nothing => return Err(format!("still open; {}", self.got())),
                _ => return Err(self.got()),
            }
        }
    }

    fn expect_close_after_any(&mut self) -> Result<(), String> {
        self.watched = false;
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.connection.consume(usize::MAX);
            match self.connection.fill(deadline).map_err(|error| error.to_string())? {
                Arrival::Bytes => {}
                Arrival::Closed => return Ok(()),
                Arrival::Nothing => return Err("still open".into()),
            }
        }
    }

    fn quiet(&mut self) -> Result<(), String> {
        self.connection.send(b"PING\r\n", Chunks::Whole).map_err(|error| error.to_string())?;
        let mut pong = Text::default();
        pong.push_bytes(b"PONG\r\n");
        self.expect(&pong).map_err(|error| format!("expected only PONG: {error}"))
    }

    /// Waits for more bytes; none more is an error.
    fn more(&mut self, deadline: Instant) -> Result<(), String> {
        match self.connection.fill(deadline).map_err(|error| error.to_string())? {
            Arrival::Bytes => Ok(()),
            Arrival::Closed => Err(format!("the server closed; {}", self.got())),
            Arrival::Nothing => Err(format!("nothing more within {PATIENCE:?}; {}", self.got())),
        }
    }

    fn got(&self) -> String {
        let buffered = self.connection.buffered();
        let shown = &buffered[..buffered.len().min(SHOWN_BYTES_MAX)];
        format!("got {:?} bytes: {}", buffered.len(), escape(shown))
    }
}
