//! What the server adds to a stream's metadata.

use super::{PersistMode, StreamConfig};
use crate::time::Nanos;

/// The API level of this server, that of nats-server 2.15.
pub const API_LEVEL: u32 = 5;

pub(crate) const REQUIRED_LEVEL: &str = "_nats.req.level";
pub(crate) const SERVER_VERSION: &str = "_nats.ver";
pub(crate) const SERVER_LEVEL: &str = "_nats.level";

/// Whether a request that needs this API level (the value of its header) is too new for us.
#[must_use]
pub fn exceeds_api_level(header: &str) -> bool {
    !header.is_empty() && header.parse::<i64>().map_or(true, |level| level > i64::from(API_LEVEL))
}

impl StreamConfig {
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

    /// Whether both are the same but for what the server adds to the metadata.
    #[must_use]
    pub fn is_equivalent(&self, other: &Self) -> bool {
        let mut one = self.clone();
        one.remove_answered_metadata();
        one.metadata.remove(REQUIRED_LEVEL);
        if let Some(level) = other.metadata.get(REQUIRED_LEVEL) {
            one.metadata.insert(REQUIRED_LEVEL.to_owned(), level.clone());
        }
        one == *other
    }

    fn remove_answered_metadata(&mut self) {
        self.metadata.remove(SERVER_VERSION);
        self.metadata.remove(SERVER_LEVEL);
    }

    fn required_level(&self) -> u32 {
        let uses = [
            (4, self.allow_batched),
            (2, self.allow_msg_counter || self.allow_atomic || self.allow_msg_schedules),
            (2, self.persist_mode == PersistMode::Async),
            (1, self.allow_msg_ttl || self.subject_delete_marker_ttl > Nanos::ZERO),
        ];
        uses.into_iter().find(|(_, used)| *used).map_or(0, |(level, _)| level)
    }
}
