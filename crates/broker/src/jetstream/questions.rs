//! What monitoring asks the shard. Answers are made between turns, by the thread that owns the
//! streams, so each question must take a moment only.

use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::running::JetStream;
use super::shard::Shard;
use crate::worker::Inbox;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// Questions that may wait; who comes then gets no answer.
const WAITING_MAX: usize = 64;

type Question = Box<dyn FnOnce(&mut Shard) + Send>;

/// Questions that wait for the shard.
pub struct Questions {
    waiting: Mutex<Vec<Question>>,
    inbox: Arc<Inbox>,
}

impl Questions {
    /// No questions for the owner of `inbox`.
    #[must_use]
    pub fn new(inbox: Arc<Inbox>) -> Self {
        Self { waiting: Mutex::default(), inbox }
    }

    /// The inbox of who answers.
    #[must_use]
    pub fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }

    /// Takes all questions.
    #[must_use]
    pub fn take(&self) -> Vec<Question> {
        std::mem::take(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, question: Question) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= WAITING_MAX {
            return false;
        }
        waiting.push(question);
        drop(waiting);
        self.inbox.wake();
        true
    }
}

impl JetStream {
    /// Asks the shard and waits; nothing if it does not answer in time. Blocks: not for tasks.
    pub(super) fn ask<R: Send + 'static>(
        &self,
        look: impl FnOnce(&Shard) -> R + Send + 'static,
    ) -> Option<R> {
        self.have(|shard| look(shard))
    }

    /// The server stops: those who wait for messages are told. Blocks: not for tasks.
    pub fn bid_farewell(&self) {
        let _ = self.have(Shard::stop_serving_everybody);
    }

    fn have<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Shard) -> R + Send + 'static,
    ) -> Option<R> {
        let (answer, answered) = sync_channel(1);
        let question = move |shard: &mut Shard| {
            // Who asked may have given up.
            let _ = answer.try_send(work(shard));
        };
        if !self.questions.put(Box::new(question)) {
            return None;
        }
        answered.recv_timeout(PATIENCE).ok()
    }
}
