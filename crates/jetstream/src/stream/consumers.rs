//! The consumers of a stream, as far as they are durable, and which messages they still need.

use std::collections::BTreeMap;
use std::sync::Arc;

use anabranch_subject::matching;

use super::bytes::{Bytes, DecodeError, put_text, put_varint};
use super::command::RestoredConsumer;
use super::index::{Index, Removed};
use super::machine::Stream;
use super::work::Work;
use crate::config::Retention;
use crate::consumer::{AckPolicy, Change, ConsumerConfig, DeliverPolicy, State};
use crate::json::{self, Strictness};

/// Numbers from here on are of consumers of which nothing is written to disk.
pub const UNLOGGED: u32 = 1 << 31;
/// Consumers are saved in this version.
const VERSION: u64 = 1;

/// A consumer, as far as it is durable.
#[derive(Debug, Clone)]
pub struct Consumer {
    /// What tells it from all others that the stream ever had.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// Its configuration, a checked one.
    pub config: ConsumerConfig,
    /// When it was created, in nanoseconds since 1970.
    pub created: i64,
    /// The first sequence that it may be given.
    pub begin: u64,
    /// The last sequence of the stream when it was created.
    pub seen: u64,
    /// How far it is.
    pub state: State,
}

/// The consumers of a stream.
#[derive(Debug, Clone, Default)]
pub struct Consumers {
    by_number: BTreeMap<u32, Arc<Consumer>>,
    by_name: BTreeMap<String, u32>,
    /// The last numbers that were given, to those that are logged and the others.
    last: u32,
    last_unlogged: u32,
    /// How many are shown, and how many count for limits.
    shown: u64,
    counted: u64,
    /// Noted when one changes.
    pub(super) changed: u64,
}

impl Consumer {
    /// It wants messages of this subject.
    #[must_use]
    pub fn wants(&self, subject: &[u8]) -> bool {
        let filters = self.config.filters();
        let matches = |filter: &String| matching::matches(filter.as_bytes(), subject);
        filters.is_empty() || filters.iter().any(matches)
    }

    /// What it does is logged.
    #[must_use]
    pub fn is_logged(&self) -> bool {
        self.number < UNLOGGED
    }

    /// Sequences with which a consumer of the last message of each subject begins, from `next` on.
    #[must_use]
    pub fn last_of_each(&self, index: &Index, next: u64) -> Vec<u64> {
        if self.config.deliver_policy != DeliverPolicy::LastPerSubject || next > self.seen {
            return Vec::new();
        }
        let filters = self.config.filters();
        let all = [">".to_owned()];
        let filters = if filters.is_empty() { &all[..] } else { filters };
        let filters = filters.iter().map(|filter| filter.as_bytes());
        let mut last = index.last_of_each(filters, self.seen, usize::MAX).unwrap_or_default();
        last.retain(|&seq| seq >= next);
        last
    }
}

impl Consumers {
    /// The consumer with this number.
    #[must_use]
    pub fn get(&self, number: u32) -> Option<&Consumer> {
        self.by_number.get(&number).map(|consumer| &**consumer)
    }

    /// The consumer with this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Consumer> {
        self.by_name.get(name).and_then(|&number| self.get(number))
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Consumer> {
        self.by_name.values().filter_map(|&number| self.get(number))
    }

    /// Those that are shown, by name: all but direct ones.
    pub fn public(&self) -> impl Iterator<Item = &Consumer> {
        self.iter().filter(|consumer| !consumer.config.direct)
    }

    /// How many are shown.
    #[must_use]
    pub fn public_count(&self) -> u64 {
        self.shown
    }

