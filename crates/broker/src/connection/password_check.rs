//! The slow part of an authentication: it waits for its turn, then runs where it holds up nobody.
//! Meanwhile the connection's task goes on with everything but reading.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use anabranch_auth::{Decision, PasswordCheck};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::PollSemaphore;

/// A check under way.
pub(super) enum Checking {
    /// As many as may run do.
    Waiting(PollSemaphore, Option<PasswordCheck>),
    /// It runs.
    Running(JoinHandle<Decision>),
}

impl Checking {
    /// `turns`: permits for checks that run at once.
    pub(super) fn new(check: PasswordCheck, turns: &Arc<Semaphore>) -> Self {
        Self::Waiting(PollSemaphore::new(Arc::clone(turns)), Some(check))
    }

    /// Its turn has come.
    pub(super) fn is_running(&self) -> bool {
        matches!(self, Self::Running(_))
    }

    /// The decision; none if the check failed by a defect of ours.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Decision>> {
        loop {
            match self {
                Self::Waiting(turns, check) => {
                    let permit = ready!(turns.poll_acquire(cx));
                    let (Some(permit), Some(check)) = (permit, check.take()) else {
                        return Poll::Ready(None);
                    };
                    // The permit is the thread's: a check whose connection has ended runs on.
                    *self = Self::Running(tokio::task::spawn_blocking(move || {
                        let decision = check.run();
                        drop(permit);
                        decision
                    }));
                }
                Self::Running(handle) => return Pin::new(handle).poll(cx).map(Result::ok),
            }
        }
    }
}
