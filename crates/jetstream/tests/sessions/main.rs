//! Sessions of consumers: what clients see, and what the log keeps of it.

mod acks;
mod desk;
mod model;
mod priorities;
mod pulls;
mod pushes;
mod records;
