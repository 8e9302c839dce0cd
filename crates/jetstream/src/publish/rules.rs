//! What a stream's configuration has to say of a publish's headers, rule by rule.
//!
//! The order in which nats-server looks (`processJetStreamMsg`, `server/stream.go`) mixes these
//! rules with those that need the stream's messages: counter, expected stream, time to live
//! disabled, last sequences, schedule, scheduler, source header, duplicate, last identifier,
//! rollup, counter missing, and, when it comes to storing, time to live invalid. Messages that
//! come from another stream are not looked at but for `counter_missing`.

use anabranch_subject::grammar::{is_literal, is_valid_subject};
use anabranch_subject::matching::collide;

use super::schedule::{Schedule, ScheduleError, Zones};
use super::{PublishHeaders, Rollup, parse_ttl};
use crate::StreamConfig;
use crate::error::{self, ApiError};

/// Increments need a counter, no payload, and no headers that make no sense with them.
///
/// # Errors
/// 10171, 10168, 10170, 10171.
pub fn counter(
    headers: &PublishHeaders<'_>,
    config: &StreamConfig,
    payload_bytes: usize,
) -> Result<(), ApiError> {
    match &headers.increment {
        None => return Ok(()),
        Some(Err(error)) => return Err(error.clone()),
        Some(Ok(_)) => {}
    }
    if !config.allow_msg_counter {
        return Err(error::COUNTERS_DISABLED);
    }
    if payload_bytes > 0 {
        return Err(error::COUNTER_WITH_PAYLOAD);
    }
    let contradicted = headers.rollup.is_some()
        || headers.expected_stream.is_some()
        || headers.expected_last_msg_id.is_some()
        || headers.expected_last_subject.is_some()
        || headers.expected_last_seq.is_some()
        || headers.expected_last_subject_seq.is_some();
    if contradicted { Err(error::COUNTER_INCREMENT_INVALID) } else { Ok(()) }
}

/// A counter takes nothing but increments.
///
/// # Errors
/// 10169.
pub fn counter_missing(
    headers: &PublishHeaders<'_>,
    config: &StreamConfig,
) -> Result<(), ApiError> {
    let missing = config.allow_msg_counter && headers.increment.is_none();
    if missing { Err(error::COUNTER_INCREMENT_MISSING) } else { Ok(()) }
}

/// The publisher may say which stream it means.
///
/// # Errors
/// 10060.
pub fn expected_stream(
    headers: &PublishHeaders<'_>,
    config: &StreamConfig,
) -> Result<(), ApiError> {
    match headers.expected_stream {
        Some(name) if name != config.name.as_bytes() => Err(error::EXPECTED_STREAM_MISMATCH),
        _ => Ok(()),
    }
}

/// A good time to live needs a stream that allows it. A bad one is an error only later.
///
/// # Errors
/// 10166.
pub fn ttl_allowed(headers: &PublishHeaders<'_>, config: &StreamConfig) -> Result<(), ApiError> {
    let refused = matches!(headers.ttl, Some(Ok(_))) && !config.allow_msg_ttl;
    if refused { Err(error::TTL_DISABLED) } else { Ok(()) }
}

/// A subject whose last sequence is expected needs that sequence.
///
/// # Errors
/// 10193.
pub fn expected_subject(headers: &PublishHeaders<'_>) -> Result<(), ApiError> {
    let alone =
        headers.expected_last_subject.is_some() && headers.expected_last_subject_seq.is_none();
    if alone { Err(error::SUBJECT_SEQUENCE_MISSING) } else { Ok(()) }
}

