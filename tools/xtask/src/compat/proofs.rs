//! The tests that exist, by the names under which the list refers to them:
//!
//! - `golden:NAME`: a raw exchange in `tools/testkit/golden/*.golden`;
//! - `story:NAME`: a part of a story of streams in `tools/testkit/stories/*.story`;
//! - `clients:NAME`: a scenario in `tests/clients/scenarios.txt`;
//! - `unit:CRATE::MODULE::…::NAME`: a Rust test in `src` or `tests` of a folder of `crates/` or
//!   `tools/`.

use std::collections::BTreeSet;

use crate::rust_source::RustSource;
use crate::tree::{File, Tree};

const GOLDEN: &str = "tools/testkit/golden/";
const STORIES: &str = "tools/testkit/stories/";
const SCENARIOS: &str = "tests/clients/scenarios.txt";

/// Names of the tests in a tree.
pub(super) struct Proofs {
    golden: BTreeSet<String>,
    stories: BTreeSet<String>,
    clients: BTreeSet<String>,
    unit: BTreeSet<String>,
}

impl Proofs {
    pub(super) fn collect(tree: &Tree) -> Self {
        let golden = tree.under(GOLDEN).filter(|file| file.has_extension("golden"));
        let stories = tree.under(STORIES).filter(|file| file.has_extension("story"));
        let rust = tree.rust();
        Self {
            golden: golden.flat_map(exchanges).collect(),
            stories: stories.flat_map(exchanges).collect(),
            clients: tree.file(SCENARIOS).into_iter().flat_map(scenarios).collect(),
            unit: rust.flat_map(unit_tests).collect(),
        }
    }

    pub(super) fn contains(&self, test: &str) -> bool {
        match test.split_once(':') {
            Some(("golden", name)) => self.golden.contains(name),
            Some(("story", name)) => self.stories.contains(name),
            Some(("clients", name)) => self.clients.contains(name),
            Some(("unit", name)) => self.unit.contains(name),
            _ => false,
        }
    }
}

/// The exchanges of a golden file: each begins with `== NAME`.
fn exchanges(file: &File) -> Vec<String> {
    let names = file.text.lines().filter_map(|line| line.strip_prefix("== "));
    names.map(|name| name.trim().to_owned()).collect()
}

/// The scenarios of the table that every client program is held to: `name | what | …`.
fn scenarios(file: &File) -> Vec<String> {
    let rows = file.text.lines().filter(|line| !line.starts_with('#'));
    let names = rows.filter_map(|line| Some(line.split_once('|')?.0.trim()));
    names.map(str::to_owned).collect()
}

/// The tests of a Rust file as cargo prints them, behind the name of the crate.
fn unit_tests(file: &File) -> Vec<String> {
    let Some(base) = module_path(&file.path) else { return Vec::new() };
    let source = RustSource::new(&file.text);
    let path = |name: &str, modules: &[String]| {
        let mut parts = base.clone();
        parts.extend(modules.iter().cloned());
        parts.push(name.to_owned());
        parts.join("::")
    };
    source
        .functions
        .iter()
        .filter(|function| function.is_test)
        .map(|function| path(&function.name, &function.modules))
        .collect()
}

/// `crates/nats/src/codec/parse.rs` is `nats::codec::parse`; `crates/nats/tests/split.rs` is
/// `nats::split`.
fn module_path(path: &str) -> Option<Vec<String>> {
    let inside = path.strip_prefix("crates/").or_else(|| path.strip_prefix("tools/"))?;
    let mut parts = inside.strip_suffix(".rs")?.split('/');
    let mut modules = vec![parts.next()?.to_owned()];
    let _folder = parts.next()?;
    modules.extend(parts.map(str::to_owned));
    let root = modules.len() > 1
        && modules.last().is_some_and(|last| ["lib", "main", "mod"].contains(&last.as_str()));
    if root {
        modules.pop();
    }
    Some(modules)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_known_by_kind_and_name() {
        let tree = Tree::of(&[
            ("tools/testkit/golden/errors.golden", "== max-payload\na> PUB a 9\n"),
            (SCENARIOS, "# name | what | without\nqueue-groups  | each | cli\n"),
            (
                "crates/nats/src/codec/parse.rs",
                "mod tests {\n    #[test]\n    fn splits() {}\n    fn fixture() {}\n}\n",
            ),
            ("crates/broker/tests/limits.rs", "#[tokio::test]\nasync fn refuses() {}\n"),
        ]);
        let proofs = Proofs::collect(&tree);
        for known in [
            "golden:max-payload",
            "clients:queue-groups",
            "unit:nats::codec::parse::tests::splits",
            "unit:broker::limits::refuses",
        ] {
            assert!(proofs.contains(known), "{known}");
        }
        for unknown in
            ["golden:max", "unit:nats::codec::parse::tests::fixture", "max-payload", "other:x"]
        {
            assert!(!proofs.contains(unknown), "{unknown}");
        }
    }

    #[test]
    fn roots_of_folders_name_the_folder() {
        let path = |path| module_path(path).map(|parts| parts.join("::"));
        assert_eq!(path("crates/nats/src/lib.rs").as_deref(), Some("nats"));
        assert_eq!(path("crates/nats/src/codec/mod.rs").as_deref(), Some("nats::codec"));
        assert_eq!(path("tools/testkit/tests/http.rs").as_deref(), Some("testkit::http"));
        assert_eq!(path("bench/load.rs"), None);
    }
}
