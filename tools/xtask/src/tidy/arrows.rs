//! Dependencies between crates point downward only. Tools may use everything.

use super::TIERS;
use crate::finding::Finding;
use crate::tree::{File, Tree};

const PREFIX: &str = "anabranch-";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.under("crates/")
        .filter(|file| file.path.ends_with("/Cargo.toml"))
        .flat_map(manifest)
        .collect()
}

fn manifest(file: &File) -> Vec<Finding> {
    let name = file.crate_name().unwrap_or_default();
    let Some(own) = tier(name) else {
        return vec![Finding::new(
            &file.path,
            1,
            format!("crate {name} has no place in the order"),
        )];
    };
    dependencies(&file.text)
        .filter(|(_, dependency)| tier(dependency).is_none_or(|found| found >= own))
        .map(|(line, dependency)| {
            let what = format!("{name} may not depend on {dependency}: arrows point downward");
            Finding::new(&file.path, line, what)
        })
        .collect()
}

fn tier(name: &str) -> Option<usize> {
    TIERS.iter().position(|known| *known == name)
}

/// Our own crates among the dependencies, test-only ones included, with their 1-based lines.
fn dependencies(manifest: &str) -> impl Iterator<Item = (usize, &str)> {
    manifest.lines().enumerate().filter_map(|(index, line)| {
        let end = line.find(['.', ' ', '=']).unwrap_or(line.len());
        let name = line[..end].strip_prefix(PREFIX)?;
        Some((index + 1, name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(path, text)])).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_arrow_may_point_down_only() {
        let path = "crates/nats/Cargo.toml";
        let head = "[package]\nname = \"anabranch-nats\"\n[dependencies]\n";
        assert!(found(path, &format!("{head}anabranch-subject.workspace = true\n")).is_empty());
        assert_eq!(
            found(path, &format!("{head}anabranch-broker.workspace = true\n")),
            ["crates/nats/Cargo.toml:4: nats may not depend on broker: arrows point downward"]
        );
        assert_eq!(found(path, &format!("{head}anabranch-nats = {{ path = \".\" }}\n")).len(), 1);
        assert_eq!(found(path, &format!("{head}anabranch-testkit = \"1\"\n")).len(), 1);
    }

    #[test]
    fn a_crate_without_a_place_is_found_and_tools_are_free() {
        assert_eq!(found("crates/extra/Cargo.toml", "").len(), 1);
        assert!(found("tools/testkit/Cargo.toml", "anabranch-broker = \"1\"\n").is_empty());
    }
}
