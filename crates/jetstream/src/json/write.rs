//! Writing documents.
//!
//! What differs from `serde_json` is escaping: Go escapes `<`, `>`, `&` and the two line
//! separators of Unicode, so that the text may stand inside HTML.

use std::io;

use serde::Serialize;
use serde_json::ser::Formatter;

/// The document as nats-server would send it: without white space.
///
/// # Panics
/// Never for the documents of this crate: their maps have strings for keys.
#[must_use]
pub fn to_vec<T: Serialize>(document: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, GoEscapes);
    document.serialize(&mut serializer).expect("writing to memory fails for no document of ours");
    bytes
}

struct GoEscapes;

impl Formatter for GoEscapes {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        let mut rest = fragment;
        while let Some(at) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
            let (plain, special) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let mut characters = special.chars();
            if let Some(character) = characters.next() {
                write!(writer, "\\u{:04x}", u32::from(character))?;
            }
            rest = characters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_go_escapes() {
        let bytes = to_vec(&"a>b<c&d\u{2028}\u{2029}\u{8}\u{c}\u{1}\n\"\\é\u{7f}");
        let expected =
            r#""a\u003eb\u003cc\u0026d\u2028\u2029\b\f\u0001\n\"\\é"#.to_owned() + "\u{7f}\"";
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }
}
