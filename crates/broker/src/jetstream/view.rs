//! What monitoring sees of the streams.

use std::ops::Bound;

use anabranch_jetstream::api::ConsumerInfo;
use anabranch_jetstream::api::info::{SourceInfo, StreamState};
use anabranch_jetstream::config::Storage;
use anabranch_jetstream::{StreamConfig, Timestamp};

use super::api::{consumers_of, state};
use super::held::Held;
use super::running::JetStream;
use super::shard::{Shard, now};

/// Streams described in one answer of the shard.
const AT_ONCE: usize = 128;

/// All streams together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Streams.
    pub streams: u64,
    /// Consumers of them.
    pub consumers: u64,
    /// Messages in them.
    pub messages: u64,
    /// Their bytes in memory.
    pub memory: u64,
    /// Their bytes on the disk.
    pub storage: u64,
    /// Bytes that memory streams may grow to.
    pub reserved_memory: u64,
    /// Bytes that file streams may grow to.
    pub reserved_storage: u64,
    /// Requests to the API.
    pub requests: u64,
    /// Those that were answered with an error.
    pub errors: u64,
}

/// One stream.
#[derive(Debug, Clone)]
pub struct Detail {
    /// Its configuration, as it is stored.
    pub config: StreamConfig,
    /// When it was created.
    pub created: Timestamp,
    /// What is in it.
    pub state: StreamState,
    /// How a mirror stands.
    pub mirror: Option<SourceInfo>,
    /// How sources stand.
    pub sources: Vec<SourceInfo>,
    /// Why its storage is no longer used.
    pub broken: Option<String>,
    /// Its consumers, if they were asked for.
    pub consumers: Vec<ConsumerInfo>,
    /// Those that serve mirrors and sources, the same.
    pub direct_consumers: Vec<ConsumerInfo>,
}

/// Which consumers are described with their streams.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WithConsumers {
    /// Those that clients made for themselves.
    pub own: bool,
    /// Those that serve mirrors and sources.
    pub direct: bool,
}

impl JetStream {
    /// All streams together; nothing if the shard does not answer.
    #[must_use]
    pub fn totals(&self) -> Option<Totals> {
        self.ask(|shard| {
            let streams = &shard.streams;
            Totals {
                streams: u64::try_from(streams.len()).unwrap_or(u64::MAX),
                consumers: streams.iter().map(|held| state(held).consumer_count).sum(),
                messages: streams.iter().map(|held| held.machine.index().messages()).sum(),
                memory: streams.bytes_in(Storage::Memory),
                storage: streams.bytes_in(Storage::File),
                reserved_memory: streams.reserved_in(Storage::Memory),
                reserved_storage: streams.reserved_in(Storage::File),
                requests: shard.ledger.requests,
                errors: shard.ledger.errors,
            }
        })
    }

    /// Up to `max` streams by name; nothing if the shard does not answer.
    #[must_use]
    pub fn details(&self, max: usize, with: WithConsumers) -> Option<Vec<Detail>> {
        let mut all: Vec<Detail> = Vec::new();
        while all.len() < max {
            let after = all.last().map(|detail| detail.config.name.clone());
            let wanted = AT_ONCE.min(max - all.len());
            let more = self.ask(move |shard| {
                let from = after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
                let some = shard.streams.iter_from(from).take(wanted);
                some.map(|held| detail(shard, held, with)).collect::<Vec<_>>()
            })?;
            let last = more.len() < wanted;
            all.extend(more);
            if last {
                break;
            }
        }
        Some(all)
    }

    /// The stream with this name, if there is one; nothing if the shard does not answer.
    #[must_use]
    pub fn detail(&self, name: &str) -> Option<Option<Detail>> {
        let name = name.to_owned();
        self.ask(move |shard| {
            let held = shard.streams.find(name.as_bytes());
            held.map(|held| detail(shard, held, WithConsumers::default()))
        })
    }

    /// A stream whose storage is not used, and why; nothing if the shard does not answer.
    #[must_use]
    pub fn broken(&self) -> Option<Option<(String, String)>> {
        self.ask(|shard| {
            let reason = |held: &Held| Some((held.machine.config().name.clone(), trouble(held)?));
            let mut unserved = shard.streams.unserved();
            let nameless = unserved.next().map(|(id, why)| (id.to_string(), why.reason.clone()));
            shard.streams.iter().find_map(reason).or(nameless)
        })
    }

    /// Streams that lost messages to damage, and how many; nothing if the shard does not answer.
    #[must_use]
    pub fn lost(&self) -> Option<Vec<(String, u64)>> {
        self.ask(|shard| {
            let lost = shard.streams.iter().filter(|held| !held.trouble.losses.is_empty());
            let named =
                |held: &Held| (held.machine.config().name.clone(), held.trouble.losses.count());
            lost.take(AT_ONCE).map(named).collect()
        })
    }
}

/// Why the stream takes nothing.
fn trouble(held: &Held) -> Option<String> {
    let failed = || held.trouble.failed.as_ref().map(ToString::to_string);
    held.broken.clone().or_else(failed)
}

fn detail(shard: &Shard, held: &Held, with: WithConsumers) -> Detail {
    let consumers = |wanted: bool, of_origins| match wanted {
        true => consumers_of(shard, held, of_origins, now()),
        false => Vec::new(),
    };
    let (mirror, sources) = shard.pipes.describe(held, &shard.streams, now());
    Detail {
        config: held.machine.config().clone(),
        created: Timestamp::from_unix_nanos(held.machine.created()),
        state: state(held),
        mirror,
        sources,
        broken: trouble(held),
        consumers: consumers(with.own, false),
        direct_consumers: consumers(with.direct, true),
    }
}
