//! Messages that leave on request: single ones, and purges.

use super::index::Removed;
use super::machine::Stream;
use crate::config::Storage;
use crate::error::{self, ApiError};

/// What a purge takes away. `seq` and `keep` exclude each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purge<'a> {
    /// Only subjects that match; empty: all.
    pub filter: &'a [u8],
    /// Only messages before this sequence; 0: all.
    pub seq: u64,
    /// So many of the newest stay; 0: none.
    pub keep: u64,
}

impl Stream {
    /// Removes one message.
    ///
    /// # Errors
    /// As the client is told: the stream is sealed, denies it, or has no such message.
    pub fn delete(&mut self, seq: u64, removed: &mut Vec<Removed>) -> Result<(), ApiError> {
        if self.config.sealed {
            return Err(error::STREAM_SEALED);
        }
        if self.config.deny_delete {
            return Err(error::message_delete_failed("message delete not permitted"));
        }
        match self.index.remove(seq) {
            Some(gone) => {
                removed.push(gone);
                Ok(())
            }
            None => Err(self.missing(seq)),
        }
    }

    /// The message is lost: its bytes are not there any more. No client asked for that.
    pub fn lose(&mut self, seq: u64, removed: &mut Vec<Removed>) {
        removed.extend(self.index.remove(seq));
    }

    /// The sequences up to `seq` were given to messages that are lost, or may have been.
    pub fn skip_lost(&mut self, seq: u64) {
        self.index.skip_to(seq, self.index.last_time());
    }

    /// Why there is nothing to delete: nats-server's two stores say it differently.
    fn missing(&self, seq: u64) -> ApiError {
        if self.config.storage == Storage::Memory {
            error::sequence_not_found(seq)
        } else if seq < self.index.first_seq() {
            error::message_delete_failed("no message found")
        } else if seq > self.index.last_seq() {
            error::message_delete_failed("stream store EOF")
        } else {
            error::sequence_not_found(seq)
        }
    }

    /// Removes many messages; gives how many.
    ///
    /// # Errors
    /// As the client is told: the stream is sealed or denies it.
    pub fn purge(&mut self, what: &Purge<'_>, removed: &mut Vec<Removed>) -> Result<u64, ApiError> {
        if self.config.sealed {
            return Err(error::STREAM_SEALED);
        }
        if self.config.deny_purge {
            return Err(error::purge_failed("stream purge not permitted"));
        }
        let before = self.index.messages();
        let everything = what.filter.is_empty() || what.filter == b">";
        // "All before the first": nothing.
        if what.seq == 1 {
            return Ok(0);
        }
        if everything && what.seq > self.index.last_seq() {
            self.purge_up_to(self.index.last_seq() + 1, removed);
            self.index.start_at(what.seq);
        } else if everything {
            let end = if what.seq > 0 { what.seq } else { self.index.last_seq() + 1 };
            self.purge_front(end, what.keep, removed);
        } else {
            self.purge_filtered(what, removed);
        }
        Ok(before - self.index.messages())
    }

    fn purge_up_to(&mut self, end: u64, removed: &mut Vec<Removed>) {
        while self.index.first_seq() < end {
            let Some(gone) = self.index.remove(self.index.first_seq()) else { return };
            removed.push(gone);
        }
    }

    fn purge_front(&mut self, end: u64, keep: u64, removed: &mut Vec<Removed>) {
        while self.index.first_seq() < end && self.index.messages() > keep {
            let Some(gone) = self.index.remove(self.index.first_seq()) else { return };
            removed.push(gone);
        }
    }

    fn purge_filtered(&mut self, what: &Purge<'_>, removed: &mut Vec<Removed>) {
        let end = if what.seq > 0 { what.seq } else { u64::MAX };
        let ids = self.index.subjects().matching(what.filter);
        let total: u64 = ids.iter().map(|&id| self.index.subjects().state(id).count).sum();
        if what.keep >= total {
            return;
        }
        if what.keep == 0 {
            for id in ids {
                loop {
                    let state = self.index.subjects().state(id);
                    if state.count == 0 || state.first >= end {
                        break;
                    }
                    removed.extend(self.index.remove(state.first));
                }
            }
            return;
        }
        let mut surplus = total - what.keep;
        let mut seq = self.index.first_seq();
        while surplus > 0 {
            match self.index.next_matching(what.filter, seq) {
                Some(next) if next < end => {
                    removed.extend(self.index.remove(next));
                    surplus -= 1;
                    seq = next + 1;
                }
                _ => return,
            }
        }
    }
}
