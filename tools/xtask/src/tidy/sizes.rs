//! Sizes: a file is one concept, a function fits a screen, a line fits two windows side by side.

use crate::finding::Finding;
use crate::rust_source::RustSource;
use crate::tree::{File, Tree};

/// Lines of a file without its trailing test module.
const FILE_LINES: usize = 600;
/// Lines of a file with everything in it.
const FILE_LINES_WITH_TESTS: usize = 1_000;
/// Lines of a function, from `fn` to the closing brace.
const FUNCTION_LINES: usize = 70;
const COLUMNS: usize = 100;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        if file.has_extension("rs") {
            rust(file, &mut findings);
        } else if is_script(file) {
            file_lines(file, file.text.lines().count(), &mut findings);
        } else {
            continue;
        }
        columns(file, &mut findings);
    }
    findings
}

fn is_script(file: &File) -> bool {
    ["py", "sh", "go", "js", "mjs", "java"].iter().any(|known| file.has_extension(known))
        || file.is_script_of("python")
        || file.is_script_of("sh")
}

fn rust(file: &File, findings: &mut Vec<Finding>) {
    let source = RustSource::new(&file.text);
    let product = if file.is_all_tests() { 0 } else { source.product_lines().count() };
    file_lines(file, product, findings);
    for function in &source.functions {
        let lines = function.last_line - function.first_line + 1;
        if lines > FUNCTION_LINES {
            let what =
                format!("function {} has {lines} lines, at most {FUNCTION_LINES}", function.name);
            findings.push(Finding::new(&file.path, function.first_line, what));
        }
    }
}

fn file_lines(file: &File, product: usize, findings: &mut Vec<Finding>) {
    let all = file.text.lines().count();
    if product > FILE_LINES {
        let what = format!("file has {product} lines without tests, at most {FILE_LINES}");
        findings.push(Finding::new(&file.path, FILE_LINES, what));
    } else if all > FILE_LINES_WITH_TESTS {
        let what = format!("file has {all} lines with tests, at most {FILE_LINES_WITH_TESTS}");
        findings.push(Finding::new(&file.path, FILE_LINES_WITH_TESTS, what));
    }
}

fn columns(file: &File, findings: &mut Vec<Finding>) {
    for (index, line) in file.text.lines().enumerate() {
        let width = line.chars().count();
        if width > COLUMNS {
            let what = format!("line has {width} columns, at most {COLUMNS}");
            findings.push(Finding::new(&file.path, index + 1, what));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(path, text)])).into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn a_function_may_fill_a_screen_and_no_more() {
        let function = |lines: usize| format!("fn long() {{\n{}}}\n", "    x();\n".repeat(lines));
        assert!(found("a.rs", &function(68)).is_empty());
        assert_eq!(found("a.rs", &function(69)), ["function long has 71 lines, at most 70"]);
    }

    #[test]
    fn the_test_module_does_not_count_until_the_upper_bound() {
        let file = |product: usize, tests: usize| {
            let tests = "    // x\n".repeat(tests);
            format!("{}#[cfg(test)]\nmod tests {{\n{tests}}}\n", "// x\n".repeat(product))
        };
        assert!(found("a.rs", &file(599, 300)).is_empty());
        assert_eq!(found("a.rs", &file(600, 0)).len(), 1, "the attribute's line counts");
        assert_eq!(found("a.rs", &file(500, 600)).len(), 1);
    }

    #[test]
    fn wide_lines_are_found_in_sources_and_scripts_alone() {
        let line = format!("{}\n", "x".repeat(101));
        assert_eq!(found("a.rs", &line).len(), 1);
        assert_eq!(found("run", &format!("#!/bin/sh\n{line}")).len(), 1);
        assert!(found("README.md", &line).is_empty());
    }
}
