//! TLS of the client listener, by rustls. Not here: when the handshake begins (the
//! connection's negotiation) and who a certificate's holder is (`auth`).

mod algorithms;
mod client_auth;
mod failure;
mod files;
mod rate;
mod server;
mod stream;

pub use failure::handshake_failure;
pub use files::PairError;
pub use server::{TlsError, TlsServer, check_tls};
pub use stream::TlsStream;

#[cfg(test)]
mod tests;
