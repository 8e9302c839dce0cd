//! Module and crate names that say nothing about what is inside are refused: they grow into
//! places where everything lands and on which everything depends.

use crate::finding::Finding;
use crate::rust_source::RustSource;
use crate::tree::{File, Tree};

const FORBIDDEN: [&str; 9] =
    ["common", "util", "utils", "helper", "helpers", "impls", "misc", "manager", "prelude"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.files.iter().flat_map(|file| path(file).into_iter().chain(modules(file))).collect()
}

fn path(file: &File) -> Option<Finding> {
    let part = file.path.split('/').find_map(|part| {
        let stem = part.split('.').next().unwrap_or(part);
        forbidden(stem)
    })?;
    Some(Finding::new(&file.path, 1, format!("a file or folder named {part} says nothing")))
}

fn modules(file: &File) -> Vec<Finding> {
    if !file.has_extension("rs") {
        return Vec::new();
    }
    let source = RustSource::new(&file.text);
    let declared = |(number, line): (usize, &str)| {
        let name = line.split_whitespace().skip_while(|word| *word != "mod").nth(1)?;
        let name = forbidden(name.trim_end_matches([';', '{']))?;
        Some(Finding::new(&file.path, number, format!("a module named {name} says nothing")))
    };
    source.numbered().filter_map(declared).collect()
}

fn forbidden(name: &str) -> Option<&'static str> {
    FORBIDDEN.iter().find(|known| **known == name).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn empty_names_are_found_in_paths_and_declarations() {
        assert_eq!(found("crates/common/src/lib.rs", ""), 1);
        assert_eq!(found("crates/nats/src/utils.rs", ""), 1);
        assert_eq!(found("crates/nats/src/lib.rs", "mod helpers;\npub mod misc {\n}\n"), 2);
        assert_eq!(found("tests/clients/util.py", ""), 1);
    }

    #[test]
    fn names_that_only_contain_one_are_fine() {
        assert_eq!(found("crates/nats/src/commonness.rs", "mod utilization;\n"), 0);
        assert_eq!(found("crates/nats/src/lib.rs", "// mod util;\n"), 0);
    }
}
