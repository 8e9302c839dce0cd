//! The reference of options and flags, written from the tables.

use std::fmt::Write;

use crate::cli::{FLAGS, Topic};
use crate::table::{Block, Opt, Status, blocks};

const HEAD: &str = "\
# Configuration

Written by `cargo run -p anabranch-config --example reference`; do not edit.

Configuration files are nats-server's. A key that does not act yet is named in a warning, with
its file, line and column, at the start and under `-t`; one that restricts access, keeps tenants
apart or protects data, and does not act yet, is refused: the server does not start with it. A
key that is not listed here is an error.
";

/// The text of `docs/configuration.md`.
#[must_use]
pub fn reference() -> String {
    let mut text = HEAD.to_owned();
    for block in blocks() {
        write_block(&mut text, block);
    }
    write_flags(&mut text);
    text
}

fn write_block(text: &mut String, block: &Block) {
    let name = block.name;
    text.push_str(&format!(
        "\n## {name}\n\n| key | value | today | |\n| --- | --- | --- | --- |\n"
    ));
    for option in block.options {
        let keys: Vec<String> = option.names().map(|name| format!("`{name}`")).collect();
        let value = match option.kind.block() {
            Some(inner) => format!("{} ({})", option.kind.describe(), inner.name),
            None => option.kind.describe().to_owned(),
        };
        // Writing to a String does not fail.
        let _ = writeln!(
            text,
            "| {} | {value} | {} | {} |",
            keys.join(", "),
            today(option),
            option.doc
        );
    }
}

fn today(option: &Opt) -> &'static str {
    match option.status {
        Status::Acts => "acts",
        Status::Warns => "warns",
        Status::Refuses(_) => "refused",
        Status::Follows => "with its block",
    }
}

fn write_flags(text: &mut String) {
    text.push_str(
        "\n## Command line\n\nOne dash and two mean the same. Flags override the file.\n\n\
         | flag | today | |\n| --- | --- | --- |\n",
    );
    for topic in Topic::ALL {
        for flag in FLAGS.iter().filter(|flag| flag.topic == topic) {
            let today = match flag.status() {
                Status::Acts => "acts",
                Status::Refuses(_) => "refused",
                Status::Warns | Status::Follows => "warns",
            };
            let _ = writeln!(text, "| `{}` | {today} | {} |", flag.spelled(), flag.doc);
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn is_checked_in_as_it_is_generated() {
        let checked_in = include_str!("../../../docs/configuration.md");
        assert!(
            checked_in == super::reference(),
            "docs/configuration.md is out of date: see examples/reference.rs"
        );
    }
}
