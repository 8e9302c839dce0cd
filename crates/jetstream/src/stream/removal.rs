//! Messages that leave on request: single ones, and purges.

use super::index::{Removed, SEQ_MAX};
use super::machine::Stream;
use super::work::{Wanted, Work};
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

    /// Begins to remove many messages: there may be work to [`proceed`](Self::proceed) with.
    ///
    /// # Errors
    /// As the client is told: the stream is sealed or denies it.
    pub fn purge(&mut self, what: &Purge<'_>) -> Result<(), ApiError> {
        if self.config.sealed {
            return Err(error::STREAM_SEALED);
        }
        if self.config.deny_purge {
            return Err(error::purge_failed("stream purge not permitted"));
        }
        if what.seq > SEQ_MAX {
            return Err(error::purge_failed("no stream has that many sequences"));
        }
        // "All before the first": nothing.
        if what.seq == 1 {
            return Ok(());
        }
        if !what.filter.is_empty() && what.filter != b">" {
            self.work.extend(self.filtered(what));
            return Ok(());
        }
        let all = self.index.last_seq().saturating_add(1);
        let end = if what.seq > 0 { what.seq } else { all };
        // Up to a sequence that was not given yet, however many are to stay, all go.
        if end > all || (end == all && what.keep == 0) {
            self.index.clear(end);
            self.is_cleared = true;
        } else {
            self.work.push_back(Work::Front { end, keep: what.keep });
        }
        Ok(())
    }

    fn filtered(&self, what: &Purge<'_>) -> Option<Work> {
        let end = if what.seq > 0 { what.seq } else { u64::MAX };
        let (filter, after) = (what.filter.to_vec(), Vec::new());
        if what.keep > 0 {
            return Some(Work::Count {
                filter,
                keep: what.keep,
                end,
                after,
                wanted: Wanted::default(),
            });
        }
        if anabranch_subject::grammar::has_wildcards(what.filter) {
            return Some(Work::Filter { filter, end, after });
        }
        self.index.subjects().find(what.filter).map(|id| Work::Subject { id, end })
    }
}
