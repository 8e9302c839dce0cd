//! Text with escapes, as bytes to send or as a pattern to meet.
//!
//! `\r \n \t \s \0 \\ \xHH` are single bytes. `\{3*text}` repeats, and may nest. `\{nkey:NAME}`
//! and `\{sig:NAME}` (and `\{sigpad:NAME}`, in padded standard base64) are a fixed key and its
//! signature of the connection's nonce; `\{int}` and `\{any}` stand for what varies in an answer.

use super::nkey;

/// A stretch of a [`Text`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// These bytes.
    Bytes(Vec<u8>),
    /// The public key of this name.
    PublicKey(String),
    /// The signature of the nonce by the key of this name.
    Signature(String, nkey::Alphabet),
    /// One or more decimal digits.
    Digits,
    /// Anything, as short as will do.
    Any,
}

/// What a pattern says of the bytes so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// It is met by this many bytes.
    Whole(usize),
    /// More bytes may meet it.
    Partial,
    /// No further byte can meet it.
    Refused,
}

/// A sequence of pieces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text(Vec<Piece>);

impl Text {
    /// Reads the escaped form.
    ///
    /// # Errors
    /// A sentence on the first escape that is not one.
    pub fn parse(source: &str) -> Result<Self, String> {
        let mut text = Self::default();
        let mut rest = source;
        while let Some(at) = rest.find('\\') {
            text.push_bytes(&rest.as_bytes()[..at]);
            rest = text.push_escape(&rest[at + 1..])?;
        }
        text.push_bytes(rest.as_bytes());
        Ok(text)
    }

    /// Appends literal bytes.
    pub fn push_bytes(&mut self, bytes: &[u8]) {
        if let Some(Piece::Bytes(last)) = self.0.last_mut() {
            last.extend_from_slice(bytes);
        } else if !bytes.is_empty() {
            self.0.push(Piece::Bytes(bytes.to_vec()));
        }
    }

    /// The bytes to send on a connection whose INFO held `nonce`.
    ///
    /// # Errors
    /// A sentence when the text holds what only a pattern may, or a key that does not exist.
    pub fn bytes(&self, nonce: &str) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        for piece in &self.0 {
            match piece {
                Piece::Bytes(literal) => bytes.extend_from_slice(literal),
                Piece::PublicKey(name) => bytes.extend(nkey::public_key(name)?.bytes()),
                Piece::Signature(name, alphabet) => {
                    bytes.extend(nkey::signature(name, nonce, *alphabet)?.bytes());
                }
                Piece::Digits | Piece::Any => {
                    return Err("\\{int} and \\{any} cannot be sent".into());
                }
            }
        }
        Ok(bytes)
    }

    /// Whether the front of `bytes` meets this pattern.
    #[must_use]
    pub fn meet(&self, bytes: &[u8]) -> Match {
        meet(&self.0, bytes, 0)
    }

    fn push_escape<'a>(&mut self, source: &'a str) -> Result<&'a str, String> {
        let mut characters = source.chars();
        let byte = match characters.next() {
            Some('r') => b'\r',
            Some('n') => b'\n',
            Some('t') => b'\t',
            Some('s') => b' ',
            Some('0') => 0,
            Some('\\') => b'\\',
            Some('x') => {
                let digits = source.get(1..3).ok_or("\\x needs two digits")?;
                let byte = u8::from_str_radix(digits, 16).map_err(|e| format!("\\x: {e}"))?;
                self.push_bytes(&[byte]);
                return Ok(&source[3..]);
            }
            Some('{') => return self.push_braced(&source[1..]),
            other => return Err(format!("no such escape: \\{}", other.unwrap_or(' '))),
        };
        self.push_bytes(&[byte]);
        Ok(characters.as_str())
    }

    fn push_braced<'a>(&mut self, source: &'a str) -> Result<&'a str, String> {
        let end = closing_brace(source).ok_or("\\{ without its }")?;
        let (inner, rest) = (&source[..end], &source[end + 1..]);
        let piece = match inner.split_once(':') {
            _ if inner == "int" => Piece::Digits,
            _ if inner == "any" => Piece::Any,
            Some(("nkey", name)) => Piece::PublicKey(name.into()),
            Some(("sig", name)) => Piece::Signature(name.into(), nkey::Alphabet::UrlUnpadded),
            Some(("sigpad", name)) => Piece::Signature(name.into(), nkey::Alphabet::Standard),
            _ => {
                let (count, body) = inner.split_once('*').ok_or(format!("\\{{{inner}}}?"))?;
                let count: usize = count.parse().map_err(|e| format!("{count}: {e}"))?;
                let body = Self::parse(body)?.bytes("")?;
                self.push_bytes(&body.repeat(count));
                return Ok(rest);
            }
        };
        self.0.push(piece);
        Ok(rest)
    }
}

