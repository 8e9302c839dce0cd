//! Limits, replicas and durations.

use super::{Mode, invalid, require};
use crate::config::StreamConfig;
use crate::error::{self, ApiError};
use crate::time::Nanos;

const REPLICAS_MAX: i64 = 5;
/// How long message identifiers are remembered unless the configuration says otherwise.
const DUPLICATE_WINDOW: Nanos = Nanos(2 * Nanos::MINUTE.0);
/// The shortest duration that limits may have.
const SHORTEST: Nanos = Nanos(100 * Nanos::MILLISECOND.0);

pub(super) fn replicas(config: &mut StreamConfig) -> Result<(), ApiError> {
    if config.num_replicas == 0 {
        config.num_replicas = 1;
    }
    require(config.num_replicas <= REPLICAS_MAX, "maximum replicas is 5")?;
    if config.num_replicas < 0 {
        return Err(error::REPLICAS_NEGATIVE);
    }
    Ok(())
}

/// Limits are -1 when there is none.
pub(super) fn limits(config: &mut StreamConfig, mode: Mode) -> Result<(), ApiError> {
    limit("max_msgs", &mut config.max_msgs, mode)?;
    limit("max_msgs_per_subject", &mut config.max_msgs_per_subject, mode)?;
    limit("max_bytes", &mut config.max_bytes, mode)?;
    let mut size = i64::from(config.max_msg_size);
    limit("max_msg_size", &mut size, mode)?;
    config.max_msg_size = i32::try_from(size).unwrap_or(-1);
    limit("max_consumers", &mut config.max_consumers, mode)
}

fn limit(name: &str, value: &mut i64, mode: Mode) -> Result<(), ApiError> {
    if *value < -1 {
        mode.refuse(&format!("{name} must be set to -1"))?;
    }
    if *value == 0 || *value < -1 {
        *value = -1;
    }
    Ok(())
}

pub(super) fn durations(
    config: &mut StreamConfig,
    mode: Mode,
    window_max: Nanos,
) -> Result<(), ApiError> {
    let age = config.max_age;
    require(age >= Nanos::ZERO, "max age can not be negative")?;
    require(age.is_zero() || age >= SHORTEST, "max age needs to be >= 100ms")?;
    default_window(config, mode, window_max)?;
    let window = config.duplicate_window;
    require(window >= Nanos::ZERO, "duplicates window can not be negative")?;
    require(age.is_zero() || window <= age, "duplicates window can not be larger then max age")?;
    if window_max > Nanos::ZERO && window > window_max {
        let text = format!("duplicates window can not be larger then server limit of {window_max}");
        return Err(invalid(&text));
    }
    require(window.is_zero() || window >= SHORTEST, "duplicates window needs to be >= 100ms")
}

fn default_window(
    config: &mut StreamConfig,
    mode: Mode,
    window_max: Nanos,
) -> Result<(), ApiError> {
    let takes_publishes = config.mirror.is_none() && config.sources.is_empty();
    if !config.duplicate_window.is_zero() || !takes_publishes {
        return Ok(());
    }
    let mut window = DUPLICATE_WINDOW;
    if window_max > Nanos::ZERO && window > window_max {
        mode.refuse("duplicate window limits are higher than current limits")?;
        window = window_max;
    }
    if !config.max_age.is_zero() && config.max_age < window {
        mode.refuse("duplicate window cannot be bigger than max age")?;
        window = config.max_age;
    }
    config.duplicate_window = window;
    Ok(())
}
