//! Quoting as Go's `%q` does it.

/// `text` between double quotes; what cannot be printed is escaped.
pub(super) fn text(text: &[u8]) -> String {
    let mut quoted = String::from("\"");
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            push(character, '"', &mut quoted);
        }
        for byte in chunk.invalid() {
            quoted.push_str(&format!("\\x{byte:02x}"));
        }
    }
    quoted.push('"');
    quoted
}

/// The first character of `rest` between single quotes, and its length in bytes. A byte that is
/// no UTF-8 stands for itself; of nothing, nothing is quoted.
pub(super) fn first_character(rest: &[u8]) -> (String, usize) {
    let head = &rest[..rest.len().min(4)];
    let mut quoted = String::from("'");
    let length = match head.utf8_chunks().next() {
        Some(chunk) => match chunk.valid().chars().next() {
            Some(character) => {
                push(character, '\'', &mut quoted);
                character.len_utf8()
            }
            None => {
                quoted.push_str(&format!("\\x{:02x}", rest[0]));
                1
            }
        },
        None => 0,
    };
    quoted.push('\'');
    (quoted, length)
}

fn push(character: char, quote: char, into: &mut String) {
    match character {
        '\\' => into.push_str("\\\\"),
        '\n' => into.push_str("\\n"),
        '\t' => into.push_str("\\t"),
        '\r' => into.push_str("\\r"),
        '\u{7}' => into.push_str("\\a"),
        '\u{8}' => into.push_str("\\b"),
        '\u{b}' => into.push_str("\\v"),
        '\u{c}' => into.push_str("\\f"),
        _ if character == quote => into.extend(['\\', quote]),
        ' '..='~' => into.push(character),
        '\0'..='\u{7f}' => into.push_str(&format!("\\x{:02x}", u32::from(character))),
        // Rust escapes here what Unicode calls unprintable, as Go does.
        _ if character.escape_debug().len() == 1 => into.push(character),
        '\0'..='\u{ffff}' => into.push_str(&format!("\\u{:04x}", u32::from(character))),
        _ => into.push_str(&format!("\\U{:08x}", u32::from(character))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_as_go_does() {
        assert_eq!(text(b"a\"b\\'\n\x01\x7f\xff"), r#""a\"b\\'\n\x01\x7f\xff""#);
        assert_eq!(text("é\u{feff}\u{85}".as_bytes()), "\"é\\ufeff\\u0085\"");
        assert_eq!(first_character(b"'x"), (r"'\''".to_owned(), 1));
        assert_eq!(first_character("éx".as_bytes()), ("'é'".to_owned(), 2));
        assert_eq!(first_character(b"\xffx"), (r"'\xff'".to_owned(), 1));
        assert_eq!(first_character(b"\"").0, "'\"'");
        assert_eq!(first_character(b""), ("''".to_owned(), 0));
    }
}
