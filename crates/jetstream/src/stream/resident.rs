//! Bytes of stored messages that a command needs to be decided, loaded before it is applied.

/// Messages by sequence; few.
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
        let found = self.messages.iter().find(|one| one.seq == seq)?;
        Some((&found.headers, &found.body))
    }
}
