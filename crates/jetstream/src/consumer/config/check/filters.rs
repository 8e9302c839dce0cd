//! The subjects that count for a consumer.

use std::collections::{BTreeMap, BTreeSet};

use anabranch_subject::grammar::{has_wildcards, is_valid_subject};
use anabranch_subject::matching::{collide, is_subset};

use crate::consumer::config::{ConsumerConfig, Consumers};
use crate::error::{self, ApiError, stream_config_invalid};

/// How many pairs of subjects are compared. Pairs of subjects without wildcards cost nothing.
const PAIRS_MAX: usize = 5_000_000;

fn too_many() -> ApiError {
    stream_config_invalid("too many filter subjects with wildcards")
}

/// Filters are subjects, and none is part of another.
pub(super) fn check(config: &ConsumerConfig) -> Result<(), ApiError> {
    let invalid = || stream_config_invalid("invalid subject");
    if !config.filter_subject.is_empty() && !config.filter_subjects.is_empty() {
        return Err(error::CONSUMER_FILTER_AND_FILTERS);
    }
    if config.filter_subjects.iter().any(String::is_empty) {
        return Err(error::CONSUMER_FILTER_EMPTY);
    }
    let filters = config.filters();
    let wild: Vec<&String> =
        filters.iter().filter(|filter| has_wildcards(filter.as_bytes())).collect();
    if wild.len().saturating_mul(filters.len()) > PAIRS_MAX {
        return Err(too_many());
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for filter in filters {
        *counts.entry(filter).or_default() += 1;
    }
    for filter in filters {
        if !is_valid_subject(filter.as_bytes()) {
            return Err(invalid());
        }
        let is_repeated = counts.get(filter.as_str()).is_some_and(|count| *count > 1);
        let is_part_of =
            |outer: &&String| *outer != filter && is_subset(filter.as_bytes(), outer.as_bytes());
        if is_repeated || wild.iter().any(is_part_of) {
            return Err(error::CONSUMER_FILTERS_OVERLAP);
        }
    }
    Ok(())
}

/// Whether none of the filters meets one of another consumer's.
pub(in super::super) fn are_unique(
    name: &str,
    filters: &[String],
    consumers: &dyn Consumers,
) -> Result<bool, ApiError> {
    if filters.is_empty() {
        return Ok(true);
    }
    let (wild, literal): (Vec<&str>, Vec<&str>) =
        filters.iter().map(String::as_str).partition(|filter| has_wildcards(filter.as_bytes()));
    let literal: BTreeSet<&str> = literal.into_iter().collect();
    let mut pairs = 0_usize;
    let mut meets = |theirs: &String| {
        let compare = |ours: &&str| collide(ours.as_bytes(), theirs.as_bytes());
        pairs = pairs.saturating_add(wild.len());
        if pairs > PAIRS_MAX {
            return true;
        }
        if has_wildcards(theirs.as_bytes()) {
            pairs = pairs.saturating_add(literal.len());
            wild.iter().any(compare) || literal.iter().any(compare)
        } else {
            literal.contains(theirs.as_str()) || wild.iter().any(compare)
        }
    };
    let mut unique = true;
    consumers.visit(&mut |other, config| {
        if other != name && !config.serves_origin() {
            let filters = config.filters();
            unique = !filters.is_empty() && !filters.iter().any(&mut meets);
        }
        unique
    });
    if pairs > PAIRS_MAX { Err(too_many()) } else { Ok(unique) }
}
