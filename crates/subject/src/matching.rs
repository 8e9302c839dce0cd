//! Relations between two subjects: match, subset, collision.
//!
//! No trie is involved; the cost is linear in the length of the shorter subject and nothing is
//! allocated. A wildcard is a wildcard only as a whole token; nats-server's `isSubsetMatch` and
//! `SubjectsCollide` also take a longer token that begins with `*` for one, which its own trie
//! does not, and which would let `*x` grant every token.

use crate::grammar::{ANY_TAIL, ANY_TOKEN, has_wildcards, tokens};

/// Whether a message published to `subject` reaches a subscription to `filter`. Every token of
/// `subject` is taken literally, even `*` and `>`.
#[must_use]
pub fn matches(filter: &[u8], subject: &[u8]) -> bool {
    let mut rest = tokens(subject);
    for wanted in tokens(filter) {
        let Some(token) = rest.next() else {
            return false;
        };
        if wanted.is_empty() || token.is_empty() {
            return false;
        }
        if wanted == ANY_TAIL {
            return rest.all(|token| !token.is_empty());
        }
        if wanted != ANY_TOKEN && wanted != token {
            return false;
        }
    }
    rest.next().is_none()
}

/// Whether every subject that `inner` matches is matched by `outer` too. Both may hold wildcards.
#[must_use]
pub fn is_subset(inner: &[u8], outer: &[u8]) -> bool {
    let mut rest = tokens(inner);
    for wanted in tokens(outer) {
        let Some(token) = rest.next() else {
            return false;
        };
        if wanted.is_empty() {
            return false;
        }
        if wanted == ANY_TAIL {
            return true;
        }
        if token.is_empty() || token == ANY_TAIL {
            return false;
        }
        if wanted != ANY_TOKEN && wanted != token {
            return false;
        }
    }
    rest.next().is_none()
}

/// Whether some literal subject is matched by both. Symmetric; both may hold wildcards.
#[must_use]
pub fn collide(left: &[u8], right: &[u8]) -> bool {
    if left == right {
        return true;
    }
    if !has_wildcards(left) && !has_wildcards(right) {
        return false;
    }
    let (mut left, mut right) = (tokens(left), tokens(right));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return true,
            (None, Some(_)) | (Some(_), None) => return false,
            (Some(a), Some(b)) if a.is_empty() || b.is_empty() => return false,
            (Some(a), Some(b)) if a == ANY_TAIL || b == ANY_TAIL => return true,
            (Some(a), Some(b)) if a != b && a != ANY_TOKEN && b != ANY_TOKEN => return false,
            (Some(_), Some(_)) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_match(filter: &str, subject: &str) -> bool {
        matches(filter.as_bytes(), subject.as_bytes())
    }

    #[test]
    fn filters_match_by_token() {
        for (filter, subject) in [
            ("a", "a"),
            ("a.b", "a.b"),
            ("*", "a"),
            ("*.b", "a.b"),
            ("a.*.c", "a.b.c"),
            (">", "a"),
            (">", "a.b.c"),
            ("a.>", "a.b.c"),
            ("*.>", "a.b"),
            ("a*.b", "a*.b"),
        ] {
            assert!(is_match(filter, subject), "{filter} {subject}");
        }
    }

    #[test]
    fn filters_refuse_other_subjects() {
        for (filter, subject) in [
            ("a", "b"),
            ("a", "a.b"),
            ("a.b", "a"),
            ("*", "a.b"),
            ("a.>", "a"),
            ("*.*", "a"),
            ("a*", "ab"),
            (">", ""),
            (">", "a..b"),
            (">", "a."),
            ("*", ""),
            ("", ""),
            ("a..b", "a..b"),
        ] {
            assert!(!is_match(filter, subject), "{filter} {subject}");
        }
    }

    #[test]
    fn published_wildcards_are_literal_tokens() {
        assert!(is_match("foo.*", "foo.*"));
        assert!(is_match("foo.>", "foo.*"));
        assert!(is_match("foo.*", "foo.>"));
        assert!(!is_match("foo.x", "foo.*"));
        assert!(!is_match("foo.x", "foo.>"));
    }

    #[test]
    fn subset_is_containment() {
        let subset = |inner: &str, outer: &str| is_subset(inner.as_bytes(), outer.as_bytes());
        for (inner, outer) in [
            ("a.b", "a.*"),
            ("a.*", "a.*"),
            ("a.*", ">"),
            ("a.*", "*.*"),
            ("a.>", "a.>"),
            ("a.*.>", "a.>"),
            ("a.b.>", "*.>"),
        ] {
            assert!(subset(inner, outer), "{inner} {outer}");
        }
        for (inner, outer) in [
            ("a.*", "a.b"),
            ("a.>", "a.*"),
            ("a.>", "a.*.>"),
            ("a", "a.>"),
            (">", "*"),
            ("a.b.c", "a.b"),
            ("ab", "*b"),
        ] {
            assert!(!subset(inner, outer), "{inner} {outer}");
        }
    }

    #[test]
    fn collision_is_symmetric() {
        let both = |left: &str, right: &str| {
            let there = collide(left.as_bytes(), right.as_bytes());
            assert_eq!(there, collide(right.as_bytes(), left.as_bytes()));
            there
        };
        for (left, right) in [
            ("a", "a"),
            ("a.*", "*.b"),
            ("a.>", "*.b.c"),
            ("a.>", "a.*.>"),
            (">", "*"),
            ("foo.*", "foo.>"),
        ] {
            assert!(both(left, right), "{left} {right}");
        }
        for (left, right) in [
            ("a", "b"),
            ("a.*", "b.*"),
            ("foo", "foo.>"),
            ("*.>", "*"),
            ("a.*", "a.*.*"),
            ("*b", "ab"),
        ] {
            assert!(!both(left, right), "{left} {right}");
        }
    }
}
