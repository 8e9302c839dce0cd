//! Requests and replies, a fixed number of requests in flight, each one timed.

use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::args::Args;
use crate::conn::{Conn, Headers};
use crate::error::{Error, Result};
use crate::frame::{Frame, Kind, number};
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
    let load = Load { requesters, inflight, msgs, lasts: Duration::ZERO, replies: Replies::One };
    time_all(args, &target, load, ask)
}

/// Who asks, and how much.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// Connections that ask.
    pub(crate) requesters: u64,
    /// Requests that each has in flight.
    pub(crate) inflight: usize,
    /// Requests of all together, at least.
    pub(crate) msgs: u64,
    /// How long it goes on, at least.
    pub(crate) lasts: Duration,
    /// What a request is answered with.
    pub(crate) replies: Replies,
}

/// What a request is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replies {
    /// One message.
    One,
    /// Messages that count each, and one of status 204 behind them.
    UntilEnd,
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
    let requesters = load.requesters;
    let start = Arc::new(Barrier::new(usize::try_from(requesters).unwrap_or(1) + 1));
    let mut tasks = Vec::new();
    for index in 0..requesters {
        let requester = Requester::open(target, index, load, ask(index))?;
        let start = Arc::clone(&start);
        let mine = share(load.msgs, requesters, index);
        tasks.push(std::thread::spawn(move || {
            start.wait();
            let begin = Instant::now();
            requester.request(mine, begin + load.lasts).map(|done| (begin, Instant::now(), done))
        }));
    }
    hold::until_told_to_go(args)?;
    start.wait();
    let mut all = Latencies::default();
    let mut took = Duration::ZERO;
    let (mut first, mut msgs) = (None, 0);
    for task in tasks {
        let (begin, end, done) = task.join().map_err(|_| Error::Panicked)??;
        took = took.max(end - *first.get_or_insert(begin));
        all.append(&done.latencies);
        msgs += done.msgs;
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
    replies: Replies,
    done: Done,
}

/// What a requester got.
#[derive(Default)]
struct Done {
    /// Replies, without those that only end others.
    msgs: u64,
    /// Requests answered whole.
    requests: u64,
    latencies: Latencies,
}

impl<A: FnMut(&mut Vec<u8>, std::fmt::Arguments<'_>)> Requester<A> {
    fn open(target: &Target, index: u64, load: Load, ask: A) -> Result<Self> {
        let inbox = format!("_INBOX.load{index}");
        let conn = Conn::open(target, &format!("SUB {inbox}.* 1\r\n"), BUFFER_LEN)?;
        let Load { inflight, replies, .. } = load;
        Ok(Self {
            conn: conn.with_headers(Headers::Taken),
            inbox,
            asked: vec![Instant::now(); inflight],
            free: (0..inflight).rev().collect(),
            ask,
            replies,
            done: Done::default(),
        })
    }

    /// Asks for at least `least` replies, and as many more as there is time until `end`.
    fn request(mut self, least: u64, end: Instant) -> Result<Done> {
        let mut asked = 0;
        loop {
            let left = least.saturating_sub(asked.max(self.done.msgs));
            let more = if left > 0 || Instant::now() >= end { left } else { u64::MAX };
            asked += self.ask(more)?;
            if self.done.requests == asked {
                return Ok(self.done);
            }
            // At least one answer, then all that are here already.
            let mut next = self.conn.next_frame()?;
            loop {
                if matches!(next.kind, Kind::Message | Kind::Headed) {
                    self.take(&next)?;
                }
                match self.conn.buffered_frame()? {
                    Some(frame) => next = frame,
                    None => break,
                }
            }
        }
    }

    /// Counts a reply, and frees the slot of its request if it is the last.
    fn take(&mut self, reply: &Frame) -> Result<()> {
        let status = self.conn.bytes(&reply.head).get(b"NATS/1.0".len()..).unwrap_or_default();
        let ends = status.starts_with(b" 204");
        if status.starts_with(b" ") && !(ends && self.replies == Replies::UntilEnd) {
            return Err(Error::Server(String::from_utf8_lossy(status).trim().to_owned()));
        }
        refuse_errors(self.conn.bytes(&reply.body))?;
        let slot = self.conn.bytes(&reply.subject).get(self.inbox.len() + 1..).and_then(number);
        let slot = slot.filter(|slot| *slot < self.asked.len());
        let slot = slot.ok_or_else(|| Error::Server("a stray reply".to_owned()))?;
        self.done.msgs += u64::from(!ends);
        if ends || self.replies == Replies::One {
            self.done.requests += 1;
            let latency = self.asked.get(slot).map_or(Duration::ZERO, Instant::elapsed);
            self.done.latencies.push(latency);
            self.free.push(slot);
        }
        Ok(())
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
    if body.starts_with(b"{\"error\"") {
        return Err(Error::Server(String::from_utf8_lossy(body).into_owned()));
    }
    Ok(())
}
