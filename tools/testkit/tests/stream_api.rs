//! Plays the transcripts of stream requests against the peer when `NATS_SERVER_BIN` names one:
//! what the pure crate is held to has to be what nats-server says.
#![expect(clippy::print_stdout, reason = "a test harness of its own")]

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anabranch_testkit::server::Binary;
use anabranch_testkit::stream_api::{Error, Transcript};

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    let peer = match Binary::nats_server() {
        Ok(Some(peer)) => peer,
        Ok(None) => {
            println!("golden: nats-server: stream requests skipped, NATS_SERVER_BIN is not set");
            return ExitCode::SUCCESS;
        }
        Err(error) => return fail(&error.to_string()),
    };
    match differences(&peer) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => fail(&error.to_string()),
    }
}

fn fail(error: &str) -> ExitCode {
    println!("golden: {error}");
    ExitCode::FAILURE
}

fn differences(peer: &Binary) -> Result<usize, Error> {
    let start = Instant::now();
    let (mut requests, mut failed) = (0, 0);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stream_api");
    for transcript in Transcript::load_all(&folder)? {
        requests += transcript.requests();
        for found in transcript.play(peer)? {
            failed += 1;
            let (name, line) = (transcript.name(), found.line);
            println!("golden: nats-server: FAILED {name}:{line}: {}", found.answer);
        }
    }
    let (passed, seconds) = (requests - failed, start.elapsed().as_secs_f32());
    println!("golden: nats-server: {passed} exchanges passed, {failed} failed, {seconds:.1} s");
    Ok(failed)
}
