//! Brings near what the next messages need, many at a time: with a million subjects a processor
//! waits for memory most of the time otherwise.

use anabranch_log::format::StreamId;

use super::outbox::Outbox;
use super::shard::{Pending, Shard};
use super::streams::Streams;
use crate::worker::Inbound;

/// Messages that are looked at together before they are applied.
const APPROACHED: usize = 16;

impl Shard {
    /// Applies and answers what was logged, or was not.
    pub(super) fn apply_all(
        &mut self,
        pending: &mut Vec<Pending<'_>>,
        now: i64,
        outbox: &mut Outbox<'_>,
    ) {
        for at in 0..pending.len() {
            if at.is_multiple_of(APPROACHED) {
                approach(&self.streams, pending[at..].iter().map(|one| &one.message));
            }
            let refused = pending[at].refused.take();
            self.apply(&pending[at].message, refused, now, outbox);
            outbox.pass_on();
        }
        pending.clear();
        self.write_touched(outbox);
    }
}

/// Looks at what the next messages need that are for the stream of the first. Changes nothing.
fn approach<'a>(streams: &Streams, pending: impl Iterator<Item = &'a Inbound<'a>>) {
    let mut next = pending.take(APPROACHED).peekable();
    let Some(recipient) = next.peek().map(|message| message.recipient) else { return };
    let Some(held) = streams.get(StreamId(recipient.0)) else { return };
    let same = next.filter(|message| message.recipient == recipient);
    held.machine.index().approach(same.map(|message| message.subject));
}
