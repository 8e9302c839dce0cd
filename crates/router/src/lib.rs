//! Who receives a published message: the accounts, their interests, and cached match results.
//!
//! Not here: connections, delivery, permissions, and the text of the protocol. Every key carries
//! its account; nothing crosses from one account to another.
//!
//! An [`Account`] is shared by all workers and holds the trie behind a lock; each worker has a
//! [`MatchCache`] of its own and takes that lock only for subjects it has no valid result for.

mod account;
mod cache;
mod doorkeeper;
mod generations;
mod registry;
mod watching;

pub use account::{Account, AccountId, AccountStats};
pub use anabranch_subject::{Interest, Matches, QueueGroup, Trie};
pub use cache::{CacheStats, MatchCache};
pub use watching::Watcher;
