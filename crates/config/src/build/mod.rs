//! From the checked tree to [`Options`]. Kinds were checked before: a value of the wrong kind is
//! passed over here, its problem having been reported.

mod authorization;
mod fields;
mod permissions;
mod server;
mod tls;

use crate::grammar::Map;
use crate::options::Options;
use crate::problem::Problems;
use crate::table::TOP;

pub(crate) use server::parse_address;
pub(crate) use tls::TIMEOUT as TLS_TIMEOUT;
pub use tls::{cipher_suite_names, curve_names};

use fields::Fields;

/// Everything that acts.
pub(crate) fn build(map: &Map, problems: &mut Problems) -> Options {
    let top = Fields::of(map, &TOP);
    let mut options = Options::default();
    server::listen(&top, &mut options, problems);
    server::limits(&top, &mut options.limits, problems);
    server::timing(&top, &mut options.timing, problems);
    server::log(&top, &mut options.log, problems);
    server::identity(&top, &mut options, problems);
    server::features(&top, &mut options);
    server::monitor(&top, &mut options.monitor, problems);
    options.authorization = authorization::read(&top, problems);
    options.tls = top.block("tls", &crate::table::TLS).and_then(|f| tls::read(&f, problems));
    options
}
