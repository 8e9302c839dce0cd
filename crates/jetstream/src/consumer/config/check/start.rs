//! Where a consumer begins, and what belongs to that.

use crate::consumer::config::{ConsumerConfig, DeliverPolicy};
use crate::error::{ApiError, consumer_policy_invalid};

pub(super) fn check(config: &ConsumerConfig) -> Result<(), ApiError> {
    let (has_seq, has_time) = (config.opt_start_seq > 0, config.opt_start_time.is_some());
    match config.deliver_policy {
        DeliverPolicy::All => neither("all", has_seq, has_time),
        DeliverPolicy::Last => neither("last", has_seq, has_time),
        DeliverPolicy::New => neither("new", has_seq, has_time),
        DeliverPolicy::LastPerSubject => {
            neither("last per subject", has_seq, has_time)?;
            let filtered = !config.filters().is_empty();
            if filtered { Ok(()) } else { Err(unset("last per subject", "filter subject")) }
        }
        DeliverPolicy::ByStartSequence if !has_seq => {
            Err(unset("by start sequence", "start sequence"))
        }
        DeliverPolicy::ByStartSequence if has_time => Err(also_set("by start sequence", "time")),
        DeliverPolicy::ByStartTime if !has_time => Err(unset("by start time", "start time")),
        DeliverPolicy::ByStartTime if has_seq => Err(also_set("by start time", "start sequence")),
        DeliverPolicy::ByStartSequence | DeliverPolicy::ByStartTime => Ok(()),
    }
}

fn neither(policy: &str, has_seq: bool, has_time: bool) -> Result<(), ApiError> {
    match (has_seq, has_time) {
        (true, _) => Err(also_set(policy, "sequence")),
        (_, true) => Err(also_set(policy, "time")),
        _ => Ok(()),
    }
}

fn also_set(policy: &str, start: &str) -> ApiError {
    consumer_policy_invalid(format!(
        "consumer delivery policy is deliver {policy}, but optional start {start} is also set"
    ))
}

fn unset(policy: &str, what: &str) -> ApiError {
    consumer_policy_invalid(format!(
        "consumer delivery policy is deliver {policy}, but optional {what} is not set"
    ))
}
