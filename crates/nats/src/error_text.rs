//! The texts of `-ERR`, exactly as clients match them.

use std::fmt::Write as _;

/// An operation that is not part of the protocol.
pub const UNKNOWN_OPERATION: &str = "Unknown Protocol Operation";
/// Missing or wrong credentials.
pub const AUTHORIZATION_VIOLATION: &str = "Authorization Violation";
/// No CONNECT in time.
pub const AUTHENTICATION_TIMEOUT: &str = "Authentication Timeout";
/// CONNECT with a protocol other than 0 or 1.
pub const INVALID_CLIENT_PROTOCOL: &str = "invalid client protocol";
/// CONNECT with `no_responders` but not `headers`.
pub const NO_RESPONDERS_REQUIRES_HEADERS: &str = "no responders requires headers support";
/// A message over `max_payload`.
pub const MAXIMUM_PAYLOAD_VIOLATION: &str = "Maximum Payload Violation";
/// The prefix of the text for a line over `max_control_line`.
pub const MAXIMUM_CONTROL_LINE: &str = "maximum control line exceeded";
/// More connections than `max_connections`.
pub const MAXIMUM_CONNECTIONS: &str = "maximum connections exceeded";
/// More subscriptions than `max_subscriptions`.
pub const MAXIMUM_SUBSCRIPTIONS: &str = "maximum subscriptions exceeded";
/// A plain connection where TLS is required.
pub const TLS_REQUIRED: &str = "Secure Connection - TLS Required";
/// More TLS connections per second than `connection_rate_limit`.
pub const CONNECTION_THROTTLING: &str = "Connection throttling is active. Please try again later.";
/// Too many unanswered PINGs.
pub const STALE_CONNECTION: &str = "Stale Connection";
/// SUB with a malformed subject.
pub const INVALID_SUBJECT: &str = "Invalid Subject";
/// PUB with a wildcard or malformed subject, in pedantic mode.
pub const INVALID_PUBLISH_SUBJECT: &str = "Invalid Publish Subject";

/// A publish that the user may not do.
#[must_use]
pub fn publish_violation(subject: &[u8]) -> String {
    format!("Permissions Violation for Publish to {}", quoted(subject))
}

/// A publish whose reply subject is reserved for the server.
#[must_use]
pub fn reply_violation(reply: &[u8]) -> String {
    format!("Permissions Violation for Publish with Reply of {}", quoted(reply))
}

/// A subscription that the user may not make.
#[must_use]
pub fn subscription_violation(subject: &[u8], queue: Option<&[u8]>) -> String {
    let subject = quoted(subject);
    match queue {
        Some(queue) => format!(
            "Permissions Violation for Subscription to {subject} using queue {}",
            quoted(queue)
        ),
        None => format!("Permissions Violation for Subscription to {subject}"),
    }
}

/// A subscription with more tokens than `max_sub_tokens`.
#[must_use]
pub fn too_many_tokens(subject: &[u8]) -> String {
    format!("Permissions Violation for Subscription to {}, too many tokens", quoted(subject))
}

/// Text in double quotes, with what does not print escaped the way nats-server's logs and
/// errors show it (Go's `%q`), so that the two servers' texts agree byte for byte.
#[must_use]
pub fn quoted(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            push_quoted(&mut out, c);
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out.push('"');
    out
}

fn push_quoted(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\u{7}' => out.push_str("\\a"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{b}' => out.push_str("\\v"),
        c if u32::from(c) < 0x20 || c == '\u{7f}' => {
            let _ = write!(out, "\\x{:02x}", u32::from(c));
        }
        c if c.is_control() => {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        }
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_like_the_reference_server() {
        assert_eq!(quoted(b"foo.bar"), "\"foo.bar\"");
        assert_eq!(quoted(b"a\"b\\c\x00\xff"), "\"a\\\"b\\\\c\\x00\\xff\"");
        assert_eq!(quoted("ü".as_bytes()), "\"ü\"");
    }

    #[test]
    fn names_subject_and_queue() {
        assert_eq!(
            subscription_violation(b"foo", Some(b"q")),
            "Permissions Violation for Subscription to \"foo\" using queue \"q\""
        );
    }
}
