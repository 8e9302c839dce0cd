//! What can end a run early.

use std::io;

/// The outcome of a step of a load run.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Why a load run ended without its figure.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The command line is wrong.
    #[error("{0}")]
    Usage(String),
    /// The server sent what a conforming server does not send, or an error of the protocol.
    #[error("{0}")]
    Server(String),
    /// Messages stopped arriving.
    #[error("no progress: {0}")]
    Stuck(String),
    /// A socket or a file failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// TLS could not be set up.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// A PEM file could not be read.
    #[error("certificate file: {0}")]
    Pem(#[from] rustls_pki_types::pem::Error),
    /// A certificate could not be made.
    #[error("making a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A thread of the load generator panicked.
    #[error("a thread panicked")]
    Panicked,
}
