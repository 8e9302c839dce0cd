//! Strings, numbers and dates.

use super::cursor::{Cursor, Mark, is_newline, is_terminator};
use super::tree::Data;
use crate::problem::Problem;

/// A scalar as written: variables are not looked up here.
#[derive(Debug, PartialEq)]
pub(super) enum Scalar {
    Data(Data),
    /// `$NAME`, without the dollar.
    Variable(String),
}

impl From<Data> for Scalar {
    fn from(data: Data) -> Self {
        Self::Data(data)
    }
}

/// Reads any value but an array or a map.
pub(super) fn scalar(cursor: &mut Cursor<'_>) -> Result<Scalar, Problem> {
    match cursor.peek() {
        Some('\'') => single_quoted(cursor),
        Some('"') => double_quoted(cursor),
        Some('(') => block(cursor),
        Some('-') => negative(cursor),
        Some('.') => Err(cursor.error("Floats must start with a digit")),
        Some(c) if is_newline(c) => Err(cursor.error("Expected value but found new line")),
        Some(c) if c.is_ascii_digit() => starts_with_digit(cursor),
        _ => bare(cursor, cursor.mark()),
    }
}

fn single_quoted(cursor: &mut Cursor<'_>) -> Result<Scalar, Problem> {
    cursor.bump();
    let start = cursor.mark();
    cursor.skip_while(|c| c != '\'');
    let text = cursor.since(start).to_owned();
    if !cursor.eat('\'') {
        return Err(cursor.error("Unexpected EOF."));
    }
    Ok(Data::Text(text).into())
}

fn double_quoted(cursor: &mut Cursor<'_>) -> Result<Scalar, Problem> {
    cursor.bump();
    let mut bytes = Vec::new();
    loop {
        match cursor.peek() {
            None => return Err(cursor.error("Unexpected EOF.")),
            Some('\\') => escape(cursor, &mut bytes)?,
            Some('"') => {
                cursor.bump();
                return text(cursor, bytes);
            }
            Some(_) => plain(cursor, &mut bytes, |c| c != '"' && c != '\\'),
        }
    }
}

fn plain(cursor: &mut Cursor<'_>, bytes: &mut Vec<u8>, part: impl FnMut(char) -> bool) {
    let start = cursor.mark();
    cursor.skip_while(part);
    bytes.extend_from_slice(cursor.since(start).as_bytes());
}

fn text(cursor: &Cursor<'_>, bytes: Vec<u8>) -> Result<Scalar, Problem> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Data::Text(text).into()),
        Err(_) => Err(cursor.error("string is not valid UTF-8")),
    }
}

fn escape(cursor: &mut Cursor<'_>, bytes: &mut Vec<u8>) -> Result<(), Problem> {
    cursor.bump();
    let byte = match cursor.peek() {
        Some('t') => b'\t',
        Some('n') => b'\n',
        Some('r') => b'\r',
        Some('"') => b'"',
        Some('\\') => b'\\',
        Some('x') => {
            cursor.bump();
            bytes.push(hex_byte(cursor)?);
            return Ok(());
        }
        _ => {
            let shown = cursor.shown();
            return Err(cursor.error(&format!(
                "Invalid escape character '{shown}'. Only the following escape characters are \
                 allowed: \\xXX, \\t, \\n, \\r, \\\", \\\\."
            )));
        }
    };
    cursor.bump();
    bytes.push(byte);
    Ok(())
}

/// The two digits after `\\x`.
fn hex_byte(cursor: &mut Cursor<'_>) -> Result<u8, Problem> {
    let at = cursor.position();
    let digits: String = cursor.rest().chars().take(2).collect();
    let byte = if digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        u8::from_str_radix(&digits, 16).ok()
    } else {
        None
    };
    let Some(byte) = byte else {
        let line = at.line;
        let shown = digits.escape_debug();
        let text = format!("Expected two hexadecimal digits after '\\x', but got '{shown}'");
        return Err(Problem::error(at, format!("Parse error on line {line}: '{text}'")));
    };
    cursor.bump();
    cursor.bump();
    Ok(byte)
}

