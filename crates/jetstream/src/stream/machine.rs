//! The stream as a machine: commands in, in the order of the log; outcomes out. The same code
//! decides in the server, at recovery and in the simulator.

use std::collections::VecDeque;
use std::sync::Arc;

use super::consumers::Consumers;
use super::dedup::Dedup;
use super::expiry::Expiries;
use super::fast::FastBatches;
use super::feeds::Feed;
use super::index::Index;
use super::limits::BatchLimits;
use super::pages::Location;
use super::schedules::Schedules;
use super::shaping::Shapes;
use super::staging::Staging;
use super::taking::Taking;
use super::work::Work;
use crate::config::{Storage, StreamConfig};

/// Items that one tick handles at most; another is asked for when there are more.
pub const TICK_ITEMS_MAX: usize = 256;

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
    pub(super) batch_limits: BatchLimits,
    /// Where it takes messages from.
    pub(super) feeds: Arc<[Feed]>,
    pub(super) taking: Taking,
    /// No message below it ends by its age: it is gone, or never ends.
    pub(super) age_floor: u64,
    /// The id of the message that was stored last; empty: it had none.
    pub(super) last_message_id: Vec<u8>,
    /// What is still to be done before the next command.
    pub(super) work: VecDeque<Work>,
    /// All messages that there were are gone: see [`Self::take_cleared`].
    pub(super) is_cleared: bool,
    /// All messages before this one were purged: see [`Self::take_purged`].
    pub(super) purged_before: Option<u64>,
    /// Messages of some subjects were purged: see [`Self::take_purging`].
    pub(super) is_purging: bool,
    /// Who reads it.
    pub(super) consumers: Consumers,
    /// Noted in what changes.
    pub(super) epoch: u64,
    /// When the stream was created, in nanoseconds since 1970.
    created: i64,
}

impl Stream {
    /// An empty stream of a checked configuration. `seed` protects its tables and reaches no
    /// output.
    #[must_use]
    pub fn new(config: StreamConfig, created: i64, seed: u64) -> Self {
        let mut stream = Self {
            index: Index::new(config.first_seq, seed),
            dedup: Dedup::default(),
            expiries: Expiries::default(),
            schedules: Schedules::default(),
            staging: Staging::default(),
            fast: FastBatches::default(),
            batch_limits: BatchLimits::default(),
            feeds: Feed::of(&config).into(),
            taking: Taking::default(),
            age_floor: config.first_seq.max(1),
            last_message_id: Vec::new(),
            work: VecDeque::new(),
            is_cleared: false,
            purged_before: None,
            is_purging: false,
            consumers: Consumers::default(),
            epoch: 0,
            created,
            shapes: Shapes::new(&config),
            config,
        };
        stream.set_epoch(1);
        stream
    }

    pub(super) fn set_epoch(&mut self, epoch: u64) {
        self.epoch = epoch;
        self.index.set_epoch(epoch);
        self.dedup.set_epoch(epoch);
    }

    /// The same stream to be saved, not to be changed. It takes little time and memory.
    pub(super) fn view(&self) -> Self {
        Self {
            config: self.config.clone(),
            shapes: Shapes::default(),
            index: self.index.view(),
            dedup: self.dedup.view(),
            expiries: self.expiries.clone(),
            schedules: self.schedules.clone(),
            staging: self.staging.clone(),
            fast: self.fast.clone(),
            feeds: Arc::clone(&self.feeds),
            taking: self.taking.clone(),
            last_message_id: self.last_message_id.clone(),
            work: VecDeque::new(),
            consumers: self.consumers.clone(),
            ..*self
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

    /// What it holds, for those who count what is to come.
    pub fn index_mut(&mut self) -> &mut Index {
        &mut self.index
    }

    /// Takes over what is not logged from another copy of the stream.
    pub fn take_unlogged(&mut self, other: &mut Self) {
        self.consumers.take_unlogged(&other.consumers);
        self.index.tallies = std::mem::take(&mut other.index.tallies);
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

    /// Takes a checked new configuration. Messages beyond its limits are to go: there may be work
    /// to [`proceed`](Self::proceed) with.
    pub fn reconfigure(&mut self, config: StreamConfig) {
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
        let drops_unneeded = config.retention != self.config.retention;
        self.config = config;
        if drops_unneeded {
            self.drop_unneeded(0);
        }
        if fewer_per_subject {
            self.work.push_back(Work::TrimSubjects { after: Vec::new() });
        }
        // A new limit takes effect at once also where new messages are refused at it.
        self.work.push_back(Work::Trim);
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
