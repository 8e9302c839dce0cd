//! The parser of client operations over one contiguous slice. It holds no state: a caller that
//! gets [`Step::Incomplete`] keeps the bytes and asks again when there are more. Wherever the
//! bytes are split, the operations and the error are the same.

use memchr::{memchr, memchr2};

use super::size::parse_size;

/// Bytes that spaces and unused arguments may add to a line beyond `control_line_max`.
const LINE_SLACK: usize = 1024;

/// What a line and a message may measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineLimits {
    /// Bytes of a line's arguments.
    pub control_line_max: u32,
    /// Bytes of a message, headers included.
    pub payload_max: u32,
    /// HPUB is allowed: both sides said that they support headers.
    pub headers: bool,
}

/// A message as published. `payload` holds the header block and then the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publication<'a> {
    /// Where to.
    pub subject: &'a [u8],
    /// Where answers go; empty: none.
    pub reply: &'a [u8],
    /// Bytes of the header block; 0: none.
    pub header_len: usize,
    /// Header block and body, without the closing CRLF.
    pub payload: &'a [u8],
    /// Everything after the subject, from the space to the closing CRLF, where it may go into
    /// MSG or HMSG as it is; empty where it may not.
    pub verbatim: &'a [u8],
    /// The message came by HPUB.
    pub by_hpub: bool,
}

impl<'a> Publication<'a> {
    /// The payload without the header block.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.payload.get(self.header_len..).unwrap_or_default()
    }

    /// The header block.
    #[must_use]
    pub fn headers(&self) -> &'a [u8] {
        self.payload.get(..self.header_len).unwrap_or_default()
    }
}

