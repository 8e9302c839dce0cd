//! A publisher into a stream of its own, at a modest rate, while others keep the server busy. What
//! its acknowledgements take is what that costs the neighbours.

use std::collections::VecDeque;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::args::Args;
use crate::conn::Conn;
use crate::error::{Error, Result};
use crate::frame::{Frame, Kind, number};
use crate::hold;
use crate::pace::{Pace, Wait};
use crate::poller::Poller;
use crate::report::{self, Latencies, Work};
use crate::stream::Target;

const INBOX: &str = "_INBOX.neighbour";

/// Mode `neighbour`: `--rate` messages of `--size` bytes per second to `--subject` until standard
/// input closes, each acknowledged and timed from when it was due. One does not wait for the one
/// before: what a server holds up is counted for each that it holds up.
pub(crate) fn run(args: &Args) -> Result<()> {
    let target = Target::from_args(args)?;
    let (rate, size): (u64, usize) = (args.number("rate", 2000)?, args.number("size", 128)?);
    let (subject, body) = (args.text("subject", "neighbour"), "x".repeat(size));
    let conn = Conn::open(&target, &format!("SUB {INBOX}.* 1\r\n"), 64 * 1024)?;
    let poller = Poller::new()?;
    poller.watch(conn.stream(), 0)?;
    let mut publisher =
        Publisher { conn, poller, due: VecDeque::new(), acked: 0, latencies: Latencies::default() };
    let stop = hold::raised_when_stdin_closes();
    hold::print_ready()?;
    let start = Instant::now();
    let mut pace = Pace::new(rate, Wait::Sleep);
    let mut sent: u64 = 0;
    while !stop.load(Relaxed) {
        publisher.take_acks(pace.left())?;
        if pace.left().is_zero() {
            publisher.due.push_back(pace.wait());
            let line = format!("PUB {subject} {INBOX}.{sent} {size}\r\n{body}\r\n");
            publisher.conn.send(line.as_bytes())?;
            sent += 1;
        }
    }
    while !publisher.due.is_empty() {
        let frame = publisher.conn.next_frame()?;
        publisher.take(&frame)?;
    }
    let work = Work { msgs: sent, took: start.elapsed() };
    report::print(work, json!({ "lat_us": publisher.latencies.json() }))
}

struct Publisher {
    conn: Conn,
    poller: Poller,
    /// When the messages were due that have no acknowledgement yet, in their order.
    due: VecDeque<Instant>,
    acked: usize,
    latencies: Latencies,
}

impl Publisher {
    /// Takes what arrives within `limit`.
    fn take_acks(&mut self, limit: Duration) -> Result<()> {
        let mut ready = Vec::new();
        self.poller.wait(limit, &mut ready)?;
        if !ready.is_empty() {
            self.conn.fill()?;
        }
        while let Some(frame) = self.conn.buffered_frame()? {
            self.take(&frame)?;
        }
        Ok(())
    }

    fn take(&mut self, frame: &Frame) -> Result<()> {
        if frame.kind != Kind::Message {
            return Ok(());
        }
        let body = self.conn.bytes(&frame.body);
        if body.starts_with(b"{\"error\"") {
            return Err(Error::Server(String::from_utf8_lossy(body).into_owned()));
        }
        let which = self.conn.bytes(&frame.subject).get(INBOX.len() + 1..).and_then(number);
        match self.due.pop_front() {
            Some(due) if which == Some(self.acked) => self.latencies.push(due.elapsed()),
            _ => return Err(Error::Server("acknowledgements out of order".to_owned())),
        }
        self.acked += 1;
        Ok(())
    }
}
