//! PUB as client libraries write it: one space between arguments, CRLF, nothing unusual. Not a
//! second grammar: whatever else comes, and whatever is wrong or not there yet, is left to
//! [`super::parse`], and both give the same where both give something. This path exists because
//! a publisher sends nothing else all day (docs/adr/0008).

use super::parser::{LineLimits, Publication};
use super::size::DIGITS_MAX;

/// A byte of each, to compare eight at once.
const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGHS: u64 = ONES << 7;
/// Where the arguments begin.
const FROM: usize = b"PUB ".len();

/// The message at the start of `bytes` and the bytes that it took, if it is whole, keeps the
/// limits, and is written plainly.
#[must_use]
#[inline(always)]
pub fn plain_publication(bytes: &[u8], limits: LineLimits) -> Option<(Publication<'_>, usize)> {
    if bytes.first_chunk() != Some(b"PUB ") {
        return None;
    }
    let subject_end = argument_end(bytes, FROM)?;
    let mut reply = &bytes[..0];
    let mut line = size(bytes, subject_end + 1);
    if line.is_none() {
        let reply_end = argument_end(bytes, subject_end + 1)?;
        reply = &bytes[subject_end + 1..reply_end];
        line = size(bytes, reply_end + 1);
    }
    let (size, size_end) = line?;
    let arguments_max = usize::try_from(limits.control_line_max).unwrap_or(usize::MAX);
    if size > limits.payload_max || size_end - FROM > arguments_max {
        return None;
    }
    let start = size_end + 2;
    let end = start + usize::try_from(size).ok()?;
    let whole = bytes.get(..end + 2)?;
    let payload = whole[start..].strip_suffix(b"\r\n")?;
    let subject = &bytes[FROM..subject_end];
    let verbatim = &whole[subject_end..];
    let by_hpub = false;
    Some((Publication { subject, reply, header_len: 0, payload, verbatim, by_hpub }, end + 2))
}

/// Where the argument that begins at `from` ends, if it is not empty and a space follows.
#[inline(always)]
fn argument_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let word = u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?);
        // The high bit of each byte up to b' ', and perhaps of some that follow such a one.
        let found = word.wrapping_sub(ONES * u64::from(b' ' + 1)) & !word & HIGHS;
        if found != 0 {
            at += usize::try_from(found.trailing_zeros() / 8).ok()?;
            return (at > from && bytes.get(at) == Some(&b' ')).then_some(at);
        }
        at += 8;
    }
}

/// The number at `from` and where it ends, if it ends the line.
#[inline(always)]
fn size(bytes: &[u8], from: usize) -> Option<(u32, usize)> {
    let mut size = 0;
    for (count, &byte) in bytes.get(from..)?.iter().enumerate().take(DIGITS_MAX + 1) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            let ends = count > 0 && bytes[from + count..].starts_with(b"\r\n");
            return ends.then_some((size, from + count));
        }
        if count < DIGITS_MAX {
            size = size * 10 + u32::from(digit);
        }
    }
    None
}
