//! Something of which only the owner makes use, within what others may look at.

use std::sync::{Mutex, PoisonError};

/// Can be used through `&mut` only. Nobody ever locks it: a lock is what makes it shareable.
#[derive(Debug)]
pub struct Sole<T>(Mutex<T>);

impl<T> Sole<T> {
    /// Holds `held`.
    pub fn new(held: T) -> Self {
        Self(Mutex::new(held))
    }

    /// What it holds.
    pub fn get(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}
