//! Plays every golden transcript against our server, and against the peer when `NATS_SERVER_BIN`
//! names one: what both are held to is the same file.
#![expect(clippy::print_stdout, reason = "a test harness of its own")]

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anabranch_testkit::server::Binary;
use anabranch_testkit::transcript::Suite;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
    if arguments.iter().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    let mut suite = match Suite::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")) {
        Ok(suite) => suite,
        Err(error) => return fail(&error),
    };
    suite.retain_named(filter.map_or("", String::as_str));
    let peer_passed = match Binary::nats_server() {
        Ok(Some(peer)) => passes("nats-server", &suite, &peer),
        Ok(None) => {
            println!("golden: nats-server: skipped, NATS_SERVER_BIN is not set");
            true
        }
        Err(error) => return fail(&error.to_string()),
    };
    match Binary::anabranch() {
        Ok(ours) if passes("anabranch", &suite, &ours) && peer_passed => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => fail(&error.to_string()),
    }
}

fn fail(error: &str) -> ExitCode {
    println!("golden: {error}");
    ExitCode::FAILURE
}

fn passes(server: &str, suite: &Suite, binary: &Binary) -> bool {
    let start = Instant::now();
    let verdicts = suite.run(binary);
    let failures = verdicts.iter().filter(|verdict| verdict.result.is_err()).count();
    for verdict in &verdicts {
        if let Err(error) = &verdict.result {
            println!("golden: {server}: FAILED {}: {error}", verdict.name);
        }
    }
    let passed = verdicts.len() - failures;
    let seconds = start.elapsed().as_secs_f32();
    println!("golden: {server}: {passed} exchanges passed, {failures} failed, {seconds:.1} s");
    failures == 0
}
