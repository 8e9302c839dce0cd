//! Plays or records golden transcripts against any server.
//!
//! `golden play SERVER [NAME]` plays those whose name contains NAME, `golden record SERVER NAME
//! [FILE…]` prints those of the named files (`limits.golden`) with the answers that it gives.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anabranch_testkit::server::{Binary, Kind};
use anabranch_testkit::transcript::Suite;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["play", server, rest @ ..] => play(server, rest.first().copied().unwrap_or("")),
        ["record", server, part, files @ ..] => record(server, part, files),
        _ => Err("usage: golden play SERVER [NAME] | golden record SERVER NAME [FILE…]".into()),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("golden: {error}");
            ExitCode::from(2)
        }
    }
}

fn load(server: &str, name: &str) -> Result<(Binary, Suite), String> {
    let binary = Binary::at(Kind::NatsServer, PathBuf::from(server)).map_err(|e| e.to_string())?;
    let mut suite = Suite::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("golden"))?;
    suite.retain_named(name);
    Ok((binary, suite))
}

fn play(server: &str, name: &str) -> Result<ExitCode, String> {
    let (binary, suite) = load(server, name)?;
    let mut code = ExitCode::SUCCESS;
    for verdict in suite.run(&binary) {
        match verdict.result {
            Ok(()) => println!("ok      {}", verdict.name),
            Err(error) => {
                println!("FAILED  {}\n        {error}", verdict.name);
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

fn record(server: &str, part: &str, files: &[&str]) -> Result<ExitCode, String> {
    let (binary, mut suite) = load(server, part)?;
    suite.retain_files(files);
    for text in suite.record(&binary)? {
        println!("{text}");
    }
    Ok(ExitCode::SUCCESS)
}
