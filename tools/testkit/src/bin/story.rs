//! `story record`: writes what nats-server sends into the files of `stories/`. The server is the
//! one that `NATS_SERVER_BIN` names.
#![expect(clippy::print_stdout, reason = "a program for people")]

use std::path::Path;
use std::process::ExitCode;

use anabranch_testkit::server::Binary;
use anabranch_testkit::story::Story;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() != Some("record") {
        println!("usage: story record [FILE]");
        return ExitCode::from(2);
    }
    match record(std::env::args().nth(2).as_deref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("story: {error}");
            ExitCode::FAILURE
        }
    }
}

fn record(only: Option<&str>) -> Result<(), String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let peer = Binary::nats_server().map_err(|error| text(&error))?;
    let peer = peer.ok_or("NATS_SERVER_BIN is not set")?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stories");
    for story in Story::load_all(&folder).map_err(|error| text(&error))? {
        if only.is_none_or(|only| story.name() == only) {
            story.record(&peer).map_err(|error| text(&error))?;
            println!("{}: recorded", story.name());
        }
    }
    Ok(())
}
