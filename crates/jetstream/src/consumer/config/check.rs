//! The rules for one configuration that has its defaults.
//!
//! The order of the rules is that of nats-server's `checkConsumerCfg` (`server/consumer.go`),
//! since of several mistakes the first one is reported.

mod delivery;
mod filters;
mod start;

pub(super) use filters::are_unique;

use super::defaults::FLOW_HEARTBEAT;
use super::{AckPolicy, ConsumerConfig, PriorityPolicy, Surroundings};
use crate::config::{AccountLimits, Retention};
use crate::error::{self, ApiError, stream_config_invalid};
use crate::json::go_quoted;
use crate::name::is_well_formed;
use crate::time::Nanos;

/// Longest description, in bytes.
const DESCRIPTION_BYTES_MAX: usize = 4 << 10;
/// Most bytes of metadata, keys and values together.
const METADATA_BYTES_MAX: usize = 128 << 10;
/// Longest name of a group, in bytes.
const GROUP_BYTES_MAX: usize = 16;

/// Whether a configuration with its defaults keeps the rules.
pub(super) fn check(
    config: &ConsumerConfig,
    around: &Surroundings<'_>,
    account: &AccountLimits,
) -> Result<(), ApiError> {
    names(config)?;
    replicas(config, around)?;
    waits(config)?;
    flow_acknowledgements(config)?;
    backoff(config)?;
    if config.description.len() > DESCRIPTION_BYTES_MAX {
        return Err(error::consumer_description_too_long(DESCRIPTION_BYTES_MAX));
    }
    delivery::check(config, around)?;
    limits(config, around, account)?;
    if config.direct && !config.is_push() {
        return Err(error::CONSUMER_DIRECT_NEEDS_PUSH);
    }
    if config.direct && config.is_durable() {
        return Err(error::CONSUMER_DIRECT_NEEDS_EPHEMERAL);
    }
    filters::check(config)?;
    start::check(config)?;
    sampling(&config.sample_frequency)?;
    if config.flow_control && config.heartbeat.is_zero() {
        return Err(error::CONSUMER_FLOW_CONTROL_NEEDS_HEARTBEAT);
    }
    if config.is_durable() && !config.name.is_empty() && config.name != config.durable {
        return Err(error::CONSUMER_DURABLE_DIFFERS_FROM_NAME);
    }
    let metadata: usize = config.metadata.iter().map(|(key, value)| key.len() + value.len()).sum();
    if metadata > METADATA_BYTES_MAX {
        return Err(error::consumer_metadata_too_large(format!("{}KB", METADATA_BYTES_MAX >> 10)));
    }
    priority(config)
}

/// How many lengths of time there are for `max_deliver` deliveries.
pub(super) fn backoff(config: &ConsumerConfig) -> Result<(), ApiError> {
    let waits = i64::try_from(config.backoff.len()).unwrap_or(i64::MAX);
    let fits = waits == 0 || config.max_deliver == -1 || waits <= config.max_deliver;
    if fits { Ok(()) } else { Err(error::CONSUMER_MAX_DELIVER_BELOW_BACKOFF) }
}

fn names(config: &ConsumerConfig) -> Result<(), ApiError> {
    let good = |name: &str| name.is_empty() || is_well_formed(name);
    if !good(&config.name) {
        let text = "consumer name can not contain '.', '*', '>', '\\', '/'";
        return Err(stream_config_invalid(text));
    }
    if !good(&config.durable) {
        let text = "consumer durable name can not contain '.', '*', '>', '\\', '/'";
        return Err(stream_config_invalid(text));
    }
    Ok(())
}

fn replicas(config: &ConsumerConfig, around: &Surroundings<'_>) -> Result<(), ApiError> {
    let (ours, theirs) = (config.num_replicas, around.stream.num_replicas);
    if ours > 0 && ours > theirs {
        return Err(error::CONSUMER_REPLICAS_EXCEED_STREAM);
    }
    if ours < 0 {
        return Err(error::REPLICAS_NEGATIVE);
    }
    if around.stream.retention != Retention::Limits && ours != 0 && ours != theirs {
        return Err(error::CONSUMER_REPLICAS_DIFFER_FROM_STREAM);
    }
    Ok(())
}

