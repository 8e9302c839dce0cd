//! One read of one connection: bytes in, deliveries out. No `.await` in here.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use anabranch_nats::CloseReason;
use anabranch_nats::session::{Next, Session};

use super::host::{BatchHost, UserState, remove};
use super::transport::Transport;
use crate::client::{Client, Staged};
use crate::server::Server;
use crate::worker::{Flushed, InUse, Own, Publisher, Refused, Worker, WorkerPool, answer_refused};

/// A message of more than this is read into memory of its own, so that what came of it is not
/// copied at every read.
const OWN_BUFFER_FROM: usize = 64 * 1024;
/// Bytes read at once by a producer that receivers could not keep up with.
const STALLED_READ: usize = 16 * 1024;
/// Bytes read at once at least.
const READ_MIN: usize = 4 * 1024;

/// Bytes that were read but are no whole operation yet.
#[derive(Debug, Default)]
pub(super) struct Input {
    /// The bytes.
    held: Vec<u8>,
    /// Bytes of `held` that are filled; the rest is room for a large message.
    filled: usize,
    /// Length at which the operation is whole, where that is known.
    needed: Option<usize>,
    /// `held` has operations that were not looked at, because too much was staged.
    unparsed: bool,
    /// Bytes to read at once: less where little of them already fills the stages, or where
    /// receivers could not keep up.
    read_max: ReadMax,
    /// Workers that may still deliver to subscriptions that this client removed.
    removing: Option<InUse>,
    /// What the client may only hear when they no longer can.
    pub(super) held_output: Option<Staged>,
    /// The round trip that monitoring was told.
    rtt_shown: Option<Duration>,
}

/// Bytes to read at once. Adapts, so that what is read is also handled in one go.
#[derive(Debug, Clone, Copy)]
struct ReadMax(usize);

impl Default for ReadMax {
    fn default() -> Self {
        Self(usize::MAX)
    }
}

impl ReadMax {
    /// After a batch of which `consumed` bytes were handled.
    fn adapt(self, consumed: usize, saturated: bool, stalled: bool) -> Self {
        if stalled {
            Self(STALLED_READ)
        } else if saturated {
            Self(consumed.max(READ_MIN))
        } else {
            Self(self.0.saturating_mul(2))
        }
    }
}

impl Input {
    /// Bytes that came before the session began.
    pub(super) fn starting_with(bytes: Vec<u8>) -> Self {
        let filled = bytes.len();
        Self { unparsed: filled > 0, filled, held: bytes, ..Self::default() }
    }
}

impl Input {
    /// Nobody can still deliver to a subscription that this client removed: after the PONG that
    /// follows an UNSUB no message for it comes, and none is taken from its queue group.
    pub(super) fn is_settled(&mut self, workers: &WorkerPool) -> bool {
        if self.removing.as_ref().is_some_and(|then| workers.have_ended(then)) {
            self.removing = None;
        }
        self.removing.is_none()
    }
}

/// What a batch did.
pub(super) enum Batch {
    /// It read and handled something; there may be more.
    More,
    /// Nothing to read; the task is registered.
    Idle,
    /// Much was delivered: let others go on before the rest is parsed.
    Yield,
    /// A receiver fell behind: wait for it a little.
    Stall(Arc<Client>),
    /// The session waits for a verdict.
    Verdict,
    /// The client's output is held until its removed subscriptions are out of use.
    Settle,
    /// The connection ends.
    Close(CloseReason),
}

/// The parts of a connection that a batch works on.
pub(super) struct Parts<'a> {
    pub(super) server: &'a Arc<Server>,
    pub(super) client: &'a Arc<Client>,
    pub(super) session: &'a mut Session,
    pub(super) user: &'a mut UserState,
    pub(super) input: &'a mut Input,
}

