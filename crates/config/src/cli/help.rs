//! Help and completion, from the table of flags.

use super::flags::{FLAGS, Flag, Topic};
use crate::build::{cipher_suite_names, curve_names};

/// Column in which descriptions begin.
const COLUMN: usize = 37;

/// What can stand in place of flags.
const COMMANDS: &str = "
Commands, for a data directory that no server uses:
    store check <dir>                Read all of it, tell what is damaged (exit status 1)
    store dump <dir>                 As check, and name each record
    store repair [--dry-run] <dir>   Give up what cannot be read, so that a server goes on
      -c, --config <file>            Configuration with the key of an encrypted one
";

/// The text of `--help`, its flags grouped by topic.
#[must_use]
pub fn help(program: &str) -> String {
    let mut text = format!("\nUsage: {program} [options]\n");
    for topic in Topic::ALL {
        text.push_str(&format!("\n{}:\n", topic.heading()));
        for flag in FLAGS.iter().filter(|flag| flag.topic == topic) {
            text.push_str(&line(flag));
        }
    }
    text.push_str(COMMANDS);
    text
}

fn line(flag: &Flag) -> String {
    let start = format!("    {}", flag.spelled());
    let mut text = String::new();
    if start.len() < COLUMN {
        text.push_str(&format!("{start:COLUMN$}"));
    } else {
        text.push_str(&format!("{start}\n{:COLUMN$}", ""));
    }
    text.push_str(flag.doc);
    text.push('\n');
    text
}

/// The text of `--help_tls`.
#[must_use]
pub fn tls_help() -> String {
    let mut text = "
TLS is configured in the tls block of a configuration file:

    tls {
        cert_file: \"./server-cert.pem\"
        key_file:  \"./server-key.pem\"
        ca_file:   \"./ca.pem\"
        verify:    true
        min_version: \"1.3\"
    }

Available cipher suites include:
"
    .to_owned();
    for name in cipher_suite_names() {
        text.push_str(&format!("    {name}\n"));
    }
    text.push_str("\nAvailable curve preferences include:\n");
    for name in curve_names() {
        text.push_str(&format!("    {name}\n"));
    }
    text
}

/// The flags for a generator of shell completions. Parsing does not go through it: Go's rules,
/// where `-sd dir` is one flag and not two, are not clap's.
#[must_use]
pub fn command(program: &'static str) -> clap::Command {
    let mut command = clap::Command::new(program)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .about("A messaging server that NATS clients, tools and configuration files work with");
    for flag in FLAGS {
        command = command.arg(argument(flag));
    }
    command
}

fn argument(flag: &Flag) -> clap::Arg {
    let name = flag.name();
    let mut argument = clap::Arg::new(name).long(name).help(flag.doc);
    for alias in flag.names.iter().copied().filter(|alias| *alias != name) {
        let mut letters = alias.chars();
        argument = match (letters.next(), letters.next()) {
            (Some(letter), None) => argument.short(letter),
            _ => argument.visible_alias(alias),
        };
    }
    match flag.value {
        None => argument.action(clap::ArgAction::SetTrue),
        Some(_) if name == "completion" => argument.value_name("shell").value_parser([
            "bash",
            "elvish",
            "fish",
            "powershell",
            "zsh",
        ]),
        Some(value) => argument.value_name(value).value_hint(hint(value)),
    }
}

fn hint(value: &str) -> clap::ValueHint {
    match value {
        "file" => clap::ValueHint::FilePath,
        "dir" => clap::ValueHint::DirPath,
        _ => clap::ValueHint::Other,
    }
}
