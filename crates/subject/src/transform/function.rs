//! The functions of a transform's destination.

/// A function with its arguments; tokens are counted from 0 in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Function {
    /// The token itself.
    Wildcard { token: usize },
    /// A number below `buckets` by hash of the tokens, or of the subject when there are none.
    Partition { buckets: u32, tokens: Vec<usize> },
    /// A random number below `bound`; 0 when that is 0.
    Random { bound: u32 },
    /// The token, with dots in place of a delimiter.
    Split { token: usize, delimiter: Vec<u8> },
    /// The token, cut by length.
    Cut { token: usize, size: i32, how: Cut },
}

/// Ways to cut a token. A size that is not between 0 and the token's length leaves it whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    SplitFromLeft,
    SplitFromRight,
    SliceFromLeft,
    SliceFromRight,
    Left,
    Right,
}

impl Function {
    /// Writes what it gives for a subject, which is `given` in tokens.
    pub(super) fn write(
        &self,
        subject: &[u8],
        given: &[&[u8]],
        random: &mut impl FnMut() -> u32,
        out: &mut Vec<u8>,
    ) {
        let token = |index: &usize| given.get(*index).copied().unwrap_or_default();
        match self {
            Self::Wildcard { token: index } => out.extend_from_slice(token(index)),
            Self::Partition { buckets, tokens } => {
                let hash = if tokens.is_empty() {
                    fnv1a(FNV_START, subject)
                } else {
                    tokens.iter().fold(FNV_START, |hash, index| fnv1a(hash, token(index)))
                };
                number(hash.checked_rem(*buckets), out);
            }
            Self::Random { bound } => number((random() >> 1).checked_rem(*bound), out),
            Self::Split { token: index, delimiter } => split(token(index), delimiter, out),
            Self::Cut { token: index, size, how } => cut(token(index), *size, *how, out),
        }
    }
}

/// A division by zero gives 0.
fn number(value: Option<u32>, out: &mut Vec<u8>) {
    out.extend_from_slice(value.unwrap_or_default().to_string().as_bytes());
}

const FNV_START: u32 = 0x811c_9dc5;

fn fnv1a(start: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(start, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// Dots stand between parts that are not empty only, so that no empty token comes out.
fn split(token: &[u8], delimiter: &[u8], out: &mut Vec<u8>) {
    let mut first = true;
    for part in parts(token, delimiter).into_iter().filter(|part| !part.is_empty()) {
        if !first {
            out.push(b'.');
        }
        first = false;
        out.extend_from_slice(part);
    }
}

/// The parts between delimiters; with an empty delimiter, every character.
fn parts<'a>(token: &'a [u8], delimiter: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let mut rest = token;
    if delimiter.is_empty() {
        for chunk in token.utf8_chunks() {
            let characters = chunk.valid().char_indices();
            let valid = chunk.valid().as_bytes();
            parts.extend(characters.map(|(at, found)| &valid[at..at + found.len_utf8()]));
            parts.extend(chunk.invalid().chunks(1));
        }
        return parts;
    }
    while let Some(at) = memchr::memmem::find(rest, delimiter) {
        parts.push(&rest[..at]);
        rest = &rest[at + delimiter.len()..];
    }
    parts.push(rest);
    parts
}

fn cut(token: &[u8], size: i32, how: Cut, out: &mut Vec<u8>) {
    let size = match usize::try_from(size) {
        Ok(size) if size > 0 && size < token.len() => size,
        _ => {
            out.extend_from_slice(token);
            return;
        }
    };
    let from_right = token.len() - size;
    let pieces: Vec<&[u8]> = match how {
        Cut::SplitFromLeft => vec![&token[..size], &token[size..]],
        Cut::SplitFromRight => vec![&token[..from_right], &token[from_right..]],
        Cut::SliceFromLeft => token.chunks(size).collect(),
        Cut::SliceFromRight => {
            let mut pieces: Vec<&[u8]> = token.rchunks(size).collect();
            pieces.reverse();
            pieces
        }
        Cut::Left => vec![&token[..size]],
        Cut::Right => vec![&token[from_right..]],
    };
    out.extend_from_slice(&pieces.join(&b'.'));
}