    fn forget(&mut self, config: &ConsumerConfig) {
        self.shown -= u64::from(!config.direct);
        self.counted -= u64::from(!config.serves_origin());
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// There are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// There are some of which nothing is logged.
    #[must_use]
    pub fn are_some_unlogged(&self) -> bool {
        self.by_number.range(UNLOGGED..).next().is_some()
    }

    /// Something of them is to be saved.
    pub(super) fn are_logged(&self) -> bool {
        self.last > 0
    }

    /// A number for a new one.
    #[must_use]
    pub fn new_number(&self, is_logged: bool) -> u32 {
        match is_logged {
            true => self.last + 1,
            false => self.last_unlogged.max(UNLOGGED) + 1,
        }
    }

    fn insert(&mut self, consumer: Consumer) {
        let (number, name) = (consumer.number, consumer.name.clone());
        let last = if number < UNLOGGED { &mut self.last } else { &mut self.last_unlogged };
        *last = number.max(*last);
        self.shown += u64::from(!consumer.config.direct);
        self.counted += u64::from(!consumer.config.serves_origin());
        self.by_name.insert(name, number);
        self.by_number.insert(number, Arc::new(consumer));
    }

    fn get_mut(&mut self, number: u32) -> Option<&mut Consumer> {
        self.by_number.get_mut(&number).map(Arc::make_mut)
    }

    fn remove(&mut self, number: u32) -> Option<Arc<Consumer>> {
        let consumer = self.by_number.remove(&number)?;
        self.by_name.remove(&consumer.name);
        self.forget(&consumer.config);
        Some(consumer)
    }

    /// Takes over those of another copy of the stream of which nothing is logged.
    pub(super) fn take_unlogged(&mut self, other: &Self) {
        let unlogged = other.by_number.range(UNLOGGED..);
        unlogged.for_each(|(_, consumer)| self.insert(Consumer::clone(consumer)));
    }

    /// Somebody wants messages of this subject.
    fn want(&self, subject: &[u8]) -> bool {
        self.by_number.values().any(|consumer| consumer.wants(subject))
    }

    /// Somebody still needs this message.
    fn need(&self, seq: u64, subject: &[u8]) -> bool {
        let needs = |consumer: &Arc<Consumer>| consumer.state.needs(seq) && consumer.wants(subject);
        self.by_number.values().any(needs)
    }

    /// Appends those of which something is logged.
    pub(super) fn save(&self, into: &mut Vec<u8>) {
        put_varint(into, VERSION);
        put_varint(into, u64::from(self.last));
        for consumer in self.by_number.values().filter(|consumer| consumer.is_logged()) {
            put_varint(into, u64::from(consumer.number));
            put_text(into, consumer.name.as_bytes());
            put_text(into, &json::to_vec(&consumer.config));
            into.extend_from_slice(&consumer.created.to_le_bytes());
            put_varint(into, consumer.begin);
            put_varint(into, consumer.seen);
            put_text(into, &consumer.state.encode());
        }
    }

    /// Those that [`Self::save`] wrote.
    pub(super) fn load(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut bytes = Bytes(bytes);
        let version = bytes.varint()?;
        if version != VERSION {
            return Err(DecodeError::Version(u32::try_from(version).unwrap_or(u32::MAX)));
        }
        let number = |bytes: &mut Bytes<'_>| {
            let number = u32::try_from(bytes.varint()?).ok().filter(|&number| number < UNLOGGED);
            number.ok_or(DecodeError::Field("consumer"))
        };
        let mut consumers = Self { last: number(&mut bytes)?, ..Self::default() };
        while !bytes.0.is_empty() {
            let number = number(&mut bytes)?;
            let name = str::from_utf8(bytes.text()?);
            let name = name.map_err(|_| DecodeError::Field("consumer"))?.to_owned();
            let config = ConsumerConfig::parse(bytes.text()?, Strictness::Lenient)
                .map_err(|_| DecodeError::Field("configuration of a consumer"))?;
            let created = bytes.i64()?;
            let (begin, seen) = (bytes.varint()?, bytes.varint()?);
            let state = State::decode(bytes.text()?)?;
            if number > consumers.last || begin == 0 {
                return Err(DecodeError::Field("consumer"));
            }
            consumers.insert(Consumer { number, name, config, created, begin, seen, state });
        }
        Ok(consumers)
    }
}

impl Stream {
    /// Its consumers.
    #[must_use]
    pub fn consumers(&self) -> &Consumers {
        &self.consumers
    }

