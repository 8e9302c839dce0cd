//! How a server conducts itself where no single exchange of bytes can show it: with several
//! clients at once, over time, and at the end of connections. Each test is run against both
//! servers.

#[path = "conduct/backups.rs"]
mod backups;
#[path = "conduct/busy.rs"]
mod busy;
#[path = "conduct/client_certificates.rs"]
mod client_certificates;
#[path = "conduct/compression.rs"]
mod compression;
#[path = "conduct/ending.rs"]
mod ending;
#[path = "conduct/floods.rs"]
mod floods;
#[path = "conduct/gets.rs"]
mod gets;
#[path = "conduct/handshakes.rs"]
mod handshakes;
#[path = "conduct/leaving.rs"]
mod leaving;
#[path = "conduct/restores.rs"]
mod restores;
#[path = "conduct/silence.rs"]
mod silence;
#[path = "conduct/tls_options.rs"]
mod tls_options;
