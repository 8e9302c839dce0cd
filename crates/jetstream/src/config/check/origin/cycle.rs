//! Circles of streams that take from each other.

use std::collections::{BTreeSet, VecDeque};

use anabranch_subject::matching::collide;

use crate::config::check::invalid;
use crate::config::{StreamConfig, Streams};
use crate::error::ApiError;

/// How many streams are looked at. A stream that is reached by several ways counts for each, as
/// nats-server visits it for each; beyond this it would take too long.
const VISITS_MAX: usize = 10_000;

/// A stream that is reached twice is a circle, if the messages that come back are ones that it
/// listens to.
pub(super) fn check(config: &StreamConfig, streams: &dyn Streams) -> Result<(), ApiError> {
    let mut visited: BTreeSet<&str> = BTreeSet::new();
    let mut waiting = VecDeque::from([config]);
    let mut visits = 0;
    while let Some(config) = waiting.pop_front() {
        visits += 1;
        visited.insert(&config.name);
        for source in config.sources.iter().filter(|source| source.external.is_none()) {
            if visited.contains(source.name.as_str()) {
                if listens_to(config, &source.filter_subject) {
                    return Err(invalid("detected cycle"));
                }
            } else {
                waiting.extend(streams.find(&source.name));
            }
        }
        if let Some(mirror) = config.mirror.iter().find(|mirror| mirror.external.is_none()) {
            if visited.contains(mirror.name.as_str()) {
                return Err(invalid("detected cycle"));
            }
            waiting.extend(streams.find(&mirror.name));
        }
        if visits + waiting.len() > VISITS_MAX {
            return Err(invalid("too many streams source from each other"));
        }
    }
    Ok(())
}

fn listens_to(config: &StreamConfig, filter: &str) -> bool {
    let meets = |subject: &String| collide(subject.as_bytes(), filter.as_bytes());
    filter.is_empty() || config.subjects.iter().any(meets)
}
