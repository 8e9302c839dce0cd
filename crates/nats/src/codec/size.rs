//! Decimal sizes of control lines.

/// Digits at most: 999,999,999 bytes.
pub(super) const DIGITS_MAX: usize = 9;

/// A size as it stands in a control line: 1 to 9 decimal digits, leading zeros allowed.
#[must_use]
#[inline(always)]
pub fn parse_size(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > DIGITS_MAX {
        return None;
    }
    let mut n: u32 = 0;
    for &b in digits {
        let d = b.wrapping_sub(b'0');
        if d > 9 {
            return None;
        }
        n = n * 10 + u32::from(d);
    }
    Some(n)
}

#[cfg(test)]
mod tests {
    use super::parse_size;

    #[test]
    fn takes_nine_digits_and_no_more() {
        assert_eq!(parse_size(b"999999999"), Some(999_999_999));
        assert_eq!(parse_size(b"0005"), Some(5));
        assert_eq!(parse_size(b"1000000000"), None);
        for bad in [&b""[..], b"-1", b"1a", b" 1", b"+1"] {
            assert_eq!(parse_size(bad), None);
        }
    }
}
