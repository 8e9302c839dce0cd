//! What a request to create or to update a stream comes to.
//!
//! Rules and their order follow nats-server's `jsStreamCreateRequest`, `addStream`,
//! `jsStreamUpdateRequest` and `configUpdateCheck`.

use std::collections::BTreeSet;

use anabranch_subject::grammar::{has_wildcards, is_valid_subject};
use anabranch_subject::matching::collide;

use super::check::{Mode, check, discard_per_subject};
use super::{
    Discard, Retention, StreamConfig, StreamConfigRequest, Surroundings, Topology, limits,
};
use crate::error::{self, ApiError, stream_config_invalid};
use crate::time::Nanos;

/// What creating comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Creation {
    /// The stream is new.
    New(Box<StreamConfig>),
    /// It exists already with an equal configuration: nothing changes.
    Existing,
}

/// Checks a request to create the stream that the API subject names.
///
/// # Errors
/// The first rule that the request breaks.
pub fn create(
    request: &StreamConfigRequest,
    name: &str,
    around: &Surroundings<'_>,
) -> Result<Creation, ApiError> {
    let mut asked = request.config.clone();
    asked.set_stored_metadata();
    if asked.name != name {
        return Err(error::STREAM_NAME_MISMATCH);
    }
    if name.contains(['\\', '/']) {
        return Err(error::STREAM_NAME_WITH_SEPARATORS);
    }
    require(!asked.sealed, "stream configuration for create can not be sealed")?;
    require(
        asked.mirror.is_some() || !asked.mirror_direct,
        "stream has no mirror but does have mirror direct",
    )?;
    limits::counts(&asked, around)?;
    if request.names_storage {
        limits::bytes(&asked, 0, around)?;
    }
    let config = check(&asked, Mode::from_flag(request.pedantic), around)?;
    replicas(&config, around)?;
    if let Some(existing) = around.streams.find(name) {
        return if config.is_equivalent(existing) {
            Ok(Creation::Existing)
        } else {
            Err(error::STREAM_NAME_IN_USE)
        };
    }
    limits::bytes(&config, 0, around)?;
    filters(&config)?;
    overlap(&config, around)?;
    Ok(Creation::New(Box::new(config)))
}

/// Checks the configuration of a stream that is to be made from a backup. It may be sealed.
///
/// # Errors
/// The first rule that it breaks.
pub fn restore(asked: &StreamConfig, around: &Surroundings<'_>) -> Result<StreamConfig, ApiError> {
    let config = check(asked, Mode::Normal, around)?;
    limits::counts(&config, around)?;
    limits::bytes(&config, 0, around)?;
    if around.streams.find(&config.name).is_some() {
        return Err(error::RESTORE_NAME_IN_USE);
    }
    replicas(&config, around)?;
    filters(&config)?;
    Ok(config)
}

/// What stands in the way of a stream that is restored, though [`restore`] has no objection.
/// nats-server takes the whole backup before it says so.
#[must_use]
pub fn obstacle(config: &StreamConfig, around: &Surroundings<'_>) -> Option<ApiError> {
    overlap(config, around).err()
}

/// Checks a request to update the stream that the API subject names; gives its new configuration.
///
/// # Errors
/// The first rule that the request breaks.
pub fn update(
    request: &StreamConfigRequest,
    name: &str,
    around: &Surroundings<'_>,
) -> Result<StreamConfig, ApiError> {
    let mode = Mode::from_flag(request.pedantic);
    let mut config = check(&request.config, mode, around)?;
    if config.name != name {
        return Err(error::STREAM_NAME_MISMATCH);
    }
    let old = around.streams.find(name).ok_or(error::STREAM_NOT_FOUND)?;
    config.set_stored_metadata();
    // Checked twice, as nats-server does: defaults of the first time are input of the second.
    let mut config = check(&config, mode, around)?;
    replicas(&config, around)?;
    immutable(&config, old)?;
    one_way(&config, old)?;
    if config.sealed {
        seal(&mut config);
    }
    let held = if config.storage == old.storage { old.max_bytes.max(0) } else { 0 };
    limits::bytes(&config, held, around)?;
    overlap(&config, around)?;
    Ok(config)
}

fn require(kept: bool, text: &str) -> Result<(), ApiError> {
    if kept { Ok(()) } else { Err(stream_config_invalid(text)) }
}

