//! The headers of messages that tell the state of a request.

use std::fmt::Display;

/// A status alone.
pub(super) fn plain(code: u16, words: impl Display) -> Vec<u8> {
    format!("NATS/1.0 {code} {words}\r\n\r\n").into_bytes()
}

/// A status that ends a request, with what it still asked for: messages and bytes.
pub(super) fn with_rest(code: u16, words: &str, rest: (i64, i64)) -> Vec<u8> {
    let (messages, bytes) = rest;
    format!(
        "NATS/1.0 {code} {words}\r\n\
         Nats-Pending-Messages: {messages}\r\nNats-Pending-Bytes: {bytes}\r\n\r\n"
    )
    .into_bytes()
}

/// Sent when there is nothing else: the last sequences, and the subject that an answer to flow
/// control is missing on.
pub(super) fn heartbeat(consumer_seq: u64, stream_seq: u64, stalled: Option<&str>) -> Vec<u8> {
    let mut headers = format!(
        "NATS/1.0 100 Idle Heartbeat\r\n\
         Nats-Last-Consumer: {consumer_seq}\r\nNats-Last-Stream: {stream_seq}\r\n"
    );
    if let Some(subject) = stalled {
        headers.push_str("Nats-Consumer-Stalled: ");
        headers.push_str(subject);
        headers.push_str("\r\n");
    }
    headers.push_str("\r\n");
    headers.into_bytes()
}
