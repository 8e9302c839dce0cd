//! Reading a destination: literal tokens, `$1`, `{{function(arguments)}}`.

use super::Part;
use super::function::{Cut, Function};
use crate::grammar::{ANY_TAIL, ANY_TOKEN, tokens};

/// Why a transform is refused. Displayed in the words of nats-server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransformError {
    /// Source or destination is no subject, or wildcards stand where the other has none.
    #[error("invalid subject")]
    Subject,
    /// The destination is no subject, from this token on.
    #[error("invalid mapping destination: invalid transform{}", behind(.0))]
    Destination(String),
    /// A function that does not exist.
    #[error("invalid mapping destination: unknown function{}", behind(.0))]
    UnknownFunction(String),
    /// A wildcard that the source does not have.
    #[error("invalid mapping destination: wildcard index out of range{}", behind(.0))]
    IndexOutOfRange(String),
    /// Too few arguments.
    #[error(
        "invalid mapping destination: not enough arguments passed to the function{}",
        behind(.0)
    )]
    NotEnoughArguments(String),
    /// An argument that is no number, too large a one, or no delimiter.
    #[error(
        "invalid mapping destination: function argument is invalid or in the wrong format{}",
        behind(.0)
    )]
    InvalidArgument(String),
    /// Too many arguments.
    #[error("invalid mapping destination: too many arguments passed to the function{}", behind(.0))]
    TooManyArguments(String),
}

fn behind(token: &str) -> String {
    if token.is_empty() { String::new() } else { format!(" in {token}") }
}

/// Checks a transform as stream configurations have it: an empty destination is fine.
///
/// # Errors
/// What is wrong, in the order in which nats-server looks.
pub fn validate(source: &[u8], destination: &[u8]) -> Result<(), TransformError> {
    if destination.is_empty() {
        return Ok(());
    }
    let mut tail_seen = false;
    for token in tokens(destination) {
        if token.is_empty() || tail_seen {
            return Err(TransformError::Destination(text(token)));
        }
        if is_function(token) {
            if Call::find(token).is_none() {
                return Err(TransformError::UnknownFunction(text(token)));
            }
        } else if token == ANY_TAIL {
            tail_seen = true;
        } else if token.iter().any(|byte| is_space(*byte)) {
            return Err(TransformError::Destination(String::new()));
        }
    }
    super::SubjectTransform::new(source, destination).map(|_| ())
}

/// The parts of a destination that fits `source`, which is not empty.
pub(super) fn destination(source: &[u8], text: &[u8]) -> Result<Vec<Part>, TransformError> {
    let from = Shape::of(source).ok_or(TransformError::Subject)?;
    let to = Shape::of(text).ok_or(TransformError::Subject)?;
    if !to.wildcards.is_empty() || from.has_tail != to.has_tail {
        return Err(TransformError::Subject);
    }
    tokens(text).map(|token| part(token, &from)).collect()
}

/// Where the wildcards of a subject are.
struct Shape {
    wildcards: Vec<usize>,
    has_tail: bool,
}

impl Shape {
    /// Nothing when a token is empty, or one follows the tail.
    fn of(subject: &[u8]) -> Option<Self> {
        let mut shape = Self { wildcards: Vec::new(), has_tail: false };
        for (index, token) in tokens(subject).enumerate() {
            if token.is_empty() || shape.has_tail {
                return None;
            }
            if token == ANY_TOKEN {
                shape.wildcards.push(index);
            }
            shape.has_tail = token == ANY_TAIL;
        }
        Some(shape)
    }

    fn is_literal(&self) -> bool {
        self.wildcards.is_empty() && !self.has_tail
    }

    /// The token of the wildcard with this number; numbers below 1 are the first token.
    fn token(&self, number: i64, token: &[u8]) -> Result<usize, TransformError> {
        let Ok(number) = usize::try_from(number) else { return Ok(0) };
        if number == 0 {
            return Ok(0);
        }
        let found = self.wildcards.get(number - 1).copied();
        found.ok_or_else(|| TransformError::IndexOutOfRange(format!("{}: [{number}]", text(token))))
    }
}