/// One operation of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op<'a> {
    /// CONNECT with its JSON.
    Connect(&'a [u8]),
    /// PUB or HPUB.
    Publish(Publication<'a>),
    /// SUB.
    Subscribe {
        /// Subject, unchecked.
        subject: &'a [u8],
        /// Queue group.
        queue: Option<&'a [u8]>,
        /// The client's name for the subscription.
        sid: &'a [u8],
    },
    /// UNSUB.
    Unsubscribe {
        /// The subscription.
        sid: &'a [u8],
        /// Deliveries after which it ends; `None`: now.
        max: Option<u32>,
    },
    /// PING.
    Ping,
    /// PONG.
    Pong,
    /// INFO from a client: checked as JSON, otherwise without effect.
    Info(&'a [u8]),
    /// `+OK` from a client: without effect.
    Ok,
    /// `-ERR` from a client, with its text.
    Err(&'a [u8]),
}

/// Why bytes are not the protocol. Each ends the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// No such operation, or a payload without its CRLF.
    #[error("unknown protocol operation")]
    UnknownOperation,
    /// Wrong number of arguments, or a size that is none; in nats-server's words.
    #[error("{0}")]
    BadArguments(&'static str),
    /// HPUB, though one side did not say that it supports headers.
    #[error("message headers not supported")]
    HeadersNotSupported,
    /// A line over `max_control_line`.
    #[error("maximum control line exceeded")]
    ControlLineTooLong,
    /// A message over `max_payload`; the announced size.
    #[error("maximum payload exceeded: {0}")]
    PayloadTooLarge(u32),
}

/// What a look at the bytes gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// A whole operation.
    Op {
        /// The operation, borrowing from the bytes.
        op: Op<'a>,
        /// Bytes it took.
        consumed: usize,
    },
    /// More bytes are needed.
    Incomplete {
        /// The length, from the start of the slice, at which the operation is whole; `None`
        /// while its line is not.
        needed: Option<usize>,
    },
    /// The connection ends.
    Failed(ParseError),
}

const MORE: Step<'static> = Step::Incomplete { needed: None };

/// The first operation in `bytes`. An empty slice is incomplete.
#[must_use]
pub fn parse(bytes: &[u8], limits: LineLimits) -> Step<'_> {
    const UNKNOWN: Step<'static> = Step::Failed(ParseError::UnknownOperation);
    let name: &[u8] = match bytes.first().map(u8::to_ascii_uppercase) {
        None => return MORE,
        Some(b'P') => match bytes.get(1).map(u8::to_ascii_uppercase) {
            None => return MORE,
            Some(b'U') => b"PUB",
            Some(b'I') => b"PING",
            Some(b'O') => b"PONG",
            Some(_) => return UNKNOWN,
        },
        Some(b'H') => b"HPUB",
        Some(b'S') => b"SUB",
        Some(b'U') => b"UNSUB",
        Some(b'C') => b"CONNECT",
        Some(b'I') => b"INFO",
        Some(b'+') => b"+OK",
        Some(b'-') => b"-ERR",
        Some(_) => return UNKNOWN,
    };
    let have = bytes.len().min(name.len());
    if !bytes[..have].eq_ignore_ascii_case(&name[..have]) {
        return UNKNOWN;
    }
    let Some(after) = bytes.get(name.len()) else { return MORE };
    match name {
        b"PING" => bare_line(bytes, name.len(), limits, Op::Ping),
        b"PONG" => bare_line(bytes, name.len(), limits, Op::Pong),
        b"+OK" => bare_line(bytes, name.len(), limits, Op::Ok),
        b"CONNECT" => with_line(bytes, name.len(), limits, |arg| Ok(Op::Connect(arg))),
        _ if !matches!(after, b' ' | b'\t') => UNKNOWN,
        b"PUB" => publish(bytes, name.len() + 1, limits, false),
        b"HPUB" => publish(bytes, name.len() + 1, limits, true),
        b"SUB" => with_line(bytes, name.len(), limits, subscribe),
        b"UNSUB" => with_line(bytes, name.len(), limits, unsubscribe),
        b"INFO" => with_line(bytes, name.len(), limits, |arg| Ok(Op::Info(arg))),
        _ => with_line(bytes, name.len(), limits, |arg| Ok(Op::Err(arg))),
    }
}

/// An operation without arguments: whatever stands before the line's end is ignored.
fn bare_line<'a>(bytes: &'a [u8], from: usize, limits: LineLimits, op: Op<'a>) -> Step<'a> {
    let rest = &bytes[from..];
    match memchr(b'\n', rest) {
        Some(end) => Step::Op { op, consumed: from + end + 1 },
        None if rest.len() > line_bound(limits) => Step::Failed(ParseError::ControlLineTooLong),
        None => MORE,
    }
}

/// The name and the arguments of the operation at the start of `bytes`, as written; for the log.
#[must_use]
pub fn name_and_arguments(bytes: &[u8], limits: LineLimits) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|&b| blank_or_line_end(b)).unwrap_or(bytes.len());
    (&bytes[..end], line(bytes, end, limits).map_or(&[], |line| line.arg))
}

fn line_bound(limits: LineLimits) -> usize {
    usize::try_from(limits.control_line_max).unwrap_or(usize::MAX).saturating_add(LINE_SLACK)
}

/// Where a line's arguments lie.
struct Line<'a> {
    arg: &'a [u8],
    /// Index after the LF.
    next: usize,
    /// The line ended in CRLF.
    crlf: bool,
}

/// Finds the arguments that start, after spaces, at `from`.
#[inline(always)]
fn line(bytes: &[u8], from: usize, limits: LineLimits) -> Result<Line<'_>, Step<'_>> {
    let mut start = from;
    while matches!(bytes.get(start), Some(b' ' | b'\t')) {
        start += 1;
    }
    let mcl = usize::try_from(limits.control_line_max).unwrap_or(usize::MAX);
    // The first byte of the arguments is never the line's end: the reference parser takes it
    // before it looks for one.
    let Some(rest) = bytes.get(start + 1..) else {
        return Err(if bytes.len() - from > line_bound(limits) {
            Step::Failed(ParseError::ControlLineTooLong)
        } else {
            MORE
        });
    };
    let Some(end) = memchr(b'\n', rest) else {
        let held = 1 + rest.len() - usize::from(memchr(b'\r', rest).is_some());
        return Err(if held > mcl { Step::Failed(ParseError::ControlLineTooLong) } else { MORE });
    };
    let body = &rest[..end];
    let crlf = body.last() == Some(&b'\r');
    // A CR anywhere costs the line its last byte, as in the reference parser.
    let dropped = usize::from(crlf || memchr(b'\r', body).is_some());
    let arg = &bytes[start..=start + end - dropped];
    if arg.len() > mcl {
        return Err(Step::Failed(ParseError::ControlLineTooLong));
    }
    Ok(Line { arg, next: start + 1 + end + 1, crlf })
}