/// `(`, any lines, and `)` alone on a line; the newlines around the text belong to it.
fn block(cursor: &mut Cursor<'_>) -> Result<Scalar, Problem> {
    cursor.bump();
    let start = cursor.mark();
    let mut previous = None;
    while let Some(c) = cursor.peek() {
        let after = cursor.rest()[c.len_utf8()..].chars().next();
        if c == ')' && previous == Some('\n') && matches!(after, None | Some('\n')) {
            let text = cursor.since(start).to_owned();
            cursor.bump();
            return Ok(Data::Text(text).into());
        }
        previous = cursor.bump();
    }
    Err(cursor.error("Unexpected EOF processing block."))
}

fn negative(cursor: &mut Cursor<'_>) -> Result<Scalar, Problem> {
    let start = cursor.mark();
    cursor.bump();
    match cursor.peek() {
        Some(c) if c.is_ascii_digit() => {}
        Some('.') => return Err(cursor.error("Floats must start with a digit, not '.'.")),
        _ => {
            let shown = cursor.shown();
            return Err(cursor.error(&format!("Expected a digit but got '{shown}'.")));
        }
    }
    digits(cursor);
    match cursor.peek() {
        Some('.') => float_or_address(cursor, start),
        Some(c) if is_size_suffix(c) => {
            cursor.bump();
            cursor.skip_while(is_size_suffix_tail);
            integer(cursor, start)
        }
        _ => integer(cursor, start),
    }
}

fn digits(cursor: &mut Cursor<'_>) {
    cursor.skip_while(|c| c.is_ascii_digit());
}

/// An integer, float, date, address such as `127.0.0.1:4222`, or a word like `7days`.
fn starts_with_digit(cursor: &mut Cursor<'_>) -> Result<Scalar, Problem> {
    let start = cursor.mark();
    digits(cursor);
    match cursor.peek() {
        Some('-') if cursor.since(start).len() == 4 => return date(cursor, start),
        Some('-') => {
            return Err(cursor.error("All ISO8601 dates must be in full Zulu form."));
        }
        Some('.') => return float_or_address(cursor, start),
        Some(c) if is_size_suffix(c) => {
            cursor.bump();
            cursor.skip_while(is_size_suffix_tail);
            // nats-server takes `[1k]` for a list of a string, and the digest tells.
            if cursor.peek() == Some(']') {
                return bare(cursor, start);
            }
        }
        _ => {}
    }
    match cursor.peek() {
        None => integer(cursor, start),
        Some(c) if is_terminator(c) => integer(cursor, start),
        Some(_) => bare(cursor, start),
    }
}

fn is_size_suffix(c: char) -> bool {
    matches!(c.to_ascii_lowercase(), 'k' | 'm' | 'g' | 't' | 'p' | 'e')
}

fn is_size_suffix_tail(c: char) -> bool {
    matches!(c.to_ascii_lowercase(), 'b' | 'i')
}

fn integer(cursor: &Cursor<'_>, start: Mark) -> Result<Scalar, Problem> {
    let text = cursor.since(start);
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(text.len());
    let (number, suffix) = text.split_at(split);
    let at = cursor.position_of(start);
    let Some(factor) = size_factor(&suffix.to_ascii_lowercase()) else {
        return Err(Problem::error(at, format!("unknown size suffix in '{text}'")));
    };
    match number.parse::<i64>().ok().and_then(|n| n.checked_mul(factor)) {
        Some(value) => Ok(Data::Int(value).into()),
        None => Err(Problem::error(at, format!("integer '{text}' is out of the range"))),
    }
}

