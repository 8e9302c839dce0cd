//! Bytes of stored messages that a command needs to be decided, loaded before it is applied.

/// Messages by sequence, added in order.
#[derive(Debug, Clone, Default)]
pub struct Resident {
    messages: Vec<One>,
}

#[derive(Debug, Clone)]
struct One {
    seq: u64,
    headers: Box<[u8]>,
    body: Box<[u8]>,
}

impl Resident {
    /// Nothing is needed.
    pub const NONE: &'static Self = &Self { messages: Vec::new() };

    /// Adds the message `seq`.
    pub fn add(&mut self, seq: u64, headers: Box<[u8]>, body: Box<[u8]>) {
        self.messages.push(One { seq, headers, body });
    }

    /// Header block and body of the message `seq`.
    #[must_use]
    pub fn get(&self, seq: u64) -> Option<(&[u8], &[u8])> {
        let at = self.messages.binary_search_by_key(&seq, |one| one.seq).ok()?;
        let found = &self.messages[at];
        Some((&found.headers, &found.body))
    }
}