fn part(token: &[u8], from: &Shape) -> Result<Part, TransformError> {
    if token == ANY_TAIL {
        return Ok(Part::Tail);
    }
    let function = if let Some(number) = token.strip_prefix(b"$").and_then(integer) {
        Numbered::Wildcard(number)
    } else if is_function(token) {
        let call = Call::find(token);
        let call = call.ok_or_else(|| TransformError::UnknownFunction(text(token)))?;
        call.function(token)?
    } else {
        return Ok(Part::Literal(token.to_vec()));
    };
    resolve(function, token, from).map(Part::Function)
}

/// A function whose tokens are still numbers of wildcards.
enum Numbered {
    Wildcard(i64),
    Partition(u32, Vec<i64>),
    Random(u32),
    Split(i64, Vec<u8>),
    Cut(i64, i32, Cut),
}

fn resolve(function: Numbered, token: &[u8], from: &Shape) -> Result<Function, TransformError> {
    let needs_wildcards = !matches!(function, Numbered::Partition(..) | Numbered::Random(_));
    if from.is_literal() && needs_wildcards {
        return Err(TransformError::IndexOutOfRange(text(token)));
    }
    Ok(match function {
        Numbered::Wildcard(number) => Function::Wildcard { token: from.token(number, token)? },
        // Without wildcards in the source the numbers say nothing.
        Numbered::Partition(buckets, _) if from.is_literal() => {
            Function::Partition { buckets, tokens: Vec::new() }
        }
        Numbered::Partition(buckets, numbers) => {
            let tokens = numbers.into_iter().map(|number| from.token(number, token));
            Function::Partition { buckets, tokens: tokens.collect::<Result<_, _>>()? }
        }
        Numbered::Random(bound) => Function::Random { bound },
        Numbered::Split(number, delimiter) => {
            Function::Split { token: from.token(number, token)?, delimiter }
        }
        Numbered::Cut(number, size, how) => {
            Function::Cut { token: from.token(number, token)?, size, how }
        }
    })
}

/// Whether the token stands in double braces with something between them.
fn is_function(token: &[u8]) -> bool {
    token.len() > 4 && token.starts_with(b"{{") && token.ends_with(b"}}")
}

#[derive(Clone, Copy)]
enum Name {
    Wildcard,
    Partition,
    Random,
    Split,
    Cut(Cut),
}

/// Names in words: the first letter of each may be a capital.
const NAMES: [(&[&str], Name); 10] = [
    (&["wildcard"], Name::Wildcard),
    (&["partition"], Name::Partition),
    (&["split", "from", "left"], Name::Cut(Cut::SplitFromLeft)),
    (&["split", "from", "right"], Name::Cut(Cut::SplitFromRight)),
    (&["slice", "from", "left"], Name::Cut(Cut::SliceFromLeft)),
    (&["slice", "from", "right"], Name::Cut(Cut::SliceFromRight)),
    (&["right"], Name::Cut(Cut::Right)),
    (&["left"], Name::Cut(Cut::Left)),
    (&["split"], Name::Split),
    (&["random"], Name::Random),
];

/// Longest token that may be a call.
const CALL_BYTES_MAX: usize = 1024;

/// A call of a known function, with its arguments as they stand.
struct Call<'a> {
    name: Name,
    arguments: Vec<&'a [u8]>,
}

impl<'a> Call<'a> {
    /// The first call in a token. A long token has none: looking would take its length squared.
    fn find(token: &'a [u8]) -> Option<Self> {
        if token.len() > CALL_BYTES_MAX {
            return None;
        }
        let starts = memchr::memmem::find_iter(token, b"{{");
        starts.filter_map(|at| Self::parse(&token[at + 2..])).next()
    }