fn size_factor(suffix: &str) -> Option<i64> {
    let mut letters = suffix.chars();
    let power = match letters.next() {
        None => return Some(1),
        Some('k') => 1,
        Some('m') => 2,
        Some('g') => 3,
        Some('t') => 4,
        Some('p') => 5,
        Some('e') => 6,
        Some(_) => return None,
    };
    match letters.as_str() {
        "" => 1000_i64.checked_pow(power),
        "b" | "i" | "ib" => 1024_i64.checked_pow(power),
        _ => None,
    }
}

fn float_or_address(cursor: &mut Cursor<'_>, start: Mark) -> Result<Scalar, Problem> {
    cursor.bump();
    if !cursor.peek().is_some_and(|c| c.is_ascii_digit()) {
        let shown = cursor.shown();
        return Err(cursor.error(&format!(
            "Floats must have a digit after the '.', but got '{shown}' instead."
        )));
    }
    digits(cursor);
    if cursor.peek() == Some('.') {
        cursor.skip_while(|c| c.is_ascii_digit() || matches!(c, '.' | ':' | '-'));
        return Ok(Data::Text(cursor.since(start).to_owned()).into());
    }
    let text = cursor.since(start);
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Data::Float(value).into()),
        _ => {
            let text = format!("float '{text}' is out of the range");
            Err(Problem::error(cursor.position_of(start), text))
        }
    }
}

/// The rest of `YYYY-MM-DDThh:mm:ssZ` after its year.
fn date(cursor: &mut Cursor<'_>, start: Mark) -> Result<Scalar, Problem> {
    for expected in "-00-00T00:00:00Z".chars() {
        let found = cursor.peek();
        let shown = cursor.shown();
        if expected == '0' && !found.is_some_and(|c| c.is_ascii_digit()) {
            let text = format!("Expected digit in ISO8601 datetime, but found '{shown}' instead.");
            return Err(cursor.error(&text));
        }
        if expected != '0' && found != Some(expected) {
            return Err(cursor.error(&format!(
                "Expected '{expected}' in ISO8601 datetime, but found '{shown}' instead."
            )));
        }
        cursor.bump();
    }
    let text = cursor.since(start);
    if is_calendar_date(text) {
        Ok(Data::DateTime(text.to_owned()).into())
    } else {
        let problem = format!("expected Zulu formatted DateTime, but got '{text}'");
        Err(Problem::error(cursor.position_of(start), problem))
    }
}

/// Whether a text of the right form names a day and a time that exist.
fn is_calendar_date(text: &str) -> bool {
    let number = |range: std::ops::Range<usize>| -> u32 {
        text.get(range).and_then(|digits| digits.parse().ok()).unwrap_or(u32::MAX)
    };
    let year = number(0..4);
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match number(5..7) {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&number(8..10))
        && number(11..13) < 24
        && number(14..16) < 60
        && number(17..19) < 60
}

/// An unquoted word: a string, a boolean or a variable. May be empty, as `key =` at the end of
/// a file is.
fn bare(cursor: &mut Cursor<'_>, start: Mark) -> Result<Scalar, Problem> {
    let mut bytes = cursor.since(start).as_bytes().to_vec();
    let mut escaped = false;
    loop {
        plain(cursor, &mut bytes, |c| !is_terminator(c) && c != '\'' && c != '\\');
        if cursor.peek() != Some('\\') {
            break;
        }
        escape(cursor, &mut bytes)?;
        escaped = true;
    }
    // A quote ends a bare word and belongs to nothing.
    cursor.eat('\'');
    if escaped {
        return text(cursor, bytes);
    }
    let Ok(word) = String::from_utf8(bytes) else {
        return Err(cursor.error("string is not valid UTF-8"));
    };
    Ok(match word.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Data::Bool(true).into(),
        "false" | "no" | "off" => Data::Bool(false).into(),
        _ => match word.strip_prefix('$') {
            Some(name) => Scalar::Variable(name.to_owned()),
            None => Data::Text(word).into(),
        },
    })
}
