//! What a session is given, and what it gives back.

use crate::consumer::report::Report;

/// A message of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its sequence.
    pub seq: u64,
    /// When it was stored, in nanoseconds since 1970.
    pub time: i64,
    /// Bytes of its subject.
    pub subject_len: usize,
    /// Bytes of its block of headers; zero without one.
    pub header_len: usize,
    /// Bytes of headers and body.
    pub size: usize,
}

/// What a session asks of its stream and of the server.
pub trait Source {
    /// The first message at or behind `seq` that matches the consumer's filters, readable. Nothing
    /// as well when it is not found at once although [`Source::pending`] counts some: then the
    /// session is to be asked again.
    fn next(&mut self, seq: u64) -> Option<Found>;
    /// The message `seq`, if it is still there.
    fn get(&mut self, seq: u64) -> Option<Found>;
    /// Live messages at or behind `seq` that match the filters (exact).
    fn pending(&mut self, seq: u64) -> u64;
    /// Last sequence of the stream that can be read, deleted ones counted: what
    /// [`Source::next`] finds later lies behind it.
    fn last_seq(&self) -> u64;
    /// Somebody would get what is sent to `subject`.
    fn has_interest(&mut self, subject: &[u8]) -> bool;
}

/// What only a consumer's creation or restart knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Begin {
    /// The first sequence to look at: at a restart, the one behind what was delivered.
    pub first: u64,
    /// With the policy `last_per_subject`, the last message of each subject at its creation;
    /// empty at a restart, and when the stream keeps only those.
    pub skip: Vec<u64>,
    /// The last sequence of the stream now.
    pub last_seq: u64,
    /// The largest message of the stream or else of the account, in bytes: what a rate limit lets
    /// through at once.
    pub burst: u64,
}

/// A message that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its sequence in the stream.
    pub seq: u64,
    /// Where it is routed.
    pub to: Vec<u8>,
    /// Its reply subject, by which it is acknowledged.
    pub reply: Vec<u8>,
    /// Headers to add.
    pub headers: Vec<(&'static str, String)>,
    /// Its body is left out, and its size told.
    pub headers_only: bool,
}

/// What is to be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send this, and ask again.
    Deliver(Delivery),
    /// Nothing, until something comes in or the next deadline passes.
    Wait,
}

/// What is to be done besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A status is sent.
    Send {
        /// To whom.
        to: Vec<u8>,
        /// With which reply subject; empty for none.
        reply: Vec<u8>,
        /// The whole block of headers.
        headers: Vec<u8>,
    },
    /// An empty answer to an acknowledgement, sent once all changes before it are durable.
    Confirm {
        /// To whom.
        to: Vec<u8>,
    },
    /// Others may want to know.
    Report(Report),
    /// A pause is over: its advisory is due.
    Resumed,
    /// It was unused for too long, and is to be deleted.
    Inactive,
}

/// Why a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its consumer was deleted, or its stream.
    Deleted,
    /// The server stops.
    ServerShutdown,
}
