//! `docs/compat.md`: what this server shares with nats-server, item by item, each with the test
//! that touches it. The list is `docs/compat.toml`; an item without a test, or with a test that
//! is not in the tree, is a finding.

mod list;
mod proofs;
mod render;

use crate::finding::Finding;
use crate::tree::{Tree, root};

use list::List;
use proofs::Proofs;

const LIST: &str = "docs/compat.toml";
const PAGE: &str = "docs/compat.md";

/// Writes the page. Findings are lines of the list that cannot be read.
pub(crate) fn write(tree: &Tree) -> Result<Vec<Finding>, String> {
    let list = read(tree);
    std::fs::write(root().join(PAGE), render::page(&list))
        .map_err(|error| format!("cannot write {PAGE}: {error}"))?;
    Ok(list.mistakes)
}

/// Compares the page with the list, and the list with the tests that exist.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let list = read(tree);
    let proofs = Proofs::collect(tree);
    let mut findings = list.mistakes.clone();
    for row in list.groups.iter().flat_map(|group| &group.rows) {
        if row.tests.is_empty() {
            findings.push(Finding::new(LIST, row.line, format!("no test touches {}", row.name)));
        }
        for test in row.tests.iter().filter(|test| !proofs.contains(test)) {
            let what = format!("{} names {test}, which is not in the tree", row.name);
            findings.push(Finding::new(LIST, row.line, what));
        }
    }
    let page = tree.file(PAGE).map_or("", |file| &file.text);
    if page != render::page(&list) {
        findings.push(Finding::new(PAGE, 1, "not up to date: run `cargo xtask gen`"));
    }
    findings
}

fn read(tree: &Tree) -> List {
    match tree.file(LIST) {
        Some(file) => List::parse(LIST, &file.text),
        None => List { groups: Vec::new(), mistakes: vec![Finding::new(LIST, 1, "no such file")] },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(list: &str, page: Option<&str>) -> Vec<String> {
        let page = page.map_or_else(|| render::page(&List::parse(LIST, list)), str::to_owned);
        let tree = Tree::of(&[
            (LIST, list),
            (PAGE, &page),
            ("tools/testkit/golden/ops.golden", "== ping-pong\n"),
        ]);
        check(&tree).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_row_with_an_existing_test_is_fine() {
        assert!(found("[\"Operations\"]\n\"PING\" = [\"golden:ping-pong\"]\n", None).is_empty());
    }

    #[test]
    fn empty_rows_unknown_tests_and_old_pages_are_found() {
        let list = "[\"Operations\"]\n\"PING\" = []\n\"PONG\" = [\"golden:pong\"]\n";
        assert_eq!(
            found(list, Some("old")),
            [
                "docs/compat.toml:2: no test touches PING",
                "docs/compat.toml:3: PONG names golden:pong, which is not in the tree",
                "docs/compat.md:1: not up to date: run `cargo xtask gen`",
            ]
        );
    }
}
