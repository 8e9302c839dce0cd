//! Every dependency has a line in `docs/dependencies.md` that says why it is there.

use crate::finding::Finding;
use crate::tree::Tree;

const MANIFEST: &str = "Cargo.toml";
const TABLE: &str = "docs/dependencies.md";
const OURS: &str = "anabranch-";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(manifest) = tree.file(MANIFEST) else {
        return Vec::new();
    };
    let table = tree.file(TABLE).map_or("", |file| &file.text);
    let declared = declared(&manifest.text);
    let missing = declared
        .iter()
        .filter(|(_, name)| !rows(table).any(|(_, row)| row == *name))
        .map(|(line, name)| Finding::new(MANIFEST, *line, format!("{name} is not in {TABLE}")));
    let stale = rows(table)
        .filter(|(_, row)| !declared.iter().any(|(_, name)| name == row))
        .map(|(line, row)| Finding::new(TABLE, line, format!("{row} is not a dependency")));
    missing.chain(stale).collect()
}

/// The names under `[workspace.dependencies]`, with their 1-based lines.
fn declared(manifest: &str) -> Vec<(usize, &str)> {
    let lines = manifest.lines().enumerate();
    let table = lines.skip_while(|(_, line)| *line != "[workspace.dependencies]").skip(1);
    table
        .take_while(|(_, line)| !line.starts_with('['))
        .filter_map(|(index, line)| Some((index + 1, line.split_once('=')?.0.trim())))
        .filter(|(_, name)| !name.starts_with(OURS) && !name.starts_with('#'))
        .collect()
}

/// The first cells of the table, in backticks, with their 1-based lines.
fn rows(table: &str) -> impl Iterator<Item = (usize, &str)> {
    table.lines().enumerate().filter_map(|(index, line)| {
        let cell = line.strip_prefix("| `")?;
        Some((index + 1, cell.split_once('`')?.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_and_table_name_the_same() {
        let manifest = "[workspace.dependencies]\nanabranch-nats = { path = \"x\" }\n\nbytes = \
                        \"1\"\ntokio = { version = \"1\" }\n[profile.dev]\nopt-level = 1\n";
        let table = "| crate | why |\n| --- | --- |\n| `bytes` | x |\n| `rand` | y |\n";
        let tree = Tree::of(&[(MANIFEST, manifest), (TABLE, table)]);
        let findings: Vec<String> = check(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(
            findings,
            [
                "Cargo.toml:5: tokio is not in docs/dependencies.md",
                "docs/dependencies.md:4: rand is not a dependency",
            ]
        );
    }
}