/// The schedule that a message for `subject` is, with its first time at or after `now`, in
/// nanoseconds since 1970. Such a message rolls its subject up, whether it says so or not.
///
/// # Errors
/// 10188 to 10192, 10203, 10223; 10166.
pub fn schedule(
    headers: &PublishHeaders<'_>,
    subject: &[u8],
    config: &StreamConfig,
    now: i64,
    zones: &dyn Zones,
) -> Result<Option<(Schedule, i64)>, ApiError> {
    let asked = &headers.schedule;
    let first = Schedule::parse(asked.pattern, asked.time_zone, zones).and_then(|schedule| {
        let timed = |schedule: Schedule| schedule.next(now, now).map(|time| (schedule, time));
        schedule.map(timed).transpose()
    });
    let first = match first {
        Ok(None) => return Ok(None),
        _ if !config.allow_msg_schedules => return Err(error::SCHEDULES_DISABLED),
        Err(ScheduleError::TimeZone) => return Err(error::SCHEDULE_TIME_ZONE_INVALID),
        Err(ScheduleError::Pattern) => return Err(error::SCHEDULE_PATTERN_INVALID),
        Ok(Some(first)) => first,
    };
    if asked.ttl.is_some_and(|ttl| parse_ttl(ttl).is_err()) {
        return Err(error::SCHEDULE_TTL_INVALID);
    }
    if asked.rollup.is_some_and(|rollup| rollup != b"sub") {
        return Err(error::SCHEDULE_ROLLUP_INVALID);
    }
    if asked.ttl.is_some() && !config.allow_msg_ttl {
        return Err(error::TTL_DISABLED);
    }
    schedule_subjects(headers, subject, config)?;
    match headers.rollup {
        None | Some(Ok(Rollup::Subject)) => Ok(Some(first)),
        Some(_) => Err(error::SCHEDULE_ROLLUP_INVALID),
    }
}

fn schedule_subjects(
    headers: &PublishHeaders<'_>,
    subject: &[u8],
    config: &StreamConfig,
) -> Result<(), ApiError> {
    let captured =
        |wanted: &[u8]| config.subjects.iter().any(|subject| collide(subject.as_bytes(), wanted));
    let target = headers.schedule.target.unwrap_or_default();
    if !is_publishable(target) || target == subject {
        return Err(error::SCHEDULE_TARGET_INVALID);
    }
    let source = headers.schedule.source;
    if source.is_some_and(|source| source == target || source == subject || !is_publishable(source))
    {
        return Err(error::SCHEDULE_SOURCE_INVALID);
    }
    if !captured(target) {
        return Err(error::SCHEDULE_TARGET_INVALID);
    }
    if source.is_some_and(|source| !captured(source)) {
        return Err(error::SCHEDULE_SOURCE_INVALID);
    }
    Ok(())
}

fn is_publishable(subject: &[u8]) -> bool {
    is_valid_subject(subject) && is_literal(subject)
}

/// The subject of a schedule that a message for `subject` ends. The caller refuses it with 10212
/// when the last message there is not a schedule.
///
/// # Errors
/// 10212, 10188.
pub fn ended_schedule<'a>(
    headers: &PublishHeaders<'a>,
    subject: &[u8],
    config: &StreamConfig,
) -> Result<Option<&'a [u8]>, ApiError> {
    match (headers.schedule.next, headers.schedule.scheduler) {
        (None, None) => Ok(None),
        (Some(b"purge"), Some(scheduler)) if scheduler != subject && is_publishable(scheduler) => {
            if config.allow_msg_schedules {
                Ok(Some(scheduler))
            } else {
                Err(error::SCHEDULES_DISABLED)
            }
        }
        _ => Err(error::SCHEDULER_INVALID),
    }
}

/// Only servers say where a message came from.
///
/// # Errors
/// 10227.
pub fn source_header(headers: &PublishHeaders<'_>) -> Result<(), ApiError> {
    match headers.stream_source {
        Some(_) => Err(error::STREAM_SOURCE_HEADER_REFUSED),
        None => Ok(()),
    }
}

/// A rollup needs a stream that allows it.
///
/// # Errors
/// 10111.
pub fn rollup(
    headers: &PublishHeaders<'_>,
    config: &StreamConfig,
) -> Result<Option<Rollup>, ApiError> {
    let allowed = config.allow_rollup_hdrs && !config.deny_purge;
    if headers.rollup.is_some() && !allowed {
        return Err(error::rollup_failed("rollup not permitted"));
    }
    headers.rollup()
}

#[cfg(test)]
mod tests;
