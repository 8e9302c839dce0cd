//! A quick look at the dependencies' licences and sources, by the lists in `deny.toml`. The full
//! check, with advisories, is cargo-deny's; it takes minutes to install and runs in the long
//! tests.

use std::process::Command;

use serde_json::Value;

use crate::finding::Finding;
use crate::tree::{Tree, root};

const LIST: &str = "deny.toml";
const LOCK: &str = "Cargo.lock";

/// Compares what cargo says about every package with the allowed licences.
pub(crate) fn check(tree: &Tree) -> Result<Vec<Finding>, String> {
    let list = tree.file(LIST).ok_or("there is no deny.toml")?;
    let allowed = allowed_licences(&list.text);
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root())
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("cargo metadata gave no JSON: {error}"))?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata named no packages")?;
    Ok(packages.iter().filter_map(|package| judge(package, &allowed)).collect())
}

/// The strings of `allow = [ … ]` under `[licenses]`.
fn allowed_licences(list: &str) -> Vec<String> {
    list.lines()
        .skip_while(|line| *line != "[licenses]")
        .skip_while(|line| !line.starts_with("allow"))
        .take_while(|line| !line.starts_with(']'))
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

fn judge(package: &Value, allowed: &[String]) -> Option<Finding> {
    let name = package["name"].as_str().unwrap_or("?");
    let what = match (package["license"].as_str(), package["source"].as_str()) {
        (None, _) => format!("{name} names no licence"),
        (Some(licence), _) if !satisfies(licence, allowed) => {
            format!("{name} has licence {licence}")
        }
        (_, Some(source)) if !source.starts_with("registry+") => {
            format!("{name} does not come from a registry")
        }
        _ => return None,
    };
    Some(Finding::new(LOCK, 1, what))
}

/// An SPDX expression without nested brackets: every AND part has an allowed OR part.
fn satisfies(expression: &str, allowed: &[String]) -> bool {
    let plain = expression.replace(['(', ')'], " ").replace('/', " OR ");
    plain
        .split(" AND ")
        .all(|all| all.split(" OR ").any(|any| allowed.iter().any(|l| l == any.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_read_from_its_own_table() {
        let list = "[bans]\nallow = [\"x\"]\n[licenses]\nallow = [\n  \"MIT\", # plain\n  \
                    \"Apache-2.0\",\n]\nother = [\"GPL-3.0\"]\n";
        assert_eq!(allowed_licences(list), ["MIT", "Apache-2.0"]);
    }

    #[test]
    fn an_expression_needs_one_choice_and_every_part() {
        let allowed = ["MIT".to_owned(), "Unicode-3.0".to_owned()];
        for good in ["MIT", "MIT OR GPL-3.0", "MIT/Apache-2.0", "(MIT OR ISC) AND Unicode-3.0"] {
            assert!(satisfies(good, &allowed), "{good}");
        }
        for bad in ["GPL-3.0", "MIT AND GPL-3.0", ""] {
            assert!(!satisfies(bad, &allowed), "{bad}");
        }
    }

    #[test]
    fn a_package_without_licence_or_registry_is_found() {
        let allowed = ["MIT".to_owned()];
        let package = |text: &str| serde_json::from_str::<Value>(text).expect("written here");
        let fine = r#"{"name":"a","license":"MIT","source":"registry+x"}"#;
        assert_eq!(judge(&package(fine), &allowed), None);
        let git = r#"{"name":"a","license":"MIT","source":"git+x"}"#;
        assert!(judge(&package(git), &allowed).is_some());
        assert!(judge(&package(r#"{"name":"a"}"#), &allowed).is_some());
    }
}
