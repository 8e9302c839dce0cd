//! Encryption at rest: what is stored is sealed before it is written, and bound to its place.
//!
//! Not here: when a directory is sealed, and what of it. A [`Sealer`] has the data keys of a
//! directory; [`unlock`] gets it with the configured key. Why it is so is in
//! `docs/adr/0018-sealed-record-by-record.md`.

mod cipher;
mod keys;
mod place;
mod sealer;
mod unlock;

pub use cipher::Cipher;
pub use place::SealedPlace;
pub use sealer::Sealer;
pub use unlock::{Entropy, Secrets, Unlocked, What, open_sealed, unlock};
