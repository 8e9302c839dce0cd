//! The streams in the hands of whoever wants to read them, while their thread waits: for messages,
//! or for the disk. Not what is read.
//!
//! What is lent is what the thread would see itself: every command that is durable is applied, and
//! none that is not. Who changes streams has them back first.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, TryLockError};
use std::time::Duration;

use anabranch_log::Error;

use super::shard::Shard;
use super::streams::Streams;
use crate::worker::Delivered;

/// Where streams are lent.
#[derive(Default)]
pub struct Lending {
    lent: RwLock<Option<Streams>>,
    /// Parcels of the inbox of which everything was taken.
    done: AtomicU64,
}

impl Lending {
    /// Everything was taken of one more parcel of the inbox.
    pub fn note_done(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Lends the streams for as long as `wait` lasts.
    pub fn during<R>(&self, streams: &mut Streams, wait: impl FnOnce() -> R) -> R {
        let lent = std::mem::take(streams);
        *self.lent.write().unwrap_or_else(PoisonError::into_inner) = Some(lent);
        let waited = wait();
        if let Some(lent) = self.end() {
            *streams = lent;
        }
        waited
    }

    /// Nothing is lent any more. Waits until nobody reads.
    pub fn end(&self) -> Option<Streams> {
        self.lent.write().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Looks at the streams, if they are lent right now and what is in the first `from` parcels is
    /// reflected in them. Does not wait.
    pub fn look<R>(&self, from: u64, look: impl FnOnce(&Streams) -> R) -> Option<R> {
        let lent = match self.lent.try_read() {
            Ok(lent) => lent,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        // The lock orders it: what changed something was noted before the streams were lent.
        let lent = lent.as_ref().filter(|_| self.done.load(Ordering::Relaxed) >= from)?;
        Some(look(lent))
    }
}

impl Shard {
    /// Waits for messages, for `patience` at most.
    pub(super) fn wait_for_messages(&mut self, patience: Option<Duration>) -> Delivered {
        let Self { lending, streams, intake, aside, .. } = self;
        lending.during(streams, || match intake.inbox.take(patience) {
            // Nobody is kept from reading by those who only read, or they would all come here.
            Delivered::Parcels(parcels) => aside.answer_waiting(parcels, &intake.server),
            other => other,
        })
    }

    /// Makes durable what was added to the log. It is applied afterwards, and not seen before.
    ///
    /// # Errors
    /// As for the journal's `commit`.
    pub(super) fn wait_for_commit(&mut self) -> Result<(), Error> {
        let Self { lending, streams, journal, .. } = self;
        lending.during(streams, || journal.commit())
    }
}

#[cfg(test)]
mod tests {
    use anabranch_jetstream::StreamConfig;
    use anabranch_jetstream::stream::Stream;
    use anabranch_log::format::StreamId;

    use super::*;
    use crate::jetstream::held::{Held, Store};
    use crate::jetstream::payloads::MemoryPayloads;

    #[test]
    fn streams_are_seen_while_they_are_lent_by_who_has_nothing_under_way() {
        let (lending, mut streams) = (Lending::default(), Streams::default());
        let config = StreamConfig { name: "S".to_owned(), ..StreamConfig::default() };
        let store = Store::Memory(MemoryPayloads::default());
        streams.insert(Held::new(StreamId(1), Stream::new(config, 0, 1), store));
        let has = |from| lending.look(from, |streams| streams.find(b"S").is_some());
        assert_eq!(has(0), None);
        (0..7).for_each(|_| lending.note_done());
        lending.during(&mut streams, || {
            assert_eq!((has(0), has(7), has(8)), (Some(true), Some(true), None));
        });
        assert_eq!(has(0), None);
        assert_eq!(streams.len(), 1);
    }

    #[test]
    fn what_a_panic_left_behind_can_be_taken_away() {
        let (lending, mut streams) = (Lending::default(), Streams::default());
        let wait = || -> () { panic!("the thread ends") };
        let during = || lending.during(&mut streams, wait);
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(during)).is_err());
        assert!(lending.look(0, |_| ()).is_some());
        assert!(lending.end().is_some());
        assert!(lending.look(0, |_| ()).is_none());
    }
}
