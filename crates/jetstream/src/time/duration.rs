//! Durations as Go prints and reads them: `1h2m3.5s`.

use std::fmt;

use super::Nanos;

const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

impl Nanos {
    /// Reads a duration such as `-1.5h`, `300ms` or `1h2m`; units are required save for `0`.
    /// Nothing when it is none, or does not fit 64 bits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, mut rest) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        if rest == "0" {
            return Some(Self::ZERO);
        }
        if rest.is_empty() {
            return None;
        }
        let mut total = 0_u64;
        while !rest.is_empty() {
            let (part, behind) = leading(rest)?;
            total = total.checked_add(part)?;
            rest = behind;
        }
        let total = i128::from(total) * if negative { -1 } else { 1 };
        i64::try_from(total).ok().map(Self)
    }
}

/// Nanoseconds of the first number with its unit, and what follows.
fn leading(text: &str) -> Option<(u64, &str)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole_length = digits(text);
    let (whole, mut rest) = text.split_at(whole_length);
    let mut fraction = "";
    if let Some(behind) = rest.strip_prefix('.') {
        (fraction, rest) = behind.split_at(digits(behind));
    }
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let unit_length = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(unit_length);
    let (_, scale) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    // Digits beyond the 18th change nothing that is kept.
    let fraction = &fraction[..fraction.len().min(18)];
    let part = if fraction.is_empty() {
        0
    } else {
        let value: u128 = fraction.parse().ok()?;
        let power = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
        u64::try_from(value * u128::from(scale) / power).ok()?
    };
    whole.checked_mul(scale)?.checked_add(part).map(|nanos| (nanos, rest))
}

impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.unsigned_abs();
        if self.0 < 0 {
            f.write_str("-")?;
        }
        match nanos {
            0 => f.write_str("0s"),
            1..1_000 => write!(f, "{nanos}ns"),
            1_000..1_000_000 => decimal(f, nanos, 3, "µs"),
            1_000_000..1_000_000_000 => decimal(f, nanos, 6, "ms"),
            _ => {
                let (hours, minutes) = (nanos / UNITS[7].1, nanos / UNITS[6].1 % 60);
                if hours > 0 {
                    write!(f, "{hours}h")?;
                }
                if hours > 0 || minutes > 0 {
                    write!(f, "{minutes}m")?;
                }
                decimal(f, nanos % UNITS[6].1, 9, "s")
            }
        }
    }
}

/// `value` with that many digits behind the point, without zeros at the end.
fn decimal(f: &mut fmt::Formatter<'_>, value: u64, places: u32, unit: &str) -> fmt::Result {
    let scale = 10_u64.pow(places);
    write!(f, "{}", value / scale)?;
    if !value.is_multiple_of(scale) {
        let width = usize::try_from(places).unwrap_or_default();
        let digits = format!("{:0width$}", value % scale);
        write!(f, ".{}", digits.trim_end_matches('0'))?;
    }
    f.write_str(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_print_as_in_go() {
        for (nanos, expected) in [
            (0, "0s"),
            (1, "1ns"),
            (1_100, "1.1µs"),
            (2_200_000, "2.2ms"),
            (1_000_000_000, "1s"),
            (60_000_000_000, "1m0s"),
            (3_600_000_000_000 + 5_500_000_000, "1h0m5.5s"),
            (-2_000_000_000, "-2s"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ] {
            assert_eq!(Nanos(nanos).to_string(), expected);
            assert_eq!(Nanos::parse(expected), Some(Nanos(nanos)), "{expected}");
        }
    }

    #[test]
    fn durations_are_read_as_in_go() {
        let second = 1_000_000_000;
        for (text, nanos) in [
            ("0", 0),
            ("+5s", 5 * second),
            (".5s", second / 2),
            ("1.s", second),
            ("1h1m1s", 3661 * second),
            ("10us10ns", 10_010),
            ("1.0000000000000000000001s", second),
        ] {
            assert_eq!(Nanos::parse(text), Some(Nanos(nanos)), "{text}");
        }
        for text in ["", "-", "5", "s", ".s", "1x", "1s ", "99999999999h", "1 s", "é"] {
            assert_eq!(Nanos::parse(text), None, "{text}");
        }
    }
}
