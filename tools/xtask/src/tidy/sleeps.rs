//! Tests do not sleep: a fixed pause is too short on a busy machine and too long on any other.
//! A function that looks at a condition again and again until a `deadline` may pause between two
//! looks, since it ends as soon as the condition holds.

use crate::finding::Finding;
use crate::rust_source::RustSource;
use crate::tree::{File, Tree};

/// How the languages of our tests pause.
const CALLS: [&str; 2] = ["sleep(", "Sleep("];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.files
        .iter()
        .flat_map(|file| if file.has_extension("rs") { rust(file) } else { script(file) })
        .collect()
}

fn rust(file: &File) -> Vec<Finding> {
    let source = RustSource::new(&file.text);
    let all_tests = file.is_all_tests() || file.path.starts_with("tools/testkit/");
    let lines: Vec<&str> = source.code.lines().collect();
    let has_deadline = |number: usize| {
        source
            .function_at(number)
            .is_some_and(|function| waits(&lines[function.first_line - 1..function.last_line]))
    };
    source
        .numbered()
        .filter(|(number, line)| {
            line.contains("sleep(")
                && (all_tests || source.is_test_line(*number))
                && !has_deadline(*number)
        })
        .map(|(number, _)| finding(file, number))
        .collect()
}

fn script(file: &File) -> Vec<Finding> {
    if !file.path.starts_with("tests/") || file.has_extension("md") {
        return Vec::new();
    }
    let lines: Vec<&str> = file.text.lines().collect();
    let mut function_start = 0;
    let mut findings = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if declares_function(line) {
            function_start = index;
        }
        let pauses = CALLS.iter().any(|call| line.contains(call)) || shell_pause(line);
        if pauses && !line.contains("sleep(0)") && !waits(&lines[function_start..index]) {
            findings.push(finding(file, index + 1));
        }
    }
    findings
}

fn finding(file: &File, line: usize) -> Finding {
    Finding::new(&file.path, line, "a pause in a test that does not wait until a deadline")
}

fn waits(function: &[&str]) -> bool {
    function.iter().any(|line| line.to_lowercase().contains("deadline"))
}

fn shell_pause(line: &str) -> bool {
    line.trim_start().starts_with("sleep ")
}

fn declares_function(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words.clone().any(|word| matches!(word, "def" | "func" | "function"))
        || (line.ends_with('{') && words.any(|word| word.ends_with("()")))
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
        assert_eq!(
            found("tools/testkit/src/a.rs", &format!("fn f(deadline: T) {{\n{call}}}\n")),
            0
        );
    }

    #[test]
    fn scripts_may_pause_until_a_deadline() {
        assert_eq!(found("tests/clients/a.py", "def main():\n    time.sleep(1)\n"), 1);
        assert_eq!(found("tests/clients/a.py", "async def f(deadline):\n    sleep(1)\n"), 0);
        assert_eq!(found("tests/clients/a.py", "async def f(x):\n    asyncio.sleep(0)\n"), 0);
        assert_eq!(found("tests/clients/a.go", "func Main() {\n\ttime.Sleep(x)\n"), 1);
        assert_eq!(found("tests/parts/30-x", "wait_port() {\n  deadline=5\n  sleep 0.1\n}\n"), 0);
        assert_eq!(found("tests/parts/30-x", "sleep 5\n"), 1);
        assert_eq!(found("bench/a.py", "time.sleep(1)\n"), 0);
    }
}