    fn parse(text: &'a [u8]) -> Option<Self> {
        let text = trim_start(text);
        let (name, rest) =
            NAMES.iter().find_map(|(words, name)| Some((*name, after_name(text, words)?)))?;
        let rest = trim_start(rest).strip_prefix(b"(")?;
        let closing = memchr::memrchr_iter(b')', rest)
            .find(|at| trim_start(&rest[at + 1..]).starts_with(b"}}"))?;
        let inside = &rest[..closing];
        let arguments = inside.split(|byte| *byte == b',').enumerate();
        let arguments = arguments.map(|(at, part)| if at == 0 { part } else { trim_start(part) });
        Some(Self { name, arguments: arguments.collect() })
    }

    fn function(&self, token: &[u8]) -> Result<Numbered, TransformError> {
        let invalid = || TransformError::InvalidArgument(text(token));
        let few = || TransformError::NotEnoughArguments(text(token));
        let many = || TransformError::TooManyArguments(text(token));
        let number = |at: usize| integer(trim_spaces(self.arguments[at])).ok_or_else(invalid);
        let bound = || low_half(number(0)?).ok_or_else(invalid);
        match (self.name, self.arguments.len()) {
            (Name::Wildcard, 1) if self.arguments[0].is_empty() => Err(few()),
            (Name::Wildcard, 1) => Ok(Numbered::Wildcard(number(0)?)),
            (Name::Wildcard, _) => Err(many()),
            (Name::Partition, count) => {
                let buckets = bound()?;
                let numbers = (1..count).map(number).collect::<Result<_, _>>()?;
                Ok(Numbered::Partition(buckets, numbers))
            }
            (Name::Random, 1) => {
                // The sign is lost in the remainder.
                let signed = i32::from_ne_bytes(bound()?.to_ne_bytes());
                Ok(Numbered::Random(signed.unsigned_abs()))
            }
            (Name::Random | Name::Split | Name::Cut(_), 0 | 1) | (Name::Random, _) => Err(few()),
            (Name::Split, 2) => {
                let index = number(0)?;
                let delimiter = self.arguments[1];
                if delimiter.contains(&b' ') || delimiter.contains(&b'.') {
                    return Err(invalid());
                }
                Ok(Numbered::Split(index, delimiter.to_vec()))
            }
            (Name::Cut(how), 2) => {
                let index = number(0)?;
                let size = i32::try_from(number(1)?).map_err(|_| invalid())?;
                Ok(Numbered::Cut(index, size, how))
            }
            (Name::Split | Name::Cut(_), _) => Err(many()),
        }
    }
}

/// What follows a name that is made of these words.
fn after_name<'a>(mut text: &'a [u8], words: &[&str]) -> Option<&'a [u8]> {
    for word in words {
        let word = word.as_bytes();
        let (found, rest) = text.split_at_checked(word.len())?;
        if !found[0].eq_ignore_ascii_case(&word[0]) || found[1..] != word[1..] {
            return None;
        }
        text = rest;
    }
    Some(text)
}

/// The number as Go keeps it in 32 bits: nothing above their maximum, wrapped below.
fn low_half(number: i64) -> Option<u32> {
    if number > i64::from(i32::MAX) {
        return None;
    }
    u32::try_from(number & 0xffff_ffff).ok()
}

fn integer(text: &[u8]) -> Option<i64> {
    str::from_utf8(text).ok()?.parse().ok()
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)
}

fn trim_start(text: &[u8]) -> &[u8] {
    let spaces = text.iter().take_while(|byte| is_space(**byte)).count();
    &text[spaces..]
}

fn trim_spaces(mut text: &[u8]) -> &[u8] {
    while let Some(rest) = text.strip_prefix(b" ") {
        text = rest;
    }
    while let Some(rest) = text.strip_suffix(b" ") {
        text = rest;
    }
    text
}

fn text(token: &[u8]) -> String {
    String::from_utf8_lossy(token).into_owned()
}
