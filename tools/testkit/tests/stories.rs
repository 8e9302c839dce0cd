//! Plays the stories of streams against our server and, when `NATS_SERVER_BIN` names one,
//! nats-server.
#![expect(clippy::print_stdout, reason = "a test harness of its own")]

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anabranch_testkit::server::Binary;
use anabranch_testkit::story::Story;
use anabranch_testkit::stream_api::Error;

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    let peer_holds = match Binary::nats_server() {
        Ok(Some(peer)) => holds("nats-server", &peer),
        Ok(None) => {
            println!("golden: nats-server: stories skipped, NATS_SERVER_BIN is not set");
            true
        }
        Err(error) => return fail(&error.to_string()),
    };
    match Binary::anabranch() {
        Ok(ours) if holds("anabranch", &ours) && peer_holds => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => fail(&error.to_string()),
    }
}

fn fail(error: &str) -> ExitCode {
    println!("golden: {error}");
    ExitCode::FAILURE
}

fn holds(name: &str, binary: &Binary) -> bool {
    match differences(name, binary) {
        Ok(found) => found == 0,
        Err(error) => {
            println!("golden: {name}: {error}");
            false
        }
    }
}

fn differences(server: &str, binary: &Binary) -> Result<usize, Error> {
    let start = Instant::now();
    let (mut steps, mut failed) = (0, 0);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stories");
    for story in Story::load_all(&folder)? {
        steps += story.steps();
        for found in story.play(binary)? {
            failed += 1;
            let (name, line, storage) = (story.name(), found.line, found.storage);
            println!("golden: {server}: FAILED {name}:{line} ({storage}):");
            found.came.iter().for_each(|came| println!("    < {came}"));
        }
    }
    let (passed, seconds) = (steps - failed, start.elapsed().as_secs_f32());
    println!("golden: {server}: {passed} exchanges passed, {failed} failed, {seconds:.1} s");
    Ok(failed)
}
