//! Tests do not sleep: a fixed pause is too short on a busy machine and too long on any other.
//! A function named `wait_…` or `poll_…` may pause between two looks at a condition, since it
//! ends as soon as the condition holds.

use crate::finding::Finding;
use crate::rust_source::RustSource;
use crate::tree::{File, Tree};

/// How the languages of our tests pause; in Rust any call of a function with this name.
const CALLS: [&str; 4] = ["sleep(", "Sleep(", "setTimeout(", "\tsleep "];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.files
        .iter()
        .flat_map(|file| if file.has_extension("rs") { rust(file) } else { script(file) })
        .collect()
}

fn rust(file: &File) -> Vec<Finding> {
    let source = RustSource::new(&file.text);
    let all_tests = file.is_all_tests() || file.path.starts_with("tools/testkit/");
    source
        .numbered()
        .filter(|(number, line)| {
            line.contains("sleep(")
                && (all_tests || source.is_test_line(*number))
                && !source.function_at(*number).is_some_and(|function| waits(&function.name))
        })
        .map(|(number, _)| finding(file, number))
        .collect()
}

fn script(file: &File) -> Vec<Finding> {
    if !file.path.starts_with("tests/") || file.has_extension("md") {
        return Vec::new();
    }
    let mut function = String::new();
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        if let Some(name) = declared(line) {
            name.clone_into(&mut function);
        }
        let pauses = CALLS.iter().any(|call| line.contains(call)) || shell_pause(line);
        if pauses && !line.contains("sleep(0)") && !waits(&function) {
            findings.push(finding(file, index + 1));
        }
    }
    findings
}

fn finding(file: &File, line: usize) -> Finding {
    Finding::new(&file.path, line, "a pause in a test outside of a function named wait_… or poll_…")
}

fn waits(function: &str) -> bool {
    ["wait", "poll"].iter().any(|word| function.to_lowercase().contains(word))
}

fn shell_pause(line: &str) -> bool {
    line.trim_start().starts_with("sleep ")
}

/// The name of the function that begins on this line of a script.
fn declared(line: &str) -> Option<&str> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let keyword = words.iter().position(|word| matches!(*word, "def" | "func" | "function"));
    let name = match keyword {
        Some(at) => words.get(at + 1)?,
        None => words.iter().find(|word| word.ends_with("()") && line.ends_with('{'))?,
    };
    name.split('(').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn rust_tests_do_not_sleep_and_products_may() {
        let call = "    std::thread::sleep(pause);\n";
        let test = format!("#[cfg(test)]\nmod tests {{\nfn t() {{\n{call}}}\n}}\n");
        assert_eq!(found("crates/broker/src/a.rs", &test), 1);
        assert_eq!(found("crates/broker/src/a.rs", &format!("fn f() {{\n{call}}}\n")), 0);
        assert_eq!(found("crates/broker/tests/a.rs", &format!("fn f() {{\n{call}}}\n")), 1);
        assert_eq!(found("tools/testkit/src/a.rs", &format!("fn wait_f() {{\n{call}}}\n")), 0);
    }

    #[test]
    fn scripts_may_pause_in_a_function_that_waits() {
        assert_eq!(found("tests/clients/a.py", "def main():\n    time.sleep(1)\n"), 1);
        assert_eq!(found("tests/clients/a.py", "async def wait_for(x):\n    sleep(1)\n"), 0);
        assert_eq!(found("tests/clients/a.py", "async def f(x):\n    asyncio.sleep(0)\n"), 0);
        assert_eq!(found("tests/clients/a.go", "func Main() {\n\ttime.Sleep(x)\n"), 1);
        assert_eq!(found("tests/parts/30-x", "wait_port() {\n  sleep 0.1\n}\n"), 0);
        assert_eq!(found("tests/parts/30-x", "sleep 5\n"), 1);
        assert_eq!(found("bench/a.py", "time.sleep(1)\n"), 0);
    }
}
