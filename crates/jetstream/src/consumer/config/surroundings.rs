//! What the configuration of a consumer depends on besides itself.

use std::collections::BTreeMap;

use super::ConsumerConfig;
use crate::StreamConfig;
use crate::config::AccountLimits;

/// The consumers of a stream.
pub trait Consumers {
    /// The configuration of the consumer with this name.
    fn find(&self, name: &str) -> Option<&ConsumerConfig>;

    /// Calls `visit` with every name and configuration until it answers false.
    fn visit(&self, visit: &mut dyn FnMut(&str, &ConsumerConfig) -> bool);

    /// How many there are, without those that serve mirrors and sources.
    fn count(&self) -> i64 {
        let mut count = 0;
        self.visit(&mut |_, config| {
            count += i64::from(!config.serves_origin());
            true
        });
        count
    }
}

impl Consumers for BTreeMap<String, ConsumerConfig> {
    fn find(&self, name: &str) -> Option<&ConsumerConfig> {
        self.get(name)
    }

    fn visit(&self, visit: &mut dyn FnMut(&str, &ConsumerConfig) -> bool) {
        let _ = self.iter().all(|(name, config)| visit(name, config));
    }
}

/// What the server allows a consumer; zero is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Unacknowledged messages.
    pub max_ack_pending: i64,
    /// Messages of one request.
    pub max_request_batch: i64,
}

/// Everything around a configuration.
pub struct Surroundings<'a> {
    /// The stream's configuration.
    pub stream: &'a StreamConfig,
    /// The stream's consumers.
    pub consumers: &'a dyn Consumers,
    /// What the account may use; nothing when no limit applies to it, which refuses consumers.
    pub account: Option<AccountLimits>,
    /// What the server allows.
    pub server: Limits,
    /// Whether somebody in the account listens to a subject.
    pub is_heard: &'a dyn Fn(&str) -> bool,
}

impl ConsumerConfig {
    /// It serves a mirror or a source, and counts for no limit.
    #[must_use]
    pub fn serves_origin(&self) -> bool {
        self.direct || self.sourcing
    }
}
