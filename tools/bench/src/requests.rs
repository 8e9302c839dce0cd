//! Requests and replies, a fixed number of requests in flight, each one timed.

use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::args::Args;
use crate::conn::Conn;
use crate::error::{Error, Result};
use crate::frame::{Kind, number};
use crate::hold;
use crate::publish::share;
use crate::report::{self, Latencies, Work};
use crate::stream::Target;

const BUFFER_LEN: usize = 256 * 1024;
const CHUNK_LEN: usize = 64 * 1024;

/// Mode `reqrep`: `--pubs` requesters with `--inflight` requests each, `--subs` responders that
/// share them as a queue group and send the payload back.
pub(crate) fn run(args: &Args) -> Result<()> {
    let target = Target::from_args(args)?;
    let (requesters, responders): (u64, u64) = (args.number("pubs", 1)?, args.number("subs", 1)?);
    let (msgs, size): (u64, usize) = (args.number("msgs", 100_000)?, args.number("size", 128)?);
    let inflight = args.number("inflight", 1)?;
    for _ in 0..responders {
        let conn = Conn::open(&target, "SUB svc workers 1\r\n", BUFFER_LEN)?;
        // Not joined: a responder answers until the process ends.
        std::thread::spawn(move || respond(conn));
    }
    let body = vec![b'x'; size];
    let ask = |_| {
        let body = body.clone();
        move |out: &mut Vec<u8>, reply: std::fmt::Arguments<'_>| {
            out.extend_from_slice(format!("PUB svc {reply} {}\r\n", body.len()).as_bytes());
            out.extend_from_slice(&body);
            out.extend_from_slice(b"\r\n");
        }
    };
    time_all(args, &target, Load { requesters, inflight, msgs }, ask)
}

/// Who asks, and how much.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// Connections that ask.
    pub(crate) requesters: u64,
    /// Requests that each has in flight.
    pub(crate) inflight: usize,
    /// Requests of all together.
    pub(crate) msgs: u64,
}

/// Times requests. `ask` gives, for a requester by number, what appends one request with the reply
/// subject that it is given.
pub(crate) fn time_all<A>(
    args: &Args,
    target: &Target,
    load: Load,
    ask: impl Fn(u64) -> A,
) -> Result<()>
where
    A: FnMut(&mut Vec<u8>, std::fmt::Arguments<'_>) + Send + 'static,
{
    let Load { requesters, inflight, msgs } = load;
    let start = Arc::new(Barrier::new(usize::try_from(requesters).unwrap_or(1) + 1));
    let mut tasks = Vec::new();
    for index in 0..requesters {
        let requester = Requester::open(target, index, inflight, ask(index))?;
        let start = Arc::clone(&start);
        let mine = share(msgs, requesters, index);
        tasks.push(std::thread::spawn(move || {
            start.wait();
            let begin = Instant::now();
            requester.request(mine).map(|latencies| (begin, Instant::now(), latencies))
        }));
    }
    hold::until_told_to_go(args)?;
    start.wait();
    let mut all = Latencies::default();
    let mut took = Duration::ZERO;
    let mut first = None;
    for task in tasks {
        let (begin, end, latencies) = task.join().map_err(|_| Error::Panicked)??;
        took = took.max(end - *first.get_or_insert(begin));
        all.append(latencies);
    }
    report::print(Work { msgs, took }, json!({ "lat_us": all.json() }))?;
    hold::until_told_to_end(args);
    Ok(())
}

fn respond(mut conn: Conn) -> Result<()> {
    let mut out = Vec::new();
    loop {
        let mut next = conn.next_frame()?;
        loop {
            if next.kind == Kind::Message {
                out.extend_from_slice(b"PUB ");
                out.extend_from_slice(conn.bytes(&next.reply));
                out.extend_from_slice(format!(" {}\r\n", next.body.len()).as_bytes());
                out.extend_from_slice(conn.bytes(&next.body));
                out.extend_from_slice(b"\r\n");
            }
            match conn.buffered_frame()? {
                Some(frame) => next = frame,
                None => break,
            }
        }
        conn.send(&out)?;
        out.clear();
    }
}

struct Requester<A> {
    conn: Conn,
    inbox: String,
    /// When the request that occupies a slot was written.
    asked: Vec<Instant>,
    free: Vec<usize>,
    ask: A,
}

impl<A: FnMut(&mut Vec<u8>, std::fmt::Arguments<'_>)> Requester<A> {
    fn open(target: &Target, index: u64, inflight: usize, ask: A) -> Result<Self> {
        let inbox = format!("_INBOX.load{index}");
        let conn = Conn::open(target, &format!("SUB {inbox}.* 1\r\n"), BUFFER_LEN)?;
        let asked = vec![Instant::now(); inflight];
        Ok(Self { conn, inbox, asked, free: (0..inflight).rev().collect(), ask })
    }

    fn request(mut self, msgs: u64) -> Result<Latencies> {
        let mut latencies = Latencies::with_capacity(usize::try_from(msgs).unwrap_or(0));
        let (mut asked, mut answered) = (0, 0);
        while answered < msgs {
            asked += self.ask(msgs - asked)?;
            // At least one answer, then all that are here already.
            let mut next = self.conn.next_frame()?;
            loop {
                if next.kind == Kind::Message {
                    refuse_errors(self.conn.bytes(&next.body))?;
                    let subject = self.conn.bytes(&next.subject);
                    let slot = subject.get(self.inbox.len() + 1..).and_then(number);
                    let slot = slot.filter(|slot| *slot < self.asked.len());
                    let slot = slot.ok_or_else(|| Error::Server("a stray reply".to_owned()))?;
                    latencies.push(self.asked.get(slot).map_or(Duration::ZERO, Instant::elapsed));
                    self.free.push(slot);
                    answered += 1;
                }
                match self.conn.buffered_frame()? {
                    Some(frame) => next = frame,
                    None => break,
                }
            }
        }
        Ok(latencies)
    }

    /// Fills the free slots, with at most `most` requests; returns how many it was.
    fn ask(&mut self, most: u64) -> Result<u64> {
        let mut out = Vec::with_capacity(CHUNK_LEN);
        let mut n = 0;
        let now = Instant::now();
        while n < most && out.len() < CHUNK_LEN {
            let Some(slot) = self.free.pop() else { break };
            (self.ask)(&mut out, format_args!("{}.{slot}", self.inbox));
            if let Some(asked) = self.asked.get_mut(slot) {
                *asked = now;
            }
            n += 1;
        }
        if n > 0 {
            self.conn.send(&out)?;
        }
        Ok(n)
    }
}

/// An answer that is an error would count as work that was not done.
fn refuse_errors(body: &[u8]) -> Result<()> {
    if body.starts_with(b"{\"error\"") || body.starts_with(b"NATS/1.0 503") {
        return Err(Error::Server(String::from_utf8_lossy(body).into_owned()));
    }
    Ok(())
}
