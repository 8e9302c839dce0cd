//! What a request to create or to update a consumer comes to.
//!
//! Rules and their order follow nats-server's `jsConsumerCreateRequest`,
//! `addConsumerWithAssignment`, `updateConfig` and `checkNewConsumerConfig`.

use super::check::{are_unique, backoff, check};
use super::defaults::{self, EPHEMERAL_INACTIVE};
use super::{AckPolicy, Action, ConsumerConfig, ConsumerRequest, DeliverPolicy, Surroundings};
use crate::config::{AccountLimits, Mode, Retention, Storage};
use crate::error::{self, ApiError, consumer_create_failed};
use crate::name::NAME_BYTES_MAX;
use crate::time::{Nanos, Timestamp};

/// What a request comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Creation {
    /// The consumer with this name is new.
    New(String, Box<ConsumerConfig>),
    /// The consumer with this name exists and gets this configuration.
    Changed(String, Box<ConsumerConfig>),
    /// The consumer with this name exists and stays as it is.
    Existing(String),
}

impl Creation {
    /// The consumer's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::New(name, _) | Self::Changed(name, _) | Self::Existing(name) => name,
        }
    }
}

/// Checks a request that agrees with its subject. `generated` is the name that the consumer gets
/// if it has none.
///
/// # Errors
/// The first rule that the request breaks.
pub fn create(
    request: &ConsumerRequest,
    generated: &str,
    around: &Surroundings<'_>,
) -> Result<Creation, ApiError> {
    let mut asked = request.config.clone();
    serve_origin(&mut asked, generated, around);
    if let Some(existing) = around.consumers.find(&asked.name) {
        asked.pause_until = existing.pause_until;
        if asked.sourcing && asked.is_durable() {
            asked.deliver_policy = existing.deliver_policy;
            asked.opt_start_seq = existing.opt_start_seq;
            asked.opt_start_time = existing.opt_start_time;
        }
    }
    asked.set_stored_metadata();
    add(asked, request.action, Mode::from_flag(request.pedantic), generated, around)
}

/// Checks the configuration of a consumer that comes with a backup.
///
/// # Errors
/// The first rule that it breaks.
pub fn restore(
    config: &ConsumerConfig,
    generated: &str,
    around: &Surroundings<'_>,
) -> Result<Creation, ApiError> {
    add(config.clone(), Action::CreateOrUpdate, Mode::Normal, generated, around)
}

/// The configuration of a consumer that is to deliver nothing until a time; the time that was
/// never set takes that back.
#[must_use]
pub fn pause(config: &ConsumerConfig, until: Timestamp) -> ConsumerConfig {
    let mut config = config.clone();
    config.pause_until = Some(until.in_utc()).filter(|until| *until != Timestamp::ZERO);
    config.set_stored_metadata();
    config
}

/// The sequence of the stream with which a consumer begins again: the one that was asked for, or
/// with zero the first above `floor`, which is acknowledged. `seq_of` is the first sequence that
/// is not older than a time.
///
/// # Errors
/// 10204 where the consumer would see what it was not made for.
pub fn reset(
    config: &ConsumerConfig,
    asked: u64,
    floor: u64,
    seq_of: impl FnOnce(Timestamp) -> u64,
) -> Result<u64, ApiError> {
    if asked == 0 {
        return Ok(floor.saturating_add(1));
    }
    let start =
        config.opt_start_time.filter(|_| config.deliver_policy == DeliverPolicy::ByStartTime);
    match (config.deliver_policy, start) {
        (DeliverPolicy::All, _) => Ok(asked),
        (DeliverPolicy::ByStartSequence, _) if asked >= config.opt_start_seq => Ok(asked),
        (DeliverPolicy::ByStartSequence, _) => {
            Err(error::consumer_reset_invalid("below start seq"))
        }
        (_, Some(time)) if asked >= seq_of(time) => Ok(asked),
        (_, Some(_)) => Err(error::consumer_reset_invalid("below start time")),
        _ => Err(error::consumer_reset_invalid("not allowed")),
    }
}

