//! A request that waits for its answer longer than a turn.

use crate::client::ClientId;
use crate::worker::{Inbound, Recipient};

/// A message or request with bytes of its own.
#[derive(Debug)]
pub struct Waiting {
    recipient: Recipient,
    from: ClientId,
    subject: Box<[u8]>,
    reply: Box<[u8]>,
    headers: Box<[u8]>,
    body: Box<[u8]>,
}

impl Waiting {
    /// Keeps a request.
    #[must_use]
    pub fn of(message: &Inbound<'_>) -> Self {
        Self {
            recipient: message.recipient,
            from: message.from,
            subject: message.subject.into(),
            reply: message.reply.into(),
            headers: message.headers.into(),
            body: message.body.into(),
        }
    }

    /// The message.
    #[must_use]
    pub fn inbound(&self) -> Inbound<'_> {
        Inbound {
            recipient: self.recipient,
            from: self.from,
            subject: &self.subject,
            reply: &self.reply,
            headers: &self.headers,
            body: &self.body,
        }
    }

    /// Bytes of its parts.
    #[must_use]
    pub fn size(&self) -> usize {
        let parts = [&self.subject, &self.reply, &self.headers, &self.body];
        parts.iter().map(|part| part.len()).sum()
    }
}
