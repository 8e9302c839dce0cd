//! The table of JetStream's errors in Rust, and the page that says which tests reach them, made
//! from the list that people edit.

mod reach;

use std::fmt::Write;

use crate::finding::Finding;
use crate::tree::{Tree, root};

use reach::Reach;

const LIST: &str = "crates/jetstream/errors.tsv";
const TABLE: &str = "crates/jetstream/src/error/table.rs";
const PAGE: &str = "docs/errors.md";

const HEAD: &str = "\
//! Written by `cargo xtask gen` from `errors.tsv`; edit that file, not this one.

use std::fmt::Display;

use super::{ApiError, Row};

";

/// Writes table and page. Findings are lines of the list that cannot be read.
pub(crate) fn write(tree: &Tree) -> Result<Vec<Finding>, String> {
    let (rows, mistakes) = read(tree);
    std::fs::write(root().join(TABLE), render(&rows))
        .map_err(|error| format!("cannot write {TABLE}: {error}"))?;
    std::fs::write(root().join(PAGE), Reach::collect(tree).page(&rows))
        .map_err(|error| format!("cannot write {PAGE}: {error}"))?;
    Ok(mistakes)
}

/// Compares table and page with the list, and the list with the tests.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let (rows, mut findings) = read(tree);
    if tree.file(TABLE).map_or("", |file| &file.text) != render(&rows) {
        findings.push(Finding::new(TABLE, 1, "not up to date: run `cargo xtask gen`"));
    }
    let reach = Reach::collect(tree);
    if tree.file(PAGE).map_or("", |file| &file.text) != reach.page(&rows) {
        findings.push(Finding::new(PAGE, 1, "not up to date: run `cargo xtask gen`"));
    }
    findings.extend(reach.check(&rows));
    findings
}

const COLUMNS: usize = 100;

struct Row<'a> {
    name: &'a str,
    code: u16,
    err_code: u16,
    text: &'a str,
    /// Its place in the list, from 1.
    line: usize,
    /// Why it cannot occur here; nothing: it can.
    why: Option<&'a str>,
}

impl Row<'_> {
    /// What stands between braces in the text, in order.
    fn placeholders(&self) -> Vec<&str> {
        let parts = self.text.split('{').skip(1);
        parts.filter_map(|part| Some(part.split_once('}')?.0)).collect()
    }
}

fn read(tree: &Tree) -> (Vec<Row<'_>>, Vec<Finding>) {
    let mut rows: Vec<Row> = Vec::new();
    let mut mistakes = Vec::new();
    let text = tree.file(LIST).map_or("", |file| &file.text);
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
        match parse(line, index + 1) {
            Some(row) if rows.last().is_none_or(|last| last.err_code < row.err_code) => {
                rows.push(row);
            }
            Some(_) => mistakes.push(Finding::new(LIST, index + 1, "codes do not ascend")),
            None => {
                mistakes.push(Finding::new(LIST, index + 1, "not name, code, code, text, reason"));
            }
        }
    }
    (rows, mistakes)
}

fn parse(text: &str, line: usize) -> Option<Row<'_>> {
    let mut cells = text.split('\t');
    let row = Row {
        name: cells.next()?,
        code: cells.next()?.parse().ok()?,
        err_code: cells.next()?.parse().ok()?,
        text: cells.next()?,
        line,
        why: cells.next(),
    };
    cells.next().is_none().then_some(row)
}

fn render(rows: &[Row]) -> String {
    let (plain, filled): (Vec<&Row>, Vec<&Row>) =
        rows.iter().partition(|row| row.placeholders().is_empty());
    let mut text = HEAD.to_owned();
    text.push_str("constants! {\n");
    for row in plain {
        let Row { name, code, err_code, text: words, .. } = row;
        entry(&format!("{name} = {code}, {err_code},"), words, &mut text);
    }
    text.push_str("}\n\nfunctions! {\n");
    for row in filled {
        let Row { name, code, err_code, text: words, .. } = row;
        let arguments = row.placeholders().join(", ");
        entry(&format!("{name}({arguments}) = {code}, {err_code},"), words, &mut text);
    }
    text.push_str("}\n");
    text
}

/// One entry, broken after its head and within its text when the lines would be too wide.
fn entry(head: &str, words: &str, text: &mut String) {
    let words = format!("{words:?};");
    let line = format!("    {head} {words}");
    if line.chars().count() <= COLUMNS {
        let _ = writeln!(text, "{line}");
        return;
    }
    let _ = writeln!(text, "    {head}");
    let indent = "        ";
    let mut rest = words.as_str();
    while indent.len() + rest.chars().count() > COLUMNS {
        let Some(space) = rest[..COLUMNS - indent.len() - 1].rfind(' ') else { break };
        let _ = writeln!(text, "{indent}{}\\", &rest[..=space]);
        rest = &rest[space + 1..];
    }
    let _ = writeln!(text, "{indent}{rest}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_becomes_a_constant_or_a_function() {
        let list =
            "# head\nGONE\t404\t10001\tgone\tnever\nleft\t400\t10002\tleft: {n} of {max}\tnever\n";
        let tree = Tree::of(&[(LIST, list)]);
        let (rows, mistakes) = read(&tree);
        assert!(mistakes.is_empty());
        let text = render(&rows);
        assert!(text.contains("    GONE = 404, 10001, \"gone\";\n"));
        assert!(text.contains("    left(n, max) = 400, 10002, \"left: {n} of {max}\";\n"));
        assert_eq!(check(&tree).len(), 2);
        let page = Reach::collect(&tree).page(&rows);
        let whole = Tree::of(&[(LIST, list), (TABLE, &text), (PAGE, &page)]);
        assert!(check(&whole).is_empty());
    }

    #[test]
    fn lines_that_cannot_be_read_are_found() {
        let list = "A\t404\t10001\n\nA\t400\t10002\tx\nB\t400\t10002\tx\n";
        let lines: Vec<usize> =
            read(&Tree::of(&[(LIST, list)])).1.iter().map(|mistake| mistake.line).collect();
        assert_eq!(lines, [1, 2, 4]);
    }
}
