//! A mirror is a copy: it takes nothing else, and changes nothing.

use anabranch_subject::matching::collide;
use anabranch_subject::transform;

use super::external::Prefixes;
use super::{consumer_is_usable, has_too_many_transforms, is_subject_or_empty, is_too_small};
use crate::config::check::{Mode, require};
use crate::config::{StreamConfig, StreamSource, Streams};
use crate::error::{self, ApiError};
use crate::name::is_well_formed;
use crate::time::Nanos;

pub(super) fn check(
    config: &mut StreamConfig,
    mode: Mode,
    streams: &dyn Streams,
    prefixes: &mut Prefixes,
) -> Result<(), ApiError> {
    let Some(mirror) = &config.mirror else {
        return Ok(());
    };
    exclusions(config)?;
    if !consumer_is_usable(mirror) {
        return Err(error::MIRROR_CONSUMER_INVALID);
    }
    if !mirror.filter_subject.is_empty() && !mirror.subject_transforms.is_empty() {
        return Err(error::MIRROR_FILTER_AND_TRANSFORMS);
    }
    // Markers would use up sequences that the origin gives to messages.
    require(
        config.subject_delete_marker_ttl == Nanos::ZERO,
        "subject delete markers forbidden on mirrors",
    )?;
    transforms(mirror)?;
    if let Some(external) = &mirror.external {
        prefixes.add(external);
        return Ok(());
    }
    if !is_well_formed(&mirror.name) {
        return Err(error::MIRROR_NAME_INVALID);
    }
    // An origin that does not exist is fine: it may come later.
    let Some(origin) = streams.find(&mirror.name) else {
        return Ok(());
    };
    prefixes.add_origin(origin);
    if is_too_small(config.max_msg_size, origin.max_msg_size) {
        return Err(error::MIRROR_MAX_MSG_SIZE_TOO_SMALL);
    }
    if config.mirror_direct != origin.allow_direct {
        mode.refuse("origin stream has direct get set, mirror has it disabled")?;
    }
    config.mirror_direct = origin.allow_direct;
    Ok(())
}

fn exclusions(config: &StreamConfig) -> Result<(), ApiError> {
    let refusals = [
        (config.first_seq > 0, error::MIRROR_WITH_FIRST_SEQ),
        (!config.subjects.is_empty(), error::MIRROR_WITH_SUBJECTS),
        (!config.sources.is_empty(), error::MIRROR_WITH_SOURCES),
        (config.allow_msg_counter, error::MIRROR_WITH_COUNTERS),
        (config.allow_atomic, error::MIRROR_WITH_ATOMIC),
        (config.allow_batched, error::MIRROR_WITH_BATCH),
        (config.allow_msg_schedules, error::MIRROR_WITH_SCHEDULES),
    ];
    refusals.into_iter().find(|(broken, _)| *broken).map_or(Ok(()), |(_, error)| Err(error))
}

fn transforms(mirror: &StreamSource) -> Result<(), ApiError> {
    if has_too_many_transforms(mirror) {
        return Err(error::mirror_transform_invalid("too many of them"));
    }
    for (index, outer) in mirror.subject_transforms.iter().enumerate() {
        if !is_subject_or_empty(&outer.source) {
            let text = format!("invalid subject {}", outer.source);
            return Err(error::mirror_filter_invalid(text));
        }
        transform::validate(outer.source.as_bytes(), outer.destination.as_bytes())
            .map_err(error::mirror_transform_invalid)?;
        let others = mirror.subject_transforms.iter().enumerate().filter(|(at, _)| *at != index);
        for (_, inner) in others {
            if collide(outer.source.as_bytes(), inner.source.as_bytes()) {
                return Err(error::MIRROR_FILTERS_OVERLAP);
            }
        }
    }
    Ok(())
}