    /// Adds a consumer of a checked configuration. A number that is taken changes nothing.
    pub fn add_consumer(&mut self, number: u32, name: &str, config: ConsumerConfig, now: i64) {
        if self.consumers.get(number).is_some() || self.consumers.find(name).is_some() {
            return;
        }
        let (seen, name) = (self.index.last_seq(), name.to_owned());
        let consumer = Consumer {
            number,
            name,
            config,
            created: now,
            begin: 1,
            seen,
            state: State::default(),
        };
        let begin = self.first_for(&consumer).clamp(1, super::index::SEQ_MAX);
        let state = State::starting_at(begin);
        self.consumers.insert(Consumer { begin, state, ..consumer });
        self.consumers.changed = self.epoch;
    }

    /// Adds a consumer from a backup.
    ///
    /// # Errors
    /// When what is said of it cannot be read.
    pub fn restore_consumer(
        &mut self,
        number: u32,
        restored: &RestoredConsumer<'_>,
    ) -> Result<(), DecodeError> {
        let RestoredConsumer { name, created, config, state } = *restored;
        if self.consumers.get(number).is_some() || self.consumers.find(name).is_some() {
            return Ok(());
        }
        let config = ConsumerConfig::parse(config, Strictness::Lenient)
            .map_err(|_| DecodeError::Field("configuration of a consumer"))?;
        let state = State::decode(state)?;
        let (begin, name) = (state.delivered.stream.saturating_add(1), name.to_owned());
        self.consumers.insert(Consumer { number, name, config, created, begin, seen: 0, state });
        self.consumers.changed = self.epoch;
        Ok(())
    }

    /// The first sequence that a new consumer is given: nats-server's `selectStartingSeqNo`
    /// (`server/consumer.go`).
    fn first_for(&self, consumer: &Consumer) -> u64 {
        let (index, config) = (&self.index, &consumer.config);
        let (first, last) = (index.first_seq(), index.last_seq());
        let behind = last + 1;
        match config.deliver_policy {
            DeliverPolicy::All => first,
            DeliverPolicy::New => behind,
            DeliverPolicy::ByStartSequence => config.opt_start_seq.max(first),
            DeliverPolicy::ByStartTime => {
                let time = config.opt_start_time.map_or(0, |time| time.unix_nanos_saturating());
                self.first_after(index.pages().first_at(time).unwrap_or(behind), config)
            }
            DeliverPolicy::Last => {
                let filters = config.filters().iter();
                let found = filters.filter_map(|filter| index.last_matching(filter.as_bytes()));
                let found = if config.filters().is_empty() { Some(last) } else { found.max() };
                found.unwrap_or(first).max(first)
            }
            DeliverPolicy::LastPerSubject if self.config.max_msgs_per_subject == 1 => first,
            DeliverPolicy::LastPerSubject => {
                consumer.last_of_each(index, 0).first().copied().unwrap_or(last).max(first)
            }
        }
    }

    /// The first sequence of interest from `seq` on, as nats-server looks for it.
    fn first_after(&self, seq: u64, config: &ConsumerConfig) -> u64 {
        let first = |filter: &String| self.index.next_matching(filter.as_bytes(), 0);
        let found = config.filters().iter().filter_map(first).filter(|&found| found >= seq).min();
        found.filter(|&found| found < self.index.last_seq()).unwrap_or(seq)
    }

    /// Gives a consumer another checked configuration: there may be work to
    /// [`proceed`](Self::proceed) with.
    pub fn update_consumer(&mut self, number: u32, config: ConsumerConfig) {
        let Some(consumer) = self.consumers.get_mut(number) else { return };
        let filters_differ = consumer.config.filters() != config.filters();
        let (shown, counted) = (!config.direct, !config.serves_origin());
        let before = std::mem::replace(&mut consumer.config, config);
        let floor = needed_from(&consumer.state);
        self.consumers.forget(&before);
        self.consumers.shown += u64::from(shown);
        self.consumers.counted += u64::from(counted);
        self.consumers.changed = self.epoch;
        if filters_differ {
            self.drop_unneeded(floor);
        }
    }

