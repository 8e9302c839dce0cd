//! Test support: servers under test, raw connections to them, and golden transcripts.
//!
//! This is *not* part of the broker and knows none of its types: a server is a process that is
//! given a configuration text and spoken to over loopback. Whatever is tested here can therefore
//! be tested against the peer server too, and is.
//!
//! - [`server`] starts a server on ports that the system chose, and ends it; [`certificate`] and
//!   [`client_certificates`] make what its TLS needs.
//! - [`wire`] is a connection whose every read has a deadline; [`client`] understands what it
//!   reads, [`tls`] is a stream inside of TLS.
//! - [`observed`] is a server with what monitoring and the system show of it; [`http`] asks.
//! - [`stream_api`] plays requests about streams and consumers; [`redaction`] takes out of the
//!   answers what is another each time.
//! - [`transcript`] holds the language of the files in `golden/`, and plays them.

pub mod backup;
pub mod certificate;
pub mod client;
pub mod client_certificates;
pub mod http;
pub mod observed;
pub mod redaction;
pub mod server;
pub mod story;
pub mod stream_api;
pub mod tls;
pub mod transcript;
pub mod wire;
