//! The repository's own rules, for what neither rustfmt nor clippy looks at.

mod arrows;
mod dependencies;
mod locks;
mod names;
mod purity;
mod roots;
mod sizes;
mod sleeps;
mod text;

use crate::finding::Finding;
use crate::tree::Tree;

/// One rule: from the tree to what breaks it.
type Rule = fn(&Tree) -> Vec<Finding>;

const RULES: [Rule; 9] = [
    sizes::check,
    arrows::check,
    dependencies::check,
    purity::check,
    names::check,
    roots::check,
    text::check,
    sleeps::check,
    locks::check,
];

/// Runs every rule. The findings are sorted by path and line.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(tree)).collect();
    findings.sort();
    findings
}

/// The crates in the order of the arrows: each may depend on those before it only.
const TIERS: [&str; 9] =
    ["subject", "config", "auth", "nats", "router", "jetstream", "log", "broker", "anabranch"];

/// Crates that take time, randomness and file contents as arguments.
const PURE: [&str; 6] = ["subject", "config", "auth", "nats", "router", "jetstream"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_come_sorted() {
        let tree = Tree::of(&[
            ("crates/nats/src/util.rs", "#[allow(x)]\nfn f() {}\n"),
            ("crates/nats/src/a.rs", "fn f() { todo!() }\n"),
        ]);
        let lines: Vec<String> = check(&tree).iter().map(ToString::to_string).collect();
        let mut sorted = lines.clone();
        sorted.sort();
        assert_eq!(lines, sorted);
        assert!(lines.len() >= 3, "{lines:?}");
    }
}
