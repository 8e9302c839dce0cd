//! Latency at a fixed rate, counted from when a message was due: a server that stalls is charged
//! for every message that had to wait, not for one.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::args::Args;
use crate::conn::Conn;
use crate::error::{Error, Result};
use crate::frame::{Kind, number};
use crate::hold;
use crate::pace::{Pace, Wait};
use crate::report::{self, Latencies, Work};
use crate::stream::Target;

/// Digits of the send time in the payload.
const STAMP: usize = 20;
const BUFFER_LEN: usize = 256 * 1024;

/// Mode `lat`: `--rate` per second for `--secs`.
pub(crate) fn run(args: &Args) -> Result<()> {
    let target = Target::from_args(args)?;
    let (rate, secs): (u64, u64) = (args.number("rate", 10_000)?, args.number("secs", 3)?);
    let size: usize = args.number("size", 128)?.max(STAMP);
    let msgs = rate * secs;
    let receiving = Conn::open(&target, "SUB lat 1\r\n", BUFFER_LEN)?;
    let mut sending = Conn::open(&target, "", BUFFER_LEN)?;
    hold::until_told_to_go(args)?;
    let epoch = Instant::now();
    let receiver = std::thread::spawn(move || receive(receiving, msgs, epoch));
    let mut pace = Pace::new(rate, Wait::Spin);
    let mut out = Vec::with_capacity(size + 64);
    for _ in 0..msgs {
        let from = pace.wait().saturating_duration_since(epoch).as_nanos();
        out.clear();
        out.extend_from_slice(format!("PUB lat {size}\r\n{from:0STAMP$}").as_bytes());
        out.resize(out.len() + size - STAMP, b'x');
        out.extend_from_slice(b"\r\n");
        sending.send(&out)?;
    }
    let latencies = receiver.join().map_err(|_| Error::Panicked)??;
    let work = Work { msgs, took: epoch.elapsed() };
    report::print(work, json!({ "lat_us": latencies.json() }))?;
    hold::until_told_to_end(args);
    Ok(())
}

fn receive(mut conn: Conn, msgs: u64, epoch: Instant) -> Result<Latencies> {
    let mut latencies = Latencies::default();
    let mut count = 0;
    while count < msgs {
        let frame = conn.next_frame()?;
        if frame.kind != Kind::Message {
            continue;
        }
        let stamp = conn.bytes(&frame.body).get(..STAMP).and_then(number);
        let stamp = stamp.and_then(|nanos| u64::try_from(nanos).ok());
        let stamp = stamp.ok_or_else(|| Error::Server("a message that is not ours".to_owned()))?;
        latencies.push(epoch.elapsed().saturating_sub(Duration::from_nanos(stamp)));
        count += 1;
    }
    Ok(latencies)
}
