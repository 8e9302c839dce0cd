//! An uninvolved pair: two connections that ask and answer each other at a modest rate while
//! others load the server. What they wait is what a load does to its neighbours.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;

use crate::conn::Conn;
use crate::error::Result;
use crate::frame::Kind;
use crate::pace::{Pace, Wait};
use crate::report::Latencies;
use crate::stream::Target;

const ASK: &str = "PUB pair.ask 16\r\n0123456789abcdef\r\n";
const ANSWER: &str = "PUB pair.answer 16\r\n0123456789abcdef\r\n";
const BUFFER_LEN: usize = 16 * 1024;

/// Both ends live on one thread, so that no wake-up between threads of ours is in the figure.
pub(crate) struct Pair {
    asking: Conn,
    answering: Conn,
}

impl Pair {
    /// Connects both.
    pub(crate) fn open(target: &Target) -> Result<Pair> {
        let asking = Conn::open(target, "SUB pair.answer 1\r\n", BUFFER_LEN)?;
        let answering = Conn::open(target, "SUB pair.ask 1\r\n", BUFFER_LEN)?;
        Ok(Pair { asking, answering })
    }

    /// Does `rate` round trips per second until `stop` is raised.
    pub(crate) fn exchange(mut self, rate: u64, stop: &AtomicBool) -> Result<Latencies> {
        let mut latencies = Latencies::default();
        let mut pace = Pace::new(rate, Wait::Sleep);
        while !stop.load(Relaxed) {
            pace.wait();
            let from = Instant::now();
            self.asking.send(ASK.as_bytes())?;
            until_message(&mut self.answering)?;
            self.answering.send(ANSWER.as_bytes())?;
            until_message(&mut self.asking)?;
            latencies.push_for_all_delayed(from.elapsed(), pace.gap());
            pace.skip_to(Instant::now());
        }
        Ok(latencies)
    }
}

fn until_message(conn: &mut Conn) -> Result<()> {
    while conn.next_frame()?.kind != Kind::Message {}
    Ok(())
}
