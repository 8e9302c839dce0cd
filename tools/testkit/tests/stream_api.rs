//! Plays the transcripts of requests about streams and consumers against the peer when
//! `NATS_SERVER_BIN` names one, since what the pure crate is held to has to be what nats-server
//! says; and those against our server that need nothing that it refuses by name.
#![expect(clippy::print_stdout, reason = "a test harness of its own")]

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anabranch_testkit::server::Binary;
use anabranch_testkit::stream_api::{Error, Transcript};

/// What needs accounts with limits of their own, or origins elsewhere.
const REFUSED_BY_NAME: [&str; 4] =
    ["limited.transcript", "consumer_limited.transcript", "random.transcript", "rules.transcript"];

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    match play() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            println!("golden: {error}");
            ExitCode::FAILURE
        }
    }
}

fn play() -> Result<usize, Error> {
    let mut failed = differences("anabranch", &Binary::anabranch()?, &REFUSED_BY_NAME)?;
    match Binary::nats_server()? {
        Some(peer) => failed += differences("nats-server", &peer, &[])?,
        None => {
            println!("golden: nats-server: stream requests skipped, NATS_SERVER_BIN is not set");
        }
    }
    Ok(failed)
}

/// How many answers are other than those in the files, but for some files.
fn differences(server: &str, binary: &Binary, without: &[&str]) -> Result<usize, Error> {
    let start = Instant::now();
    let (mut requests, mut failed) = (0, 0);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stream_api");
    for transcript in Transcript::load_all(&folder)? {
        let name = transcript.name();
        if without.contains(&name.as_str()) {
            continue;
        }
        requests += transcript.requests();
        for found in transcript.play(binary)? {
            failed += 1;
            println!("golden: {server}: FAILED {name}:{}: {}", found.line, found.answer);
        }
    }
    let (passed, seconds) = (requests - failed, start.elapsed().as_secs_f32());
    println!("golden: {server}: {passed} exchanges passed, {failed} failed, {seconds:.1} s");
    Ok(failed)
}
