//! Blanks out what is not code. Every character that goes is replaced by one space, and line
//! ends stay, so that line numbers and columns of the result are those of the source.

/// Replaces comments and the insides of string and character literals by spaces.
pub(super) fn mask(text: &str) -> String {
    let mut masker =
        Masker { chars: text.chars().collect(), at: 0, out: String::with_capacity(text.len()) };
    while masker.at < masker.chars.len() {
        masker.step();
    }
    masker.out
}

struct Masker {
    chars: Vec<char>,
    at: usize,
    out: String,
}

impl Masker {
    fn step(&mut self) {
        match (self.peek(0), self.peek(1)) {
            ('/', '/') => self.blank_while(|masker| masker.peek(0) != '\n'),
            ('/', '*') => self.block_comment(),
            ('"', _) => self.string(),
            ('\'', _) => self.quote(),
            ('r', '"' | '#') if !self.inside_identifier() => self.raw_string(),
            _ => self.keep(),
        }
    }

    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    /// `r` starts a raw string only where no identifier is under way, save the prefixes b and c.
    fn inside_identifier(&self) -> bool {
        let before = |back: usize| self.at.checked_sub(back).map(|at| self.chars[at]);
        let is_word = |found: Option<char>| found.is_some_and(crate::words::is_identifier);
        match before(1) {
            Some('b' | 'c') => is_word(before(2)),
            found => is_word(found),
        }
    }

    fn keep(&mut self) {
        self.put(self.peek(0));
    }

    fn blank(&mut self) {
        self.put(if self.peek(0) == '\n' { '\n' } else { ' ' });
    }

    /// Writes one character for the next of the source; nothing at its end.
    fn put(&mut self, character: char) {
        if self.at < self.chars.len() {
            self.out.push(character);
            self.at += 1;
        }
    }

    fn blank_while(&mut self, more: impl Fn(&Self) -> bool) {
        while self.at < self.chars.len() && more(self) {
            self.blank();
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        while self.at < self.chars.len() {
            match (self.peek(0), self.peek(1)) {
                ('/', '*') => depth += 1,
                ('*', '/') => depth -= 1,
                _ => {
                    self.blank();
                    continue;
                }
            }
            self.blank();
            self.blank();
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.keep();
        while self.at < self.chars.len() {
            match self.peek(0) {
                '"' => return self.keep(),
                '\\' => {
                    self.blank();
                    self.blank();
                }
                _ => self.blank(),
            }
        }
    }

    fn raw_string(&mut self) {
        let hashes = self.chars[self.at + 1..].iter().take_while(|found| **found == '#').count();
        if self.peek(1 + hashes) != '"' {
            return self.keep(); // A raw identifier such as r#type.
        }
        for _ in 0..hashes + 2 {
            self.keep();
        }
        let closes = |masker: &Self| {
            masker.peek(0) == '"' && (1..=hashes).all(|ahead| masker.peek(ahead) == '#')
        };
        self.blank_while(|masker| !closes(masker));
        for _ in 0..=hashes {
            self.keep();
        }
    }

    /// A character literal is blanked; a lifetime has no closing quote and stays.
    fn quote(&mut self) {
        self.keep();
        if self.peek(0) == '\\' {
            self.blank();
            self.blank();
            self.blank_while(|masker| !matches!(masker.peek(0), '\'' | '\n'));
        } else if self.peek(1) == '\'' {
            self.blank();
        } else {
            return;
        }
        if self.peek(0) == '\'' {
            self.keep();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn comments_and_literals_go_and_code_stays() {
        assert_eq!(mask("a // b\nc"), "a     \nc");
        assert_eq!(mask("a /* x /* y */ z */ b"), "a                   b");
        assert_eq!(mask(r#"f("a\"}b") }"#), r#"f("     ") }"#);
        assert_eq!(mask("'{' '\\'' '\\u{7d}' 'a fn"), "' ' '  ' '      ' 'a fn");
    }

    #[test]
    fn raw_strings_end_at_their_own_hashes() {
        assert_eq!(mask(r###"r#"a " }"# x"###), r###"r#"     "# x"###);
        assert_eq!(mask(r###"br"{" r#type"###), r###"br" " r#type"###);
        assert_eq!(mask(r###"for"{""###), r###"for" ""###);
    }

    #[test]
    fn line_ends_survive_and_unfinished_input_is_no_trouble() {
        assert_eq!(mask("\"a\nb"), "\" \n ");
        assert_eq!(mask("/* a\n"), "    \n");
        for tail in ["'", "'\\", "r#", "r#\"", "\"\\", "/*", "//"] {
            assert_eq!(mask(tail).len(), tail.len(), "{tail}");
        }
    }
}
