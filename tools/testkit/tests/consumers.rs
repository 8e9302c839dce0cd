//! Consumers: each script is run on this server and on nats-server, and everything that a client
//! is told must be the same: answers, statuses, headers, tokens of acknowledgements, counts.

#[path = "consumers/acks.rs"]
mod acks;
#[path = "consumers/configurations.rs"]
mod configurations;
#[path = "consumers/counts.rs"]
mod counts;
#[path = "consumers/groups.rs"]
mod groups;
#[path = "consumers/life.rs"]
mod life;
#[path = "consumers/pulls.rs"]
mod pulls;
#[path = "consumers/pushes.rs"]
mod pushes;
#[path = "consumers/redelivery.rs"]
mod redelivery;
#[path = "consumers/restarts.rs"]
mod restarts;
#[path = "consumers/retention.rs"]
mod retention;
#[path = "consumers/script.rs"]
mod script;