/// The index of the `}` that closes what was opened before `source`.
fn closing_brace(source: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, character) in source.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(index),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn meet(pieces: &[Piece], bytes: &[u8], used: usize) -> Match {
    let Some((piece, rest)) = pieces.split_first() else { return Match::Whole(used) };
    match piece {
        Piece::Bytes(literal) => {
            let shared = literal.len().min(bytes.len());
            if literal[..shared] != bytes[..shared] {
                Match::Refused
            } else if shared < literal.len() {
                Match::Partial
            } else {
                meet(rest, &bytes[shared..], used + shared)
            }
        }
        Piece::Digits => {
            let count = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if count == bytes.len() {
                Match::Partial
            } else if count == 0 {
                Match::Refused
            } else {
                meet(rest, &bytes[count..], used + count)
            }
        }
        Piece::Any => {
            let tries = (0..=bytes.len()).map(|skip| meet(rest, &bytes[skip..], used + skip));
            tries
                .reduce(|best, next| if matches!(best, Match::Whole(_)) { best } else { next })
                .unwrap_or(Match::Partial)
        }
        Piece::PublicKey(_) | Piece::Signature(..) => Match::Refused,
    }
}

/// Bytes as the escaped form shows them.
#[must_use]
pub fn escape(bytes: &[u8]) -> String {
    let mut shown = String::new();
    for &byte in bytes {
        match byte {
            b'\r' => shown.push_str("\\r"),
            b'\n' => shown.push_str("\\n"),
            b'\t' => shown.push_str("\\t"),
            b'\\' => shown.push_str("\\\\"),
            b' '..=b'~' => shown.push(char::from(byte)),
            _ => shown.push_str(&format!("\\x{byte:02x}")),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_bytes() {
        let text = Text::parse(r"a\s\t\\\x41\{2*b\{2*c}}\r\n").unwrap();
        assert_eq!(text.bytes("").unwrap(), b"a \t\\Abccbcc\r\n");
    }

    #[test]
    fn json_braces_are_not_escapes() {
        let text = Text::parse(r#"CONNECT {"a":{}}"#).unwrap();
        assert_eq!(text.bytes("").unwrap(), br#"CONNECT {"a":{}}"#);
    }

    #[test]
    fn unknown_escapes_are_refused() {
        for source in [r"\q", r"\{x}", r"\{3*a", r"\x4", r"\{any}"] {
            assert!(Text::parse(source).and_then(|text| text.bytes("")).is_err(), "{source}");
        }
    }

    #[test]
    fn patterns_meet_what_varies() {
        let text = Text::parse(r"cid \{int} x\{any}!").unwrap();
        assert_eq!(text.meet(b"cid 12 xyz!."), Match::Whole(11));
        assert_eq!(text.meet(b"cid 12 xyz"), Match::Partial);
        assert_eq!(text.meet(b"cid  x"), Match::Refused);
        assert_eq!(text.meet(b"cx"), Match::Refused);
    }
}
