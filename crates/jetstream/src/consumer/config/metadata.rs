//! What the server adds to a consumer's metadata.

use super::{AckPolicy, ConsumerConfig, PriorityPolicy};
use crate::config::API_LEVEL;
use crate::config::metadata::{REQUIRED_LEVEL, SERVER_LEVEL, SERVER_VERSION};
use crate::time::Timestamp;

impl ConsumerConfig {
    /// Notes the API level that the configuration needs, and takes out what only answers have.
    pub fn set_stored_metadata(&mut self) {
        self.remove_answered_metadata();
        let level = self.required_level();
        self.metadata.insert(REQUIRED_LEVEL.to_owned(), level.to_string());
    }

    /// The configuration as answers show it: with the version and level of the server.
    #[must_use]
    pub fn answered(&self, version: &str) -> Self {
        let mut config = self.clone();
        config.metadata.insert(SERVER_VERSION.to_owned(), version.to_owned());
        config.metadata.insert(SERVER_LEVEL.to_owned(), API_LEVEL.to_string());
        config
    }

    /// Takes over from `other` what servers note in the metadata.
    pub(super) fn copy_stored_metadata(&mut self, other: &Self) {
        self.remove_answered_metadata();
        match other.metadata.get(REQUIRED_LEVEL) {
            Some(level) => self.metadata.insert(REQUIRED_LEVEL.to_owned(), level.clone()),
            None => self.metadata.remove(REQUIRED_LEVEL),
        };
    }

    fn remove_answered_metadata(&mut self) {
        self.metadata.remove(SERVER_VERSION);
        self.metadata.remove(SERVER_LEVEL);
    }

    fn required_level(&self) -> u32 {
        let is_paused = self.pause_until.is_some_and(|time| time.in_utc() != Timestamp::ZERO);
        let has_priority = self.priority_policy != PriorityPolicy::None
            || !self.priority_timeout.is_zero()
            || !self.priority_groups.is_empty();
        match self.ack_policy {
            AckPolicy::FlowControl => 4,
            _ => u32::from(is_paused || has_priority),
        }
    }
}
