//! How messages come: sent to a subject, or asked for.

use anabranch_subject::grammar::{is_literal, is_valid_subject};
use anabranch_subject::matching::is_subset;

use crate::config::Retention;
use crate::consumer::config::{AckPolicy, ConsumerConfig, Surroundings};
use crate::error::{self, ApiError};
use crate::time::Nanos;

/// The shortest silence into which something is sent.
const HEARTBEAT_MIN: Nanos = Nanos(100 * Nanos::MILLISECOND.0);

pub(super) fn check(config: &ConsumerConfig, around: &Surroundings<'_>) -> Result<(), ApiError> {
    if config.is_push() { push(config, around) } else { pull(config, around) }
}

fn push(config: &ConsumerConfig, around: &Surroundings<'_>) -> Result<(), ApiError> {
    let subject = config.deliver_subject.as_bytes();
    if !is_literal(subject) {
        return Err(error::CONSUMER_DELIVER_SUBJECT_WILDCARDS);
    }
    if !is_valid_subject(subject) {
        return Err(error::CONSUMER_DELIVER_SUBJECT_INVALID);
    }
    if around.stream.subjects.iter().any(|taken| is_subset(subject, taken.as_bytes())) {
        return Err(error::CONSUMER_DELIVER_CYCLE);
    }
    if config.max_waiting != 0 {
        return Err(error::CONSUMER_PUSH_WITH_MAX_WAITING);
    }
    if config.max_ack_pending > 0 && config.ack_policy == AckPolicy::None {
        return Err(error::CONSUMER_MAX_ACK_PENDING_WITHOUT_ACKS);
    }
    if config.heartbeat > Nanos::ZERO && config.heartbeat < HEARTBEAT_MIN {
        return Err(error::CONSUMER_HEARTBEAT_TOO_SHORT);
    }
    Ok(())
}

fn pull(config: &ConsumerConfig, around: &Surroundings<'_>) -> Result<(), ApiError> {
    let work_queue = around.stream.retention == Retention::WorkQueue;
    if config.ack_policy == AckPolicy::None && work_queue {
        return Err(error::CONSUMER_PULL_NEEDS_EXPLICIT_ACK);
    }
    if config.rate_limit > 0 {
        return Err(error::CONSUMER_PULL_WITH_RATE_LIMIT);
    }
    if config.heartbeat > Nanos::ZERO {
        return Err(error::CONSUMER_HEARTBEAT_NEEDS_PUSH);
    }
    if config.flow_control {
        return Err(error::CONSUMER_FLOW_CONTROL_NEEDS_PUSH);
    }
    let expires = config.max_request_expires;
    if !expires.is_zero() && expires < Nanos::MILLISECOND {
        return Err(error::CONSUMER_MAX_EXPIRES_TOO_SHORT);
    }
    let batch = around.server.max_request_batch;
    if batch > 0 && config.max_request_batch > batch {
        return Err(error::consumer_max_batch_over_limit(batch));
    }
    Ok(())
}
