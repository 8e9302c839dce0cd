//! Mirrors and sources: what they are allowed to be, and that they form no circle.

mod cycle;
mod external;
mod mirror;
mod sources;

use anabranch_subject::grammar::{is_literal, is_valid_subject};

use super::Mode;
use crate::config::{StreamConfig, StreamSource, Streams};
use crate::error::ApiError;
use crate::name::is_well_formed;

use external::Prefixes;

pub(super) fn check(
    config: &mut StreamConfig,
    mode: Mode,
    streams: &dyn Streams,
) -> Result<(), ApiError> {
    let mut prefixes = Prefixes::default();
    mirror::check(config, mode, streams, &mut prefixes)?;
    sources::check(config, streams, &mut prefixes)?;
    prefixes.check()?;
    cycle::check(config, streams)
}

/// How many transforms one source may have, as each is compared with each.
const TRANSFORMS_MAX: usize = 1_000;

/// Whether a source has more transforms than can be compared in reasonable time.
fn has_too_many_transforms(source: &StreamSource) -> bool {
    source.subject_transforms.len() > TRANSFORMS_MAX
}

/// Whether a consumer that exists already is named well, and nothing else says what to take.
fn consumer_is_usable(source: &StreamSource) -> bool {
    let Some(consumer) = &source.consumer else {
        return true;
    };
    let subject = consumer.deliver_subject.as_bytes();
    is_well_formed(&consumer.name)
        && is_literal(subject)
        && is_valid_subject(subject)
        && source.opt_start_seq == 0
        && source.opt_start_time.is_none()
        && source.filter_subject.is_empty()
}

/// Whether messages of a stream with the maximum `theirs` may be too large for `ours`.
fn is_too_small(ours: i32, theirs: i32) -> bool {
    ours > 0 && theirs > 0 && ours < theirs
}

fn is_subject_or_empty(subject: &str) -> bool {
    subject.is_empty() || is_valid_subject(subject.as_bytes())
}
