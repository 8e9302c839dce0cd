//! A few publishers to a few subscribers, a thread each, as fast as they can.

use std::io::Write;
use std::sync::{Arc, Barrier};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::args::Args;
use crate::conn::{Conn, read_some};
use crate::error::{Error, Result};
use crate::hold;
use crate::publish::{Batch, Plan, Progress, Sharing, share};
use crate::report::{self, Work};
use crate::stepper::Stepper;
use crate::stream::Target;

const READ_LEN: usize = 256 * 1024;
/// A member of a queue group cannot know that another took the last message.
const QUEUE_POLL: Duration = Duration::from_millis(100);
const QUEUE_PATIENCE: Duration = Duration::from_secs(60);

/// First and last instant of a thread's work.
type Span = (Instant, Instant);

/// Mode `pub`: nobody listens.
pub(crate) fn publish_only(args: &Args) -> Result<()> {
    run(args, 0)
}

/// Mode `pubsub`.
pub(crate) fn publish_and_receive(args: &Args) -> Result<()> {
    run(args, args.number("subs", 1)?)
}

struct Run {
    target: Target,
    plan: Plan,
    msgs: u64,
    sharing: Sharing,
    window: u64,
    progress: Progress,
    start: Barrier,
}

fn run(args: &Args, subscribers: usize) -> Result<()> {
    let publishers: u64 = args.number("pubs", 1)?;
    let threads = subscribers + usize::try_from(publishers).unwrap_or(usize::MAX);
    let plan = Plan::from_args(args)?;
    let sharing = if args.has("queue") { Sharing::Split } else { Sharing::Each };
    let run = Arc::new(Run {
        target: Target::from_args(args)?,
        msgs: args.number("msgs", 1_000_000)?,
        window: plan.window(args.number("window-bytes", 16 << 20)?),
        progress: Progress::new(subscribers, sharing),
        start: Barrier::new(threads + 1),
        plan,
        sharing,
    });
    let mut tasks = Vec::new();
    for index in 0..subscribers {
        tasks.push(subscriber(&run, index)?);
    }
    for index in 0..publishers {
        tasks.push(publisher(&run, publishers, index)?);
    }
    hold::until_told_to_go(args)?;
    run.start.wait();
    let took = longest(tasks)?;
    let delivered = run.progress.delivered();
    let more = json!({ "delivered": delivered, "delivered_rate": per_second(delivered, took) });
    report::print(Work { msgs: run.msgs, took }, more)?;
    hold::until_told_to_end(args);
    Ok(())
}

fn per_second(count: u64, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64().max(1e-9)
}

/// From the first thread's start to the last one's end.
fn longest(tasks: Vec<JoinHandle<Result<Span>>>) -> Result<Duration> {
    let mut spans = Vec::new();
    for task in tasks {
        spans.push(task.join().map_err(|_| Error::Panicked)??);
    }
    let first = spans.iter().map(|span| span.0).min();
    let last = spans.iter().map(|span| span.1).max();
    Ok(first.zip(last).map_or(Duration::ZERO, |(first, last)| last - first))
}

fn subscriber(run: &Arc<Run>, index: usize) -> Result<JoinHandle<Result<Span>>> {
    let group = if run.sharing == Sharing::Split { "workers " } else { "" };
    let first = format!("SUB {} {group}1\r\n", run.plan.filter());
    let conn = Conn::open(&run.target, &first, READ_LEN)?;
    let run = Arc::clone(run);
    Ok(std::thread::spawn(move || {
        run.start.wait();
        let start = Instant::now();
        Ok((start, receive(&run, conn, index)?))
    }))
}

/// Returns when the last message came.
fn receive(run: &Run, conn: Conn, index: usize) -> Result<Instant> {
    let (mut stream, early) = conn.into_stream();
    let mut stepper = Stepper::new(run.plan.delivery_len());
    let mut count = stepper.feed(&early)?.messages;
    let mut buf = vec![0; READ_LEN];
    let mut last = Instant::now();
    if run.sharing == Sharing::Split {
        stream.socket().set_read_timeout(Some(QUEUE_POLL))?;
    }
    let total = |own| if run.sharing == Sharing::Split { run.progress.seen() } else { own };
    while total(count) < run.msgs {
        let n = match read_some(&mut stream, &mut buf) {
            Ok(n) => n,
            Err(Error::Stuck(_))
                if run.sharing == Sharing::Split && last.elapsed() < QUEUE_PATIENCE =>
            {
                continue;
            }
            Err(e) => return Err(e),
        };
        let step = stepper.feed(buf.get(..n).unwrap_or_default())?;
        for _ in 0..step.pings {
            stream.write_all(b"PONG\r\n")?;
        }
        count += step.messages;
        run.progress.set(index, count);
        last = Instant::now();
    }
    Ok(last)
}

fn publisher(run: &Arc<Run>, of: u64, index: u64) -> Result<JoinHandle<Result<Span>>> {
    let conn = Conn::open(&run.target, "", 64 * 1024)?;
    let batch = run.plan.batch(index * 1009, usize::MAX);
    let run = Arc::clone(run);
    Ok(std::thread::spawn(move || {
        run.start.wait();
        let start = Instant::now();
        publish(&run, conn, batch, share(run.msgs, of, index))?;
        Ok((start, Instant::now()))
    }))
}

fn publish(run: &Run, mut conn: Conn, mut batch: Batch, mut left: u64) -> Result<()> {
    while left > 0 {
        let n = left.min(batch.frames());
        conn.send(batch.take(n))?;
        left -= n;
        run.progress.sent(n, run.window)?;
    }
    // Publishing is done when the server has taken the messages, not when the socket has.
    conn.round_trip()
}
