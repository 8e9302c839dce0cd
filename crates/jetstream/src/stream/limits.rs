//! The limits of batches. The server's configuration says what they are, so they are commands in
//! the log of each stream: a batch comes to the same when the log is read by a server with others.

use super::bytes::{Bytes, DecodeError, put_varint};
use super::machine::Stream;
use super::publishing::HEADERS_MAX;
use crate::publish::PublishHeaders;
use crate::publish::batch::{FastBatch, Operation};

/// What batches of one stream may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// Atomic batches that are under way at most; at least 1.
    pub atomic: u64,
    /// Fast batches that are under way at most; at least 1.
    pub fast: u64,
    /// Messages of an atomic batch at most; at least 1.
    pub messages: u64,
    /// How long a batch waits for its next message, in nanoseconds; at least 1.
    pub patience_ns: i64,
}

impl Default for BatchLimits {
    /// Those of nats-server.
    fn default() -> Self {
        let patience_ns = 10 * crate::Nanos::SECOND.0;
        Self { atomic: 50, fast: 1000, messages: 1000, patience_ns }
    }
}

impl BatchLimits {
    pub(super) fn encode(&self, into: &mut Vec<u8>) {
        for number in [self.atomic, self.fast, self.messages] {
            put_varint(into, number);
        }
        into.extend_from_slice(&self.patience_ns.to_le_bytes());
    }

    pub(super) fn decode(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        let (atomic, fast, messages) = (bytes.varint()?, bytes.varint()?, bytes.varint()?);
        let patience_ns = bytes.i64()?;
        if atomic == 0 || fast == 0 || messages == 0 || patience_ns <= 0 {
            return Err(DecodeError::Field("limit of batches"));
        }
        Ok(Self { atomic, fast, messages, patience_ns })
    }
}

/// The two sorts of batches, each with bounds of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchSort {
    /// Visible together, or not at all.
    Atomic,
    /// Stored one by one.
    Fast,
}

impl BatchSort {
    /// The sort to which a message belongs, if it belongs to a batch.
    #[must_use]
    pub fn of(reply: &[u8]) -> Self {
        if reply.len() > 4 && reply.ends_with(b".$FI") { Self::Fast } else { Self::Atomic }
    }
}

impl Stream {
    /// The limits of its batches.
    #[must_use]
    pub fn batch_limits(&self) -> BatchLimits {
        self.batch_limits
    }

    /// From now on batches have these limits; those under way keep their deadlines.
    pub fn limit_batches(&mut self, limits: BatchLimits) {
        self.batch_limits = limits;
    }

    /// It takes batches of this sort.
    #[must_use]
    pub fn takes_batches(&self, sort: BatchSort) -> bool {
        match sort {
            BatchSort::Atomic => self.config.allow_atomic,
            BatchSort::Fast => self.config.allow_batched,
        }
    }

    /// Batches that are under way.
    #[must_use]
    pub fn batches(&self, sort: BatchSort) -> usize {
        match sort {
            BatchSort::Atomic => self.staging.batches.len(),
            BatchSort::Fast => self.fast.0.len(),
        }
    }

    /// A published message would begin a batch of this sort now, if there is room for one more.
    #[must_use]
    pub fn begins_batch(&self, sort: BatchSort, reply: &[u8], headers: &[u8], body: &[u8]) -> bool {
        let max = usize::try_from(self.config.max_msg_size).ok();
        let is_too_large = max.is_some_and(|max| headers.len() + body.len() > max);
        if self.config.sealed || is_too_large || headers.len() > HEADERS_MAX {
            return false;
        }
        match sort {
            _ if !self.takes_batches(sort) => false,
            BatchSort::Atomic => {
                let batch = PublishHeaders::parse(headers).atomic_batch();
                let batch = batch.and_then(Result::ok).filter(|batch| batch.seq == 1);
                batch.is_some_and(|batch| !self.staging.batches.contains_key(batch.id))
            }
            BatchSort::Fast => {
                let batch = str::from_utf8(reply).ok().and_then(FastBatch::parse);
                let batch = batch
                    .and_then(Result::ok)
                    .filter(|batch| batch.seq == 1 && batch.operation != Operation::Ping);
                batch.is_some_and(|batch| !self.fast.0.contains_key(batch.id))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StreamConfig;

    fn stream() -> Stream {
        let config = StreamConfig {
            name: "S".to_owned(),
            max_msg_size: -1,
            allow_atomic: true,
            ..StreamConfig::default()
        };
        Stream::new(config, 1, 7)
    }

    #[test]
    fn limits_of_a_stream_outlive_a_checkpoint() {
        let mut stream = stream();
        let limits = BatchLimits { atomic: 3, fast: 4, messages: 5, patience_ns: 6 };
        stream.limit_batches(limits);
        let mut saved = Vec::new();
        stream.save(&mut saved);
        assert_eq!(Stream::load(&saved, 2).unwrap().batch_limits(), limits);
        stream.limit_batches(BatchLimits::default());
        saved.clear();
        stream.save(&mut saved);
        assert_eq!(Stream::load(&saved, 2).unwrap().batch_limits(), BatchLimits::default());
    }

    #[test]
    fn what_begins_a_batch_is_told_from_what_goes_on_with_one() {
        let stream = stream();
        let begins = |headers: &str| {
            let block = format!("NATS/1.0\r\n{headers}\r\n");
            stream.begins_batch(BatchSort::Atomic, b"r", block.as_bytes(), b"")
        };
        assert!(begins("Nats-Batch-Id: b\r\nNats-Batch-Sequence: 1\r\n"));
        assert!(!begins("Nats-Batch-Id: b\r\nNats-Batch-Sequence: 2\r\n"));
        assert!(!begins("Nats-Batch-Id: b\r\n") && !begins("X: y\r\n"));
        let fast = b"r.b.10.ok.1.0.$FI";
        assert!(!stream.begins_batch(BatchSort::of(fast), fast, b"", b""), "it takes none");
    }
}
