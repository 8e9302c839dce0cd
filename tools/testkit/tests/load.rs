//! What the server does under load and with bad clients: it goes on serving the others, says what
//! happened, and gives back what it took.

#[path = "load/abuse.rs"]
mod abuse;
#[path = "load/connections.rs"]
mod connections;
#[path = "load/delivery.rs"]
mod delivery;
#[path = "load/fan_out.rs"]
mod fan_out;
#[path = "load/pending.rs"]
mod pending;
#[path = "load/restart.rs"]
mod restart;
#[path = "load/subscriptions.rs"]
mod subscriptions;
