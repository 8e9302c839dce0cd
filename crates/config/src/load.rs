//! From a path to options, and the checks that come before a start.

use std::path::Path;

use crate::build::{build, parse_address};
use crate::certificates;
use crate::check::check;
use crate::duration;
use crate::grammar::{digest, parse};
use crate::options::Options;
use crate::problem::{Errors, Problem, Problems, Severity};
use crate::source::Source;

/// A configuration file that can be used.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// What it says.
    pub options: Options,
    /// Warnings, in the order of the file.
    pub warnings: Vec<Problem>,
}

impl Loaded {
    /// Whether `-t` calls the file valid: nats-server's own warnings fail it, ours about options
    /// that do not act yet do not.
    #[must_use]
    pub fn passes_check(&self) -> bool {
        self.warnings.iter().all(|warning| warning.severity == Severity::Notice)
    }
}

/// Reads a configuration file with all that it includes, and has the certificates checked that
/// it names.
///
/// # Errors
/// All that is wrong with it; of syntax errors the first.
pub fn load(source: &dyn Source, path: &Path) -> Result<Loaded, Errors> {
    let map = parse(source, path)?;
    let mut problems = Problems::default();
    if map.is_empty() {
        problems
            .warning_without_place(format!("{}: config has no values or is empty", path.display()));
    }
    check(&map, &mut problems);
    let mut options = build(&map, &mut problems);
    options.config_file = Some(path.to_owned());
    options.config_digest = digest(&map);
    certificates::check(&map, source, &mut problems);
    let warnings = problems.finish()?;
    Ok(Loaded { options, warnings })
}

/// What nats-server checks only when it starts, after flags have been applied; `-t` does not.
///
/// # Errors
/// All that is wrong.
pub fn validate(options: &Options) -> Result<(), Errors> {
    let mut found = Vec::new();
    let timing = &options.timing;
    if timing.lame_duck_grace_period >= timing.lame_duck_duration {
        found.push(format!(
            "lame duck grace period ({}) should be strictly lower than lame duck duration ({})",
            duration::show(timing.lame_duck_grace_period),
            duration::show(timing.lame_duck_duration)
        ));
    }
    let limits = &options.limits;
    if u64::from(limits.payload_max) > limits.pending_bytes_max {
        found.push(format!(
            "max_payload ({}) cannot be higher than max_pending ({})",
            limits.payload_max, limits.pending_bytes_max
        ));
    }
    if options.server_name.as_ref().is_some_and(|name| name.contains(' ')) {
        found.push("server name cannot contain spaces".to_owned());
    }
    found.extend(check_no_auth_user(options));
    if let Some(advertise) = &options.listen.client_advertise {
        found.extend(check_advertise(advertise).err());
    }
    if options.tls.as_ref().is_some_and(|tls| tls.certificates.is_empty()) {
        found.push("missing 'cert_file' in TLS configuration".to_owned());
    }
    if found.is_empty() {
        return Ok(());
    }
    let problems = found.into_iter().map(|text| Problem::error(None, text)).collect();
    Err(Errors { problems, warnings: Vec::new() })
}

fn check_no_auth_user(options: &Options) -> Option<String> {
    let authorization = &options.authorization;
    let name = authorization.no_auth_user.as_ref()?;
    if authorization.users.is_empty() && authorization.nkeys.is_empty() {
        return Some(format!("no_auth_user: \"{name}\" present, but users/nkeys are not defined"));
    }
    let known = authorization.users.iter().any(|user| user.name == *name)
        || authorization.nkeys.iter().any(|user| user.nkey == *name);
    (!known).then(|| {
        format!(
            "no_auth_user: \"{name}\" not present as user or nkey in authorization block or \
             account configuration"
        )
    })
}

/// `host` or `host:port`.
fn check_advertise(advertise: &str) -> Result<(), String> {
    let with_port = format!("{advertise}:0");
    let address = parse_address(advertise).or_else(|_| parse_address(&with_port));
    address.map(|_| ()).map_err(|reason| format!("client_advertise: {reason}"))
}
