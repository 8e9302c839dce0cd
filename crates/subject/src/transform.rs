//! Subject transforms: a pattern, and what the subjects that match it become.
//!
//! Where transforms apply (accounts, streams) is not decided here. The functions and the words of
//! errors follow nats-server's `server/subject_transform.go` and `ValidateMapping` in
//! `server/sublist.go`.

mod function;
mod parse;

use crate::grammar::{ANY_TAIL, is_valid_literal, tokens};
use crate::matching::matches;

use function::Function;
pub use parse::{TransformError, validate};

/// A transform that is well formed.
#[derive(Clone, Debug)]
pub struct SubjectTransform {
    source: Vec<u8>,
    source_tokens: usize,
    destination: Vec<Part>,
}

/// What one token of the destination gives.
#[derive(Clone, Debug)]
enum Part {
    Literal(Vec<u8>),
    /// What the source's tail matched.
    Tail,
    Function(Function),
}

impl SubjectTransform {
    /// From a pattern (empty for every subject) and a destination that is not empty.
    ///
    /// # Errors
    /// What is wrong with either, or that they do not fit each other.
    pub fn new(source: &[u8], destination: &[u8]) -> Result<Self, TransformError> {
        let source = if source.is_empty() { ANY_TAIL } else { source };
        let parts = parse::destination(source, destination)?;
        Ok(Self {
            source: source.to_vec(),
            source_tokens: tokens(source).count(),
            destination: parts,
        })
    }

    /// The subjects that it changes.
    #[must_use]
    pub fn source(&self) -> &[u8] {
        &self.source
    }

    /// What `subject` becomes; nothing when it is not literal or the source does not match it.
    /// `random` gives numbers for the function of that name.
    pub fn apply(&self, subject: &[u8], random: impl FnMut() -> u32) -> Option<Vec<u8>> {
        let matching = is_valid_literal(subject) && matches(&self.source, subject);
        matching.then(|| self.apply_unmatched(subject, random))
    }

