//! What the arguments ask for.

use std::fmt::Display;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anabranch_broker::check_tls;
use anabranch_config::cli::{self, CliError, Invocation, Overrides, Shell};
use anabranch_config::options::Encryption;
use anabranch_config::{Options, Problem, load, validate};

use crate::process::send_signal;
use crate::program::{NAME, Program};
use crate::serve::serve;
use crate::source::FileSource;
use crate::store;

/// Does what the arguments ask for; `args`: without the program's name.
pub(crate) fn run(program: &Program, args: impl Iterator<Item = String>) -> ExitCode {
    match cli::parse(args) {
        Ok(Invocation::Run { config, overrides }) => {
            match configure(config.as_deref(), &overrides) {
                Ok(configured) => serve(program, configured),
                Err(error) => fail(program, &error),
            }
        }
        Ok(Invocation::TestConfig { config }) => test_config(program, &config),
        Ok(Invocation::Signal { command, target }) => {
            match send_signal::send(program, command, &target) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(program, &error),
            }
        }
        Ok(Invocation::Store { command, directory, config }) => {
            match encryption(config.as_deref()) {
                Ok(encryption) => store::run(program, command, &directory, encryption.as_ref()),
                Err(error) => fail(program, &error),
            }
        }
        Ok(Invocation::PrintVersion) => print(&format!("{}\n", program.version_line())),
        Ok(Invocation::PrintHelp) => print(&cli::help(program.name())),
        Ok(Invocation::HelpTls) => print(&cli::tls_help()),
        Ok(Invocation::Completion(shell)) => print_completion(shell),
        Err(error) => refuse(program, &error),
    }
}

/// What a start needs.
#[derive(Debug)]
pub(crate) struct Configured {
    /// From the file, with the flags over it.
    pub(crate) options: Options,
    /// To be logged, once there is a log.
    pub(crate) warnings: Vec<Problem>,
}

fn configure(config: Option<&Path>, overrides: &Overrides) -> Result<Configured, String> {
    let said = |errors: anabranch_config::Errors| errors.to_string();
    let mut configured = Configured { options: Options::default(), warnings: Vec::new() };
    if let Some(path) = config {
        let loaded = load(&FileSource, path).map_err(said)?;
        configured.options = loaded.options;
        configured.warnings = loaded.warnings;
    }
    let from_file = configured.options.tls.clone();
    configured.warnings.extend(overrides.apply(&mut configured.options).map_err(said)?);
    if configured.options.tls != from_file {
        configured.options.tls.as_ref().map_or(Ok(()), check_tls).map_err(|e| e.to_string())?;
    }
    validate(&configured.options).map_err(said)?;
    Ok(configured)
}

/// The keys in a configuration file.
fn encryption(config: Option<&Path>) -> Result<Option<Encryption>, String> {
    let Some(path) = config else { return Ok(None) };
    let loaded = load(&FileSource, path).map_err(|errors| errors.to_string())?;
    let encryption = loaded.options.jetstream.and_then(|jetstream| jetstream.encryption);
    let missing = || format!("{}: it has no jetstream key", path.display());
    encryption.map(Some).ok_or_else(missing)
}

/// `-t`. nats-server calls a file valid that names only what it knows; what this server knows
/// and does not do yet is told beside, without changing the exit status.
fn test_config(program: &Program, path: &Path) -> ExitCode {
    let name = program.name();
    let loaded = match load(&FileSource, path) {
        Ok(loaded) => loaded,
        Err(errors) if errors.only_refusals() => {
            let text = format!(
                "{errors}\n{name}: configuration file {} is valid, but cannot be used yet",
                path.display()
            );
            complain(&text);
            return ExitCode::SUCCESS;
        }
        Err(errors) => return fail(program, &errors),
    };
    let warnings: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
    if !loaded.passes_check() {
        return fail(program, &warnings.join("\n"));
    }
    for warning in &warnings {
        complain(warning);
    }
    let digest = &loaded.options.config_digest;
    complain(&format!("{name}: configuration file {} is valid ({digest})", path.display()));
    ExitCode::SUCCESS
}

fn print_completion(shell: Shell) -> ExitCode {
    let shell = match shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Elvish => clap_complete::Shell::Elvish,
        Shell::Fish => clap_complete::Shell::Fish,
        Shell::PowerShell => clap_complete::Shell::PowerShell,
        Shell::Zsh => clap_complete::Shell::Zsh,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::command(NAME), NAME, &mut script);
    print(&String::from_utf8_lossy(&script))
}

fn refuse(program: &Program, error: &CliError) -> ExitCode {
    if !error.shows_help() {
        return fail(program, error);
    }
    complain(&error.to_string());
    print(&cli::help(program.name()));
    // nats-server prints its help and calls that a success.
    ExitCode::SUCCESS
}

/// Says why the program ends, in nats-server's form.
pub(crate) fn fail(program: &Program, error: &dyn Display) -> ExitCode {
    complain(&format!("{}: {error}", program.name()));
    ExitCode::FAILURE
}

/// Nobody may be reading: a closed pipe is no reason to end differently.
fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
