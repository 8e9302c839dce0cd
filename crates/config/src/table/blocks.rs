//! All blocks of the table.

use super::{Block, TOP};

/// Every block that can be reached from the top level, each once, in the order of the table.
#[must_use]
pub fn blocks() -> Vec<&'static Block> {
    let mut found: Vec<&'static Block> = vec![&TOP];
    let mut next = 0;
    while let Some(block) = found.get(next).copied() {
        next += 1;
        for inner in block.options.iter().filter_map(|option| option.kind.block()) {
            if !found.iter().any(|known| known.name == inner.name) {
                found.push(inner);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Opt;

    #[test]
    fn names_are_unique_in_a_block() {
        for block in blocks() {
            let mut names: Vec<_> = block.options.iter().flat_map(Opt::names).collect();
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count, "{}", block.name);
        }
    }

    #[test]
    fn knows_all_keys() {
        let names: usize = blocks().iter().flat_map(|b| b.options).map(|o| o.names().count()).sum();
        assert!(names >= 340, "{names}");
    }

    #[test]
    fn every_option_has_a_sentence() {
        for option in blocks().iter().flat_map(|b| b.options) {
            assert!(option.doc.ends_with('.'), "{}: {}", option.key, option.doc);
        }
    }
}
