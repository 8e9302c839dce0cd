//! Sources: each once, with filters that do not overlap.

use std::collections::BTreeSet;

use anabranch_subject::matching::is_subset;
use anabranch_subject::transform;

use super::external::Prefixes;
use super::{consumer_is_usable, has_too_many_transforms, is_subject_or_empty, is_too_small};
use crate::config::{StreamConfig, StreamSource, Streams};
use crate::error::{self, ApiError};
use crate::name::is_well_formed;

pub(super) fn check(
    config: &StreamConfig,
    streams: &dyn Streams,
    prefixes: &mut Prefixes,
) -> Result<(), ApiError> {
    if !config.sources.is_empty() && config.allow_msg_schedules {
        return Err(error::SOURCE_WITH_SCHEDULES);
    }
    let mut identities = BTreeSet::new();
    let mut consumers = BTreeSet::new();
    for source in &config.sources {
        if !is_well_formed(&source.name) {
            return Err(error::SOURCE_NAME_INVALID);
        }
        if !identities.insert(identity(source)) {
            return Err(error::SOURCE_DUPLICATE);
        }
        filters(source)?;
        if !consumer_is_usable(source) {
            return Err(error::SOURCE_CONSUMER_INVALID);
        }
        if let Some(consumer) = &source.consumer {
            let api_prefix = source.external.as_ref().map(|external| &external.api_prefix);
            if !consumers.insert((&source.name, api_prefix, &consumer.name)) {
                return Err(error::SOURCE_CONSUMER_DUPLICATE);
            }
        }
        if let Some(external) = &source.external {
            prefixes.add(external);
        } else if let Some(origin) = streams.find(&source.name) {
            prefixes.add_origin(origin);
            if is_too_small(config.max_msg_size, origin.max_msg_size) {
                return Err(error::SOURCE_MAX_MSG_SIZE_TOO_SMALL);
            }
        }
    }
    Ok(())
}

/// What makes two sources the same.
type Identity<'a> = (&'a str, Option<&'a str>, Option<&'a str>, Vec<(&'a str, &'a str)>);

fn identity(source: &StreamSource) -> Identity<'_> {
    let filters = if source.subject_transforms.is_empty() {
        vec![(or_all(&source.filter_subject), ">")]
    } else {
        let transforms = source.subject_transforms.iter();
        transforms.map(|one| (or_all(&one.source), or_all(&one.destination))).collect()
    };
    let api_prefix = source.external.as_ref().map(|external| external.api_prefix.as_str());
    let consumer = source.consumer.as_ref().map(|consumer| consumer.name.as_str());
    (&source.name, api_prefix, consumer, filters)
}

fn or_all(subject: &str) -> &str {
    if subject.is_empty() { ">" } else { subject }
}

fn filters(source: &StreamSource) -> Result<(), ApiError> {
    let transforms = &source.subject_transforms;
    if !source.filter_subject.is_empty() && !transforms.is_empty() {
        return Err(error::SOURCE_FILTER_AND_TRANSFORMS);
    }
    if has_too_many_transforms(source) {
        return Err(error::source_transform_invalid("too many of them"));
    }
    for one in transforms {
        if !is_subject_or_empty(&one.source) {
            let text = format!("invalid subject {}", one.source);
            return Err(error::source_filter_invalid(text));
        }
        transform::validate(one.source.as_bytes(), one.destination.as_bytes())
            .map_err(error::source_transform_invalid)?;
    }
    for (index, outer) in transforms.iter().enumerate() {
        for (_, inner) in transforms.iter().enumerate().filter(|(at, _)| *at != index) {
            if is_subset(outer.source.as_bytes(), inner.source.as_bytes()) {
                return Err(error::SOURCE_FILTERS_OVERLAP);
            }
        }
    }
    Ok(())
}