/// A consumer for a source is kept if messages wait for it, and gets a name of its own otherwise.
fn serve_origin(config: &mut ConsumerConfig, generated: &str, around: &Surroundings<'_>) {
    if !config.direct || !config.sourcing || config.name.is_empty() {
        return;
    }
    if around.stream.retention == Retention::Limits {
        config.name = format!("{}-{generated}", config.name);
        return;
    }
    config.direct = false;
    config.durable.clone_from(&config.name);
    config.ack_policy = AckPolicy::FlowControl;
    config.ack_wait = Nanos::ZERO;
    config.max_deliver = 0;
    config.inactive_threshold = Nanos::ZERO;
}

fn add(
    mut config: ConsumerConfig,
    action: Action,
    mode: Mode,
    generated: &str,
    around: &Surroundings<'_>,
) -> Result<Creation, ApiError> {
    let account = around.account.ok_or(error::NO_LIMITS)?;
    defaults::fill(&mut config, mode, around, &account)?;
    check(&config, around, &account)?;
    let named = if config.is_durable() { &config.durable } else { &config.name };
    let name = if named.is_empty() { generated.to_owned() } else { named.clone() };
    let existing = around.consumers.find(&name).filter(|_| !named.is_empty());
    if let Some(existing) = existing {
        return update(config, existing, name, action, around);
    }
    if action == Action::Update {
        return Err(error::CONSUMER_DOES_NOT_EXIST);
    }
    count(&config, around, &account)?;
    work_queue(&config, &name, around)?;
    if config.is_durable() && config.durable.len() > NAME_BYTES_MAX {
        return Err(error::consumer_name_too_long(NAME_BYTES_MAX));
    }
    let is_on_disk = around.stream.storage == Storage::File && !config.memory_storage;
    if is_on_disk && name.len() > NAME_BYTES_MAX {
        // nats-server finds no place for it on disk.
        return Err(consumer_create_failed("error creating store for consumer"));
    }
    stop_when_unused(&mut config, None);
    Ok(Creation::New(name, Box::new(config)))
}

/// Those that are not durable end when nobody uses them.
fn stop_when_unused(config: &mut ConsumerConfig, old: Option<&ConsumerConfig>) {
    let is_durable = old.map_or(config.is_durable(), ConsumerConfig::is_durable);
    if !is_durable && config.inactive_threshold.is_zero() {
        config.inactive_threshold = EPHEMERAL_INACTIVE;
    }
}

/// nats-server 2.15.1 lets those that serve mirrors and sources pass, and does not count them.
fn count(
    config: &ConsumerConfig,
    around: &Surroundings<'_>,
    account: &AccountLimits,
) -> Result<(), ApiError> {
    if config.serves_origin() {
        return Ok(());
    }
    let (stream, account) = (around.stream.max_consumers, account.max_consumers);
    let limit = if stream <= 0 || (account > 0 && account < stream) { account } else { stream };
    if limit > 0 && around.consumers.count() >= limit {
        return Err(error::TOO_MANY_CONSUMERS);
    }
    Ok(())
}

fn work_queue(
    config: &ConsumerConfig,
    name: &str,
    around: &Surroundings<'_>,
) -> Result<(), ApiError> {
    if around.stream.retention != Retention::WorkQueue || config.serves_origin() {
        return Ok(());
    }
    if !matches!(config.ack_policy, AckPolicy::Explicit | AckPolicy::FlowControl) {
        return Err(error::WORKQUEUE_NEEDS_EXPLICIT_ACK);
    }
    if config.deliver_policy != DeliverPolicy::All {
        return Err(error::WORKQUEUE_NEEDS_DELIVER_ALL);
    }
    if around.consumers.count() == 0 {
        return Ok(());
    }
    if config.filters().is_empty() {
        return Err(error::WORKQUEUE_SECOND_UNFILTERED);
    }
    unique(config, name, around)
}

fn unique(config: &ConsumerConfig, name: &str, around: &Surroundings<'_>) -> Result<(), ApiError> {
    let unique = are_unique(name, config.filters(), around.consumers)?;
    if unique { Ok(()) } else { Err(error::WORKQUEUE_FILTER_NOT_UNIQUE) }
}

fn update(
    mut config: ConsumerConfig,
    old: &ConsumerConfig,
    name: String,
    action: Action,
    around: &Surroundings<'_>,
) -> Result<Creation, ApiError> {
    if action == Action::Create {
        config.copy_stored_metadata(old);
        if config != *old {
            return Err(error::CONSUMER_ALREADY_EXISTS);
        }
    }
    if around.stream.retention == Retention::WorkQueue {
        unique(&config, &name, around)?;
    }
    if config != *old {
        immutable(&config, old, around)?;
    }
    config.pause_until = config.pause_until.map(|until| until.in_utc());
    stop_when_unused(&mut config, Some(old));
    if config == *old {
        return Ok(Creation::Existing(name));
    }
    Ok(Creation::Changed(name, Box::new(config)))
}

