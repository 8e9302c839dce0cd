//! The loop of one connection's task.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use anabranch_config::options::WriteTimeoutPolicy;
use anabranch_nats::CloseReason;
use anabranch_nats::session::{Session, Verdict};
use tokio::time::Sleep;

use super::batch::{Batch, Input, Parts, report};
use super::host::{BatchHost, UserState};
use super::password_check::Checking;
use super::transport::Transport;
use crate::client::{Client, Drained, Waiting};
use crate::server::Server;
use crate::worker::Own;

/// Full reads of one connection before others get a turn.
const BATCHES_PER_TURN: u32 = 4;
/// Time that a producer waits for slow receivers, per read batch.
const STALL_MAX: Duration = Duration::from_millis(5);
/// Time to write the last words of a connection.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Bytes read, and dropped, after the last words: the client may still be sending, and closing
/// with unread bytes would take the last words from it.
const LINGER_BYTES: usize = 4 * 1024 * 1024;

/// A connection after its greeting.
pub(super) struct Connection {
    pub(super) server: Arc<Server>,
    pub(super) client: Arc<Client>,
    pub(super) session: Session,
    pub(super) transport: Transport,
    pub(super) user: UserState,
    pub(super) input: Input,
    pub(super) timer: Pin<Box<Sleep>>,
    /// The session's deadline when the timer was set.
    pub(super) armed: Duration,
    /// Whether output is left, as of the last look.
    pub(super) drained: Drained,
    /// The password check that the session waits for; nothing is read meanwhile.
    pub(super) checking: Option<Box<Checking>>,
}

/// Why the task comes back from polling.
enum Event {
    Close(CloseReason),
    Yield,
    Stall(Arc<Client>),
    Signalled,
    Settle,
}

impl Connection {
    /// Serves until the connection ends, and gives the reason. What is left to say is said by
    /// [`Self::last_words`].
    pub(super) async fn run(&mut self) -> CloseReason {
        let reason = loop {
            let event = std::future::poll_fn(|cx| self.poll(cx)).await;
            match event {
                Event::Close(reason) => break reason,
                Event::Yield => tokio::task::yield_now().await,
                Event::Signalled => {}
                Event::Settle => self.settle().await,
                Event::Stall(receiver) => wait_for(&receiver).await,
            }
        };
        // The reason that was set first is the one that counts.
        self.client.output.close(reason);
        self.client.output.closed().unwrap_or(reason)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        let mut turns = 0;
        loop {
            if self.client.output.poll_signalled(cx)
                && let Some(reason) = self.client.output.closed()
            {
                return Poll::Ready(Event::Close(reason));
            }
            let waiting = self.client.output.waiting();
            if waiting == Waiting::Company {
                return Poll::Ready(Event::Yield);
            }
            if let Some(reason) = self.poll_output(waiting, cx).or_else(|| self.poll_timer(cx)) {
                return Poll::Ready(Event::Close(reason));
            }
            let polled = match &mut self.checking {
                None => self.poll_input(cx, &mut turns),
                Some(_) => self.poll_check(cx),
            };
            // The stream might take more of the output, so nothing would wake the task.
            if polled.is_pending() && self.drained == Drained::Turn {
                return Poll::Ready(Event::Yield);
            }
            let event = ready!(polled);
            if !matches!(event, Event::Signalled) {
                return Poll::Ready(event);
            }
            self.client.output.signal();
            if self.drained == Drained::Turn {
                return Poll::Ready(Event::Yield);
            }
        }
    }

    fn poll_input(&mut self, cx: &mut Context<'_>, turns: &mut u32) -> Poll<Event> {
        loop {
            let event = match self.read(cx) {
                Batch::More if *turns < BATCHES_PER_TURN => {
                    *turns += 1;
                    continue;
                }
                Batch::More | Batch::Yield => Event::Yield,
                Batch::Idle if !self.client.output.poll_signalled(cx) => {
                    return self.poll_new_deadline(cx);
                }
                // What was read made output of our own, or somebody else did.
                Batch::Idle => Event::Signalled,
                Batch::Stall(receiver) => Event::Stall(receiver),
                Batch::Verdict => {
                    let check = self.user.check.take();
                    let turns = &self.server.password_checks;
                    self.checking = check.map(|check| Box::new(Checking::new(check, turns)));
                    Event::Signalled
                }
                Batch::Settle => Event::Settle,
                Batch::Close(reason) => Event::Close(reason),
            };
            return Poll::Ready(event);
        }
    }

