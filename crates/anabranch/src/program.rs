//! Who this program is, and what it was called as.

use anabranch_broker::PEER_VERSION;

/// This program's own name.
pub(crate) const NAME: &str = "anabranch";
/// This program's own version.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The name under which scripts and test suites of clients expect nats-server's version.
const PEER: &str = "nats-server";

/// The program as it was called: scripts that know nats-server find this one through a link of
/// that name, and look for files and messages that carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    name: String,
}

impl Program {
    /// `argv0`: the first argument of the process.
    pub(crate) fn called(argv0: Option<&str>) -> Self {
        let last = argv0.and_then(|path| path.rsplit(std::path::is_separator).next());
        let name = last.filter(|name| !name.is_empty()).unwrap_or(NAME);
        Self { name: name.to_owned() }
    }

    /// The last part of the path by which it was called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What `--version` prints. Called as nats-server it answers with the release whose
    /// behaviour it has, since that is what callers by that name decide on.
    pub(crate) fn version_line(&self) -> String {
        if self.name == PEER {
            return format!("{PEER}: v{PEER_VERSION}");
        }
        format!("{NAME}: v{VERSION} (compatible with {PEER} v{PEER_VERSION})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_named_as_it_was_called() {
        assert_eq!(Program::called(Some("/usr/bin/nats-server")).name(), "nats-server");
        assert_eq!(Program::called(Some("./other")).name(), "other");
        assert_eq!(Program::called(Some("dir/")).name(), "anabranch");
        assert_eq!(Program::called(None).name(), "anabranch");
    }

    #[test]
    fn answers_with_the_version_that_the_name_asks_for() {
        let peer = Program::called(Some("nats-server")).version_line();
        assert_eq!(peer, format!("nats-server: v{PEER_VERSION}"));
        let own = Program::called(Some("anabranch")).version_line();
        assert!(own.starts_with(&format!("anabranch: v{VERSION} ")), "{own}");
        assert!(own.contains(PEER_VERSION), "{own}");
    }
}
