//! Answers to direct gets, as they are to be sent.

use anabranch_jetstream::Timestamp;
use anabranch_jetstream::api::direct::{Origin, append_block};
use anabranch_log::segment::{Wait, Window};

use super::series::One;
use crate::jetstream::glancing::Wanted;
use crate::jetstream::held::Held;

/// Memory that is kept for the next answer, in bytes.
const KEPT: usize = 256 * 1024;

/// Messages of an answer, one behind the other. Its memory is used again.
#[derive(Default)]
pub struct Draft {
    bytes: Vec<u8>,
    pieces: Vec<Piece>,
    window: Window,
}

/// One message: so many bytes of headers, and where it ends.
struct Piece {
    header_len: usize,
    end: usize,
}

impl Draft {
    /// Adds a message that can be read at a glance; gives the bytes that it counts.
    pub fn glance(&mut self, held: &Held, one: &One<'_>, wait: Wait) -> Option<u64> {
        let mut window = std::mem::take(&mut self.window);
        let wanted = Wanted { seq: one.seq, location: one.meta.location, next: one.next, wait };
        let mut counted = None;
        held.glance(&wanted, &mut window, |headers, body| {
            counted = Some(self.message(held, one, headers, body));
        });
        self.window = window;
        counted
    }

    /// Adds a message; gives the bytes that it counts.
    pub fn message(&mut self, held: &Held, one: &One<'_>, headers: &[u8], body: &[u8]) -> u64 {
        let subject = &held.machine.index().subjects().name(one.meta.subject);
        let begin = self.bytes.len();
        if !one.no_headers {
            let stream = &held.machine.config().name;
            let time = Timestamp::from_unix_nanos(one.meta.time);
            let origin = Origin { stream, subject, seq: one.seq, time };
            append_block(&mut self.bytes, headers, &origin, one.progress);
        }
        let header_len = self.bytes.len() - begin;
        self.bytes.extend_from_slice(body);
        self.pieces.push(Piece { header_len, end: self.bytes.len() });
        u64::try_from(subject.len() + headers.len() + body.len()).unwrap_or(u64::MAX)
    }

    /// Adds a message that is nothing but headers.
    pub fn block(&mut self, block: &[u8]) {
        self.bytes.extend_from_slice(block);
        self.pieces.push(Piece { header_len: block.len(), end: self.bytes.len() });
    }

    /// Bytes of all messages.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// How many messages there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.pieces.len()
    }

    /// The messages: bytes of their headers, and headers with body.
    pub fn pieces(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let mut begin = 0;
        self.pieces.iter().map(move |piece| {
            let bytes = &self.bytes[begin..piece.end];
            begin = piece.end;
            (piece.header_len, bytes)
        })
    }

    /// Forgets the messages.
    pub fn forget_pieces(&mut self) {
        self.bytes.clear();
        self.pieces.clear();
    }

    /// Forgets everything, also what was read: it may have changed when the next answer is made.
    pub fn clear(&mut self) {
        self.forget_pieces();
        self.bytes.shrink_to(KEPT);
        self.window.clear();
    }
}
