//! The interest trie: from a published subject to the subscriptions that receive it.
//!
//! Not a cache and not synchronised; `router` adds both. A level of the trie is a token. A child
//! below which there is only one distinct subject is a *lazy leaf*: it holds the interests
//! themselves and no node, and the tokens that were not spelled out are compared through
//! [`Interest::subject`]. A million distinct subjects cost about 40 bytes each beside the
//! interests.

mod children;
mod ends;
mod interest;
mod matches;
mod node;
mod tree;
mod walk;

pub use interest::Interest;
pub use matches::{Matches, QueueGroup};
pub use tree::Trie;
pub use walk::Steps;
