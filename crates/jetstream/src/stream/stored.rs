//! Parts of a stream that are read when they are needed first. Not where they are: whoever holds
//! the stream knows that, and hears when one cannot be read.

use std::fmt::Debug;
use std::sync::{Arc, OnceLock};

use super::bytes::{Bytes, DecodeError};
use super::snapshot::Part;

/// Where parts are that were not read yet. What one is does not change, so when it is read changes
/// nothing in what the stream does.
pub trait StoredParts: Debug + Send + Sync {
    /// The bytes of a part, as they were saved. Nothing if they cannot be read, which is to be
    /// remembered: the stream goes on as if there were nothing in it, and must not be relied on.
    fn read(&self, part: Part) -> Option<Vec<u8>>;

    /// What was read is none of that part: to be remembered like that.
    fn refuse(&self, part: Part, error: DecodeError);
}

/// Where the parts are that are not in memory, if there are such.
pub type PartsOrigin = Option<Arc<dyn StoredParts>>;

/// A part that is in memory, or will be once it is needed. `H` is what is known of it before.
#[derive(Debug, Clone, Default)]
pub struct Slot<T, H> {
    held: OnceLock<T>,
    head: H,
}

/// What can be kept in a [`Slot`].
pub trait Keepable: Sized {
    /// What is known of it before it is read.
    type Head: Copy;

    /// From what was saved.
    ///
    /// # Errors
    /// When the bytes are none of its, or do not fit to what is known of it.
    fn load(bytes: &mut Bytes<'_>, head: Self::Head) -> Result<Self, DecodeError>;

    /// In place of one that cannot be read.
    fn blank(head: Self::Head) -> Self;
}

impl<T: Keepable> Slot<T, T::Head> {
    /// It is in memory.
    pub fn full(part: T, head: T::Head) -> Self {
        Self { held: OnceLock::from(part), head }
    }

    /// It was not read yet.
    pub fn empty(head: T::Head) -> Self {
        Self { held: OnceLock::new(), head }
    }

    /// What was known of it before it was read.
    pub fn head(&self) -> T::Head {
        self.head
    }

    /// The part, if it was read.
    pub fn held(&self) -> Option<&T> {
        self.held.get()
    }

    /// The part `part`, which is read from `origin` if it was not yet.
    pub fn get(&self, part: Part, origin: &PartsOrigin) -> &T {
        self.held.get_or_init(|| self.read(part, origin))
    }

    /// The part, to be changed; it was read.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.held.get_mut()
    }

    #[cold]
    fn read(&self, part: Part, origin: &PartsOrigin) -> T {
        let blank = || T::blank(self.head);
        let Some(stored) = origin else { return blank() };
        let Some(bytes) = stored.read(part) else { return blank() };
        match whole(&bytes, self.head) {
            Ok(read) => read,
            Err(error) => {
                stored.refuse(part, error);
                blank()
            }
        }
    }

    /// Takes what was read of it, at the start.
    ///
    /// # Errors
    /// When the bytes are none of its, or it was read already.
    pub fn fill(&self, bytes: &[u8]) -> Result<(), DecodeError> {
        let read = whole(bytes, self.head)?;
        self.held.set(read).map_err(|_| DecodeError::Field("part"))
    }
}

fn whole<T: Keepable>(bytes: &[u8], head: T::Head) -> Result<T, DecodeError> {
    let bytes = &mut Bytes(bytes);
    let read = T::load(bytes, head)?;
    if bytes.0.is_empty() { Ok(read) } else { Err(DecodeError::Field("part")) }
}
