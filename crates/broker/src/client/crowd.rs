//! Whether what a publisher pushes should wait a moment for what others push to the same client,
//! so that one system call writes it all (docs/adr/0011). Not a queue: it decides, and
//! [`super::Output`] does.

use super::handle::ClientId;

/// Pushes after which it is judged who pushed them.
const ROUND: u32 = 16;
/// Different publishers among them, at least, that make a crowd.
const PUBLISHERS_MIN: u32 = 12;
/// Who pushes more at once is not helped by waiting for others.
const PUSH_MAX: usize = 8 * 1024;
/// Clients that may let less than this wait are written to at once.
const ROOM_MIN: u64 = 4 * 1024 * 1024;

/// Who pushed lately.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    /// A bit for each publisher of this round, by its id.
    seen: u64,
    pushes: u32,
    is_crowd: bool,
    /// Pushes that wait for company.
    gathered: u32,
    /// The connection's task has let others go first.
    yielded: bool,
}

impl Crowd {
    /// Whether `len` bytes from `publisher` should be left to the connection's task, which lets
    /// others go first. `pending_max`: bytes that may wait.
    #[inline]
    pub(super) fn gathers(&mut self, publisher: ClientId, len: usize, pending_max: u64) -> bool {
        self.seen |= 1 << (publisher.0 % 64);
        self.pushes += 1;
        if self.pushes == ROUND {
            self.is_crowd = self.seen.count_ones() >= PUBLISHERS_MIN && pending_max >= ROOM_MIN;
            (self.seen, self.pushes) = (0, 0);
        }
        self.is_crowd && len <= PUSH_MAX
    }

    /// A push waits for company. True if the connection's task must be woken for it.
    pub(super) fn join(&mut self) -> bool {
        self.gathered += 1;
        self.gathered == 1
    }

    /// Whether the connection's task should let others go first: once before each write.
    pub(super) fn lets_others_go(&mut self) -> bool {
        self.gathered > 0 && !std::mem::replace(&mut self.yielded, true)
    }

    /// What waits is being written. If nobody joined, the next ones need not wait.
    #[inline]
    pub(super) fn disperse(&mut self) {
        if self.gathered > 0 {
            self.is_crowd = self.gathered > 1;
            self.gathered = 0;
            self.yielded = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: u64 = 64 * 1024 * 1024;

    /// How many of `pushes` by so many publishers in turn are gathered.
    fn gathered(publishers: u64, pushes: u64, len: usize, room: u64) -> usize {
        let mut crowd = Crowd::default();
        let gathers = |push| crowd.gathers(ClientId(100 + push % publishers), len, room);
        (0..pushes).map(gathers).filter(|&gathers| gathers).count()
    }

    #[test]
    fn many_publishers_of_little_are_a_crowd_and_few_are_not() {
        assert_eq!(gathered(1000, 1000, 100, ROOM), 1000 - 15);
        assert_eq!(gathered(12, 1000, 100, ROOM), 1000 - 15);
        assert_eq!(gathered(8, 1000, 100, ROOM), 0);
        assert_eq!(gathered(1, 1000, 100, ROOM), 0);
        assert_eq!(gathered(1000, 1000, PUSH_MAX + 1, ROOM), 0);
        assert_eq!(gathered(1000, 1000, 100, ROOM_MIN - 1), 0);
    }

    #[test]
    fn the_task_is_woken_once_and_yields_once_before_each_write() {
        let mut crowd = Crowd::default();
        for _ in 0..3 {
            assert!(!crowd.lets_others_go());
            assert!(crowd.join());
            assert!(!crowd.join());
            assert!(crowd.lets_others_go());
            assert!(!crowd.join());
            assert!(!crowd.lets_others_go());
            crowd.disperse();
        }
    }

    #[test]
    fn one_that_waited_in_vain_ends_the_waiting() {
        let mut crowd = Crowd::default();
        for publisher in 0..u64::from(ROUND) {
            crowd.gathers(ClientId(publisher), 1, ROOM);
        }
        assert!(crowd.gathers(ClientId(0), 1, ROOM));
        crowd.join();
        crowd.disperse();
        assert!(!crowd.gathers(ClientId(1), 1, ROOM));
    }
}
