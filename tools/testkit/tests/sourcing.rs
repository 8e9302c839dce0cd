//! Mirrors and sources: each script is run on this server and on nats-server, and what it sees
//! must be the same.

#[path = "sourcing/counters.rs"]
mod counters;
#[path = "sourcing/features.rs"]
mod features;
#[path = "sourcing/mirrors.rs"]
mod mirrors;
#[path = "sourcing/origins.rs"]
mod origins;
#[path = "sourcing/restarts.rs"]
mod restarts;
#[path = "sourcing/script.rs"]
mod script;
#[path = "sourcing/sources.rs"]
mod sources;
#[path = "sourcing/updates.rs"]
mod updates;
