//! What can be made to go wrong.

use std::io;

use crate::disk::Operation;

/// Something that goes wrong once, or from some time on.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Which operation.
    pub operation: Operation,
    /// Only on paths that begin so.
    pub path_prefix: String,
    /// How many operations of that kind go well before.
    pub after: u64,
    /// What happens.
    pub kind: FaultKind,
    /// Whether it happens every time from then on.
    pub is_lasting: bool,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// An error. A write has by then written a part. A sync has lost what it should have written,
    /// though readers still see it, and the next sync succeeds.
    Error(io::ErrorKind),
    /// A write that says nothing of being cut short.
    SilentShortWrite,
    /// A write that goes to another place of the file: this many bytes further on.
    Misdirected(u64),
    /// A sync that does nothing.
    SilentSync,
}

/// A fault and how often it was waited for.
#[derive(Debug, Clone)]
pub(super) struct Armed {
    fault: Fault,
    seen: u64,
    is_over: bool,
}

impl Armed {
    pub(super) fn new(fault: Fault) -> Self {
        Self { fault, seen: 0, is_over: false }
    }

    /// What goes wrong with this operation, if anything.
    pub(super) fn strike(&mut self, operation: Operation, path: &str) -> Option<FaultKind> {
        let fault = &self.fault;
        if self.is_over || fault.operation != operation || !path.starts_with(&fault.path_prefix) {
            return None;
        }
        self.seen += 1;
        if self.seen <= fault.after {
            return None;
        }
        self.is_over = !fault.is_lasting;
        Some(fault.kind)
    }
}
