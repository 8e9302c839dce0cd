//! Why a broker does not start.

use std::io;

/// Why a broker does not start. Nothing is left listening then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// An address cannot be listened on.
    #[error("Error listening on {what}: {address}, {source}")]
    Listen {
        /// `port` for clients, `http port` and so on.
        what: &'static str,
        /// `host:port`.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// The authorization means nothing.
    #[error(transparent)]
    Authorization(#[from] anabranch_auth::Error),
    /// The TLS files cannot be used.
    #[error(transparent)]
    Tls(#[from] crate::tls::TlsError),
    /// The streams cannot be read.
    #[error("Can't start JetStream: {}: {error}", directory.display())]
    JetStream {
        /// Where they are.
        directory: std::path::PathBuf,
        /// Why.
        error: anabranch_log::Error,
    },
    /// A thread cannot be started.
    #[error("cannot start the thread {what}: {source}")]
    Thread {
        /// What it would do.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// Options that contradict each other.
    #[error("{0}")]
    Options(String),
}
