//! Handshakes between a server made of options and files, and rustls' client.

mod algorithms;
mod client_certificate;
mod client_path;
mod files;
mod fixture;
mod server_certificate;
