//! `jetstream {}`.

use std::fmt;
use std::time::Duration;

/// `jetstream {}`. Fields that are only shown say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JetStream {
    /// Requests with unknown fields are refused.
    pub strict: bool,
    /// The domain's name; empty: none.
    pub domain: String,
    /// Bytes of memory streams; `None`: 75 % of the machine's memory.
    pub memory_max: Option<u64>,
    /// Bytes of file streams; `None`: 75 % of what is free on the disk.
    pub file_max: Option<u64>,
    /// `sync_interval`, shown only: whatever was acknowledged is synced.
    pub sync_interval: Duration,
    /// `sync_interval: always`, shown only.
    pub sync_always: bool,
    /// Lower case, shown only.
    pub unique_tag: String,
    /// Bytes that may wait for the streams.
    pub buffered_bytes_max: u64,
    /// Messages that may wait for the streams; `None`: as many as the bytes allow.
    pub buffered_messages_max: Option<u64>,
    /// API requests that may wait.
    pub requests_max: u64,
    /// `limits {}`.
    pub limits: JetStreamLimits,
    /// `key`, `prev_key` and `cipher`; `None`: what is stored is not encrypted.
    pub encryption: Option<Encryption>,
}

/// How what is stored is encrypted.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Encryption {
    /// `key`; not empty.
    pub key: String,
    /// `prev_key`; not empty.
    pub previous_key: Option<String>,
    /// `cipher`.
    pub cipher: Cipher,
}

/// Keys are for no log.
impl fmt::Debug for Encryption {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Encryption").field("cipher", &self.cipher).finish_non_exhaustive()
    }
}

/// With what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Cipher {
    /// ChaCha20-Poly1305.
    #[default]
    ChaCha,
    /// AES-256-GCM.
    Aes,
}

impl Default for JetStream {
    fn default() -> Self {
        Self {
            strict: true,
            domain: String::new(),
            memory_max: None,
            file_max: None,
            sync_interval: Duration::from_secs(120),
            sync_always: false,
            unique_tag: String::new(),
            buffered_bytes_max: 128 * 1024 * 1024,
            buffered_messages_max: None,
            requests_max: 10_000,
            limits: JetStreamLimits::default(),
            encryption: None,
        }
    }
}

/// `jetstream.limits {}`; 0 or less is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JetStreamLimits {
    /// Messages of a pull request, shown only.
    pub max_request_batch: i64,
    /// Unacknowledged messages of a consumer, shown only.
    pub max_ack_pending: i64,
    /// Replicated streams and consumers, shown only.
    pub max_ha_assets: i64,
    /// Longest window for duplicates.
    pub duplicate_window: Duration,
    /// `batch {}`.
    pub batch: BatchLimits,
}

/// `jetstream.limits.batch {}`; 0 or less is the default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchLimits {
    /// Open batches of a stream.
    pub inflight_per_stream: i64,
    /// Open batches in all.
    pub inflight_total: i64,
    /// Messages of a batch.
    pub messages: i64,
    /// Life of an open batch.
    pub timeout: Duration,
}
