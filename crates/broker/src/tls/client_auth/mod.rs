//! Whether a client's certificate is to be believed, as Go's `crypto/x509` decides it for
//! nats-server. Not who its holder is (`auth`), and not the mathematics: signatures are checked
//! by rustls' algorithms.
//!
//! Written here because webpki, which rustls brings along, refuses certificates of X.509
//! version 1 and those of authorities as a client's own, and both are in use
//! (docs/adr/0009-client-certificates-as-go-verifies-them.md).

mod certificate;
mod name_constraints;
mod path;
mod roots;
mod verifier;

pub(super) use roots::Roots;
pub(super) use verifier::{ClientVerifier, Hints};
