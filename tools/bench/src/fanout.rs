//! Many connections on one side: 1:N and N:1, one thread for all receivers and one for all
//! publishers, with an uninvolved pair beside.

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::args::Args;
use crate::conn::Conn;
use crate::error::{Error, Result};
use crate::hold;
use crate::pace::{Pace, Wait};
use crate::pair::Pair;
use crate::poller::Poller;
use crate::publish::{Plan, Progress, Sharing};
use crate::report::{self, Work};
use crate::stepper::Stepper;
use crate::stream::{Stream, Target};

/// The buffer of a connection that only has to get through its handshake.
const SMALL: usize = 4096;
const READ_LEN: usize = 256 * 1024;
/// How long receivers wait for the next message.
const PATIENCE: Duration = Duration::from_secs(60);

/// Mode `fanout`. `msgs` counts deliveries, since they are the work.
pub(crate) fn run(args: &Args) -> Result<()> {
    let target = Target::from_args(args)?;
    let plan = Plan::from_args(args)?;
    let msgs: u64 = args.number("msgs", 1000)?;
    let mut receivers = Receivers::open(&target, &plan, args.number("subs", 1)?)?;
    let publishers = Publishers::open(&target, &plan, args)?;
    let progress = Arc::new(Progress::new(1, Sharing::Each));
    let stop = Arc::new(AtomicBool::new(false));
    let pair = match args.number("pair", 0)? {
        0 => None,
        rate => Some((rate, Pair::open(&target)?)),
    };
    hold::until_told_to_go(args)?;
    let pair = pair.map(|(rate, pair)| {
        let stop = Arc::clone(&stop);
        std::thread::spawn(move || pair.exchange(rate, &stop))
    });
    let start = Instant::now();
    let sent = Arc::clone(&progress);
    let publishing = std::thread::spawn(move || publishers.publish(msgs, &sent));
    let received = receivers.receive(msgs, &progress);
    let took = start.elapsed();
    stop.store(true, Relaxed);
    let published = publishing.join().map_err(|_| Error::Panicked)?;
    let delivered = received?;
    published?;
    let pair = match pair {
        None => Value::Null,
        Some(pair) => pair.join().map_err(|_| Error::Panicked)??.json(),
    };
    let more = json!({ "published": msgs, "pair_us": pair });
    report::print(Work { msgs: delivered, took }, more)?;
    hold::until_told_to_end(args);
    Ok(())
}

struct Receiver {
    stream: Stream,
    stepper: Stepper,
    count: u64,
}

struct Receivers {
    all: Vec<Receiver>,
    poller: Poller,
    buf: Vec<u8>,
}

impl Receivers {
    fn open(target: &Target, plan: &Plan, n: u64) -> Result<Receivers> {
        let poller = Poller::new()?;
        let subscribe = format!("SUB {} 1\r\n", plan.filter());
        let mut all = Vec::new();
        for token in 0..n {
            let (stream, early) = Conn::open(target, &subscribe, SMALL)?.into_stream();
            let mut stepper = Stepper::new(plan.delivery_len());
            stepper.feed(&early)?;
            stream.socket().set_nonblocking(true)?;
            poller.watch(&stream, token)?;
            all.push(Receiver { stream, stepper, count: 0 });
        }
        Ok(Receivers { all, poller, buf: vec![0; READ_LEN] })
    }

    /// Takes `msgs` messages on every connection, and returns how many that were together.
    fn receive(&mut self, msgs: u64, progress: &Progress) -> Result<u64> {
        let receivers = u64::try_from(self.all.len()).expect("fewer than descriptors");
        let want = msgs * receivers;
        let mut total = 0;
        let mut ready = Vec::new();
        let mut last = Instant::now();
        while total < want {
            self.poller.wait(Duration::from_secs(1), &mut ready)?;
            let before = total;
            for token in ready.drain(..) {
                let index = usize::try_from(token).expect("tokens are indexes");
                if let Some(receiver) = self.all.get_mut(index) {
                    total += receiver.read(&mut self.buf)?;
                }
            }
            // The mean, not the least: finding the slowest of ten thousand costs more than the
            // window is worth, and a server that starves one fails at the end of the run.
            progress.set(0, total / receivers.max(1));
            if total > before {
                last = Instant::now();
            } else if last.elapsed() > PATIENCE {
                return Err(Error::Stuck(format!("{total} deliveries of {want}")));
            }
        }
        match self.all.iter().find(|receiver| receiver.count != msgs) {
            None => Ok(total),
            Some(odd) => Err(Error::Server(format!("{} messages instead of {msgs}", odd.count))),
        }
    }
}

impl Receiver {
    /// Takes what has arrived. A plain socket is read once, and polled again if that was not
    /// all; under TLS what is decrypted already would not wake the poller, so it is emptied.
    fn read(&mut self, buf: &mut [u8]) -> Result<u64> {
        let mut messages = 0;
        loop {
            let n = match self.stream.read(buf) {
                Ok(0) => return Err(Error::Server("a subscriber was cut off".to_owned())),
                Ok(n) => n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) => return Err(e.into()),
            };
            let step = self.stepper.feed(buf.get(..n).unwrap_or_default())?;
            messages += step.messages;
            for _ in 0..step.pings {
                self.stream.write_all(b"PONG\r\n")?;
            }
            if !self.stream.buffers_plaintext() {
                break;
            }
        }
        self.count += messages;
        Ok(messages)
    }
}

struct Publishers {
    all: Vec<Conn>,
    plan: Plan,
    burst: usize,
    rate: u64,
    window: u64,
}

impl Publishers {
    /// Reads `--pubs`, `--burst` (messages a connection writes at once), `--rate` (messages per
    /// second of all together; 0: as fast as the window lets them) and `--window` (messages).
    fn open(target: &Target, plan: &Plan, args: &Args) -> Result<Publishers> {
        let n: usize = args.number("pubs", 1)?;
        let all = (0..n).map(|_| Conn::open(target, "", SMALL)).collect::<Result<_>>()?;
        Ok(Publishers {
            all,
            plan: plan.clone(),
            burst: args.number("burst", usize::MAX)?,
            rate: args.number("rate", 0)?,
            window: args.number("window", plan.window(16 << 20))?,
        })
    }

    fn publish(mut self, msgs: u64, progress: &Progress) -> Result<()> {
        let half = usize::try_from(self.window / 2).unwrap_or(usize::MAX);
        let burst = if self.rate > 0 { 1 } else { self.burst.min(half) };
        let mut batch = self.plan.batch(0, burst);
        let mut pace = (self.rate > 0).then(|| Pace::new(self.rate, Wait::Sleep));
        let mut left = msgs;
        while left > 0 {
            for conn in &mut self.all {
                let n = left.min(batch.frames());
                if n == 0 {
                    break;
                }
                if let Some(pace) = &mut pace {
                    pace.wait();
                }
                conn.send(batch.take(n))?;
                left -= n;
                progress.sent(n, self.window)?;
            }
        }
        self.all.iter_mut().try_for_each(Conn::round_trip)
    }
}
