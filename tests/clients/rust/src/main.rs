//! Drives a NATS server through async-nats and prints `name: outcome` per scenario.

mod consumers;
mod harness;
mod keyvalue;
mod lifecycle;
mod messaging;
mod publishing;
mod security;
mod streams;
mod watching;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

/// What a scenario reports; an error becomes the outcome `FAIL …`.
pub type Outcome = Result<String, Box<dyn std::error::Error + Send + Sync>>;
/// A scenario's name and what it does.
pub type Scenario = (&'static str, fn() -> BoxFuture<'static, Outcome>);

const SCENARIO_TIMEOUT: Duration = Duration::from_secs(40);

#[tokio::main]
async fn main() {
    let all = [
        messaging::SCENARIOS,
        lifecycle::SCENARIOS,
        security::SCENARIOS,
        streams::SCENARIOS,
        publishing::SCENARIOS,
        keyvalue::SCENARIOS,
        consumers::SCENARIOS,
        watching::SCENARIOS,
    ]
    .concat();
    for (name, run) in all {
        let guarded =
            AssertUnwindSafe(tokio::time::timeout(SCENARIO_TIMEOUT, run())).catch_unwind();
        let outcome = match guarded.await {
            Ok(Ok(Ok(outcome))) => outcome,
            Ok(Ok(Err(error))) => format!("FAIL {error}"),
            Ok(Err(_)) => "FAIL timed out".to_owned(),
            Err(_) => "FAIL panicked".to_owned(),
        };
        println!("{name}: {}", outcome.replace('\n', " "));
    }
}
