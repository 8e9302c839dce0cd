//! Lines that the server writes.

use super::parser::Publication;

/// Answer to PING.
pub const PONG: &[u8] = b"PONG\r\n";
/// Keep-alive request.
pub const PING: &[u8] = b"PING\r\n";
/// Answer to an operation in verbose mode.
pub const OK: &[u8] = b"+OK\r\n";

/// `-ERR '<text>'` and its CRLF.
#[must_use]
pub fn error_line(text: &str) -> Vec<u8> {
    format!("-ERR '{text}'\r\n").into_bytes()
}

/// Whether a receiver takes header messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Headers {
    /// It gets HMSG.
    Kept,
    /// It gets MSG, with the header block cut off.
    Stripped,
}

/// Appends `message` as one MSG or HMSG for the subscription `sid`.
///
/// The bytes that follow the subject are copied as the publisher sent them wherever they are
/// already what the receiver must get.
#[inline]
pub fn message(out: &mut Vec<u8>, message: &Publication<'_>, sid: &[u8], headers: Headers) {
    let with_headers = message.header_len > 0;
    if !message.verbatim.is_empty() && (!with_headers || headers == Headers::Kept) {
        let op: &[u8] = if with_headers { b"HMSG " } else { b"MSG " };
        out.reserve(op.len() + message.subject.len() + sid.len() + message.verbatim.len() + 1);
        out.extend_from_slice(op);
        out.extend_from_slice(message.subject);
        out.push(b' ');
        out.extend_from_slice(sid);
        out.extend_from_slice(message.verbatim);
        return;
    }
    message_line(out, message, sid, headers);
    let payload = match headers {
        Headers::Kept => message.payload,
        Headers::Stripped => message.body(),
    };
    out.extend_from_slice(payload);
    out.extend_from_slice(b"\r\n");
}

/// Appends the control line alone, CRLF included: for payloads that are shared, not copied.
pub fn message_line(out: &mut Vec<u8>, message: &Publication<'_>, sid: &[u8], headers: Headers) {
    let keep = message.header_len > 0 && headers == Headers::Kept;
    out.extend_from_slice(if keep { b"HMSG " } else { b"MSG " });
    out.extend_from_slice(message.subject);
    out.push(b' ');
    out.extend_from_slice(sid);
    out.push(b' ');
    if !message.reply.is_empty() {
        out.extend_from_slice(message.reply);
        out.push(b' ');
    }
    let mut digits = itoa::Buffer::new();
    if keep {
        out.extend_from_slice(digits.format(message.header_len).as_bytes());
        out.push(b' ');
    }
    let len = match headers {
        Headers::Kept => message.payload.len(),
        Headers::Stripped => message.body().len(),
    };
    out.extend_from_slice(digits.format(len).as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Appends the 503 status that tells a requester that nobody listens on `subject`
/// (ADR-22, and the `Nats-Subject` header of later servers).
pub fn no_responders(out: &mut Vec<u8>, reply: &[u8], sid: &[u8], subject: &[u8]) {
    let status = [&b"NATS/1.0 503\r\nNats-Subject: "[..], subject, b"\r\n\r\n"].concat();
    let mut digits = itoa::Buffer::new();
    let len = digits.format(status.len()).as_bytes();
    for part in [b"HMSG ", reply, b" ", sid, b" ", len, b" ", len, b"\r\n", &status, b"\r\n"] {
        out.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use super::super::parser::{LineLimits, Op, Step, parse};
    use super::*;

    fn encoded(wire: &[u8], headers: Headers) -> Vec<u8> {
        let limits = LineLimits { control_line_max: 4096, payload_max: 1 << 20, headers: true };
        let Step::Op { op: Op::Publish(p), .. } = parse(wire, limits) else {
            panic!("not a publish")
        };
        let mut out = Vec::new();
        message(&mut out, &p, b"7", headers);
        out
    }

    #[test]
    fn copies_what_the_publisher_sent() {
        assert_eq!(encoded(b"PUB a r 2\r\nhi\r\n", Headers::Kept), b"MSG a 7 r 2\r\nhi\r\n");
        assert_eq!(encoded(b"pub\ta\t\tr  2\nhi\r\n", Headers::Kept), b"MSG a 7 r 2\r\nhi\r\n");
    }

    #[test]
    fn strips_headers_for_those_who_cannot_read_them() {
        let wire = b"HPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\n";
        assert_eq!(encoded(wire, Headers::Stripped), b"MSG a 7 2\r\nhi\r\n");
        assert_eq!(encoded(wire, Headers::Kept), b"HMSG a 7 12 14\r\nNATS/1.0\r\n\r\nhi\r\n");
        assert_eq!(encoded(b"HPUB a 0 2\r\nhi\r\n", Headers::Kept), b"MSG a 7 2\r\nhi\r\n");
    }

    #[test]
    fn tells_no_responders() {
        let mut out = Vec::new();
        no_responders(&mut out, b"_INBOX.1", b"3", b"svc");
        let expected = b"HMSG _INBOX.1 3 35 35\r\nNATS/1.0 503\r\nNats-Subject: svc\r\n\r\n\r\n";
        assert_eq!(out, expected);
    }
}
