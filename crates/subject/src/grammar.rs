//! The grammar of subjects: tokens, wildcards, and what is well formed.
//!
//! A subject is a list of tokens separated by `.`. A token that is exactly `*` stands for one
//! token, one that is exactly `>` and last stands for one or more. `*` and `>` inside a longer
//! token are ordinary bytes. The rules follow nats-server's `server/sublist.go`
//! (`IsValidSubject`, `IsValidLiteralSubject`, `subjectIsLiteral`).

/// The byte between two tokens.
pub const SEPARATOR: u8 = b'.';
/// The token that stands for exactly one token.
pub const ANY_TOKEN: &[u8] = b"*";
/// The token that, in last place, stands for one or more tokens.
pub const ANY_TAIL: &[u8] = b">";

/// The tokens of `subject` in order, empty ones included; an empty subject has one empty token.
pub fn tokens(subject: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> + Clone {
    subject.split(|&byte| byte == SEPARATOR)
}

/// How many tokens `subject` has; 0 only when it is empty.
#[must_use]
pub fn token_count(subject: &[u8]) -> usize {
    if subject.is_empty() {
        return 0;
    }
    memchr::memchr_iter(SEPARATOR, subject).count() + 1
}

/// Whether `subject` may be subscribed to: no empty token, no white space, `>` only in last place.
#[must_use]
pub fn is_valid_subject(subject: &[u8]) -> bool {
    let mut tail_seen = false;
    for token in tokens(subject) {
        if token.is_empty() || tail_seen || token.iter().any(|&byte| is_space(byte)) {
            return false;
        }
        tail_seen = token == ANY_TAIL;
    }
    true
}

/// Whether `subject` has no token that is a wildcard. Says nothing about being well formed.
#[must_use]
pub fn is_literal(subject: &[u8]) -> bool {
    !has_wildcards(subject)
}

/// Whether `subject` has a token that is a wildcard. Says nothing about being well formed.
#[must_use]
pub fn has_wildcards(subject: &[u8]) -> bool {
    memchr::memchr2_iter(b'*', b'>', subject).any(|at| stands_alone(subject, at))
}

/// Whether a pedantic client may publish to `subject`: no empty token and no wildcard. White space
/// is not looked for, as on the wire it cannot be part of a subject.
#[must_use]
pub fn is_valid_literal(subject: &[u8]) -> bool {
    has_no_empty_token(subject) && is_literal(subject)
}

/// Whether every token of `subject` has at least one byte. Nothing is ever delivered for a subject
/// that fails this, whatever it contains otherwise.
#[must_use]
pub fn has_no_empty_token(subject: &[u8]) -> bool {
    let mut start = 0;
    for at in memchr::memchr_iter(SEPARATOR, subject) {
        if at == start {
            return false;
        }
        start = at + 1;
    }
    start < subject.len()
}

fn stands_alone(subject: &[u8], at: usize) -> bool {
    let opens = at == 0 || subject[at - 1] == SEPARATOR;
    let closes = at + 1 == subject.len() || subject[at + 1] == SEPARATOR;
    opens && closes
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_lists_tokens() {
        assert_eq!(token_count(b""), 0);
        assert_eq!(token_count(b"a"), 1);
        assert_eq!(token_count(b"a..b"), 3);
        let listed: Vec<&[u8]> = tokens(b"a..bc").collect();
        assert_eq!(listed, [&b"a"[..], b"", b"bc"]);
    }

    #[test]
    fn accepts_well_formed_subjects() {
        for good in
            ["a", "a.b", "*", ">", "a.*", "*.a.>", "a*", "a>.b", "a.>b", "**", ">>.x", "\u{1}"]
        {
            assert!(is_valid_subject(good.as_bytes()), "{good}");
        }
    }

    #[test]
    fn refuses_malformed_subjects() {
        for bad in [
            "", ".", ".a", "a.", "a..b", ">.a", "a.>.b", "a.>.", "a b", "a\tb", " ", "a.\n", "\r",
            "\u{c}",
        ] {
            assert!(!is_valid_subject(bad.as_bytes()), "{bad:?}");
        }
    }

    #[test]
    fn wildcards_count_only_as_whole_tokens() {
        for wild in ["*", ">", "a.*", "*.a", "a.>", "a.>.b", "a*.*"] {
            assert!(has_wildcards(wild.as_bytes()), "{wild}");
            assert!(!is_literal(wild.as_bytes()), "{wild}");
        }
        for literal in ["", "a", "a*", "*a.b", "a.>b", "**", "a.b>.c"] {
            assert!(is_literal(literal.as_bytes()), "{literal}");
        }
    }

    #[test]
    fn literal_validity_refuses_wildcards_and_empty_tokens_but_not_spaces() {
        assert!(is_valid_literal(b"a.b*"));
        assert!(is_valid_literal(b"a b"));
        for bad in ["", ".", "a.", "a..b", "a.*", ">"] {
            assert!(!is_valid_literal(bad.as_bytes()), "{bad}");
        }
    }
}
