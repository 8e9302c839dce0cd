//! A place in a text that knows its line and column.

use std::sync::Arc;

use crate::problem::{Position, Problem};

/// Walks over a text once, from front to back.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    file: Arc<str>,
    offset: usize,
    line: u32,
    line_start: usize,
}

/// A place to come back to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    offset: usize,
    line: u32,
    line_start: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, file: Arc<str>) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self { text, file, offset: 0, line: 1, line_start: 0 }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.offset..]
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.offset += next.len_utf8();
        if next == '\n' {
            self.line = self.line.saturating_add(1);
            self.line_start = self.offset;
        }
        Some(next)
    }

    /// Steps over `wanted` if it comes next.
    pub(super) fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.bump();
        }
        found
    }

    pub(super) fn skip_while(&mut self, mut wanted: impl FnMut(char) -> bool) {
        while self.peek().is_some_and(&mut wanted) {
            self.bump();
        }
    }

    /// Spaces and tabs.
    pub(super) fn skip_blanks(&mut self) {
        self.skip_while(is_blank);
    }

    /// Whitespace of any kind, and comments.
    pub(super) fn skip_filler(&mut self) {
        loop {
            self.skip_while(char::is_whitespace);
            if !self.skip_comment() {
                return;
            }
        }
    }

    /// A comment up to its newline, if one starts here.
    pub(super) fn skip_comment(&mut self) -> bool {
        let found = self.rest().starts_with('#') || self.rest().starts_with("//");
        if found {
            self.skip_while(|c| !is_newline(c));
        }
        found
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { offset: self.offset, line: self.line, line_start: self.line_start }
    }

    pub(super) fn since(&self, mark: Mark) -> &'a str {
        &self.text[mark.offset..self.offset]
    }

    pub(super) fn position(&self) -> Position {
        self.position_of(self.mark())
    }

    pub(super) fn position_of(&self, mark: Mark) -> Position {
        let column = u32::try_from(mark.offset - mark.line_start).unwrap_or(u32::MAX - 1) + 1;
        Position { file: self.file.clone(), line: mark.line, column }
    }

    /// A syntax error right here, in the form nats-server gives it.
    pub(super) fn error(&self, text: &str) -> Problem {
        let text = format!("Parse error on line {}: '{text}'", self.line);
        Problem::error(self.position(), text)
    }

    /// What stands here, as error messages show it.
    pub(super) fn shown(&self) -> String {
        match self.peek() {
            None => "end of file".to_owned(),
            Some('\n') => "\\n".to_owned(),
            Some('\r') => "\\r".to_owned(),
            Some(c) => c.to_string(),
        }
    }
}

pub(super) fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

pub(super) fn is_newline(c: char) -> bool {
    c == '\n' || c == '\r'
}

pub(super) fn is_separator(c: char) -> bool {
    c == '=' || c == ':'
}

/// Ends a bare word or a number.
pub(super) fn is_terminator(c: char) -> bool {
    is_newline(c) || is_blank(c) || matches!(c, ';' | ',' | ']' | '}')
}