    /// What was done may have brought a deadline forward, as CONNECT does.
    fn poll_new_deadline(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if self.session.deadline() != self.armed
            && let Some(reason) = self.poll_timer(cx)
        {
            return Poll::Ready(Event::Close(reason));
        }
        Poll::Pending
    }

    /// Looks after the password check, and tells the session what came of it.
    fn poll_check(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        let Some(checking) = &mut self.checking else { return Poll::Ready(Event::Signalled) };
        let polled = checking.poll(cx);
        if checking.is_running() {
            self.session.judging();
        }
        let Poll::Ready(decision) = polled else { return self.poll_new_deadline(cx) };
        self.checking = None;
        let label = self.client.label();
        let verdict = match decision {
            Some(decision) => self.user.settle(decision, &label),
            None => Verdict::Refused,
        };
        Poll::Ready(self.resume(verdict).map_or(Event::Signalled, Event::Close))
    }

    fn resume(&mut self, verdict: Verdict) -> Option<CloseReason> {
        let server = Arc::clone(&self.server);
        server.workers.with(|worker| {
            let mut host = BatchHost::new(&self.server, &self.client, &mut self.user, worker);
            let reason = self.session.resume(verdict, &mut host);
            let own = Some((&*self.client, Own::Written));
            let (flushed, _) = worker.stages.flush(own, Instant::now());
            report(&self.server, flushed);
            reason
        })
    }

    fn read(&mut self, cx: &mut Context<'_>) -> Batch {
        let mut parts = Parts {
            server: &self.server,
            client: &self.client,
            session: &mut self.session,
            user: &mut self.user,
            input: &mut self.input,
        };
        parts.read(&mut self.transport, cx)
    }

    fn poll_output(&mut self, waiting: Waiting, cx: &mut Context<'_>) -> Option<CloseReason> {
        if waiting == Waiting::Nothing {
            self.drained = Drained::All;
            return None;
        }
        match self.transport.poll_drain(cx, &self.client.output, Instant::now()) {
            Ok(drained) => {
                self.drained = drained;
                None
            }
            Err(e) => {
                log::debug!("{} - Error flushing: {e}", self.client.label());
                Some(CloseReason::WriteError)
            }
        }
    }

