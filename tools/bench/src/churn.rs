//! Subscriptions that come and go at a fixed rate, beside whatever else loads the server.

use std::collections::VecDeque;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::args::Args;
use crate::conn::Conn;
use crate::error::Result;
use crate::frame::Kind;
use crate::hold;
use crate::pace::{Pace, Wait};
use crate::poller::Poller;
use crate::report::{self, Latencies, Work};
use crate::stream::Target;

const TICKS_PER_SECOND: u64 = 1000;

/// Mode `churn`: `--rate` SUBs and as many UNSUBs per second until standard input closes. Every
/// millisecond a batch goes out, ended by a ping; its answer is the barrier after which the
/// subscriptions hold, and the time to it is what is reported. A batch does not wait for the
/// answer to the one before: a slow server gets the same load, and its delays are not hidden.
pub(crate) fn run(args: &Args) -> Result<()> {
    let target = Target::from_args(args)?;
    let per_tick = args.number("rate", 10_000u64)?.div_ceil(TICKS_PER_SECOND).max(1);
    let conn = Conn::open(&target, "", 64 * 1024)?;
    let poller = Poller::new()?;
    poller.watch(conn.stream(), 0)?;
    let mut churn = Churn { conn, poller, asked: VecDeque::new(), latencies: Latencies::default() };
    let stop = hold::raised_when_stdin_closes();
    hold::print_ready()?;
    let start = Instant::now();
    let mut pace = Pace::new(TICKS_PER_SECOND, Wait::Sleep);
    let mut next: u64 = 1;
    while !stop.load(Relaxed) {
        churn.take_answers(pace.left())?;
        if pace.left().is_zero() {
            churn.asked.push_back(pace.wait());
            churn.conn.send(batch(next, per_tick).as_bytes())?;
            next += per_tick;
        }
    }
    while !churn.asked.is_empty() {
        churn.conn.until_pong()?;
        churn.answered();
    }
    let work = Work { msgs: next - 1, took: start.elapsed() };
    report::print(work, json!({ "lat_us": churn.latencies.json() }))
}

struct Churn {
    conn: Conn,
    poller: Poller,
    /// When the batches were due that have no answer yet.
    asked: VecDeque<Instant>,
    latencies: Latencies,
}

impl Churn {
    /// Takes what arrives within `limit`.
    fn take_answers(&mut self, limit: Duration) -> Result<()> {
        let mut ready = Vec::new();
        self.poller.wait(limit, &mut ready)?;
        if !ready.is_empty() {
            self.conn.fill()?;
        }
        while let Some(frame) = self.conn.buffered_frame()? {
            if frame.kind == Kind::Pong {
                self.answered();
            }
        }
        Ok(())
    }

    fn answered(&mut self) {
        if let Some(from) = self.asked.pop_front() {
            self.latencies.push(from.elapsed());
        }
    }
}

/// Ends the subscriptions of the batch before, and begins as many: one half literal, one half
/// with a wildcard, as a client's inbox is.
fn batch(first: u64, n: u64) -> String {
    let mut out = String::new();
    for sid in first..first + n {
        if sid > n {
            out.push_str(&format!("UNSUB {}\r\n", sid - n));
        }
        if sid % 2 == 0 {
            out.push_str(&format!("SUB churn.{sid}.state {sid}\r\n"));
        } else {
            out.push_str(&format!("SUB _INBOX.churn{sid}.* {sid}\r\n"));
        }
    }
    out.push_str("PING\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_batch_ends_the_one_before() {
        assert_eq!(batch(1, 2), "SUB _INBOX.churn1.* 1\r\nSUB churn.2.state 2\r\nPING\r\n");
        assert_eq!(
            batch(3, 2),
            "UNSUB 1\r\nSUB _INBOX.churn3.* 3\r\nUNSUB 2\r\nSUB churn.4.state 4\r\nPING\r\n"
        );
    }
}
