//! Counters: integers of any size that are added up by the stream.

use std::collections::BTreeMap;
use std::fmt;

use crate::error::{self, ApiError};
use crate::json::{self, Document, Field, Strictness};

/// An integer of any size. Its digits are decimal, as they are read and written far more often
/// than added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Integer {
    /// Never true of zero.
    negative: bool,
    /// Values of digits, the least significant first; none for zero, and none of them leading.
    digits: Vec<u8>,
}

impl Integer {
    /// Reads decimal digits behind an optional sign.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (negative, digits) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let valid = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        let digits = digits.iter().rev().map(|digit| digit - b'0');
        valid.then(|| Self::of(negative, digits.collect()))
    }

    fn of(negative: bool, mut digits: Vec<u8>) -> Self {
        let length = digits.iter().rposition(|digit| *digit != 0).map_or(0, |last| last + 1);
        digits.truncate(length);
        Self { negative: negative && length > 0, digits }
    }

    /// The sum of both.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        if self.negative == other.negative {
            return Self::of(self.negative, sum(&self.digits, &other.digits));
        }
        let (larger, smaller) =
            if is_less(&self.digits, &other.digits) { (other, self) } else { (self, other) };
        Self::of(larger.negative, difference(&larger.digits, &smaller.digits))
    }

    /// This one without the other.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        self.plus(&Self::of(!other.negative, other.digits.clone()))
    }
}

fn sum(one: &[u8], other: &[u8]) -> Vec<u8> {
    let length = one.len().max(other.len());
    let mut digits = Vec::with_capacity(length + 1);
    let mut carry = 0;
    for place in 0..length {
        let total = digit(one, place) + digit(other, place) + carry;
        digits.push(total % 10);
        carry = total / 10;
    }
    digits.push(carry);
    digits
}

/// `larger` is not less than `smaller`.
fn difference(larger: &[u8], smaller: &[u8]) -> Vec<u8> {
    let mut digits = Vec::with_capacity(larger.len());
    let mut borrowed = 0;
    for place in 0..larger.len() {
        let taken = digit(smaller, place) + borrowed;
        let from = digit(larger, place);
        borrowed = u8::from(from < taken);
        digits.push(from + 10 * borrowed - taken);
    }
    digits
}

fn digit(digits: &[u8], place: usize) -> u8 {
    digits.get(place).copied().unwrap_or_default()
}

fn is_less(one: &[u8], other: &[u8]) -> bool {
    (one.len(), one.iter().rev().collect::<Vec<_>>())
        < (other.len(), other.iter().rev().collect::<Vec<_>>())
}

impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        if self.digits.is_empty() {
            return f.write_str("0");
        }
        let text: String = self.digits.iter().rev().map(|d| char::from(b'0' + d)).collect();
        f.write_str(&text)
    }
}

/// The payload of a counter's message: `{"val":"5"}`.
#[must_use]
pub fn payload(value: &Integer) -> Vec<u8> {
    format!("{{\"val\":\"{value}\"}}").into_bytes()
}

/// The value in a counter's message. A text that is no number is 0.
///
/// # Errors
/// 10172 when the payload is not one of a counter.
pub fn value_of(payload: &[u8]) -> Result<Integer, ApiError> {
    let mut body = Body::default();
    json::decode_one(payload, Strictness::Lenient, &mut body).map_err(|_| error::COUNTER_BROKEN)?;
    Ok(Integer::parse(body.value.as_bytes()).unwrap_or_default())
}

#[derive(Default)]
struct Body {
    value: String,
}

impl Document for Body {
    const GO_TYPE: &'static str = "CounterValue";
    const FIELDS: &'static [Field<Self>] = &[("val", |body, json| json.string(&mut body.value))];
}

/// `Nats-Counter-Sources`: the last value of each subject of each stream that was taken in.
pub type Sources = BTreeMap<String, BTreeMap<String, String>>;

/// Reads the header's value.
///
/// # Errors
/// 10172 when it is not one.
pub fn parse_sources(text: &[u8]) -> Result<Sources, ApiError> {
    serde_json::from_slice(text).map_err(|_| error::COUNTER_BROKEN)
}

/// Notes the value that a counter in another stream has now; gives by how much it changed.
pub fn update_sources(
    sources: &mut Sources,
    stream: &str,
    subject: &str,
    value: &Integer,
) -> Integer {
    let subjects = sources.entry(stream.to_owned()).or_default();
    let before = subjects.insert(subject.to_owned(), value.to_string()).unwrap_or_default();
    value.minus(&Integer::parse(before.as_bytes()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integer(text: &str) -> Integer {
        Integer::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn integers_are_read_and_written() {
        for (text, shown) in [("0", "0"), ("-0", "0"), ("+5", "5"), ("007", "7"), ("-10", "-10")] {
            assert_eq!(integer(text).to_string(), shown);
        }
        for bad in ["", "-", "+", "1 ", "0x1", "1_0", "--1", "١"] {
            assert_eq!(Integer::parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn sums_and_differences_agree_with_machine_integers() {
        let samples = [0_i64, 1, -1, 9, 10, -10, 99, 100, -101, 12_345, -99_999, 100_000_000_007];
        for one in samples {
            for other in samples {
                let (a, b) = (integer(&one.to_string()), integer(&other.to_string()));
                assert_eq!(a.plus(&b), integer(&(one + other).to_string()), "{one} {other}");
                assert_eq!(a.minus(&b), integer(&(one - other).to_string()), "{one} {other}");
            }
        }
        let large = integer("-100000000000000000000000000").plus(&integer("6"));
        assert_eq!(large.to_string(), "-99999999999999999999999994");
    }

    #[test]
    fn payloads_come_back() {
        assert_eq!(payload(&integer("-5")), b"{\"val\":\"-5\"}");
        assert_eq!(value_of(b"{\"VAL\":\"12\",\"x\":1}"), Ok(integer("12")));
        assert_eq!(value_of(b"{\"val\":\"x\"}"), Ok(Integer::default()));
        for broken in [&b""[..], b"x", b"{\"val\":1}", b"{} x"] {
            assert_eq!(value_of(broken), Err(error::COUNTER_BROKEN));
        }
    }

    #[test]
    fn sources_give_the_change_since_last_time() {
        let mut sources = parse_sources(b"{\"S\":{\"a\":\"5\"}}").unwrap();
        assert_eq!(update_sources(&mut sources, "S", "a", &integer("7")), integer("2"));
        assert_eq!(update_sources(&mut sources, "T", "a", &integer("-3")), integer("-3"));
        assert_eq!(json::to_vec(&sources), br#"{"S":{"a":"7"},"T":{"a":"-3"}}"#);
        assert_eq!(parse_sources(b"[]"), Err(error::COUNTER_BROKEN));
    }
}
