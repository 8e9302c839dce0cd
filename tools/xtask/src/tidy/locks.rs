//! The lock list: every lock of the product is named, with its file, in ARCHITECTURE.md, so that
//! the order in which locks are taken can be judged from one page.

use crate::finding::Finding;
use crate::rust_source::RustSource;
use crate::tree::{File, Tree};
use crate::words::has_word;

const HOME: &str = "ARCHITECTURE.md";
const HEADING: &str = "## Locks";
const LOCKS: [&str; 3] = ["Mutex", "RwLock", "Condvar"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(home) = tree.file(HOME) else {
        return Vec::new();
    };
    let listed = listed(&home.text);
    let holders: Vec<(&File, usize)> = tree
        .under("crates/")
        .filter(|file| file.is_crate_source() && !file.is_all_tests())
        .filter_map(|file| Some((file, first_lock(file)?)))
        .collect();
    let missing = holders
        .iter()
        .filter(|(file, _)| !listed.iter().any(|(_, path)| *path == file.path))
        .map(|(file, line)| Finding::new(&file.path, *line, "a lock that is not in the lock list"));
    let stale = listed
        .iter()
        .filter(|(_, path)| !holders.iter().any(|(file, _)| file.path == *path))
        .map(|(line, path)| Finding::new(HOME, *line, format!("{path} holds no lock")));
    missing.chain(stale).collect()
}

/// The paths in backticks under the heading, with their 1-based lines.
fn listed(text: &str) -> Vec<(usize, &str)> {
    text.lines()
        .enumerate()
        .skip_while(|(_, line)| *line != HEADING)
        .skip(1)
        .take_while(|(_, line)| !line.starts_with("## "))
        .flat_map(|(index, line)| line.split('`').map(move |part| (index + 1, part)))
        .filter(|(_, part)| part.starts_with("crates/"))
        .collect()
}

fn first_lock(file: &File) -> Option<usize> {
    let source = RustSource::new(&file.text);
    let declares = |line: &str| {
        !line.trim_start().starts_with("use ") && LOCKS.iter().any(|lock| has_word(line, lock))
    };
    source.product_lines().find(|(_, line)| declares(line)).map(|(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "# A\n## Locks\n| `crates/broker/src/a.rs` | output |\n## Next\n";

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::of(files)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_listed_lock_is_fine() {
        let lock = "use std::sync::Mutex;\nstruct A { output: Mutex<u8> }\n";
        assert!(found(&[(HOME, LIST), ("crates/broker/src/a.rs", lock)]).is_empty());
    }

    #[test]
    fn an_unlisted_lock_and_a_stale_entry_are_found() {
        let lock = "struct B { map: RwLock<u8> }\n";
        assert_eq!(
            found(&[(HOME, LIST), ("crates/broker/src/b.rs", lock)]),
            [
                "crates/broker/src/b.rs:1: a lock that is not in the lock list",
                "ARCHITECTURE.md:3: crates/broker/src/a.rs holds no lock",
            ]
        );
    }
}
