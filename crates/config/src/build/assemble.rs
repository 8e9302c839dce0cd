//! The parts put together.

use super::fields::Fields;
use super::{accounts, authorization, jetstream, server, tls};
use crate::grammar::Map;
use crate::options::Options;
use crate::problem::Problems;
use crate::table::{TLS, TOP};

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
    accounts::check(&top, problems);
    options.authorization = authorization::read(&top, problems);
    options.tls = top.block("tls", &TLS).map(|f| tls::read(&f, problems));
    jetstream::read(&top, &mut options, problems);
    options
}