fn with_line<'a>(
    bytes: &'a [u8],
    from: usize,
    limits: LineLimits,
    build: impl FnOnce(&'a [u8]) -> Result<Op<'a>, ParseError>,
) -> Step<'a> {
    match line(bytes, from, limits) {
        Ok(line) => match build(line.arg) {
            Ok(op) => Step::Op { op, consumed: line.next },
            Err(error) => Step::Failed(error),
        },
        Err(step) => step,
    }
}

/// Up to `N` arguments, split at runs of separators; `None` if there are more.
fn arguments<const N: usize>(arg: &[u8], separator: fn(u8) -> bool) -> Option<([&[u8]; N], usize)> {
    let mut found: [&[u8]; N] = [&[]; N];
    let mut count = 0;
    for token in arg.split(|&b| separator(b)).filter(|t| !t.is_empty()) {
        *found.get_mut(count)? = token;
        count += 1;
    }
    Some((found, count))
}

fn blank(b: u8) -> bool {
    matches!(b, b' ' | b'\t')
}

fn blank_or_line_end(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n')
}

fn subscribe(arg: &[u8]) -> Result<Op<'_>, ParseError> {
    match arguments::<3>(arg, blank_or_line_end) {
        Some(([subject, sid, _], 2)) => Ok(Op::Subscribe { subject, queue: None, sid }),
        Some(([subject, queue, sid], 3)) => Ok(Op::Subscribe { subject, queue: Some(queue), sid }),
        _ => Err(ParseError::BadArguments("processSub Parse Error")),
    }
}

fn unsubscribe(arg: &[u8]) -> Result<Op<'_>, ParseError> {
    match arguments::<2>(arg, blank_or_line_end) {
        Some(([sid, _], 1)) => Ok(Op::Unsubscribe { sid, max: None }),
        // A maximum that is no number, or 0, ends the subscription now.
        Some(([sid, max], 2)) => {
            Ok(Op::Unsubscribe { sid, max: parse_size(max).filter(|&n| n > 0) })
        }
        _ => Err(ParseError::BadArguments("processUnsub Parse Error")),
    }
}

/// HPUB from a client that did not ask for headers fails at the end of its line.
fn hpub_refused(bytes: &[u8], from: usize, limits: LineLimits) -> Step<'_> {
    with_line(bytes, from, limits, |_| Err(ParseError::HeadersNotSupported))
}

/// The arguments of PUB or HPUB.
struct PublishLine<'a> {
    subject: &'a [u8],
    reply: &'a [u8],
    header_len: u32,
    size: u32,
    /// One space between all arguments.
    plain: bool,
}

