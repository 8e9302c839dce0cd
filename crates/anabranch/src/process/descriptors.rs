//! How many sockets and files the process may have open.

/// Raises the soft limit to the hard one, as Go's runtime does for nats-server: the usual soft
/// limit of 1024 would be that of clients too.
#[cfg(unix)]
pub(crate) fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(why) = setrlimit(Resource::Nofile, raised) {
        // macOS has a lower limit of its own beside the one it tells.
        log::debug!("Could not raise the limit of open files: {why}");
    }
}

/// There is no such limit.
#[cfg(not(unix))]
pub(crate) fn raise_descriptor_limit() {}
