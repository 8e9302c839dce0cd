//! Connections opened and closed at a fixed rate.

use std::time::Instant;

use serde_json::json;

use crate::args::Args;
use crate::conn::Conn;
use crate::error::{Error, Result};
use crate::hold;
use crate::pace::{Pace, Wait};
use crate::report::{self, Latencies, Work};
use crate::stream::Target;

/// Mode `connects`: `--rate` per second for `--secs`, by `--threads`. Timed is everything from
/// the dial to the `PONG` that says the connection is in use.
pub(crate) fn run(args: &Args) -> Result<()> {
    let target = Target::from_args(args)?;
    let (rate, secs): (u64, u64) = (args.number("rate", 1000)?, args.number("secs", 3)?);
    let threads: u64 = args.number("threads", 4)?.max(1);
    let each = (rate / threads).max(1);
    hold::until_told_to_go(args)?;
    let start = Instant::now();
    let tasks: Vec<_> = (0..threads)
        .map(|_| {
            let target = target.clone();
            std::thread::spawn(move || open_and_close(&target, each, each * secs))
        })
        .collect();
    let mut all = Latencies::default();
    for task in tasks {
        all.append(&task.join().map_err(|_| Error::Panicked)??);
    }
    let work = Work { msgs: each * secs * threads, took: start.elapsed() };
    report::print(work, json!({ "lat_us": all.json() }))?;
    hold::until_told_to_end(args);
    Ok(())
}

fn open_and_close(target: &Target, rate: u64, n: u64) -> Result<Latencies> {
    let mut latencies = Latencies::default();
    let mut pace = Pace::new(rate, Wait::Sleep);
    for _ in 0..n {
        let from = pace.wait();
        let conn = Conn::open(target, "", 4096)?;
        latencies.push(from.elapsed());
        drop(conn);
    }
    Ok(latencies)
}