    /// What `subject` becomes. The caller knows that the source matches it; tokens that it does
    /// not have are empty.
    pub fn apply_unmatched(&self, subject: &[u8], mut random: impl FnMut() -> u32) -> Vec<u8> {
        let given: Vec<&[u8]> = tokens(subject).collect();
        let mut out = Vec::with_capacity(subject.len() + 16);
        for (index, part) in self.destination.iter().enumerate() {
            if index > 0 {
                out.push(b'.');
            }
            match part {
                Part::Literal(text) => out.extend_from_slice(text),
                Part::Tail => {
                    let tail = given.get(self.source_tokens - 1..).unwrap_or_default();
                    out.extend_from_slice(&tail.join(&b'.'));
                }
                Part::Function(function) => function.write(subject, &given, &mut random, &mut out),
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(source: &str, destination: &str, subject: &str) -> Option<String> {
        let transform = SubjectTransform::new(source.as_bytes(), destination.as_bytes()).unwrap();
        let out = transform.apply(subject.as_bytes(), || 7)?;
        Some(String::from_utf8(out).unwrap())
    }

    fn mapped(destination: &str) -> String {
        applied("a.*.*", destination, "a.foobar.x-y-z").unwrap()
    }

    #[test]
    fn wildcards_and_tails_are_taken_over() {
        assert_eq!(mapped("b.$2.$1"), "b.x-y-z.foobar");
        assert_eq!(mapped("{{wildcard(2)}}.{{Wildcard( 1 )}}"), "x-y-z.foobar");
        assert_eq!(applied("a.*.>", "b.>", "a.b.c.d").unwrap(), "b.c.d");
        assert_eq!(applied("", "b.>", "c.d").unwrap(), "b.c.d");
        assert_eq!(applied(">", ">", "c.d").unwrap(), "c.d");
        assert_eq!(applied("a", "b.c", "a").unwrap(), "b.c");
        // nats-server takes an index below 1 for the subject's first token.
        assert_eq!(mapped("$0.$-1"), "a.a");
        assert_eq!(mapped("$x.{{wildcard(1)}}x"), "$x.{{wildcard(1)}}x");
    }

    #[test]
    fn subjects_that_do_not_match_stay() {
        assert_eq!(applied("a.*", "b.$1", "a"), None);
        assert_eq!(applied("a.*", "b.$1", "a.*"), None);
        assert_eq!(applied("a.*", "b.$1", "a..b"), None);
    }

    #[test]
    fn tokens_are_split_and_cut() {
        for (destination, expected) in [
            ("{{splitfromleft(1,2)}}", "fo.obar"),
            ("{{SplitFromLeft(1,6)}}", "foobar"),
            ("{{splitfromright(1,2)}}", "foob.ar"),
            ("{{splitFromRight(1,0)}}", "foobar"),
            ("{{slicefromleft(1,4)}}", "foob.ar"),
            ("{{slicefromleft(1,2)}}", "fo.ob.ar"),
            ("{{slicefromright(1,4)}}", "fo.obar"),
            ("{{slicefromright(1,3)}}", "foo.bar"),
            ("{{slicefromright(1,-3)}}", "foobar"),
            ("{{left(1,2)}}", "fo"),
            ("{{right(1,2)}}", "ar"),
            ("{{right(1,9)}}", "foobar"),
            ("{{split(2,-)}}", "x.y.z"),
            ("{{random(5)}}", "3"),
            ("{{random(0)}}", "0"),
        ] {
            assert_eq!(mapped(destination), expected, "{destination}");
        }
        let split = |subject| applied("*", "{{split(1,-)}}", subject).unwrap();
        assert_eq!(split("-a--b-"), "a.b");
        assert_eq!(applied("*", "{{split(1,)}}", "abc").unwrap(), "a.b.c");
    }

    #[test]
    fn partitions_are_those_of_nats_server() {
        // FNV-1a of "foobar" is 0xbf9cf968.
        assert_eq!(mapped("{{partition(1000,1)}}"), "720");
        assert_eq!(mapped("{{partition(0,1)}}"), "0");
        assert_eq!(applied("foobar", "{{partition(1000)}}", "foobar").unwrap(), "720");
        assert_eq!(
            applied("a.*.*", "{{partition(10,1,2)}}", "a.foo.bar"),
            applied("a.*", "{{partition(10,1)}}", "a.foobar")
        );
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_words_of_nats_server() {
        let long = "invalid mapping destination: ";
        for (source, destination, expected) in [
            ("a.*.*", "$3", "wildcard index out of range in $3: [3]"),
            ("a", "$1", "wildcard index out of range in $1"),
            (
                "a.*",
                "{{wildcard()}}",
                "not enough arguments passed to the function in {{wildcard()}}",
            ),
            (
                "a.*",
                "{{wildcard(1,2)}}",
                "too many arguments passed to the function in {{wildcard(1,2)}}",
            ),
            (
                "a.*",
                "{{wildcard(a)}}",
                "function argument is invalid or in the wrong format in {{wildcard(a)}}",
            ),
            ("a.*", "{{foo(1)}}", "unknown function in {{foo(1)}}"),
            ("a.*", "{{sPlit(1,-)}}", "unknown function in {{sPlit(1,-)}}"),
            ("a.*", "{{split(1)}}", "not enough arguments passed to the function in {{split(1)}}"),
            ("b.>", "y.>.z", "invalid transform in z"),
            ("b.>", "y..z", "invalid transform"),
            ("a", "y z", "invalid transform"),
        ] {
            let error = validate(source.as_bytes(), destination.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), format!("{long}{expected}"), "{source} {destination}");
        }
        for (source, destination) in [("a.*", "x.*"), ("a.*", "x.>"), ("b.>", "y"), ("a..b", "c")] {
            let error = validate(source.as_bytes(), destination.as_bytes()).unwrap_err();
            assert_eq!(error, TransformError::Subject);
        }
    }

    #[test]
    fn what_looks_odd_and_nats_server_takes_is_taken() {
        for destination in [
            "",
            "{{{{wildcard(1)}}}}",
            "{{wildcard(+1)}}",
            "{{ wildcard(1)}}",
            "{{}}",
            "{{split(1,)}}",
            "{{partition(-1,1)}}",
            "{{partition(3,-1)}}",
            "{{left(1,2)}}",
        ] {
            assert_eq!(validate(b"a.*.*", destination.as_bytes()), Ok(()), "{destination}");
        }
        assert_eq!(validate(b"a", b"{{partition(3,1)}}"), Ok(()));
    }
}