impl Parts<'_> {
    /// Reads once and handles what came.
    pub(super) fn read(&mut self, transport: &mut Transport, cx: &mut Context<'_>) -> Batch {
        let server = Arc::clone(self.server);
        server.workers.with(|worker| {
            let mut buffer = std::mem::take(&mut worker.buffer);
            let batch = self.read_into(&mut buffer, worker, transport, cx);
            worker.buffer = buffer;
            batch
        })
    }

    fn read_into(
        &mut self,
        buffer: &mut [u8],
        worker: &mut Worker,
        transport: &mut Transport,
        cx: &mut Context<'_>,
    ) -> Batch {
        if self.input.unparsed {
            return self.handle_held(worker);
        }
        let kept = self.input.filled;
        if kept.max(self.input.needed.unwrap_or(0)) > OWN_BUFFER_FROM {
            return self.read_large(worker, transport, cx);
        }
        buffer[..kept].copy_from_slice(&self.input.held[..kept]);
        let end = buffer.len().min(kept.saturating_add(self.input.read_max.0));
        match transport.poll_read(cx, &mut buffer[kept..end]) {
            Poll::Pending => Batch::Idle,
            Poll::Ready(Ok(0)) => Batch::Close(CloseReason::ClientClosed),
            Poll::Ready(Ok(n)) => {
                self.input.held = Vec::new();
                self.input.filled = 0;
                self.handle(&buffer[..kept + n], worker)
            }
            Poll::Ready(Err(e)) => self.failed(&e),
        }
    }

    /// Reads the rest of a large message, or more of a long line, straight behind what is there
    /// of it.
    fn read_large(
        &mut self,
        worker: &mut Worker,
        transport: &mut Transport,
        cx: &mut Context<'_>,
    ) -> Batch {
        let input = &mut *self.input;
        let known = input.needed;
        input.held.resize(known.unwrap_or(input.filled + OWN_BUFFER_FROM), 0);
        match transport.poll_read(cx, &mut input.held[input.filled..]) {
            Poll::Pending => Batch::Idle,
            Poll::Ready(Ok(0)) => Batch::Close(CloseReason::ClientClosed),
            Poll::Ready(Ok(n)) => {
                input.filled += n;
                let missing = known.is_some_and(|needed| input.filled < needed);
                if missing { Batch::More } else { self.handle_held(worker) }
            }
            Poll::Ready(Err(e)) => self.failed(&e),
        }
    }

    fn failed(&self, error: &std::io::Error) -> Batch {
        log::debug!("{} - Read error: {error}", self.client.label());
        Batch::Close(CloseReason::ReadError)
    }

    fn handle_held(&mut self, worker: &mut Worker) -> Batch {
        let input = std::mem::take(self.input);
        self.input.read_max = input.read_max;
        self.input.rtt_shown = input.rtt_shown;
        self.input.removing.clone_from(&input.removing);
        self.handle(&input.held[..input.filled], worker)
    }

    /// Handles whole operations in `bytes` and keeps the rest.
    fn handle(&mut self, bytes: &[u8], worker: &mut Worker) -> Batch {
        let instant = Instant::now();
        let now = instant.saturating_duration_since(self.server.epoch);
        let mut host = BatchHost::new(self.server, self.client, self.user, worker);
        let progress = self.session.input(bytes, now, &mut host);
        host.account();
        if host.removed {
            self.input.removing = Some(self.server.workers.in_use(host.worker.index));
        }
        if host.active {
            self.client.touch(instant);
        }
        let goes_on = matches!(progress.next, Next::Read { .. } | Next::Flush);
        let settled = self.input.is_settled(&self.server.workers);
        let own = if goes_on && !settled { Own::Held } else { Own::Written };
        let (flushed, held) = worker.stages.flush(Some((self.client, own)), instant);
        if !flushed.refused.is_empty() {
            self.answer_refused(worker, &flushed.refused, instant);
        }
        self.input.held_output = held;
        let stalled = report(self.server, flushed);
        self.show_round_trip();
        let saturated = progress.next == Next::Flush;
        let read_max = self.input.read_max;
        self.input.read_max = read_max.adapt(progress.consumed, saturated, stalled.is_some());
        self.keep(&bytes[progress.consumed..], progress.next);
        match progress.next {
            _ if self.input.held_output.is_some() => Batch::Settle,
            Next::Close(reason) => Batch::Close(reason),
            Next::AwaitVerdict => Batch::Verdict,
            Next::Flush => stalled.map_or(Batch::Yield, Batch::Stall),
            Next::Read { .. } => stalled.map_or(Batch::More, Batch::Stall),
        }
    }

    /// Tells those who wait for an answer that a stream could not take their messages.
    #[cold]
    fn answer_refused(&self, worker: &mut Worker, refused: &[Refused], now: Instant) {
        let publisher = Publisher {
            client: &self.server.internal,
            account: &self.server.account,
            skip_stalled: false,
            trace: None,
        };
        let mut ended = Vec::new();
        answer_refused(worker, &publisher, refused, &mut ended);
        ended.iter().for_each(|subscription| remove(self.server, subscription));
        let _ = report(self.server, worker.stages.flush(None, now).0);
    }

    /// Tells monitoring of a new measurement.
    fn show_round_trip(&mut self) {
        let rtt = self.session.rtt();
        if rtt != self.input.rtt_shown {
            self.input.rtt_shown = rtt;
            self.client.update_details(|d| d.rtt = rtt);
        }
    }

    fn keep(&mut self, rest: &[u8], next: Next) {
        let input = &mut *self.input;
        input.needed = match next {
            Next::Read { needed } => needed,
            _ => None,
        };
        input.unparsed = !matches!(next, Next::Read { .. }) && !rest.is_empty();
        let mut held = Vec::with_capacity(input.needed.unwrap_or(0).max(rest.len()));
        held.extend_from_slice(rest);
        input.filled = held.len();
        input.held = held;
    }
}

/// Accounts for a flush and says who was cut off; gives back who the publisher waits for.
pub fn report(server: &Server, flushed: Flushed) -> Option<Arc<Client>> {
    if flushed.msgs > 0 {
        server.totals.out_msgs.fetch_add(flushed.msgs, Ordering::Relaxed);
        server.totals.out_bytes.fetch_add(flushed.bytes, Ordering::Relaxed);
    }
    for client in flushed.overflowed {
        server.totals.slow_consumers.fetch_add(1, Ordering::Relaxed);
        let max = server.options.limits.pending_bytes_max;
        log::info!("{} - Slow Consumer Detected: MaxPending of {max} Exceeded", client.label());
    }
    let stalled = flushed.stalled.filter(|_| !server.options.features.no_fast_producer_stall)?;
    server.totals.stalled_clients.fetch_add(1, Ordering::Relaxed);
    stalled.traffic.stalls.fetch_add(1, Ordering::Relaxed);
    Some(stalled)
}
