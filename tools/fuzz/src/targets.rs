//! The targets, by name.

mod api_request;
mod client_bytes;
mod configuration;
mod connect;
mod damage;
mod log_checkpoint;
mod log_records;
mod log_recovery;
mod log_segment;
mod permissions;
mod proxy;
mod publish_headers;
mod schedule;
mod session;
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
    stream_config::TARGET,
    api_request::TARGET,
    publish_headers::TARGET,
    schedule::TARGET,
    log_records::TARGET,
    log_recovery::TARGET,
    log_checkpoint::TARGET,
    log_segment::TARGET,
];

/// Targets that open files on a simulated disk: an input takes them some twenty times as long.
const SLOW: [&str; 3] =
    [log_recovery::TARGET.name, log_checkpoint::TARGET.name, log_segment::TARGET.name];
const SLOWER: u64 = 20;

impl Target {
    /// How many of `rounds` are right for this one.
    #[must_use]
    pub fn share_of(&self, rounds: u64) -> u64 {
        if SLOW.contains(&self.name) { rounds.div_ceil(SLOWER) } else { rounds }
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
