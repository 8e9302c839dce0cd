//! How many messages one turn takes: as many as fit into a time, by what the last ones took.

use std::time::Duration;

/// What a turn's messages are to take; the rest of the turn needs some time, too.
const TIME: Duration = Duration::from_micros(2_000);
/// Messages of one turn at least, and at most.
const MIN: usize = 64;
const MAX: usize = 4096;
/// Fewer messages say little about the next ones.
const TELLING: usize = 16;
/// What one message is believed to take at most: beyond that the disk or the machine was slow.
const MESSAGE_MAX_NS: u64 = 30_000;

/// Keeps the size of turns.
#[derive(Debug)]
pub struct TurnSize {
    /// A moving average over turns.
    message_ns: u64,
}

impl Default for TurnSize {
    fn default() -> Self {
        Self { message_ns: 2_000 }
    }
}

impl TurnSize {
    /// Messages of the next turn at most.
    #[must_use]
    pub fn messages(&self) -> usize {
        let time = u64::try_from(TIME.as_nanos()).unwrap_or(u64::MAX);
        let count = time / self.message_ns.max(1);
        usize::try_from(count).unwrap_or(MAX).clamp(MIN, MAX)
    }

    /// A turn's messages took so long.
    pub fn note(&mut self, messages: usize, took: Duration) {
        if messages < TELLING {
            return;
        }
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let each = took / u64::try_from(messages).unwrap_or(u64::MAX);
        self.message_ns = (self.message_ns * 3 + each.min(MESSAGE_MAX_NS)) / 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_become_smaller_with_messages_that_take_longer() {
        let mut size = TurnSize::default();
        let first = size.messages();
        (0..20).for_each(|_| size.note(1000, Duration::from_millis(10)));
        assert_eq!((first, size.messages()), (1000, 200));
        (0..20).for_each(|_| size.note(1000, Duration::from_micros(300)));
        assert_eq!(size.messages(), MAX);
        size.note(1, Duration::from_secs(1));
        assert_eq!(size.messages(), MAX, "one message alone says little");
        (0..20).for_each(|_| size.note(100, Duration::from_secs(1)));
        assert_eq!(size.messages(), 66, "a slow disk does not end all gathering");
    }
}
