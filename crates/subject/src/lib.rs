//! Subjects: their grammar, wildcard matching, and the trie of interests.
//!
//! Not here: who may use a subject (`auth`) and who receives a message (`router`).
//! Subjects are byte slices as they stand on the wire; nothing in this crate copies one
//! unless it has to keep it.

pub mod grammar;
pub mod hash;
pub mod matching;
pub mod transform;
pub mod trie;

pub use hash::SubjectHasher;
pub use transform::SubjectTransform;
pub use trie::{Interest, Matches, QueueGroup, Trie};
