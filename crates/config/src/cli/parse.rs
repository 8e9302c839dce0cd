//! Arguments to an [`Invocation`].

use std::path::PathBuf;

use super::apply::Overrides;
use super::flags::{Effect, Flag, Later};

/// What the program is asked to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Invocation {
    /// Serve.
    Run {
        /// `-c`.
        config: Option<PathBuf>,
        /// The other flags.
        overrides: Overrides,
    },
    /// `-t`: check the file and exit. Flags other than `-c` do not matter.
    TestConfig {
        /// `-c`.
        config: PathBuf,
    },
    /// `--signal`.
    Signal {
        /// What to send.
        command: SignalCommand,
        /// A process id, a file that holds one, or empty to look for the process; a `*` at the
        /// end means every process whose id begins so.
        target: String,
    },
    /// `store`: read a data directory.
    Store {
        /// What to do with it.
        command: StoreCommand,
        /// Where it is: what `store_dir` names, or the directory itself.
        directory: PathBuf,
        /// `-c`: has the key of an encrypted one.
        config: Option<PathBuf>,
    },
    /// `--version`.
    PrintVersion,
    /// `--help`.
    PrintHelp,
    /// `--help_tls`.
    HelpTls,
    /// `--completion`.
    Completion(Shell),
}

/// A command for a running server, and so a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignalCommand {
    /// SIGKILL.
    Stop,
    /// SIGINT.
    Quit,
    /// SIGTERM.
    Term,
    /// SIGUSR1: reopen the log file.
    Reopen,
    /// SIGHUP: reload the configuration.
    Reload,
    /// SIGUSR2: lame duck mode.
    LameDuck,
}

/// What to do with a data directory that no server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreCommand {
    /// Read all of it, and tell what is damaged.
    Check,
    /// That, and name each record.
    Dump,
    /// Give up what cannot be read, so that a server goes on without it.
    Repair,
    /// Only tell what that would do.
    RepairDryRun,
}

/// A shell to complete for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// bash
    Bash,
    /// elvish
    Elvish,
    /// fish
    Fish,
    /// PowerShell
    PowerShell,
    /// zsh
    Zsh,
}

/// Arguments that make no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CliError {
    /// A flag that does not exist, or a value that it cannot have: nats-server prints this
    /// without its name in front, and its help after it.
    #[error("{0}")]
    Usage(String),
    /// Anything else: printed after the program's name.
    #[error("{0}")]
    Invalid(String),
}

impl CliError {
    /// Whether the help is to follow the message.
    #[must_use]
    pub fn shows_help(&self) -> bool {
        matches!(self, Self::Usage(_))
    }
}

/// Reads the arguments after the program's name.
///
/// # Errors
/// The first argument that makes no sense.
pub fn parse<I>(args: I) -> Result<Invocation, CliError>
where
    I: IntoIterator<Item = String>,
{
    let mut given = Vec::new();
    let mut args = args.into_iter();
    let positional = read_flags(&mut args, &mut given)?;
    if positional.as_deref() == Some("store") {
        return parse_store(&mut args);
    }
    let modes = Modes::of(&given)?;
    if let Some(invocation) = modes.information(positional.as_deref())? {
        return Ok(invocation);
    }
    if let Some(signal) = modes.signal {
        return parse_signal(signal);
    }
    let config = modes.config.filter(|path| !path.is_empty()).map(PathBuf::from);
    if modes.test {
        return match config {
            Some(config) => Ok(Invocation::TestConfig { config }),
            None => Err(CliError::Invalid(
                "must specify [-c, --config] option to check configuration file syntax".to_owned(),
            )),
        };
    }
    let overrides = Overrides::new(given);
    Ok(Invocation::Run { config, overrides })
}

/// A flag as it was given.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) flag: &'static Flag,
    /// As it was spelled.
    pub(super) name: String,
    pub(super) value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Int(i64),
    Switch(bool),
}

/// Flags up to the first other argument, which is given back.
fn read_flags(
    args: &mut impl Iterator<Item = String>,
    given: &mut Vec<Given>,
) -> Result<Option<String>, CliError> {
    while let Some(arg) = args.next() {
        if arg == "--" {
            return Ok(args.next());
        }
        let name = arg.strip_prefix("--").or_else(|| arg.strip_prefix('-'));
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            return Ok(Some(arg));
        };
        if name.starts_with(['-', '=']) {
            return Err(CliError::Usage(format!("bad flag syntax: {arg}")));
        }
        let (name, attached) = match name.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (name, None),
        };
        let Some(flag) = Flag::find(name) else {
            return Err(CliError::Usage(format!("flag provided but not defined: -{name}")));
        };
        let value = match (attached, flag.value) {
            (Some(value), _) => Some(value),
            (None, None) => None,
            (None, Some(_)) => Some(
                args.next()
                    .ok_or_else(|| CliError::Usage(format!("flag needs an argument: -{name}")))?,
            ),
        };
        let value = typed(flag, name, value)?;
        given.push(Given { flag, name: name.to_owned(), value });
    }
    Ok(None)
}

fn typed(flag: &Flag, name: &str, value: Option<String>) -> Result<Value, CliError> {
    let Some(value) = value else { return Ok(Value::Switch(true)) };
    if flag.value.is_none() {
        return go_bool(&value).map(Value::Switch).ok_or_else(|| {
            CliError::Usage(format!("invalid boolean value {value:?} for -{name}: parse error"))
        });
    }
    match flag.effect {
        Effect::Int(_) | Effect::Later(Later::Int) => {
            go_int(&value).map(Value::Int).map_err(|why| {
                CliError::Usage(format!("invalid value {value:?} for flag -{name}: {why}"))
            })
        }
        _ => Ok(Value::Text(value)),
    }
}

