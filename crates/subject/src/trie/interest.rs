//! What the trie needs to know of a subscription.

use std::sync::Arc;

/// A subscription as the trie sees it: usually an `Arc` of something, cheap to clone.
///
/// None of the answers may change while the interest is in a trie.
pub trait Interest {
    /// What is subscribed to. Must be valid ([`is_valid_subject`](crate::grammar)).
    fn subject(&self) -> &[u8];

    /// The queue group, if the subscription is in one.
    fn queue(&self) -> Option<&[u8]>;

    /// Equal for clones of one subscription, and for hardly any others; large sets of interests are
    /// indexed by it. As given, it is the address, which is right for whatever lives in an `Arc`
    /// and wrong for what is moved or copied.
    fn identity(&self) -> u64 {
        u64::try_from(std::ptr::from_ref(self).addr()).unwrap_or(u64::MAX)
    }

    /// Whether both are clones of one subscription.
    fn same(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl<T: Interest> Interest for Arc<T> {
    fn subject(&self) -> &[u8] {
        T::subject(self)
    }

    fn queue(&self) -> Option<&[u8]> {
        T::queue(self)
    }

    fn identity(&self) -> u64 {
        T::identity(self)
    }

    fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(self, other) || T::same(self, other)
    }
}
