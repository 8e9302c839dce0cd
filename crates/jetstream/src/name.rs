//! Names of streams and consumers.

use std::fmt;

/// The longest name of a stream or a consumer, in bytes.
pub const NAME_BYTES_MAX: usize = 255;

/// A stream's name: 1 to 255 bytes without white space, `.`, `*`, `>`, `/` and `\`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamName(Box<str>);

impl StreamName {
    /// Nothing when `name` is not well formed or too long.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        (is_well_formed(name) && name.len() <= NAME_BYTES_MAX).then(|| Self(name.into()))
    }

    /// The name as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether `name` is not empty and has no forbidden character; says nothing of its length.
#[must_use]
pub fn is_well_formed(name: &str) -> bool {
    !name.is_empty() && !name.contains([' ', '\t', '\r', '\n', '\u{c}', '.', '*', '>', '\\', '/'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_no_separators_wildcards_or_spaces() {
        for good in ["a", "ORDERS", "KV_x-y", "é", "$x", &"n".repeat(255)] {
            assert_eq!(StreamName::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "a.b", "a b", "*", ">", "a/b", "a\\b", "a\n", "\u{c}", &"n".repeat(256)] {
            assert_eq!(StreamName::new(bad), None, "{bad}");
        }
    }
}
