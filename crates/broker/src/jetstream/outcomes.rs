//! Outcomes in the log: where streams stood that had commands, so that recovery can go on behind a
//! damaged part. They are hints: without one, nothing is lost as long as the log is whole.

use std::collections::BTreeSet;

use anabranch_log::format::{Lsn, Outcome, StreamId};

/// Streams of which it is always told with the next batch.
const ALWAYS: usize = 16;
/// Bytes of log for each stream told of, where there are more.
const BYTES_EACH: u64 = 2048;

/// Streams that had commands and were not told of yet.
#[derive(Debug)]
pub struct Untold {
    streams: BTreeSet<StreamId>,
    /// Where their commands begin, or before.
    since: Lsn,
}

impl Untold {
    /// Nothing was logged since the log's end was here.
    #[must_use]
    pub fn from(end: Lsn) -> Self {
        Self { streams: BTreeSet::new(), since: end }
    }

    /// A command of this stream was logged.
    pub fn note(&mut self, stream: StreamId) {
        self.streams.insert(stream);
    }

    /// There is something to tell, and enough was logged for that; `end`: of the log.
    #[must_use]
    pub fn is_due(&self, end: Lsn) -> bool {
        let streams = self.streams.len();
        let logged = end.since(self.since) / BYTES_EACH;
        streams > 0 && (streams <= ALWAYS || usize::try_from(logged).is_ok_and(|l| l >= streams))
    }

    /// There is something to tell.
    #[must_use]
    pub fn is_any(&self) -> bool {
        !self.streams.is_empty()
    }

    /// Encodes what is to be told: `last_seq` gives a stream's last sequence, or nothing if the
    /// stream is gone. Everything before `end` is applied.
    #[must_use]
    pub fn tell(&mut self, end: Lsn, last_seq: impl Fn(StreamId) -> Option<u64>) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(24 * (self.streams.len() + 1));
        // That of no stream says since when all are told of.
        Outcome { stream: StreamId(0), applied: self.since, last_seq: 0 }.encode(&mut bytes);
        for stream in std::mem::take(&mut self.streams) {
            if let Some(last_seq) = last_seq(stream) {
                Outcome { stream, applied: end, last_seq }.encode(&mut bytes);
            }
        }
        self.since = end;
        bytes
    }
}

/// What [`Untold::tell`] encoded: since when, and the outcomes. Without the former, as of an
/// earlier program, they say nothing of others.
#[must_use]
pub fn decode(mut payload: &[u8]) -> (Lsn, Vec<Outcome>) {
    let (mut since, mut outcomes) = (Lsn(u64::MAX), Vec::new());
    while let Ok((outcome, rest)) = Outcome::decode(payload) {
        match outcome.stream {
            StreamId(0) => since = outcome.applied,
            _ => outcomes.push(outcome),
        }
        payload = rest;
    }
    (since, outcomes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_read_and_not_told_again() {
        let mut untold = Untold::from(Lsn(100));
        untold.note(StreamId(1));
        untold.note(StreamId(2));
        assert!(untold.is_due(Lsn(100)));
        let bytes = untold.tell(Lsn(500), |id| (id == StreamId(1)).then_some(7));
        let told = Outcome { stream: StreamId(1), applied: Lsn(500), last_seq: 7 };
        assert_eq!(decode(&bytes), (Lsn(100), vec![told]));
        assert!(!untold.is_any());
        (0..100).for_each(|id| untold.note(StreamId(id)));
        assert!(!untold.is_due(Lsn(1000)), "they take more than they are worth");
        assert!(untold.is_due(Lsn(1_000_000)));
    }
}
