//! The targets, by name.

mod api_request;
mod backup;
mod client_bytes;
mod configuration;
mod connect;
mod consumer_config;
mod consumer_records;
mod consumer_session;
mod damage;
mod first_bytes;
mod log_checkpoint;
mod log_records;
mod log_recovery;
mod log_segment;
mod permissions;
mod proxy;
mod publish_headers;
mod schedule;
mod sealing;
mod session;
mod stream_command;
mod stream_config;
mod subjects;

/// One thing that must hold for any input.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, also that of the program in `fuzz/fuzz_targets`.
    pub name: &'static str,
    /// Panics if it does not hold for these bytes.
    pub check: fn(&[u8]),
    /// Inputs to begin with.
    pub corpus: &'static [&'static [u8]],
    /// Words that make mutations reach further.
    pub dictionary: &'static [&'static [u8]],
}

/// All of them.
pub const TARGETS: &[Target] = &[
    client_bytes::TARGET,
    session::TARGET,
    connect::TARGET,
    configuration::TARGET,
    subjects::TARGET,
    permissions::TARGET,
    proxy::TARGET,
    stream_command::TARGET,
    stream_config::TARGET,
    consumer_records::TARGET,
    consumer_session::TARGET,
    consumer_config::TARGET,
    api_request::TARGET,
    backup::TARGET,
    publish_headers::TARGET,
    schedule::TARGET,
    sealing::TARGET,
    log_records::TARGET,
    log_recovery::TARGET,
    log_checkpoint::TARGET,
    log_segment::TARGET,
    first_bytes::TARGET,
];

/// Targets of which an input takes so many times as long as one of a decoder: they open files on a
/// simulated disk, or connections.
const SLOW: [(&str, u64); 4] = [
    (log_recovery::TARGET.name, 20),
    (log_checkpoint::TARGET.name, 20),
    (log_segment::TARGET.name, 20),
    (first_bytes::TARGET.name, 60),
];

impl Target {
    /// How many of `rounds` are right for this one.
    #[must_use]
    pub fn share_of(&self, rounds: u64) -> u64 {
        let slow = SLOW.iter().find(|(name, _)| *name == self.name);
        slow.map_or(rounds, |(_, times)| rounds.div_ceil(*times))
    }
}

/// Runs the target with this name on `input`.
///
/// # Panics
/// If there is no such target, or what it stands for does not hold.
pub fn check(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.expect("fuzz programs are named after targets").check)(input);
}
