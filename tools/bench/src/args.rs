//! The command line: `--name value` pairs and `--name` flags, in any order.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::error::{Error, Result};

/// The options of one run. A flag has an empty value.
#[derive(Debug, Default)]
pub(crate) struct Args(BTreeMap<String, String>);

impl Args {
    /// Reads the words that follow the mode.
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Args> {
        let mut options = BTreeMap::new();
        let mut words = words.peekable();
        while let Some(word) = words.next() {
            let Some(name) = word.strip_prefix("--") else {
                return Err(Error::Usage(format!("expected an option, found {word:?}")));
            };
            let value = words.next_if(|next| !next.starts_with("--")).unwrap_or_default();
            options.insert(name.to_owned(), value);
        }
        Ok(Args(options))
    }

    /// Whether the option was given, with or without a value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The text of an option.
    pub(crate) fn text<'a>(&'a self, name: &str, default: &'a str) -> &'a str {
        self.0.get(name).map_or(default, String::as_str)
    }

    /// The number that an option gives.
    pub(crate) fn number<T: FromStr>(&self, name: &str, default: T) -> Result<T> {
        match self.0.get(name) {
            None => Ok(default),
            Some(text) => text
                .parse()
                .map_err(|_| Error::Usage(format!("--{name} wants a number, not {text:?}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Args> {
        Args::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn tells_flags_from_options_with_values() {
        let args = parsed("--queue --size 16").unwrap();
        assert!(args.has("queue"));
        assert_eq!(args.text("queue", "none"), "");
        assert_eq!(args.number("size", 128usize).unwrap(), 16);
        assert_eq!(args.number("msgs", 7u64).unwrap(), 7);
    }

    #[test]
    fn refuses_a_stray_word_and_a_number_that_is_none() {
        assert!(parsed("size 16").is_err());
        assert!(parsed("--size x").unwrap().number("size", 1u64).is_err());
    }
}
