//! What can be wrong with a backup.

use std::fmt;

/// Why a backup cannot be read. Its text is what the client is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A frame or block of S2 is damaged, or none.
    Compression(&'static str),
    /// The archive is damaged, or none.
    Archive(&'static str),
    /// A message cannot be: its sequence, and why.
    Message(u64, &'static str),
    /// It ends before its end mark.
    Truncated,
    /// Something is larger than it may be.
    TooLarge(&'static str),
    /// A consumer cannot be: its name, and why.
    Consumer(String, &'static str),
    /// A file of nats-server's store is damaged: which one, and what is wrong.
    File(String, &'static str),
    /// The backup holds something that this server does not restore.
    NotSupported(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compression(what) => write!(f, "s2: corrupt input: {what}"),
            Self::Archive(what) => write!(f, "archive: invalid archive stream: {what}"),
            Self::Message(seq, what) => write!(f, "message sequence {seq} {what}"),
            Self::Consumer(name, what) => write!(f, "consumer {name:?} in the backup: {what}"),
            Self::Truncated => f.write_str("backup was truncated"),
            Self::TooLarge(what) => write!(f, "{what} in the backup is too large"),
            Self::File(name, what) => write!(f, "{name:?} in the backup is damaged: {what}"),
            Self::NotSupported(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Fault {}
