//! Which tests reach an error, and why others cannot occur.

use std::fmt::Write;

use super::{LIST, Row};
use crate::finding::Finding;
use crate::tree::{File, Tree};

/// Why an error cannot occur here, as the list has it, and in words.
const REASONS: [(&str, &str); 8] = [
    ("accounts", "needs accounts with limits of their own, or without JetStream"),
    ("cluster", "needs a cluster"),
    ("internal", "nats-server's, when its own parts fail; here the request says what failed"),
    ("log", "stands in the log only"),
    ("never", "nats-server 2.15.1 has no path to it"),
    ("newer", "needs what a newer server stored"),
    ("off", "without JetStream nobody answers, as in nats-server"),
    ("origins", "needs streams of other accounts and domains as origins"),
];
/// Tests that are named for one error.
const NAMED_MAX: usize = 3;

/// Where the errors are used and tested.
pub(super) struct Reach<'a> {
    sources: Vec<&'a str>,
    tests: Vec<(&'a str, &'a str)>,
}

impl<'a> Reach<'a> {
    pub(super) fn collect(tree: &'a Tree) -> Self {
        let (mut sources, mut tests) = (Vec::new(), Vec::new());
        for file in &tree.files {
            let File { path, text } = file;
            if path.ends_with("error/table.rs") || path == LIST {
                continue;
            }
            if file.is_crate_source() && !file.is_all_tests() {
                let (source, within) =
                    text.split_once("#[cfg(test)]\nmod tests").unwrap_or((text, ""));
                sources.push(source);
                tests.push((path.as_str(), within));
            } else if is_test(file) {
                tests.push((path.as_str(), text));
            }
        }
        Self { sources, tests }
    }

    fn is_used(&self, row: &Row<'_>) -> bool {
        self.sources.iter().any(|text| has_word(text, row.name))
    }

    fn tests_of(&self, row: &Row<'_>) -> impl Iterator<Item = &'a str> {
        let code = row.err_code.to_string();
        let (thousands, rest) = code.split_at(code.len().saturating_sub(3));
        let (name, codes) = (row.name.to_owned(), [format!("{thousands}_{rest}"), code]);
        let reaches = move |text: &str| {
            let has_code = || codes.iter().any(|code| has_word(text, code));
            has_word(text, &name) || (text.contains("err_code") && has_code())
        };
        self.tests.iter().filter(move |(_, text)| reaches(text)).map(|&(path, _)| path)
    }

    /// Errors that can occur and that no test reaches, and reasons that are none.
    pub(super) fn check(&self, rows: &[Row<'_>]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for row in rows {
            let Row { name, line, why, .. } = row;
            let mut find = |what: String| findings.push(Finding::new(LIST, *line, what));
            match why {
                None if !self.is_used(row) => find(format!("{name} is not used: say why not")),
                None if self.tests_of(row).next().is_none() => {
                    find(format!("no test reaches {name}"));
                }
                Some(why) if words_of(why).is_none() => find(format!("{why:?} is no reason")),
                _ => {}
            }
        }
        findings
    }

    /// The page that says it of each.
    pub(super) fn page(&self, rows: &[Row<'_>]) -> String {
        let reached = rows.iter().filter(|row| row.why.is_none()).count();
        let mut text = format!(
            "# Errors of JetStream\n\nWritten by `cargo xtask gen` from `{LIST}`. Of {} errors of \
             nats-server 2.15.1, {reached} can occur here; the tests that reach each are named, \
             three at most.\n\n| code | text | reached by |\n| ---: | --- | --- |\n",
            rows.len()
        );
        for row in rows {
            let reached = match row.why.and_then(words_of) {
                Some(words) => format!("*{words}*"),
                None => {
                    let paths = self.tests_of(row).take(NAMED_MAX);
                    paths.map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ")
                }
            };
            let words = row.text.replace('|', "\\|");
            let _ = writeln!(text, "| {} | {words} | {reached} |", row.err_code);
        }
        text
    }
}

fn is_test(file: &File) -> bool {
    let is_recorded = |extension: &&str| file.has_extension(extension);
    let recorded = ["story", "golden", "transcript", "txt"].iter().any(is_recorded);
    let is_there = file.path.starts_with("tools/testkit/") || file.path.starts_with("tests/");
    file.is_all_tests() || (is_there && recorded)
}

fn words_of(why: &str) -> Option<&'static str> {
    REASONS.iter().find(|(reason, _)| *reason == why).map(|(_, words)| *words)
}

fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let behind = text[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !behind.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> [Row<'static>; 3] {
        let row =
            |name, err_code, line, why| Row { name, code: 400, err_code, text: "x", line, why };
        [
            row("USED", 10_001, 1, None),
            row("OTHER", 10_002, 2, None),
            row("far", 10_003, 3, Some("cluster")),
        ]
    }

    #[test]
    fn errors_that_no_test_reaches_are_found() {
        let source = "fn f() { USED; OTHER_ONE }\n#[cfg(test)]\nmod tests { USED }";
        let tree = Tree::of(&[("crates/a/src/b.rs", source)]);
        let found = Reach::collect(&tree).check(&rows());
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [2]);
        let tree =
            Tree::of(&[("crates/a/src/b.rs", "USED OTHER"), ("tests/x.txt", "err_code 10_001")]);
        let found = Reach::collect(&tree).check(&rows());
        assert_eq!(found.len(), 1, "nothing reaches OTHER");
    }

    #[test]
    fn the_page_names_tests_and_reasons() {
        let tree = Tree::of(&[("tools/testkit/stories/a.story", "\"err_code\":10001,")]);
        let page = Reach::collect(&tree).page(&rows());
        assert!(page.contains("| 10001 | x | `tools/testkit/stories/a.story` |"), "{page}");
        assert!(page.contains("| 10003 | x | *needs a cluster* |"), "{page}");
        assert!(page.contains("Of 3 errors of nats-server 2.15.1, 2 can occur"), "{page}");
    }
}