/// The spellings of Go's `strconv.ParseBool`.
fn go_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// Decimal, or with the prefixes 0x, 0o, 0b and 0 that Go's `flag` takes.
fn go_int(text: &str) -> Result<i64, &'static str> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = if let Some(rest) = lower.strip_prefix("0x") {
        (16, rest)
    } else if let Some(rest) = lower.strip_prefix("0b") {
        (2, rest)
    } else if let Some(rest) = lower.strip_prefix("0o") {
        (8, rest)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, &lower[1..])
    } else {
        (10, lower.as_str())
    };
    if digits.starts_with(['-', '+']) {
        return Err("parse error");
    }
    i64::from_str_radix(&format!("{sign}{digits}"), radix).map_err(|error| {
        use std::num::IntErrorKind::{NegOverflow, PosOverflow};
        match error.kind() {
            NegOverflow | PosOverflow => "value out of range",
            _ => "parse error",
        }
    })
}

/// The flags that decide what to do; of each the last counts.
#[derive(Debug, Default)]
struct Modes<'a> {
    version: bool,
    help: bool,
    help_tls: bool,
    test: bool,
    config: Option<&'a str>,
    signal: Option<&'a str>,
    shell: Option<&'a str>,
}

impl<'a> Modes<'a> {
    fn of(given: &'a [Given]) -> Result<Self, CliError> {
        let mut modes = Self::default();
        for Given { flag, value, .. } in given {
            match (flag.name(), value) {
                ("version", Value::Switch(on)) => modes.version = *on,
                ("help", Value::Switch(on)) => modes.help = *on,
                ("help_tls", Value::Switch(on)) => modes.help_tls = *on,
                ("t", Value::Switch(on)) => modes.test = *on,
                ("config", Value::Text(path)) => modes.config = Some(path),
                ("signal", Value::Text(signal)) => {
                    modes.signal =
                        Some(signal).filter(|signal| !signal.is_empty()).map(|s| s.as_str());
                }
                ("completion", Value::Text(shell)) => modes.shell = Some(shell),
                _ => {}
            }
        }
        Ok(modes)
    }

    /// What only prints something, in nats-server's order of precedence.
    fn information(&self, positional: Option<&str>) -> Result<Option<Invocation>, CliError> {
        if self.version {
            return Ok(Some(Invocation::PrintVersion));
        }
        if self.help {
            return Ok(Some(Invocation::PrintHelp));
        }
        if self.help_tls {
            return Ok(Some(Invocation::HelpTls));
        }
        if let Some(shell) = self.shell {
            return parse_shell(shell).map(|shell| Some(Invocation::Completion(shell)));
        }
        match positional.map(str::to_ascii_lowercase).as_deref() {
            None => Ok(None),
            Some("version") => Ok(Some(Invocation::PrintVersion)),
            Some("help") => Ok(Some(Invocation::PrintHelp)),
            Some(_) => Err(CliError::Invalid(format!(
                "unrecognized command: {:?}",
                positional.unwrap_or_default()
            ))),
        }
    }
}

fn parse_store(args: &mut impl Iterator<Item = String>) -> Result<Invocation, CliError> {
    let usage = || {
        let usage = "expected: store check|dump [-c <file>] <dir>, or store repair [--dry-run] \
                     [-c <file>] <dir>";
        CliError::Invalid(usage.to_owned())
    };
    let mut command = match args.next().as_deref() {
        Some("check") => StoreCommand::Check,
        Some("dump") => StoreCommand::Dump,
        Some("repair") => StoreCommand::Repair,
        _ => return Err(usage()),
    };
    let (mut directory, mut config) = (None, None);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--dry-run" if command == StoreCommand::Repair => command = StoreCommand::RepairDryRun,
            "-c" | "--config" if config.is_none() => {
                let path = args.next().filter(|path| !path.is_empty()).ok_or_else(usage)?;
                config = Some(path.into());
            }
            path if path.is_empty() || path.starts_with('-') || directory.is_some() => {
                return Err(usage());
            }
            path => directory = Some(path.into()),
        }
    }
    let directory = directory.ok_or_else(usage)?;
    Ok(Invocation::Store { command, directory, config })
}

fn parse_shell(name: &str) -> Result<Shell, CliError> {
    match name {
        "bash" => Ok(Shell::Bash),
        "elvish" => Ok(Shell::Elvish),
        "fish" => Ok(Shell::Fish),
        "powershell" => Ok(Shell::PowerShell),
        "zsh" => Ok(Shell::Zsh),
        _ => Err(CliError::Invalid(format!(
            "unknown shell {name:?}: expected bash, elvish, fish, powershell or zsh"
        ))),
    }
}

fn parse_signal(text: &str) -> Result<Invocation, CliError> {
    let mut parts = text.split('=');
    let command = parts.next().unwrap_or_default();
    let target = parts.next().unwrap_or_default().to_owned();
    let rest: Vec<&str> = parts.collect();
    if !rest.is_empty() {
        let rest = rest.join(" ");
        return Err(CliError::Invalid(format!("invalid signal parameters: [{rest}]")));
    }
    let command = match command {
        "stop" => SignalCommand::Stop,
        "quit" => SignalCommand::Quit,
        "term" => SignalCommand::Term,
        "reopen" => SignalCommand::Reopen,
        "reload" => SignalCommand::Reload,
        "ldm" => SignalCommand::LameDuck,
        _ => return Err(CliError::Invalid(format!("unknown signal {command:?}"))),
    };
    Ok(Invocation::Signal { command, target })
}
