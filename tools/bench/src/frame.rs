//! Frames that a server sends, found in a buffer. Nothing here does I/O.

use std::ops::Range;

use crate::error::{Error, Result};

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `MSG`.
    Message,
    /// `HMSG`: a message with headers.
    Headed,
    /// `PING`.
    Ping,
    /// `PONG`.
    Pong,
    /// `-ERR`.
    Error,
    /// `INFO` and `+OK`.
    Other,
}

/// One frame. The ranges index the buffer that was parsed; they are empty where the frame has no
/// such part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// What it is.
    pub(crate) kind: Kind,
    /// The subject of a message.
    pub(crate) subject: Range<usize>,
    /// The reply subject of a message.
    pub(crate) reply: Range<usize>,
    /// The headers of a message, from `NATS/1.0` to the empty line.
    pub(crate) head: Range<usize>,
    /// The payload of a message, the line of any other frame.
    pub(crate) body: Range<usize>,
    /// Where the next frame begins.
    pub(crate) end: usize,
}

/// Finds the frame that begins at `start`; `None` if it is not complete yet.
pub(crate) fn parse(buf: &[u8], start: usize) -> Result<Option<Frame>> {
    let rest = buf.get(start..).unwrap_or_default();
    let Some(line_len) = rest.iter().position(|&c| c == b'\n') else {
        return Ok(None);
    };
    let line = rest.get(..line_len).unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line_end = start + line_len + 1;
    if line.starts_with(b"MSG ") || line.starts_with(b"HMSG ") {
        return message(buf, start, start + line.len(), line_end);
    }
    let kind = match line {
        b"PING" => Kind::Ping,
        b"PONG" => Kind::Pong,
        l if l.starts_with(b"-ERR") => Kind::Error,
        l if l.starts_with(b"INFO ") || l == b"+OK" => Kind::Other,
        l => {
            let text = String::from_utf8_lossy(l);
            return Err(Error::Server(format!("unexpected frame {text:?}")));
        }
    };
    let body = start..start + line.len();
    Ok(Some(Frame { kind, subject: 0..0, reply: 0..0, head: 0..0, body, end: line_end }))
}

/// `MSG subject sid [reply] size` or `HMSG subject sid [reply] head-size size`, then headers,
/// payload and CRLF.
fn message(buf: &[u8], start: usize, args_end: usize, line_end: usize) -> Result<Option<Frame>> {
    let mut words = [const { 0..0 }; 6];
    let mut count = 0;
    let mut at = start;
    for word in buf.get(start..args_end).unwrap_or_default().split(|&c| c == b' ') {
        if let Some(slot) = words.get_mut(count) {
            *slot = at..at + word.len();
        }
        count += 1;
        at += word.len() + 1;
    }
    let bad = || Error::Server("a message with a wrong number of words, or no size".to_owned());
    let headed = buf.get(start) == Some(&b'H');
    let [_, subject, _, fourth, fifth, sixth] = words;
    let (reply, head_size, size) = match (headed, count) {
        (false, 4) => (0..0, 0..0, fourth),
        (false, 5) => (fourth, 0..0, fifth),
        (true, 5) => (0..0, fourth, fifth),
        (true, 6) => (fourth, fifth, sixth),
        _ => return Err(bad()),
    };
    let sized = |word| number(buf.get(word).unwrap_or_default()).ok_or_else(bad);
    let head_size = if headed { sized(head_size)? } else { 0 };
    let size = sized(size)?.checked_sub(head_size).ok_or_else(bad)?;
    let head = line_end..line_end.checked_add(head_size).ok_or_else(bad)?;
    let body = head.end..head.end.checked_add(size).ok_or_else(bad)?;
    let end = body.end.checked_add(2).ok_or_else(bad)?;
    let kind = if headed { Kind::Headed } else { Kind::Message };
    let complete = buf.len() >= end;
    Ok(complete.then_some(Frame { kind, subject, reply, head, body, end }))
}

/// An unsigned decimal number.
pub(crate) fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] =
        b"PING\r\nMSG a.b 1 3\r\nxyz\r\nMSG a 22 r.s 0\r\n\r\nPONG\r\n-ERR 'x'\r\n";

    fn all(buf: &[u8]) -> Vec<Frame> {
        let mut frames = Vec::new();
        let mut at = 0;
        while let Some(frame) = parse(buf, at).unwrap() {
            at = frame.end;
            frames.push(frame);
        }
        frames
    }

    #[test]
    fn finds_each_frame_and_its_parts() {
        let frames = all(STREAM);
        let kinds: Vec<Kind> = frames.iter().map(|f| f.kind).collect();
        assert_eq!(kinds, [Kind::Ping, Kind::Message, Kind::Message, Kind::Pong, Kind::Error]);
        assert_eq!(&STREAM[frames[1].subject.clone()], b"a.b");
        assert_eq!(&STREAM[frames[1].body.clone()], b"xyz");
        assert!(frames[1].reply.is_empty());
        assert_eq!(&STREAM[frames[2].reply.clone()], b"r.s");
        assert!(frames[2].body.is_empty());
        assert_eq!(&STREAM[frames[4].body.clone()], b"-ERR 'x'");
    }

    #[test]
    fn tells_headers_from_the_payload() {
        let buf =
            b"HMSG a 1 12 14\r\nNATS/1.0\r\n\r\nxy\r\nHMSG a 1 r 12 12\r\nNATS/1.0\r\n\r\n\r\n";
        let frames = all(buf);
        assert!(frames.iter().all(|f| f.kind == Kind::Headed));
        assert!(frames.iter().all(|f| &buf[f.head.clone()] == b"NATS/1.0\r\n\r\n"));
        assert_eq!(&buf[frames[0].body.clone()], b"xy");
        assert!(frames[1].body.is_empty());
        assert_eq!(&buf[frames[1].reply.clone()], b"r");
    }

    #[test]
    fn every_truncation_gives_a_prefix_of_the_frames() {
        let whole = all(STREAM);
        for cut in 0..STREAM.len() {
            let some = all(&STREAM[..cut]);
            assert_eq!(some, whole[..some.len()]);
            assert!(some.iter().all(|f| f.end <= cut));
        }
    }

    #[test]
    fn refuses_what_no_server_sends() {
        for bad in [&b"HELLO\r\n"[..], b"MSG a\r\n", b"MSG a 1 x\r\n", b"MSG a 1 -1\r\n"] {
            assert!(parse(bad, 0).is_err(), "{bad:?}");
        }
        for bad in [&b"HMSG a 1 2\r\n"[..], b"HMSG a 1 12 2\r\n", b"HMSG a 1 x 2\r\n"] {
            assert!(parse(bad, 0).is_err(), "{bad:?}");
        }
    }
}
