//! Words that have no place in the repository: unfinished code, silenced lints, paths of one
//! machine, hosts of package registries.

use crate::finding::Finding;
use crate::rust_source::RustSource;
use crate::tree::{File, Tree};

/// Folders that exist on somebody's machine. Written in two parts, so as not to find itself.
const MACHINE_PATHS: [[&str; 2]; 6] = [
    ["/wo", "rk/"],
    ["/ro", "ot/"],
    ["/fa", "rm/"],
    ["/ho", "me/"],
    ["/Us", "ers/"],
    ["/tm", "p/"],
];

/// Packages are installed by name; which registry they come from is the machine's business.
const REGISTRY_HOSTS: [[&str; 2]; 8] = [
    ["index.crat", "es.io"],
    ["static.crat", "es.io"],
    ["artifact", "ory"],
    ["registry.npm", "js.org"],
    ["registry.yarn", "pkg.com"],
    ["pypi", ".org"],
    ["proxy.go", "lang.org"],
    ["repo1.mav", "en.org"],
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        places(file, &mut findings);
        unfinished_notes(file, &mut findings);
        if file.has_extension("rs") {
            rust(file, &mut findings);
        }
    }
    findings
}

fn places(file: &File, findings: &mut Vec<Finding>) {
    for (index, line) in file.text.lines().enumerate() {
        let named = MACHINE_PATHS.iter().find(|parts| starts_a_path(line, &parts.concat()));
        if let Some(parts) = named {
            let what = format!("path of one machine: {}", parts.concat());
            findings.push(Finding::new(&file.path, index + 1, what));
        }
        if let Some(parts) = REGISTRY_HOSTS.iter().find(|parts| line.contains(&parts.concat())) {
            let what = format!("host of a package registry: {}", parts.concat());
            findings.push(Finding::new(&file.path, index + 1, what));
        }
    }
}

/// True where `folder` begins an absolute path rather than standing in the middle of one.
fn starts_a_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        !line[..at].ends_with(|before: char| before.is_alphanumeric() || "._-/}*".contains(before))
    })
}

/// A note of work to do says what is to be done.
fn unfinished_notes(file: &File, findings: &mut Vec<Finding>) {
    const MARKS: [[&str; 2]; 3] = [["TO", "DO"], ["FIX", "ME"], ["XX", "X"]];
    let is_code = ["rs", "py", "sh", "toml"].iter().any(|known| file.has_extension(known));
    if !is_code {
        return;
    }
    for (index, line) in file.text.lines().enumerate() {
        for mark in MARKS.iter().map(|parts| parts.concat()) {
            let says_what = |at: usize| {
                let rest = &line[at + mark.len()..];
                rest.strip_prefix(':').is_some_and(|text| text.trim().len() > 2)
            };
            let alone = crate::words::has_word(line, &mark);
            if alone && line.match_indices(&mark).any(|(at, _)| !says_what(at)) {
                findings.push(Finding::new(
                    &file.path,
                    index + 1,
                    format!("{mark} without a text"),
                ));
            }
        }
    }
}

fn rust(file: &File, findings: &mut Vec<Finding>) {
    let source = RustSource::new(&file.text);
    for (number, line) in source.numbered() {
        if line.contains("#[allow(") || line.contains("#![allow(") {
            let what = "a silenced lint: use expect with a reason, or obey";
            findings.push(Finding::new(&file.path, number, what));
        }
        for unfinished in ["todo!", "unimplemented!"] {
            if line.contains(unfinished) {
                findings.push(Finding::new(
                    &file.path,
                    number,
                    format!("{unfinished} in the code"),
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn paths_of_one_machine_are_found_everywhere() {
        for [first, second] in MACHINE_PATHS {
            assert_eq!(found("README.md", &format!("see {first}{second}x\n")), 1);
            assert_eq!(found("a.rs", &format!("\"{first}{second}x\"\n")), 1);
            assert_eq!(found("a.rs", &format!("target{first}{second}x\n")), 0);
        }
    }

    #[test]
    fn registry_hosts_are_found_everywhere() {
        for [first, second] in REGISTRY_HOSTS {
            assert_eq!(found("package-lock.json", &format!("https://{first}{second}/x\n")), 1);
        }
    }

    #[test]
    fn unfinished_code_is_found_unless_a_note_says_what_is_missing() {
        let mark = ["TO", "DO"].concat();
        assert_eq!(found("a.rs", &format!("// {mark}\n")), 1);
        assert_eq!(found("a.rs", &format!("// {mark} later\n")), 1);
        assert_eq!(found("a.rs", &format!("// {mark}: close the file on a full disk\n")), 0);
        assert_eq!(found("a.rs", "fn f() { todo!() }\nfn g() { unimplemented!() }\n"), 2);
        assert_eq!(found("a.rs", "// todo!() is not code here\n"), 0);
    }

    #[test]
    fn silenced_lints_are_found_outside_of_comments() {
        assert_eq!(found("a.rs", "#[allow(dead_code)]\n#![allow(x)]\n"), 2);
        assert_eq!(found("a.rs", "// #[allow(dead_code)]\n#[expect(x, reason = \"y\")]\n"), 0);
    }
}
