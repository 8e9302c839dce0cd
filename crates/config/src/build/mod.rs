//! From the checked tree to [`Options`](crate::Options). Kinds were checked before: a value of
//! the wrong kind is passed over here, its problem having been reported.

mod accounts;
mod assemble;
mod authorization;
mod fields;
mod jetstream;
mod permissions;
mod server;
mod tls;

pub(crate) use assemble::build;
pub(crate) use server::parse_address;
pub(crate) use tls::{TIMEOUT as TLS_TIMEOUT, read_block as read_tls};
pub use tls::{cipher_suite_names, curve_names};