fn immutable(
    new: &ConsumerConfig,
    old: &ConsumerConfig,
    around: &Surroundings<'_>,
) -> Result<(), ApiError> {
    let start = |config: &ConsumerConfig| config.opt_start_time.map(|time| time.in_utc());
    for (is_same, what) in [
        (new.deliver_policy == old.deliver_policy, "deliver policy"),
        (new.memory_storage == old.memory_storage, "storage type"),
        (new.direct == old.direct, "direct"),
        (new.sourcing == old.sourcing, "sourcing"),
        (new.opt_start_seq == old.opt_start_seq, "start sequence"),
        (start(new) == start(old), "start time"),
        (new.ack_policy == old.ack_policy, "ack policy"),
        (new.replay_policy == old.replay_policy, "replay policy"),
        (new.heartbeat == old.heartbeat, "heart beats"),
        (new.flow_control == old.flow_control, "flow control"),
    ] {
        if !is_same {
            return Err(consumer_create_failed(format!("{what} can not be updated")));
        }
    }
    match (old.is_push(), new.is_push()) {
        (false, true) => {
            return Err(consumer_create_failed("can not update pull consumer to push based"));
        }
        (true, false) => {
            return Err(consumer_create_failed("can not update push consumer to pull based"));
        }
        _ => {}
    }
    let moves = new.deliver_subject != old.deliver_subject;
    if moves && (around.is_heard)(&old.deliver_subject) {
        return Err(error::CONSUMER_NAME_ALREADY_IN_USE);
    }
    if new.max_waiting != old.max_waiting {
        return Err(consumer_create_failed("max waiting can not be updated"));
    }
    backoff(new)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::StreamConfig;
    use crate::config::Compression;
    use crate::consumer::config::Limits;

    fn around<'a>(
        stream: &'a StreamConfig,
        consumers: &'a BTreeMap<String, ConsumerConfig>,
    ) -> Surroundings<'a> {
        Surroundings {
            stream,
            consumers,
            account: Some(AccountLimits::NONE),
            server: Limits::default(),
            is_heard: &|_| false,
        }
    }

    fn stream() -> StreamConfig {
        StreamConfig {
            name: "S".to_owned(),
            num_replicas: 1,
            compression: Compression::None,
            ..StreamConfig::default()
        }
    }

    #[test]
    fn consumers_of_backups_keep_the_rules_too() {
        let (stream, consumers) = (stream(), BTreeMap::new());
        let around = around(&stream, &consumers);
        let mut config = ConsumerConfig {
            durable: "C".to_owned(),
            name: "D".to_owned(),
            ..ConsumerConfig::default()
        };
        let refused = restore(&config, "made", &around);
        assert_eq!(refused, Err(error::CONSUMER_DURABLE_DIFFERS_FROM_NAME));
        config.name.clear();
        let restored = restore(&config, "made", &around).unwrap();
        assert_eq!(restored.name(), "C");
        config.durable.clear();
        assert_eq!(restore(&config, "made", &around).unwrap().name(), "made");
    }

    #[test]
    fn an_account_without_limits_that_apply_has_no_consumers() {
        let (stream, consumers) = (stream(), BTreeMap::new());
        let around = Surroundings { account: None, ..around(&stream, &consumers) };
        let refused = create(&ConsumerRequest::default(), "made", &around);
        assert_eq!(refused, Err(error::NO_LIMITS));
    }

    #[test]
    fn filters_that_take_too_long_to_compare_are_refused() {
        let (stream, consumers) = (stream(), BTreeMap::new());
        let mut request = ConsumerRequest::default();
        let filters = (0..10_000).map(|number| format!("a.{number}.*"));
        request.config.filter_subjects = filters.collect();
        let refused = create(&request, "made", &around(&stream, &consumers)).unwrap_err();
        assert_eq!(refused.err_code, 10_052);
        request.config.filter_subjects = (0..10_000).map(|number| format!("a.{number}")).collect();
        assert!(create(&request, "made", &around(&stream, &consumers)).is_ok());
    }
}
