//! Subjects to which something is sent unasked, as long as somebody listens: who does is told by
//! those who subscribe.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use anabranch_router::Watcher;

use super::served::Key;
use crate::worker::Inbox;

/// Watched subjects in which the interest may have changed, until their thread has a moment.
pub struct Interests {
    changed: Mutex<BTreeSet<Box<[u8]>>>,
    inbox: Arc<Inbox>,
}

impl Interests {
    /// Nothing changed; the owner of `inbox` is woken when something does.
    #[must_use]
    pub fn new(inbox: Arc<Inbox>) -> Self {
        Self { changed: Mutex::default(), inbox }
    }

    /// What changed since this was asked last.
    #[must_use]
    pub fn take(&self) -> BTreeSet<Box<[u8]>> {
        std::mem::take(&mut *self.changed.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Watcher for Interests {
    fn changed(&self, subjects: &[Box<[u8]>]) {
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = changed.is_empty();
        changed.extend(subjects.iter().cloned());
        drop(changed);
        if is_first {
            self.inbox.wake();
        }
    }
}

/// Who sends to which subject.
#[derive(Default)]
pub struct Senders(HashMap<Box<[u8]>, Vec<Key>>);

impl Senders {
    /// A consumer sends to this subject; whether it is the first.
    pub fn add(&mut self, subject: &str, key: Key) {
        self.0.entry(subject.as_bytes().into()).or_default().push(key);
    }

    /// A consumer no longer does.
    pub fn remove(&mut self, subject: &str, key: Key) {
        let Some(keys) = self.0.get_mut(subject.as_bytes()) else { return };
        keys.retain(|&other| other != key);
        if keys.is_empty() {
            self.0.remove(subject.as_bytes());
        }
    }

    /// Those who send to the subject.
    #[must_use]
    pub fn of(&self, subject: &[u8]) -> &[Key] {
        self.0.get(subject).map_or(&[], Vec::as_slice)
    }
}
