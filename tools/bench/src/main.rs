//! A light load generator for servers that speak the NATS client protocol.
//!
//! It is *not* a client library: a full client costs more CPU per message than the server under
//! test, and would be what is measured. Here frames are built once, written in large chunks, and
//! the receiving side only steps over frames whose length is known. Every mode prints one JSON
//! line on stdout; what the modes and their options mean is in `README.md` beside this crate.

mod args;
mod certs;
mod churn;
mod conn;
mod connects;
mod error;
mod fanout;
mod frame;
mod get;
mod hold;
mod neighbour;
mod open_loop;
mod pace;
mod pair;
mod poller;
mod publish;
mod pubsub;
mod report;
mod requests;
mod standing;
mod stepper;
mod store;
mod stream;

use std::io::Write;
use std::process::ExitCode;

use args::Args;
use error::{Error, Result};

type Mode = fn(&Args) -> Result<()>;

const MODES: [(&str, Mode); 13] = [
    ("pub", pubsub::publish_only),
    ("pubsub", pubsub::publish_and_receive),
    ("fanout", fanout::run),
    ("reqrep", requests::run),
    ("store", store::run),
    ("get", get::run),
    ("neighbour", neighbour::run),
    ("lat", open_loop::run),
    ("churn", churn::run),
    ("conns", standing::connections),
    ("subs", standing::subscriptions),
    ("connects", connects::run),
    ("certs", certs::run),
];

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let mode = words.next().unwrap_or_default();
    let outcome = Args::parse(words).and_then(|args| run(&mode, &args));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            // Nothing better can be done with a message that stderr refuses.
            let _ = writeln!(std::io::stderr(), "anabranch-load {mode}: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(mode: &str, args: &Args) -> Result<()> {
    let Some((_, start)) = MODES.iter().find(|(name, _)| *name == mode) else {
        let names: Vec<&str> = MODES.iter().map(|(name, _)| *name).collect();
        return Err(Error::Usage(format!("the modes are {}", names.join(" "))));
    };
    raise_open_files();
    start(args)
}

/// Ten thousand connections need as many descriptors; the soft limit is often 1,024.
fn raise_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // If it is refused, opening the connections says what is missing.
    let _ = setrlimit(Resource::Nofile, limit);
}