fn replicas(config: &StreamConfig, around: &Surroundings<'_>) -> Result<(), ApiError> {
    if around.topology == Topology::Single && config.num_replicas > 1 {
        return Err(error::REPLICAS_NOT_SUPPORTED);
    }
    Ok(())
}

/// Filters of origins are looked at last and only when a stream is new, as nats-server does.
fn filters(config: &StreamConfig) -> Result<(), ApiError> {
    let bad = |filter: &str| !filter.is_empty() && !is_valid_subject(filter.as_bytes());
    if let Some(mirror) = config.mirror.iter().find(|mirror| bad(&mirror.filter_subject)) {
        return Err(error::stream_create_failed(format!(
            "subject filter '{}' for the mirror invalid subject",
            mirror.filter_subject
        )));
    }
    if let Some(source) = config.sources.iter().find(|source| bad(&source.filter_subject)) {
        return Err(error::stream_create_failed(format!(
            "subject filter '{}' for the source: invalid subject",
            source.filter_subject
        )));
    }
    Ok(())
}

/// How many pairs of subjects are compared. Pairs without wildcards cost nothing.
const PAIRS_MAX: usize = 50_000_000;

/// No subject may belong to two streams.
fn overlap(config: &StreamConfig, around: &Surroundings<'_>) -> Result<(), ApiError> {
    let (wild, literal): (Vec<&str>, Vec<&str>) = config
        .subjects
        .iter()
        .map(String::as_str)
        .partition(|subject| has_wildcards(subject.as_bytes()));
    let literal: BTreeSet<&str> = literal.into_iter().collect();
    let mut pairs = 0_usize;
    let mut meets = |theirs: &str| {
        let compare = |ours: &&str| collide(ours.as_bytes(), theirs.as_bytes());
        pairs = pairs.saturating_add(wild.len());
        if pairs > PAIRS_MAX {
            return false;
        }
        if has_wildcards(theirs.as_bytes()) {
            pairs = pairs.saturating_add(literal.len());
            wild.iter().any(compare) || literal.iter().any(compare)
        } else {
            literal.contains(theirs) || wild.iter().any(compare)
        }
    };
    let mut outcome = Ok(());
    around.streams.visit(&mut |other| {
        if other.name != config.name && other.subjects.iter().any(|theirs| meets(theirs)) {
            outcome = Err(error::SUBJECTS_OVERLAP);
        }
        outcome.is_ok()
    });
    outcome?;
    require(pairs <= PAIRS_MAX, "too many subjects with wildcards")
}

fn immutable(config: &StreamConfig, old: &StreamConfig) -> Result<(), ApiError> {
    require(
        config.storage == old.storage,
        "stream configuration update can not change storage type",
    )?;
    let work_queue = [config.retention, old.retention].contains(&Retention::WorkQueue);
    require(
        config.retention == old.retention || !work_queue,
        "stream configuration update can not change retention policy to/from workqueue",
    )
}

fn one_way(config: &StreamConfig, old: &StreamConfig) -> Result<(), ApiError> {
    require(
        config.sealed || !old.sealed,
        "stream configuration update can not unseal a sealed stream",
    )?;
    require(
        config.deny_delete || !old.deny_delete,
        "stream configuration update can not cancel deny message deletes",
    )?;
    require(
        config.deny_purge || !old.deny_purge,
        "stream configuration update can not cancel deny purge",
    )?;
    // A mirror that is taken away makes an ordinary stream of the copy.
    if config.mirror.is_some() && config.mirror != old.mirror {
        return Err(error::MIRROR_NOT_UPDATABLE);
    }
    discard_per_subject(config)?;
    require(config.allow_msg_ttl || !old.allow_msg_ttl, "message TTL status can not be disabled")?;
    require(
        config.allow_msg_counter == old.allow_msg_counter,
        "stream configuration update can not change message counter setting",
    )?;
    require(
        config.allow_msg_schedules || !old.allow_msg_schedules,
        "message schedules can not be disabled",
    )?;
    require(
        config.persist_mode == old.persist_mode,
        "stream configuration update can not change persist mode",
    )
}

/// Nothing may come in or leave any more.
fn seal(config: &mut StreamConfig) {
    config.max_age = Nanos::ZERO;
    config.discard = Discard::New;
    config.deny_delete = true;
    config.deny_purge = true;
    config.allow_rollup_hdrs = false;
}
