//! The page as Markdown.

use super::list::{Group, List};

const HEAD: &str = "\
# Compatibility, item by item

Written by `cargo xtask gen` from `docs/compat.toml`; edit that file, not this one.

Each row is something that clients, tools or configuration files of nats-server 2.15.1 can see,
with the tests that touch it. `golden:` tests replay raw bytes that were recorded from
nats-server and are compared with the answers of this server; `clients:` scenarios run the same
client program against both servers and compare what it saw; `unit:` tests pin a behaviour that
was read from nats-server where no socket is needed to see it.
";

/// The whole page.
pub(super) fn page(list: &List) -> String {
    let mut page = HEAD.to_owned();
    page.push_str("\n| part | rows |\n| --- | ---: |\n");
    for group in &list.groups {
        page.push_str(&format!("| {} | {} |\n", group.title, group.rows.len()));
    }
    for group in &list.groups {
        section(group, &mut page);
    }
    page
}

fn section(group: &Group, page: &mut String) {
    page.push_str(&format!("\n## {}\n\n| what | tests |\n| --- | --- |\n", group.title));
    for row in &group.rows {
        let tests: Vec<String> = row.tests.iter().map(|test| format!("`{test}`")).collect();
        page.push_str(&format!("| {} | {} |\n", cell(&row.name), tests.join(", ")));
    }
}

/// A code span that survives inside a table.
fn cell(text: &str) -> String {
    let mark = if text.contains('`') { "``" } else { "`" };
    format!("{mark}{}{mark}", text.replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_a_table_under_their_group() {
        let list = List::parse("l", "[\"Limits\"]\n\"a|b\" = [\"golden:x\", \"unit:y\"]\n");
        let page = page(&list);
        assert!(page.contains("| Limits | 1 |\n"));
        assert!(page.ends_with(
            "## Limits\n\n| what | tests |\n| --- | --- |\n| `a\\|b` | `golden:x`, `unit:y` |\n"
        ));
    }
}
