//! How much of an inbox one recipient takes. The more of it is taken, the less one alone may have,
//! so that a flood for one stream leaves room for messages of others.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What waits for one recipient. Whoever fills the inbox and whoever empties it change it; nobody
/// waits for anybody.
#[derive(Debug, Default)]
pub struct Share {
    bytes: AtomicUsize,
    messages: AtomicUsize,
}

/// One recipient may have so many times as much as is free.
const TIMES_FREE: usize = 4;

impl Share {
    /// Bytes and messages that wait.
    #[must_use]
    pub fn load(&self) -> (usize, usize) {
        (self.bytes.load(Ordering::Relaxed), self.messages.load(Ordering::Relaxed))
    }

    fn add(&self, bytes: usize, messages: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.messages.fetch_add(messages, Ordering::Relaxed);
    }

    fn remove(&self, bytes: usize, messages: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.messages.fetch_sub(messages, Ordering::Relaxed);
    }
}

/// So many recipients of a parcel are looked through for one.
const LATEST: usize = 8;

/// No more may come for who has `own` of `taken`, where `most` may wait in all.
#[must_use]
pub fn is_over(own: usize, taken: usize, most: usize) -> bool {
    let free = most.saturating_sub(taken);
    free == 0 || own > free.saturating_mul(TIMES_FREE)
}

/// The shares of one parcel.
#[derive(Debug, Default)]
pub struct Shares(Vec<(Arc<Share>, usize, usize)>);

impl Shares {
    /// A message of `bytes` is for the recipient with this share.
    pub fn note(&mut self, share: &Arc<Share>, bytes: usize) {
        // Messages of one batch are mostly for the same; one that comes again later has two.
        let latest = self.0.iter_mut().rev().take(LATEST);
        let known = latest.into_iter().find(|(known, ..)| Arc::ptr_eq(known, share));
        match known {
            Some((_, sum, messages)) => {
                *sum += bytes;
                *messages += 1;
            }
            None => self.0.push((Arc::clone(share), bytes, 1)),
        }
    }

    /// The parcel waits.
    pub fn add(&self) {
        self.0.iter().for_each(|(share, bytes, messages)| share.add(*bytes, *messages));
    }

    /// It no longer does.
    pub fn remove(&self) {
        self.0.iter().for_each(|(share, bytes, messages)| share.remove(*bytes, *messages));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alone_leaves_room_and_a_newcomer_finds_it() {
        assert!(!is_over(80, 80, 100), "four fifths are for one alone");
        assert!(is_over(81, 81, 100));
        assert!(!is_over(0, 99, 100), "who has nothing gets in");
        assert!(is_over(0, 100, 100));
        assert!(is_over(50, 90, 100) && !is_over(40, 90, 100));
        assert!(!is_over(0, 0, 1) && is_over(1, 1, 1));
        assert!(!is_over(1 << 40, 1 << 40, usize::MAX));
    }

    #[test]
    fn what_a_parcel_adds_it_removes() {
        let (one, other) = (Arc::<Share>::default(), Arc::<Share>::default());
        let mut shares = Shares::default();
        for share in [&one, &other, &one] {
            shares.note(share, 10);
        }
        shares.add();
        assert_eq!((one.load(), other.load()), ((20, 2), (10, 1)));
        shares.remove();
        assert_eq!((one.load(), other.load()), ((0, 0), (0, 0)));
    }
}
