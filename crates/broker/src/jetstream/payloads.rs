//! Bytes of the messages of one memory stream.

use std::collections::BTreeMap;

/// One message as it was published.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Payload {
    /// Header block; empty: none.
    pub headers: Box<[u8]>,
    /// What follows.
    pub body: Box<[u8]>,
}

/// Messages in memory, by sequence.
#[derive(Debug, Default)]
pub struct MemoryPayloads {
    by_seq: BTreeMap<u64, Payload>,
}

impl MemoryPayloads {
    /// Keeps a message.
    pub fn insert(&mut self, seq: u64, headers: &[u8], body: &[u8]) {
        self.by_seq.insert(seq, Payload { headers: headers.into(), body: body.into() });
    }

    /// The message `seq`.
    #[must_use]
    pub fn get(&self, seq: u64) -> Option<&Payload> {
        self.by_seq.get(&seq)
    }

    /// Forgets up to `count` messages, to be called again until there are none: a million at once
    /// take too long.
    pub fn shrink(&mut self, count: usize) -> bool {
        for _ in 0..count {
            if self.by_seq.pop_first().is_none() {
                return false;
            }
        }
        true
    }

    /// Forgets a message.
    pub fn remove(&mut self, seq: u64) {
        self.by_seq.remove(&seq);
    }
}