fn waits(config: &ConsumerConfig) -> Result<(), ApiError> {
    if config.backoff.iter().any(|wait| *wait < Nanos::ZERO) {
        return Err(error::CONSUMER_BACKOFF_NEGATIVE);
    }
    if config.ack_wait < Nanos::ZERO {
        return Err(error::CONSUMER_ACK_WAIT_NEGATIVE);
    }
    Ok(())
}

fn flow_acknowledgements(config: &ConsumerConfig) -> Result<(), ApiError> {
    if config.ack_policy != AckPolicy::FlowControl {
        return Ok(());
    }
    if !config.is_push() {
        return Err(error::CONSUMER_FLOW_ACK_NEEDS_PUSH);
    }
    if !config.flow_control {
        return Err(error::CONSUMER_FLOW_ACK_NEEDS_FLOW_CONTROL);
    }
    if config.heartbeat != FLOW_HEARTBEAT {
        return Err(stream_config_invalid("flow control ack policy heartbeat needs to be 1s"));
    }
    if config.max_ack_pending <= 0 {
        return Err(error::CONSUMER_FLOW_ACK_NEEDS_MAX_ACK_PENDING);
    }
    if !config.ack_wait.is_zero() || !config.backoff.is_empty() {
        return Err(error::CONSUMER_FLOW_ACK_WITH_ACK_WAIT);
    }
    if config.max_deliver > 0 {
        return Err(error::CONSUMER_FLOW_ACK_WITH_MAX_DELIVER);
    }
    Ok(())
}

/// The limits of server, account and stream, in this order.
fn limits(
    config: &ConsumerConfig,
    around: &Surroundings<'_>,
    account: &AccountLimits,
) -> Result<(), ApiError> {
    let theirs = &around.stream.consumer_limits;
    for limit in [around.server.max_ack_pending, account.max_ack_pending, theirs.max_ack_pending] {
        if limit > 0 && config.max_ack_pending > limit {
            return Err(error::consumer_max_ack_pending_over_limit(limit));
        }
    }
    let threshold = theirs.inactive_threshold;
    if threshold > Nanos::ZERO && config.inactive_threshold > threshold {
        return Err(error::consumer_inactive_threshold_over_limit(threshold));
    }
    Ok(())
}

/// A percentage, with or without its sign. The words are those of Go's `strconv.Atoi`.
fn sampling(frequency: &str) -> Result<(), ApiError> {
    if frequency.is_empty() {
        return Ok(());
    }
    let text = frequency.strip_suffix('%').unwrap_or(frequency);
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let failed = |why: &str| {
        let text = go_quoted(text);
        Err(error::consumer_sampling_invalid(format!("strconv.Atoi: parsing {text}: {why}")))
    };
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return failed("invalid syntax");
    }
    match text.parse::<i64>() {
        Err(_) => failed("value out of range"),
        Ok(..0) => Err(error::consumer_sampling_invalid("<nil>")),
        Ok(_) => Ok(()),
    }
}

fn priority(config: &ConsumerConfig) -> Result<(), ApiError> {
    if config.priority_policy == PriorityPolicy::None {
        if !config.priority_groups.is_empty() {
            return Err(error::CONSUMER_PRIORITY_GROUP_WITHOUT_POLICY);
        }
        if config.priority_timeout > Nanos::ZERO {
            return Err(error::CONSUMER_PINNED_TTL_WITHOUT_POLICY);
        }
        return Ok(());
    }
    if config.is_push() {
        return Err(error::CONSUMER_PUSH_WITH_PRIORITY_GROUPS);
    }
    if config.priority_groups.is_empty() {
        return Err(error::CONSUMER_PRIORITY_POLICY_WITHOUT_GROUP);
    }
    config.priority_groups.iter().try_for_each(|group| group_name(group))
}

/// Whether a group may have this name.
pub(crate) fn group_name(group: &str) -> Result<(), ApiError> {
    if group.is_empty() {
        return Err(error::CONSUMER_PRIORITY_GROUP_EMPTY);
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/_=-".contains(&byte);
    if group.len() > GROUP_BYTES_MAX || !group.bytes().all(allowed) {
        return Err(error::CONSUMER_PRIORITY_GROUP_INVALID);
    }
    Ok(())
}
