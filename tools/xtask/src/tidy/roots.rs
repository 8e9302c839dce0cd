//! `lib.rs` and `mod.rs` are a table of contents: documentation, modules and re-exports.

use crate::finding::Finding;
use crate::rust_source::RustSource;
use crate::tree::{File, Tree};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let is_root = |file: &&File| {
        file.path.ends_with("/lib.rs") || (file.path.ends_with("/mod.rs") && !file.is_all_tests())
    };
    tree.rust().filter(is_root).filter_map(first_logic).collect()
}

/// The first line at which something other than a `use` or a `mod` begins.
fn first_logic(file: &File) -> Option<Finding> {
    let source = RustSource::new(&file.text);
    let mut inside_item = false;
    for (number, line) in source.product_lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with("#[") || line.starts_with("#![") {
            continue;
        }
        if !inside_item && !begins_contents(line) {
            return Some(Finding::new(&file.path, number, "logic in a module's table of contents"));
        }
        inside_item = !line.ends_with(';') && !line.ends_with('}');
    }
    None
}

fn begins_contents(line: &str) -> bool {
    let word = line
        .split_whitespace()
        .find(|word| !word.starts_with("pub") && *word != "in" && !word.ends_with(')'));
    matches!(word, Some("use" | "mod" | "extern"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<usize> {
        check(&Tree::of(&[("crates/nats/src/lib.rs", text)]))
            .iter()
            .map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn a_table_of_contents_is_fine() {
        let text = [
            "//! Docs.",
            "#![no_std]",
            "pub mod codec;",
            "mod session;",
            "pub use codec::{",
            "    A,",
            "};",
            "pub(crate) use session::Session;",
            "#[cfg(test)]",
            "mod tests {",
            "    fn f() {}",
            "}",
        ]
        .join("\n");
        assert!(found(&text).is_empty());
    }

    #[test]
    fn logic_is_found_where_it_begins() {
        assert_eq!(found("mod codec;\n\npub fn encode() {}\n"), [3]);
        assert_eq!(found("pub(crate) struct A;\n"), [1]);
        assert_eq!(found("use a::b;\nconst LIMIT: u8 = 1;\n"), [2]);
    }
}