    /// Does what is due and sets the timer to what is due next.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Option<CloseReason> {
        loop {
            let now = self.server.now();
            let mut due = self.session.deadline();
            if due <= now {
                if let Some(reason) = self.on_timer(now) {
                    return Some(reason);
                }
                due = self.session.deadline();
            }
            if self.drained == Drained::Blocked
                && let Some((blocked, written)) = self.client.output.blocked()
            {
                match self.write_deadline(blocked, written) {
                    Ok(at) => due = due.min(at),
                    Err(reason) => return Some(reason),
                }
            }
            self.armed = self.session.deadline();
            let at = tokio::time::Instant::from_std(self.server.epoch + due);
            if self.timer.deadline() != at {
                self.timer.as_mut().reset(at);
            }
            if self.timer.as_mut().poll(cx).is_pending() {
                return None;
            }
        }
    }

    fn on_timer(&mut self, now: Duration) -> Option<CloseReason> {
        let server = Arc::clone(&self.server);
        server.workers.with(|worker| {
            let mut host = BatchHost::new(&self.server, &self.client, &mut self.user, worker);
            let reason = self.session.on_timer(now, &mut host);
            let own = Some((&*self.client, Own::Written));
            let (flushed, _) = worker.stages.flush(own, Instant::now());
            report(&self.server, flushed);
            reason
        })
    }

    /// When the blocked socket must have taken what waited; an error when it has not.
    fn write_deadline(
        &self,
        blocked: crate::client::Blocked,
        written: u64,
    ) -> Result<Duration, CloseReason> {
        let plain = !matches!(self.transport, Transport::Tls(_));
        let timing = &self.server.options.timing;
        let at = blocked.since + timing.write_deadline;
        if Instant::now() < at {
            return Ok(at.saturating_duration_since(self.server.epoch));
        }
        // As in nats-server, who has yet to log in goes without a word and is not counted.
        if plain && self.session.expects_connect() {
            return Err(CloseReason::SlowConsumerWriteDeadline);
        }
        let progressed = written > blocked.written_then;
        if timing.write_timeout == WriteTimeoutPolicy::Retry && progressed {
            self.client.output.restart_deadline(Instant::now());
            return Ok((Instant::now() + timing.write_deadline) - self.server.epoch);
        }
        self.server.totals.slow_consumers.fetch_add(1, Ordering::Relaxed);
        log::info!(
            "{} - Slow Consumer Detected: WriteDeadline of {:?} exceeded with {} chunks of {} \
             total bytes.",
            self.client.label(),
            timing.write_deadline,
            1,
            self.client.output.pending()
        );
        Err(CloseReason::SlowConsumerWriteDeadline)
    }

    /// Waits until no worker can still deliver to a subscription that was removed, and only then
    /// lets the client hear that it was.
    async fn settle(&mut self) {
        while !self.input.is_settled(&self.server.workers) {
            tokio::task::yield_now().await;
        }
        if let Some(mut held) = self.input.held_output.take() {
            self.client.output.push(&mut held, None, self.client.direct().as_deref());
        }
    }

    /// Writes what waits, within bounds, and takes leave.
    pub(super) async fn last_words(&mut self, reason: CloseReason) {
        let speechless = matches!(
            reason,
            CloseReason::WriteError
                | CloseReason::ReadError
                | CloseReason::SlowConsumerPendingBytes
                | CloseReason::SlowConsumerWriteDeadline
        );
        if speechless {
            return;
        }
        let _ = tokio::time::timeout(LAST_WORDS, async {
            std::future::poll_fn(|cx| self.poll_last_words(cx)).await;
            let _ = std::future::poll_fn(|cx| self.transport.poll_shutdown(cx)).await;
            match reason {
                CloseReason::ClientClosed => {}
                // Nothing was said that the client needs to know, and others wait for the end.
                CloseReason::ServerShutdown => self.linger(Lingering::ForWhatIsThere).await,
                _ => self.linger(Lingering::UntilItCloses).await,
            }
        })
        .await;
    }

    fn poll_last_words(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.transport.poll_drain(cx, &self.client.output, Instant::now()) {
            Ok(Drained::Blocked) => Poll::Pending,
            Ok(Drained::Turn) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Ok(Drained::All) | Err(_) => Poll::Ready(()),
        }
    }

    async fn linger(&mut self, lingering: Lingering) {
        let mut sink = vec![0; 16 * 1024];
        let mut left = LINGER_BYTES;
        std::future::poll_fn(|cx| {
            while left > 0 {
                match self.transport.poll_read(cx, &mut sink) {
                    Poll::Ready(Ok(n)) if n > 0 => left = left.saturating_sub(n),
                    Poll::Pending if lingering == Lingering::UntilItCloses => return Poll::Pending,
                    _ => break,
                }
            }
            Poll::Ready(())
        })
        .await;
    }
}

/// How long a client's last bytes are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lingering {
    /// Until it closes, too.
    UntilItCloses,
    /// As long as there are any.
    ForWhatIsThere,
}

/// Waits, but not long, until `receiver` has caught up.
async fn wait_for(receiver: &Client) {
    if let Some(stall) = receiver.output.stall() {
        let notified = stall.notified();
        tokio::pin!(notified);
        notified.as_mut().enable();
        // It may have caught up between the two looks.
        if receiver.output.stall().is_some() {
            let _ = tokio::time::timeout(STALL_MAX, notified).await;
        }
    }
}
