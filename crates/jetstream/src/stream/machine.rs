//! The stream as a machine: commands in, in the order of the log; outcomes out. The same code
//! decides in the server, at recovery and in the simulator.

use std::sync::Arc;

use super::dedup::Dedup;
use super::expiry::Expiries;
use super::fast::FastBatches;
use super::feeds::Feed;
use super::index::{Index, Removed};
use super::pages::Location;
use super::schedules::Schedules;
use super::shaping::Shapes;
use super::staging::Staging;
use super::taking::Taking;
use crate::config::{Storage, StreamConfig};

/// Items that one tick handles at most; another is asked for when there are more.
pub const TICK_ITEMS_MAX: usize = 1024;

/// One stream.
#[derive(Debug, Clone)]
pub struct Stream {
    pub(super) config: StreamConfig,
    pub(super) shapes: Shapes,
    pub(super) index: Index,
    pub(super) dedup: Dedup,
    pub(super) expiries: Expiries,
    pub(super) schedules: Schedules,
    pub(super) staging: Staging,
    pub(super) fast: FastBatches,
    /// Where it takes messages from.
    pub(super) feeds: Arc<[Feed]>,
    pub(super) taking: Taking,
    /// No message below it ends by its age: it is gone, or never ends.
    pub(super) age_floor: u64,
    /// The id of the message that was stored last; empty: it had none.
    pub(super) last_message_id: Vec<u8>,
    /// When the stream was created, in nanoseconds since 1970.
    created: i64,
}

impl Stream {
    /// An empty stream of a checked configuration. `seed` protects its tables and reaches no
    /// output.
    #[must_use]
    pub fn new(config: StreamConfig, created: i64, seed: u64) -> Self {
        Self {
            index: Index::new(config.first_seq, seed),
            dedup: Dedup::default(),
            expiries: Expiries::default(),
            schedules: Schedules::default(),
            staging: Staging::default(),
            fast: FastBatches::default(),
            feeds: Feed::of(&config).into(),
            taking: Taking::default(),
            age_floor: config.first_seq.max(1),
            last_message_id: Vec::new(),
            created,
            shapes: Shapes::new(&config),
            config,
        }
    }

    /// Its configuration.
    #[must_use]
    pub fn config(&self) -> &StreamConfig {
        &self.config
    }

    /// When it was created, in nanoseconds since 1970.
    #[must_use]
    pub fn created(&self) -> i64 {
        self.created
    }

    pub(super) fn set_created(&mut self, created: i64) {
        self.created = created;
    }

    /// What it holds.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Ids remembered within the duplicate window.
    #[must_use]
    pub fn dedup(&self) -> &Dedup {
        &self.dedup
    }

    /// Says where the bytes of `seq` are.
    pub fn place(&mut self, seq: u64, location: Location) {
        self.index.place(seq, location);
    }

    /// Takes a checked new configuration; messages beyond its limits go.
    pub fn reconfigure(&mut self, config: StreamConfig, removed: &mut Vec<Removed>) {
        let fewer_per_subject = config.max_msgs_per_subject > 0
            && (self.config.max_msgs_per_subject <= 0
                || config.max_msgs_per_subject < self.config.max_msgs_per_subject);
        if config.max_age.0 != self.config.max_age.0 {
            self.age_floor = self.index.first_seq();
        }
        self.shapes = Shapes::new(&config);
        if !config.allow_batched {
            self.fast = FastBatches::default();
        }
        if !config.allow_atomic {
            self.staging = Staging::default();
        }
        self.change_feeds(&config);
        self.config = config;
        if fewer_per_subject {
            self.trim_subjects(removed);
        }
        self.trim(removed);
    }

    fn trim_subjects(&mut self, removed: &mut Vec<Removed>) {
        let Ok(max) = u64::try_from(self.config.max_msgs_per_subject) else { return };
        let over: Vec<_> = self
            .index
            .subjects()
            .iter()
            .filter(|(_, _, state)| state.count > max)
            .map(|(id, _, state)| (id, state.count - max))
            .collect();
        for (id, surplus) in over {
            for _ in 0..surplus {
                let first = self.index.subjects().state(id).first;
                removed.extend(self.index.remove(first));
            }
        }
    }

    /// Removes from the front what is over `max_msgs` and `max_bytes`. A new limit takes effect
    /// at once also where new messages are refused at it.
    pub(super) fn trim(&mut self, removed: &mut Vec<Removed>) {
        let over = |stream: &Self| {
            let limit = |max: i64| u64::try_from(max).ok().filter(|&max| max > 0);
            let StreamConfig { max_msgs, max_bytes, .. } = stream.config;
            limit(max_msgs).is_some_and(|max| stream.index.messages() > max)
                || limit(max_bytes).is_some_and(|max| stream.index.bytes() > max)
        };
        while over(self) {
            let Some(gone) = self.index.remove(self.index.first_seq()) else { return };
            removed.push(gone);
        }
    }

    /// Bytes that a message counts in the state of the stream: nats-server's formulas, which
    /// users see in `bytes` and `max_bytes`, whatever is really written.
    #[must_use]
    pub fn size_of(&self, subject: &[u8], headers: &[u8], body: &[u8]) -> u64 {
        let size = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let all = size(subject) + size(headers) + size(body);
        match self.config.storage {
            Storage::Memory => all + 16,
            Storage::File if headers.is_empty() => all + 30,
            Storage::File => all + 34,
        }
    }
}
