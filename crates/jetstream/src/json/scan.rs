//! The grammar: whether there is a document, and where it ends. Nothing is interpreted.
//!
//! The depth of nesting costs one bit of memory a level and no stack, so that hostile input
//! cannot exhaust it.

use super::quote;

/// Levels of nesting that Go allows.
const DEPTH_MAX: usize = 10_000;

/// Why there is no document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SyntaxError {
    /// The text ends too early.
    End,
    /// Go's words, and how many bytes were read up to the end of what is wrong.
    At(String, usize),
}

/// The range of the next document at or after `from`, without the white space around it; nothing
/// when there is only white space.
pub(super) fn document(bytes: &[u8], from: usize) -> Result<Option<(usize, usize)>, SyntaxError> {
    let mut scan = Scan { bytes, at: from, open: Vec::new() };
    scan.skip_space();
    let start = scan.at;
    if start == bytes.len() {
        return Ok(None);
    }
    scan.value()?;
    while !scan.open.is_empty() {
        scan.next_in_container()?;
    }
    Ok(Some((start, scan.at)))
}

/// Where the value that begins at `from` ends. `bytes` was scanned before.
pub(super) fn end_of_value(bytes: &[u8], from: usize) -> usize {
    match document(bytes, from) {
        Ok(Some((_, end))) => end,
        _ => bytes.len(),
    }
}

/// What is open around the place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Container {
    Array,
    Object,
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    open: Vec<Container>,
}

