//! The list of items: the part of TOML that it needs, with the line of every row.
//!
//! ```toml
//! ["Group"]
//! "item" = ["kind:name", "kind:name"]
//! ```

use crate::finding::Finding;

/// The items in their order, and what could not be read.
#[derive(Debug, Default)]
pub(super) struct List {
    pub(super) groups: Vec<Group>,
    pub(super) mistakes: Vec<Finding>,
}

#[derive(Debug)]
pub(super) struct Group {
    pub(super) title: String,
    pub(super) rows: Vec<Row>,
}

/// One item and the tests that touch it.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) tests: Vec<String>,
    /// 1-based line in the list.
    pub(super) line: usize,
}

impl List {
    pub(super) fn parse(path: &str, text: &str) -> Self {
        let mut list = Self::default();
        let mut lines = text.lines().enumerate();
        while let Some((index, line)) = lines.next() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let mut entry = line.to_owned();
            while entry.contains("= [") && !entry.ends_with(']') {
                let Some((_, more)) = lines.next() else { break };
                entry.push_str(more.trim());
            }
            if let Err(what) = list.entry(&entry, index + 1) {
                list.mistakes.push(Finding::new(path, index + 1, what));
            }
        }
        list
    }

    fn entry(&mut self, entry: &str, line: usize) -> Result<(), String> {
        if let Some(title) = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let title = quoted(title).ok_or("a group's title stands in double quotes")?;
            self.groups.push(Group { title, rows: Vec::new() });
            return Ok(());
        }
        let (name, tests) = entry.rsplit_once(" = ").ok_or("neither a group nor a row")?;
        let name = quoted(name).ok_or("an item's name stands in double quotes")?;
        let tests = array(tests).ok_or("a row's tests are an array of strings")?;
        let group = self.groups.last_mut().ok_or("a row before the first group")?;
        if group.rows.iter().any(|row| row.name == name) {
            return Err(format!("{name} is in this group already"));
        }
        group.rows.push(Row { name, tests, line });
        Ok(())
    }
}

/// A basic string without escapes save for `\"` and `\\`.
fn quoted(text: &str) -> Option<String> {
    let inner = text.trim().strip_prefix('"')?.strip_suffix('"')?;
    Some(inner.replace("\\\"", "\"").replace("\\\\", "\\"))
}

fn array(text: &str) -> Option<Vec<String>> {
    let inner = text.trim().strip_prefix('[')?.strip_suffix(']')?;
    let items = inner.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.map(quoted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_rows_keep_their_order_and_lines() {
        let text =
            "# About\n[\"B\"]\n\"x = 1\" = [\"a:b\", \"c:d\"]\n\"y\" = [\n  \"e:f\",\n]\n[\"A\"]\n";
        let list = List::parse("l", text);
        assert!(list.mistakes.is_empty(), "{:?}", list.mistakes);
        let titles: Vec<_> = list.groups.iter().map(|group| group.title.as_str()).collect();
        assert_eq!(titles, ["B", "A"]);
        let [x, y] = list.groups[0].rows.as_slice() else { panic!("two rows") };
        assert_eq!((x.name.as_str(), x.line, x.tests.len()), ("x = 1", 3, 2));
        assert_eq!((y.name.as_str(), y.line, y.tests.len()), ("y", 4, 1));
    }

    #[test]
    fn names_may_hold_quotes() {
        let list = List::parse("l", "[\"E\"]\n\"to \\\"s\\\"\" = []\n");
        assert_eq!(list.groups[0].rows[0].name, "to \"s\"");
    }

    #[test]
    fn what_cannot_be_read_is_reported_with_its_line() {
        let text = "\"early\" = []\n[\"G\"]\nx\n\"a\" = []\n\"a\" = []\n\"b\" = [c]\n\"d\" = [\n";
        let list = List::parse("l", text);
        let lines: Vec<usize> = list.mistakes.iter().map(|mistake| mistake.line).collect();
        assert_eq!(lines, [1, 3, 5, 6, 7]);
    }
}