#[inline(always)]
fn publish(bytes: &[u8], from: usize, limits: LineLimits, by_hpub: bool) -> Step<'_> {
    if by_hpub && !limits.headers {
        return hpub_refused(bytes, from, limits);
    }
    let line = match line(bytes, from, limits) {
        Ok(line) => line,
        Err(step) => return step,
    };
    let parsed = if by_hpub { hpub_line(line.arg) } else { pub_line(line.arg) };
    let head = match parsed {
        Ok(head) => head,
        Err(error) => return Step::Failed(error),
    };
    if head.size > limits.payload_max {
        return Step::Failed(ParseError::PayloadTooLarge(head.size));
    }
    let size = usize::try_from(head.size).unwrap_or(usize::MAX);
    let header_len = usize::try_from(head.header_len).unwrap_or(usize::MAX);
    let end = line.next + size;
    match bytes.get(end..) {
        Some([b'\r', b'\n', ..]) => {}
        Some([] | [b'\r']) | None => return Step::Incomplete { needed: Some(end + 2) },
        Some(_) => return Step::Failed(ParseError::UnknownOperation),
    }
    // HPUB with an empty header block is delivered as MSG, so its line does not fit.
    let verbatim = if head.plain && line.crlf && !(by_hpub && header_len == 0) {
        let after = line.next - 2 - (line.arg.len() - head.subject.len());
        &bytes[after..end + 2]
    } else {
        &[]
    };
    let payload = &bytes[line.next..end];
    let PublishLine { subject, reply, .. } = head;
    let op = Op::Publish(Publication { subject, reply, header_len, payload, verbatim, by_hpub });
    Step::Op { op, consumed: end + 2 }
}

#[inline(always)]
fn pub_line(arg: &[u8]) -> Result<PublishLine<'_>, ParseError> {
    const BAD: ParseError = ParseError::BadArguments("processPub Parse Error");
    const NO_SIZE: ParseError = ParseError::BadArguments("processPub Bad or Missing Size");
    let first = memchr2(b' ', b'\t', arg).ok_or(BAD)?;
    let (subject, rest) = arg.split_at(first);
    let digits = rest.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let (middle, number) = rest.split_at(rest.len() - digits);
    if middle == b" " && rest[0] == b' ' {
        let size = parse_size(number).ok_or(NO_SIZE)?;
        return Ok(PublishLine { subject, reply: &[], header_len: 0, size, plain: true });
    }
    if let [b' ', reply @ .., b' '] = middle
        && memchr2(b' ', b'\t', reply).is_none()
        && !reply.is_empty()
    {
        let size = parse_size(number).ok_or(NO_SIZE)?;
        return Ok(PublishLine { subject, reply, header_len: 0, size, plain: true });
    }
    let (subject, reply, size) = match arguments::<3>(arg, blank).ok_or(BAD)? {
        ([subject, size, _], 2) => (subject, &[][..], size),
        ([subject, reply, size], 3) => (subject, reply, size),
        _ => return Err(BAD),
    };
    let size = parse_size(size).ok_or(NO_SIZE)?;
    Ok(PublishLine { subject, reply, header_len: 0, size, plain: false })
}

#[inline(never)]
fn hpub_line(arg: &[u8]) -> Result<PublishLine<'_>, ParseError> {
    const BAD: ParseError = ParseError::BadArguments("processHeaderPub Parse Error");
    const NO_HEADER_SIZE: ParseError =
        ParseError::BadArguments("processHeaderPub Bad or Missing Header Size");
    const NO_SIZE: ParseError =
        ParseError::BadArguments("processHeaderPub Bad or Missing Total Size");
    const TOO_LONG: ParseError =
        ParseError::BadArguments("processHeaderPub Header Size larger then TotalSize");
    let (args, count) = arguments::<4>(arg, blank).ok_or(BAD)?;
    let (subject, reply, header, total) = match (args, count) {
        ([subject, header, total, _], 3) => (subject, &[][..], header, total),
        ([subject, reply, header, total], 4) => (subject, reply, header, total),
        _ => return Err(BAD),
    };
    let header_len = parse_size(header).ok_or(NO_HEADER_SIZE)?;
    let size = parse_size(total).ok_or(NO_SIZE)?;
    if header_len > size {
        return Err(TOO_LONG);
    }
    let tokens: usize = args.iter().map(|a| a.len()).sum();
    let plain = arg.len() == tokens + count - 1 && memchr(b'\t', arg).is_none();
    Ok(PublishLine { subject, reply, header_len, size, plain })
}

#[cfg(test)]
#[path = "parser_tests.rs"]
mod tests;
