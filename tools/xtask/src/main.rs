//! Repository checks and generated documents: `cargo xtask tidy`, `gen`, `gen --check`, `deny`.
//!
//! Not a build script and no part of the server. Every check is a function from the texts of
//! the tracked files to findings, so that each one is tested on small trees held in memory.

mod api_errors;
mod compat;
mod deny;
mod finding;
mod rust_source;
mod tidy;
mod tree;
mod words;

use std::io::Write;
use std::process::ExitCode;

use finding::Finding;
use tree::Tree;

const USAGE: &str = "usage: cargo xtask tidy | gen [--check] | deny";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["tidy"] => load().map(|tree| tidy::check(&tree)),
        ["gen"] => load().and_then(|tree| generate(&tree)),
        ["gen", "--check"] => {
            load().map(|tree| [compat::check(&tree), api_errors::check(&tree)].concat())
        }
        ["deny"] => load().and_then(|tree| deny::check(&tree)),
        _ => Err(USAGE.to_owned()),
    };
    report(outcome)
}

/// Writes everything that is made from lists.
fn generate(tree: &Tree) -> Result<Vec<Finding>, String> {
    Ok([compat::write(tree)?, api_errors::write(tree)?].concat())
}

fn load() -> Result<Tree, String> {
    Tree::load().map_err(|error| format!("cannot read the repository: {error}"))
}

/// Prints each finding and the count. Exit codes: 0 clean, 1 findings, 2 could not run.
fn report(outcome: Result<Vec<Finding>, String>) -> ExitCode {
    let mut out = std::io::stdout().lock();
    let (text, code) = match outcome {
        Ok(findings) => {
            let mut text: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
            text.push_str(&format!("{} findings\n", findings.len()));
            (text, u8::from(!findings.is_empty()))
        }
        Err(message) => (format!("{message}\n"), 2),
    };
    // A closed pipe is the reader's choice and changes nothing about the verdict.
    let _ = out.write_all(text.as_bytes());
    ExitCode::from(code)
}
