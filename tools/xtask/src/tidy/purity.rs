//! Pure crates read no clock, socket, file, environment, random number or thread, so that what
//! they do is a function of their arguments. clippy's disallowed methods cover the same names
//! where they are called; this covers imports and manifests too.

use super::PURE;
use crate::finding::Finding;
use crate::rust_source::RustSource;
use crate::tree::{File, Tree};
use crate::words::has_word;

/// Paths and names that do not occur in the product code of a pure crate.
const IMPURE: [&str; 22] = [
    "tokio",
    "rand",
    "getrandom",
    "std::fs",
    "std::env",
    "std::thread",
    "std::process",
    "std::os",
    "Instant::now",
    "SystemTime::now",
    "UNIX_EPOCH.elapsed",
    "thread_local",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "UnixListener",
    "ToSocketAddrs",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "RandomState",
];

/// What `use std::{…}` may not name in a pure crate.
const IMPURE_MODULES: [&str; 5] = ["fs", "env", "thread", "process", "os"];

/// Crates that a pure one may not have among its dependencies.
const IMPURE_CRATES: [&str; 10] = [
    "tokio",
    "rand",
    "getrandom",
    "mio",
    "socket2",
    "rustix",
    "hyper",
    "libc",
    "tempfile",
    "rustls",
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = copies(tree);
    findings.extend(files(tree));
    findings
}

/// clippy reads one configuration per crate, the nearest, so each pure crate has its own copy.
fn copies(tree: &Tree) -> Vec<Finding> {
    let path = |name: &str| format!("crates/{name}/clippy.toml");
    let first = tree.file(&path(PURE[0])).map(|file| &file.text);
    PURE.iter()
        .filter(|name| tree.file(&format!("crates/{name}/Cargo.toml")).is_some())
        .map(|name| path(name))
        .filter(|copy| tree.file(copy).map(|file| &file.text) != first)
        .map(|copy| Finding::new(&copy, 1, format!("differs from {}", path(PURE[0]))))
        .collect()
}

fn files(tree: &Tree) -> Vec<Finding> {
    tree.under("crates/")
        .filter(|file| file.crate_name().is_some_and(|name| PURE.contains(&name)))
        .flat_map(|file| {
            if file.path.ends_with("/Cargo.toml") {
                manifest(file)
            } else if file.has_extension("rs") && file.is_crate_source() && !file.is_all_tests() {
                source(file)
            } else {
                Vec::new()
            }
        })
        .collect()
}

fn source(file: &File) -> Vec<Finding> {
    let source = RustSource::new(&file.text);
    let mut findings = Vec::new();
    for (number, line) in source.product_lines() {
        let named = IMPURE.iter().find(|name| has_word(line, name)).copied();
        if let Some(name) = named.or_else(|| grouped(line)) {
            let what = format!("{name} in a pure crate: take it as an argument");
            findings.push(Finding::new(&file.path, number, what));
        }
    }
    findings
}

/// A forbidden module inside `use std::{…}` on one line.
fn grouped(line: &str) -> Option<&'static str> {
    let names = line.trim_start().strip_prefix("use std::{")?;
    IMPURE_MODULES.iter().find(|name| has_word(names, name)).copied()
}

/// Only the table of ordinary dependencies: tests may use what they like.
fn manifest(file: &File) -> Vec<Finding> {
    let mut table = "";
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        if line.starts_with('[') {
            table = line;
        }
        let end = line.find(['.', ' ', '=']).unwrap_or(line.len());
        if table == "[dependencies]" && IMPURE_CRATES.contains(&&line[..end]) {
            let what = format!("pure crate depends on {}", &line[..end]);
            findings.push(Finding::new(&file.path, index + 1, what));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn impure_names_are_found_in_pure_crates_alone() {
        for line in [
            "use std::fs;",
            "use std::{env, fmt};",
            "let now = std::time::Instant::now();",
            "let x = rand::random();",
            "tokio::spawn(f);",
        ] {
            assert_eq!(found("crates/auth/src/users.rs", line), 1, "{line}");
            assert_eq!(found("crates/broker/src/users.rs", line), 0, "{line}");
        }
    }

    #[test]
    fn tests_comments_and_addresses_are_free() {
        for text in [
            "// std::fs would be wrong here\n",
            "use std::net::IpAddr;\n",
            "use std::{fmt, str};\n",
            "#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n",
            "let operand = \"tokio\";\n",
        ] {
            assert_eq!(found("crates/config/src/value.rs", text), 0, "{text}");
        }
        assert_eq!(found("crates/config/tests/files.rs", "use std::fs;"), 0);
    }

    #[test]
    fn clippy_is_told_the_same_in_every_pure_crate() {
        let tree = Tree::of(&[
            ("crates/subject/Cargo.toml", ""),
            ("crates/subject/clippy.toml", "a = 1\n"),
            ("crates/auth/Cargo.toml", ""),
            ("crates/auth/clippy.toml", "a = 1\n"),
            ("crates/nats/Cargo.toml", ""),
            ("crates/broker/Cargo.toml", ""),
        ]);
        let paths: Vec<_> = check(&tree).into_iter().map(|finding| finding.path).collect();
        assert_eq!(paths, ["crates/nats/clippy.toml"]);
    }

    #[test]
    fn manifests_name_no_impure_crate() {
        let path = "crates/subject/Cargo.toml";
        assert_eq!(found(path, "[dependencies]\ntokio.workspace = true\n"), 1);
        assert_eq!(found(path, "[dev-dependencies]\nrand.workspace = true\n"), 0);
    }
}
