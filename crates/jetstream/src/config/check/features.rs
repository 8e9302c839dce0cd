//! Flags that exclude each other, need each other, or bring each other.

use super::{Mode, require};
use crate::config::{Discard, PersistMode, Retention, Storage, StreamConfig};
use crate::error::ApiError;
use crate::time::Nanos;

pub(super) fn check(config: &mut StreamConfig, mode: Mode) -> Result<(), ApiError> {
    require(
        !(config.deny_purge && config.allow_rollup_hdrs),
        "roll-ups require the purge permission",
    )?;
    counters(config)?;
    discard_per_subject(config)?;
    delete_markers(config, mode)?;
    schedules(config, mode)?;
    persistence(config)
}

fn counters(config: &StreamConfig) -> Result<(), ApiError> {
    if !config.allow_msg_counter {
        return Ok(());
    }
    require(config.discard == Discard::Old, "counter stream cannot use discard new")?;
    require(!config.allow_msg_ttl, "counter stream cannot use message TTLs")?;
    require(!config.allow_msg_schedules, "counter stream cannot use message schedules")?;
    require(config.retention == Retention::Limits, "counter stream can only use limits retention")
}

/// Part of an update's rules too.
pub(in crate::config) fn discard_per_subject(config: &StreamConfig) -> Result<(), ApiError> {
    if !config.discard_new_per_subject {
        return Ok(());
    }
    require(
        config.discard == Discard::New,
        "discard new per subject requires discard new policy to be set",
    )?;
    require(
        config.max_msgs_per_subject > 0,
        "discard new per subject requires max msgs per subject > 0",
    )
}

fn delete_markers(config: &mut StreamConfig, mode: Mode) -> Result<(), ApiError> {
    let ttl = config.subject_delete_marker_ttl;
    require(ttl >= Nanos::ZERO, "subject delete marker TTL must not be negative")?;
    if ttl.is_zero() {
        return Ok(());
    }
    require(ttl >= Nanos::SECOND, "subject delete marker TTL must be at least 1 second")?;
    require(
        mode == Mode::Normal || config.allow_msg_ttl,
        "subject delete marker cannot be set if message TTLs are disabled",
    )?;
    config.allow_msg_ttl = true;
    require(
        mode == Mode::Normal || config.allow_rollup_hdrs,
        "subject delete marker cannot be set if roll-ups are disabled",
    )?;
    allow_rollups(config);
    Ok(())
}

fn schedules(config: &mut StreamConfig, mode: Mode) -> Result<(), ApiError> {
    if !config.allow_msg_schedules {
        return Ok(());
    }
    require(config.discard == Discard::Old, "message scheduling cannot use discard new")?;
    require(
        mode == Mode::Normal || config.allow_rollup_hdrs,
        "message scheduling cannot be set if roll-ups are disabled",
    )?;
    allow_rollups(config);
    Ok(())
}

fn allow_rollups(config: &mut StreamConfig) {
    if !config.allow_rollup_hdrs {
        config.allow_rollup_hdrs = true;
        config.deny_purge = false;
    }
}

fn persistence(config: &StreamConfig) -> Result<(), ApiError> {
    if config.persist_mode == PersistMode::Default {
        return Ok(());
    }
    require(
        config.storage == Storage::File,
        "async persist mode is only supported on file storage",
    )?;
    require(config.num_replicas <= 1, "async persist mode is not supported on replicated streams")?;
    require(!config.allow_atomic, "async persist mode is not supported with atomic batch publish")
}
