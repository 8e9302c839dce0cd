//! Subscriptions that come and go at a fixed rate, beside whatever else loads the server.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use serde_json::json;

use crate::args::Args;
use crate::conn::Conn;
use crate::error::Result;
use crate::hold;
use crate::pace::{Pace, Wait};
use crate::report::{self, Latencies, Work};
use crate::stream::Target;

const TICKS_PER_SECOND: u64 = 1000;

/// Mode `churn`: `--rate` SUBs and as many UNSUBs per second until standard input closes. Every
/// millisecond a batch goes out, ended by a ping; its answer is the barrier after which the
/// subscriptions hold, and the time to it is what is reported.
pub(crate) fn run(args: &Args) -> Result<()> {
    let target = Target::from_args(args)?;
    let per_tick = args.number("rate", 10_000u64)?.div_ceil(TICKS_PER_SECOND).max(1);
    let mut conn = Conn::open(&target, "", 64 * 1024)?;
    let stop = hold::raised_when_stdin_closes();
    hold::print_ready()?;
    let mut latencies = Latencies::default();
    let start = Instant::now();
    let mut pace = Pace::new(TICKS_PER_SECOND, Wait::Sleep);
    let mut next: u64 = 1;
    while !stop.load(Relaxed) {
        let from = pace.wait();
        conn.send(batch(next, per_tick).as_bytes())?;
        conn.until_pong()?;
        latencies.push(from.elapsed());
        next += per_tick;
    }
    let work = Work { msgs: next - 1, took: start.elapsed() };
    report::print(work, json!({ "lat_us": latencies.json() }))
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
