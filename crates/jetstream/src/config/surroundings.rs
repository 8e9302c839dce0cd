//! What a configuration depends on besides itself: other streams, and limits.

use std::collections::BTreeMap;

use super::StreamConfig;
use crate::time::Nanos;

/// The streams of the account.
pub trait Streams {
    /// The configuration of the stream with this name.
    fn find(&self, name: &str) -> Option<&StreamConfig>;

    /// Calls `visit` with every configuration until it answers false.
    fn visit(&self, visit: &mut dyn FnMut(&StreamConfig) -> bool);
}

impl Streams for BTreeMap<String, StreamConfig> {
    fn find(&self, name: &str) -> Option<&StreamConfig> {
        self.get(name)
    }

    fn visit(&self, visit: &mut dyn FnMut(&StreamConfig) -> bool) {
        let _ = self.values().all(visit);
    }
}

/// What an account may use. -1 is no limit, save where 0 is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountLimits {
    /// Bytes of memory streams.
    pub max_memory: i64,
    /// Bytes of file streams.
    pub max_storage: i64,
    /// Streams; 0 is no limit either.
    pub max_streams: i64,
    /// Consumers of one stream; 0 is no limit either.
    pub max_consumers: i64,
    /// Unacknowledged messages of one consumer; 0 is no limit either.
    pub max_ack_pending: i64,
    /// `max_bytes` of one memory stream; 0 is no limit either.
    pub memory_max_stream_bytes: i64,
    /// `max_bytes` of one file stream; 0 is no limit either.
    pub storage_max_stream_bytes: i64,
    /// Whether streams need `max_bytes`.
    pub max_bytes_required: bool,
}

impl AccountLimits {
    /// Everything is allowed.
    pub const NONE: Self = Self {
        max_memory: -1,
        max_storage: -1,
        max_streams: -1,
        max_consumers: -1,
        max_ack_pending: -1,
        memory_max_stream_bytes: 0,
        storage_max_stream_bytes: 0,
        max_bytes_required: false,
    };
}

/// What the server has for all accounts, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerStorage {
    /// Most bytes of memory streams.
    pub max_memory: i64,
    /// Most bytes of file streams.
    pub max_storage: i64,
    /// Sum of `max_bytes` of all accounts' memory streams.
    pub reserved_memory: i64,
    /// Sum of `max_bytes` of all accounts' file streams.
    pub reserved_storage: i64,
}

/// Whether there are other servers to replicate to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topology {
    /// One server on its own.
    Single,
    /// A cluster.
    Clustered,
}

/// Everything around a configuration.
pub struct Surroundings<'a> {
    /// The account's streams.
    pub streams: &'a dyn Streams,
    /// What the account may use; nothing when no limit applies to it, which refuses streams.
    pub account: Option<AccountLimits>,
    /// What the server has.
    pub server: ServerStorage,
    /// The server's maximum of `duplicate_window`; zero for none.
    pub duplicate_window_max: Nanos,
    /// Whether replicas are possible.
    pub topology: Topology,
}
