//! A header block: the status line and what follows it, up to the empty line.
//!
//! Keys are compared byte by byte, case included, and the first of several counts, as in
//! nats-server's `sliceHeader` (`server/client.go`).

const LINE_END: &[u8] = b"\r\n";

/// The keys and values of a block in their order. Spaces before a value do not belong to it;
/// lines without a colon are passed over.
pub fn entries(block: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    lines(block).skip(1).filter_map(|line| {
        let colon = memchr::memchr(b':', line)?;
        let value = &line[colon + 1..];
        let spaces = value.iter().take_while(|byte| **byte == b' ').count();
        Some((&line[..colon], &value[spaces..]))
    })
}

/// The first value of `key`.
#[must_use]
pub fn value<'a>(block: &'a [u8], key: &str) -> Option<&'a [u8]> {
    entries(block).find(|(found, _)| *found == key.as_bytes()).map(|(_, value)| value)
}

/// The block with one more entry at its end; a new one when there was none.
#[must_use]
pub fn with(block: &[u8], key: &str, value: &str) -> Vec<u8> {
    let kept = block.strip_suffix(LINE_END).unwrap_or(b"NATS/1.0\r\n");
    let mut out = Vec::with_capacity(kept.len() + key.len() + value.len() + 8);
    out.extend_from_slice(kept);
    for part in [key, ": ", value, "\r\n\r\n"] {
        out.extend_from_slice(part.as_bytes());
    }
    out
}

/// The block without any entry of `key`; empty when nothing else is left.
#[must_use]
pub fn without(block: &[u8], key: &str) -> Vec<u8> {
    let is_key =
        |line: &[u8]| line.strip_prefix(key.as_bytes()).is_some_and(|rest| rest.starts_with(b":"));
    filtered(block, |line| !is_key(line))
}

fn filtered(block: &[u8], keep: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(block.len());
    let mut left = 0;
    for (index, line) in lines(block).enumerate() {
        if index > 0 && !keep(line) {
            continue;
        }
        left += usize::from(index > 0);
        out.extend_from_slice(line);
        out.extend_from_slice(LINE_END);
    }
    if left == 0 {
        return Vec::new();
    }
    out.extend_from_slice(LINE_END);
    out
}

/// The block with this value of `key`, in its place when there is one.
#[must_use]
pub fn set(block: &[u8], key: &str, value: &str) -> Vec<u8> {
    let Some(held) = self::value(block, key) else { return with(block, key, value) };
    let at = held.as_ptr().addr() - block.as_ptr().addr();
    let mut out = Vec::with_capacity(block.len() + value.len());
    out.extend_from_slice(&block[..at]);
    out.extend_from_slice(value.as_bytes());
    out.extend_from_slice(&block[at + held.len()..]);
    out
}

/// The block without entries whose key begins with `prefix`; empty when nothing else is left.
#[must_use]
pub fn without_prefix(block: &[u8], prefix: &str) -> Vec<u8> {
    filtered(block, |line| !line.starts_with(prefix.as_bytes()))
}

/// The block as a stream keeps it: without a status, which could be taken for the server's own;
/// nothing when it is so already.
#[must_use]
pub fn without_status(block: &[u8]) -> Option<Vec<u8>> {
    const START: &[u8] = b"NATS/1.0";
    let rest = block.strip_prefix(START).filter(|rest| !rest.starts_with(LINE_END))?;
    let end = memchr::memmem::find(rest, LINE_END)?;
    let rest = &rest[end..];
    Some(if rest == b"\r\n\r\n" { Vec::new() } else { [START, rest].concat() })
}

/// The lines before the empty one.
fn lines(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = block;
    std::iter::from_fn(move || {
        let end = memchr::memmem::find(rest, LINE_END).unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + LINE_END.len()..).unwrap_or_default();
        (!line.is_empty()).then_some(line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: &[u8] = b"NATS/1.0\r\nA: 1\r\nB:2\r\nA: 3\r\nnone\r\nC:  x y \r\n\r\n";

    #[test]
    fn the_first_value_counts_and_loses_spaces_before_it() {
        assert_eq!(value(BLOCK, "A"), Some(&b"1"[..]));
        assert_eq!(value(BLOCK, "B"), Some(&b"2"[..]));
        assert_eq!(value(BLOCK, "C"), Some(&b"x y "[..]));
        assert_eq!(value(BLOCK, "a"), None);
        assert_eq!(value(BLOCK, "NATS/1.0"), None);
        assert_eq!(value(b"", "A"), None);
        assert_eq!(value(b"A: 1\r\n", "A"), None, "the first line is no entry");
    }

    #[test]
    fn entries_are_added_and_removed() {
        assert_eq!(with(b"", "K", "v"), b"NATS/1.0\r\nK: v\r\n\r\n");
        assert_eq!(
            with(b"NATS/1.0\r\nA: 1\r\n\r\n", "K", "v"),
            b"NATS/1.0\r\nA: 1\r\nK: v\r\n\r\n"
        );
        assert_eq!(without(BLOCK, "A"), b"NATS/1.0\r\nB:2\r\nnone\r\nC:  x y \r\n\r\n");
        assert_eq!(without(b"NATS/1.0\r\nA: 1\r\n\r\n", "A"), b"");
    }

    #[test]
    fn entries_are_replaced_where_they_are() {
        assert_eq!(set(b"", "K", "v"), b"NATS/1.0\r\nK: v\r\n\r\n");
        let block = b"NATS/1.0\r\nA: 1\r\nB: 2\r\n\r\n";
        assert_eq!(set(block, "A", "345"), b"NATS/1.0\r\nA: 345\r\nB: 2\r\n\r\n");
        assert_eq!(without_prefix(b"NATS/1.0\r\nAB: 1\r\nA: 2\r\n\r\n", "A"), b"");
    }

    #[test]
    fn a_status_does_not_stay() {
        assert_eq!(
            without_status(b"NATS/1.0 503 No\r\nA: 1\r\n\r\n").unwrap(),
            with(b"", "A", "1")
        );
        assert_eq!(without_status(b"NATS/1.0 503\r\n\r\n").unwrap(), b"");
        assert_eq!(without_status(b"NATS/1.0\r\nA: 1\r\n\r\n"), None);
        assert_eq!(without_status(b""), None);
    }
}
