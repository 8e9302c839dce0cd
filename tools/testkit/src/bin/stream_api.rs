//! `stream_api record [part]`: writes nats-server's answers into the transcripts of `stream_api/`,
//! or those of them whose names have a part. The server is the one that `NATS_SERVER_BIN` names.
#![expect(clippy::print_stdout, reason = "a program for people")]

use std::path::Path;
use std::process::ExitCode;

use anabranch_testkit::server::Binary;
use anabranch_testkit::stream_api::Transcript;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() != Some("record") {
        println!("usage: stream_api record [part]");
        return ExitCode::from(2);
    }
    match record(&std::env::args().nth(2).unwrap_or_default()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("stream_api: {error}");
            ExitCode::FAILURE
        }
    }
}

fn record(part: &str) -> Result<(), String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let peer = Binary::nats_server().map_err(|error| text(&error))?;
    let peer = peer.ok_or("NATS_SERVER_BIN is not set")?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stream_api");
    for transcript in Transcript::load_all(&folder).map_err(|error| text(&error))? {
        if !transcript.name().contains(part) {
            continue;
        }
        transcript.record(&peer).map_err(|error| text(&error))?;
        println!("{}: {} requests recorded", transcript.name(), transcript.requests());
    }
    Ok(())
}
