//! Finding words in a line of text, where a word is delimited by anything but letters, digits
//! and underscores.

/// True when `word` occurs in `line` with no identifier character directly before or after it.
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(is_identifier) && !after.is_some_and(is_identifier)
    })
}

/// True for characters of which identifiers consist.
pub(crate) fn is_identifier(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::has_word;

    #[test]
    fn a_word_inside_a_longer_one_does_not_count() {
        assert!(has_word("use rand::rng;", "rand"));
        assert!(!has_word("let operand = 1;", "rand"));
        assert!(!has_word("let rand_state = 1;", "rand"));
        assert!(has_word("operand rand", "rand"));
    }
}
