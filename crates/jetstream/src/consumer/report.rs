//! What a consumer has to tell: advisories and metrics, before they are documents.

use crate::time::Nanos;

/// Something that happened to a consumer and that others may listen for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// A message was delivered as often as it may be.
    MaxDeliver {
        /// Sequence of the message in the stream.
        stream_seq: u64,
        /// How often it was delivered.
        deliveries: u64,
    },
    /// A client gave a message up for good.
    Terminated {
        /// Sequence of its last delivery.
        consumer_seq: u64,
        /// Sequence of the message in the stream.
        stream_seq: u64,
        /// How often it was delivered.
        deliveries: u64,
        /// Why; empty when the client did not say.
        reason: String,
    },
    /// A client could not handle a message now.
    Nak {
        /// Sequence of its last delivery.
        consumer_seq: u64,
        /// Sequence of the message in the stream.
        stream_seq: u64,
        /// How often it was delivered.
        deliveries: u64,
    },
    /// A message was acknowledged, and the sample fell on it.
    Acked {
        /// Sequence of its last delivery.
        consumer_seq: u64,
        /// Sequence of the message in the stream.
        stream_seq: u64,
        /// Time from its last delivery.
        delay: Nanos,
        /// How often it was delivered.
        deliveries: u64,
    },
    /// A client is the only one of its group that gets messages from now on.
    Pinned {
        /// The group of requests.
        group: String,
        /// What the client has to show.
        pin_id: String,
    },
    /// No client is that any more.
    Unpinned {
        /// The group of requests.
        group: String,
        /// `admin` or `timeout`.
        reason: String,
    },
}
