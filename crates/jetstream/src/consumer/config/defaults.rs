//! What a configuration becomes where it leaves something open.
//!
//! The order is that of nats-server's `setConsumerConfigDefaults` (`server/consumer.go`).

use super::{AckPolicy, ConsumerConfig, PriorityPolicy, Surroundings};
use crate::config::{AccountLimits, Mode};
use crate::error::ApiError;
use crate::time::Nanos;

/// How long an acknowledgement is waited for.
const ACK_WAIT: Nanos = Nanos(30 * Nanos::SECOND.0);
/// How many messages may wait for their acknowledgement.
const ACK_PENDING_MAX: i64 = 1_000;
/// How many requests may wait.
const WAITING_MAX: i64 = 512;
/// How long a pinned client may be silent.
const PINNED_TIMEOUT: Nanos = Nanos(2 * Nanos::MINUTE.0);
/// How long an ephemeral consumer may be unused.
pub(super) const EPHEMERAL_INACTIVE: Nanos = Nanos(5 * Nanos::SECOND.0);
/// What consumers that are acknowledged by flow control send into silence.
pub(super) const FLOW_HEARTBEAT: Nanos = Nanos::SECOND;

/// Fills in what is left open.
pub(super) fn fill(
    config: &mut ConsumerConfig,
    mode: Mode,
    around: &Surroundings<'_>,
    account: &AccountLimits,
) -> Result<(), ApiError> {
    negatives(config, mode)?;
    if !config.is_push() && config.max_waiting == 0 {
        config.max_waiting = WAITING_MAX;
    }
    acknowledgements(config, mode)?;
    from_stream(config, mode, around)?;
    if config.max_ack_pending == 0 && config.ack_policy != AckPolicy::None {
        let limits = [around.server.max_ack_pending, account.max_ack_pending];
        let least = limits.into_iter().filter(|limit| *limit > 0).min();
        config.max_ack_pending = ACK_PENDING_MAX.min(least.unwrap_or(ACK_PENDING_MAX));
    }
    let batch = around.server.max_request_batch;
    if !config.is_push() && config.max_request_batch == 0 && batch > 0 {
        mode.refuse("max_request_batch must be set if it's JetStream limits are set")?;
        config.max_request_batch = batch;
    }
    if config.priority_policy == PriorityPolicy::PinnedClient && config.priority_timeout.is_zero() {
        config.priority_timeout = PINNED_TIMEOUT;
    }
    if config.ack_policy == AckPolicy::FlowControl && mode == Mode::Normal {
        config.flow_control = true;
        config.heartbeat = FLOW_HEARTBEAT;
    }
    Ok(())
}

/// Numbers that mean nothing become those that mean no limit.
fn negatives(config: &mut ConsumerConfig, mode: Mode) -> Result<(), ApiError> {
    at_least(&mut config.max_deliver, -1, mode, "max_deliver must be set to -1")?;
    if config.max_deliver == 0 {
        config.max_deliver = -1;
    }
    at_least(&mut config.max_waiting, 0, mode, "max_waiting must not be negative")?;
    at_least(&mut config.max_ack_pending, -1, mode, "max_ack_pending must be set to -1")?;
    at_least(&mut config.max_request_batch, 0, mode, "max_batch must not be negative")?;
    let expires = &mut config.max_request_expires.0;
    at_least(expires, 0, mode, "max_expires must not be negative")?;
    at_least(&mut config.max_request_bytes, 0, mode, "max_bytes must not be negative")?;
    at_least(&mut config.heartbeat.0, 0, mode, "idle_heartbeat must not be negative")?;
    let threshold = &mut config.inactive_threshold.0;
    at_least(threshold, 0, mode, "inactive_threshold must not be negative")?;
    let timeout = &mut config.priority_timeout.0;
    at_least(timeout, 0, mode, "priority_timeout must not be negative")
}

fn at_least(value: &mut i64, least: i64, mode: Mode, text: &str) -> Result<(), ApiError> {
    if *value < least {
        mode.refuse(text)?;
        *value = least;
    }
    Ok(())
}

fn acknowledgements(config: &mut ConsumerConfig, mode: Mode) -> Result<(), ApiError> {
    let waits = matches!(config.ack_policy, AckPolicy::Explicit | AckPolicy::All);
    if config.ack_wait.is_zero() && waits {
        config.ack_wait = ACK_WAIT;
    }
    if let Some(first) = config.backoff.first().copied() {
        if config.ack_wait != first {
            mode.refuse("first backoff value has to equal batch AckWait")?;
        }
        config.ack_wait = first;
    }
    Ok(())
}

fn from_stream(
    config: &mut ConsumerConfig,
    mode: Mode,
    around: &Surroundings<'_>,
) -> Result<(), ApiError> {
    let limits = &around.stream.consumer_limits;
    if config.max_ack_pending == 0 {
        if limits.max_ack_pending > 0 {
            mode.refuse("max_ack_pending must be set if it's configured in stream limits")?;
        }
        config.max_ack_pending = limits.max_ack_pending;
    }
    if config.inactive_threshold.is_zero() {
        if limits.inactive_threshold > Nanos::ZERO {
            mode.refuse("inactive_threshold must be set if it's configured in stream limits")?;
        }
        config.inactive_threshold = limits.inactive_threshold;
    }
    Ok(())
}