    /// Removes a consumer: there may be work to [`proceed`](Self::proceed) with.
    pub fn remove_consumer(&mut self, number: u32) {
        let Some(consumer) = self.consumers.remove(number) else { return };
        self.consumers.changed = self.epoch;
        self.drop_unneeded(needed_from(&consumer.state));
    }

    /// What a consumer did. Messages that nobody needs any more go where acknowledgements remove
    /// them.
    pub fn consumed(&mut self, number: u32, changes: &[Change], removed: &mut Vec<Removed>) {
        let Some(consumer) = self.consumers.get_mut(number) else { return };
        let policy = consumer.config.ack_policy;
        if self.config.retention == Retention::Limits {
            changes.iter().for_each(|change| consumer.state.apply(change, policy));
            self.consumers.changed = self.epoch;
            return;
        }
        let mut released = Vec::new();
        let lists = consumer.config.deliver_policy == DeliverPolicy::LastPerSubject;
        // From where on it may have passed over messages.
        let mut passed = None;
        for change in changes {
            let state = &consumer.state;
            release(state, change, policy, &mut released);
            match *change {
                Change::Purged(_) | Change::Reset(_) => {
                    passed = passed.or(Some(needed_from(state)));
                }
                Change::Delivered { stream, .. }
                    if lists && stream > state.delivered.stream + 1 =>
                {
                    passed = passed.or(Some(state.delivered.stream));
                }
                _ => {}
            }
            consumer.state.apply(change, policy);
        }
        self.consumers.changed = self.epoch;
        if let Some(floor) = passed {
            self.drop_unneeded(floor);
        }
        for seq in released {
            let Some(meta) = self.index.get(seq) else { continue };
            let is_needed = self.config.retention == Retention::Interest
                && self.consumers.need(seq, &self.index.subjects().name(meta.subject));
            if !is_needed {
                removed.extend(self.index.remove(seq));
            }
        }
    }

    /// Nobody wants a message of this subject, and it need not be kept for that.
    pub(super) fn is_unwanted(&self, subject: &[u8]) -> bool {
        self.config.retention == Retention::Interest && !self.consumers.want(subject)
    }

    /// Somebody needs the message: it stays.
    pub(super) fn is_needed(&self, seq: u64, subject: &[u8]) -> bool {
        self.consumers.need(seq, subject)
    }

    /// Lets go of what nobody needs any more behind `floor`, if acknowledgements remove it.
    pub(super) fn drop_unneeded(&mut self, floor: u64) {
        if self.config.retention == Retention::Interest {
            let end = self.index.last_seq() + 1;
            self.work.push_back(Work::Unneeded { seq: floor + 1, end });
        }
    }
}

/// Everything that the consumer may still need is behind this.
fn needed_from(state: &State) -> u64 {
    let exhausted = state.exhausted.first_key_value().map(|(&seq, _)| seq.saturating_sub(1));
    exhausted.map_or(state.floor.stream, |before| before.min(state.floor.stream))
}

/// Adds the messages that the consumer needs no more when it makes this change.
fn release(state: &State, change: &Change, policy: AckPolicy, released: &mut Vec<u64>) {
    match *change {
        Change::Delivered { stream, .. } if policy == AckPolicy::None => released.push(stream),
        Change::Acked(seq) if state.needs(seq) && seq <= state.delivered.stream => {
            released.push(seq);
        }
        Change::AckedTo { stream, .. } => {
            released.extend(state.unacked.range(..=stream).map(|(&seq, _)| seq));
            released.extend(state.exhausted.range(..=stream).map(|(&seq, _)| seq));
        }
        _ => {}
    }
}

impl crate::consumer::config::Consumers for Consumers {
    fn find(&self, name: &str) -> Option<&ConsumerConfig> {
        Self::find(self, name).map(|consumer| &consumer.config)
    }

    fn count(&self) -> i64 {
        i64::try_from(self.counted).unwrap_or(i64::MAX)
    }

    fn visit(&self, visit: &mut dyn FnMut(&str, &ConsumerConfig) -> bool) {
        let _ = self.iter().all(|consumer| visit(&consumer.name, &consumer.config));
    }
}