impl Scan<'_> {
    fn peek(&self) -> Result<u8, SyntaxError> {
        self.bytes.get(self.at).copied().ok_or(SyntaxError::End)
    }

    fn skip_space(&mut self) {
        self.at = skip_space(self.bytes, self.at);
    }

    fn unexpected<T>(&self, place: &str) -> Result<T, SyntaxError> {
        let (quoted, length) = quote::first_character(&self.bytes[self.at..]);
        if length == 0 {
            return Err(SyntaxError::End);
        }
        Err(SyntaxError::At(format!("invalid character {quoted} {place}"), self.at + length))
    }

    /// A scalar whole, or a container's beginning with the first key in it.
    fn value(&mut self) -> Result<(), SyntaxError> {
        match self.peek()? {
            b'{' => {
                self.enter(Container::Object)?;
                if self.peek()? == b'}' { self.leave() } else { self.key() }
            }
            b'[' => {
                self.enter(Container::Array)?;
                if self.peek()? == b']' { self.leave() } else { Ok(()) }
            }
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            _ => self.unexpected("looking for beginning of value"),
        }
    }

    /// One value of the innermost container, with what follows it.
    fn next_in_container(&mut self) -> Result<(), SyntaxError> {
        let depth = self.open.len();
        self.skip_space();
        self.value()?;
        if self.open.len() > depth {
            return Ok(());
        }
        while let Some(container) = self.open.last().copied() {
            self.skip_space();
            match (container, self.peek()?) {
                (Container::Array, b',') => {
                    self.at += 1;
                    return Ok(());
                }
                (Container::Object, b',') => {
                    self.at += 1;
                    self.skip_space();
                    return self.key();
                }
                (Container::Array, b']') | (Container::Object, b'}') => self.leave()?,
                (Container::Array, _) => return self.unexpected("after array element"),
                (Container::Object, _) => return self.unexpected("after object key:value pair"),
            }
        }
        Ok(())
    }

    fn enter(&mut self, container: Container) -> Result<(), SyntaxError> {
        self.at += 1;
        if self.open.len() == DEPTH_MAX {
            return Err(SyntaxError::At("exceeded max depth".to_owned(), self.at));
        }
        self.open.push(container);
        self.skip_space();
        Ok(())
    }

    fn leave(&mut self) -> Result<(), SyntaxError> {
        self.at += 1;
        self.open.pop();
        Ok(())
    }

    fn key(&mut self) -> Result<(), SyntaxError> {
        if self.peek()? != b'"' {
            return self.unexpected("looking for beginning of object key string");
        }
        self.string()?;
        self.skip_space();
        if self.peek()? != b':' {
            return self.unexpected("after object key");
        }
        self.at += 1;
        Ok(())
    }

    fn literal(&mut self, word: &str) -> Result<(), SyntaxError> {
        for wanted in word.bytes() {
            if self.peek()? != wanted {
                let wanted = char::from(wanted);
                return self.unexpected(&format!("in literal {word} (expecting '{wanted}')"));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), SyntaxError> {
        if self.peek()? == b'-' {
            self.at += 1;
        }
        if self.peek()? == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek()?, b'+' | b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    /// At least one digit.
    fn digits(&mut self) -> Result<(), SyntaxError> {
        if !self.peek()?.is_ascii_digit() {
            return self.unexpected("in numeric literal");
        }
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), SyntaxError> {
        self.at += 1;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => self.escape()?,
                0..=0x1f => return self.unexpected("in string"),
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Ok(())
    }

    fn escape(&mut self) -> Result<(), SyntaxError> {
        let rest = &self.bytes[self.at..];
        let length = match rest.get(1) {
            None => return Err(SyntaxError::End),
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') if rest.iter().skip(2).take(4).all(u8::is_ascii_hexdigit) => {
                if rest.len() < 6 {
                    return Err(SyntaxError::End);
                }
                6
            }
            Some(b'u') => return Err(self.bad_escape(6)),
            Some(_) => return Err(self.bad_escape(2)),
        };
        self.at += length;
        Ok(())
    }

    fn bad_escape(&self, length: usize) -> SyntaxError {
        let end = self.bytes.len().min(self.at + length);
        let shown = String::from_utf8_lossy(&self.bytes[self.at..end]);
        SyntaxError::At(format!("invalid escape sequence `{shown}` in string"), end)
    }
}

/// The first place at or after `at` that is not white space.
pub(super) fn skip_space(bytes: &[u8], at: usize) -> usize {
    let space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    at + bytes[at..].iter().take_while(space).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &[u8]) -> String {
        match document(text, 0) {
            Err(SyntaxError::End) => "end".to_owned(),
            Err(SyntaxError::At(words, offset)) => format!("{words} at {offset}"),
            Ok(found) => panic!("{found:?}"),
        }
    }

    #[test]
    fn documents_end_where_they_end() {
        for text in
            ["{}", "[]", "[[],{}]", r#"{"a":[1,-0.5e+3,"\"é\ud800",null,true,false],"b":{}}"#, "7"]
        {
            let padded = format!(" \n{text} x");
            assert_eq!(document(padded.as_bytes(), 0), Ok(Some((2, 2 + text.len()))), "{text}");
        }
        assert_eq!(document(b" \t\r\n", 0), Ok(None));
    }

    #[test]
    fn every_document_cut_short_wants_more() {
        let text = br#"{"a":[1,-0.5e+3,"\"\u00e9",null,true,false],"b":{}}"#;
        for end in 1..text.len() {
            assert_eq!(document(&text[..end], 0), Err(SyntaxError::End), "{end}");
        }
    }

    #[test]
    fn errors_have_the_words_and_places_of_go() {
        for (text, expected) in [
            (&b"{\"name\":\"A\",}"[..], "'}' looking for beginning of object key string at 13"),
            (b"{\"a\" 1}", "'1' after object key at 6"),
            (b"{\"a\":1 \"b\":2}", "'\"' after object key:value pair at 8"),
            (b"{\"a\":1]", "']' after object key:value pair at 7"),
            (b"[1 2]", "'2' after array element at 4"),
            (b"[1,]", "']' looking for beginning of value at 4"),
            (b"}", "'}' looking for beginning of value at 1"),
            (b"\xef\xbb\xbf{}", "'\\ufeff' looking for beginning of value at 3"),
            (b"nulx", "'x' in literal null (expecting 'l') at 4"),
            (b"[-]", "']' in numeric literal at 3"),
            (b"1ea", "'a' in numeric literal at 3"),
            (b"\"\n\"", "'\\n' in string at 2"),
        ] {
            assert_eq!(error(text), format!("invalid character {expected}"));
        }
        assert_eq!(error(b"\"\\x\""), "invalid escape sequence `\\x` in string at 3");
        assert_eq!(error(b"\"\\u12g4\""), "invalid escape sequence `\\u12g4` in string at 7");
    }

    #[test]
    fn nesting_is_bounded() {
        assert_eq!(error(&b"[".repeat(10_001)), "exceeded max depth at 10001");
        let deep = [b"[".repeat(10_000), b"]".repeat(10_000)].concat();
        assert_eq!(document(&deep, 0), Ok(Some((0, 20_000))));
    }
}
