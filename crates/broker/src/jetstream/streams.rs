//! The streams of an account, as their shard holds them.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anabranch_jetstream::config::Storage;
use anabranch_jetstream::consumer::{AckPolicy, ConsumerConfig};
use anabranch_jetstream::json::{self, Strictness};
use anabranch_jetstream::{Nanos, StreamConfig};
use anabranch_log::Error;
use anabranch_log::format::StreamId;
use anabranch_subject::matching;

use super::backlog::Backlog;
use super::consuming::Key;
use super::held::Held;
use super::lazily::Alarm;
use crate::client::Subscription;
use crate::server::Server;
use crate::worker::{Inbox, Recipient, Share, Shortcut, Target};

/// All streams.
#[derive(Default)]
pub struct Streams {
    by_id: BTreeMap<StreamId, Held>,
    by_name: BTreeMap<String, StreamId>,
    /// What came, changed or went, for who takes from whom.
    stirred: Vec<(StreamId, String)>,
    /// Streams that cannot be served, since what is stored of them cannot be read.
    unserved: BTreeMap<StreamId, Unserved>,
    /// A file of one of them may have failed since somebody looked.
    may_have_failed: bool,
    /// A part of one of them could not be read when it was needed.
    pub alarm: Alarm,
}

/// A stream that cannot be served: not even its name is known.
pub struct Unserved {
    /// Why.
    pub reason: String,
    /// Its commands since the checkpoint.
    pub backlog: Backlog,
}

/// Numbers below are other recipients of the shard's inbox.
const FIRST_STREAM: u64 = 1;
/// Numbers with this bit are consumers.
const CONSUMERS: u64 = 1 << 63;

impl Streams {
    /// The stream with this name.
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<&Held> {
        let name = str::from_utf8(name).ok()?;
        self.by_name.get(name).and_then(|id| self.by_id.get(id))
    }

    /// The stream with this name, to change it.
    pub fn find_mut(&mut self, name: &[u8]) -> Option<&mut Held> {
        let name = str::from_utf8(name).ok()?;
        self.by_name.get(name).and_then(|id| self.by_id.get_mut(id))
    }

    /// The stream with this identity.
    #[must_use]
    pub fn get(&self, id: StreamId) -> Option<&Held> {
        self.by_id.get(&id)
    }

    /// The stream with this identity, to change it.
    pub fn get_mut(&mut self, id: StreamId) -> Option<&mut Held> {
        self.by_id.get_mut(&id)
    }

    /// The stream that is meant by the recipient of a message.
    #[must_use]
    pub fn recipient(id: StreamId) -> Recipient {
        Recipient(id.0)
    }

    /// The consumer that is meant by the recipient of a message.
    #[must_use]
    pub fn consumer_recipient((stream, number): Key) -> Recipient {
        Recipient(CONSUMERS | (stream.0 << 32) | u64::from(number))
    }

    /// The consumer that a message is for, if it is for one.
    #[must_use]
    pub fn consumer_of(recipient: Recipient) -> Option<Key> {
        let id = recipient.0 & !CONSUMERS;
        let number = u32::try_from(id & u64::from(u32::MAX)).unwrap_or(u32::MAX);
        let is_one = recipient != Intake::TRANSFERS && recipient.0 & CONSUMERS != 0;
        is_one.then_some((StreamId(id >> 32), number))
    }

    /// Adds a stream. One that is being restored has no name yet.
    pub fn insert(&mut self, held: Held) {
        if !held.is_restoring {
            let name = held.machine.config().name.clone();
            self.stirred.push((held.id, name.clone()));
            self.by_name.insert(name, held.id);
        }
        self.by_id.insert(held.id, held);
    }

    /// A stream is restored: it is seen from here on.
    pub fn reveal(&mut self, id: StreamId) {
        if let Some(mut held) = self.by_id.remove(&id) {
            held.is_restoring = false;
            self.insert(held);
        }
    }

    /// Streams that are being restored.
    pub fn restoring(&self) -> impl Iterator<Item = &Held> {
        self.by_id.values().filter(|held| held.is_restoring)
    }

    /// A stream with this name is being restored.
    #[must_use]
    pub fn is_restoring(&self, name: &str) -> bool {
        self.restoring().any(|held| held.machine.config().name == name)
    }

    /// Takes a stream out.
    pub fn remove(&mut self, id: StreamId) -> Option<Held> {
        let held = self.by_id.remove(&id)?;
        if !held.is_restoring {
            let name = &held.machine.config().name;
            self.by_name.remove(name);
            self.stirred.push((id, name.clone()));
        }
        Some(held)
    }

    /// The configuration of a stream changed.
    pub fn stir(&mut self, id: StreamId, name: &str) {
        self.stirred.push((id, name.to_owned()));
    }

    /// Streams that came, changed or went since this was asked last, in that order.
    pub fn take_stirred(&mut self) -> Vec<(StreamId, String)> {
        std::mem::take(&mut self.stirred)
    }

    /// Streams came, changed or went since that was asked last.
    #[must_use]
    pub fn are_stirred(&self) -> bool {
        !self.stirred.is_empty()
    }

    /// A stream cannot be served. What is stored of it stays.
    pub fn put_unserved(&mut self, id: StreamId, reason: String, backlog: Backlog) {
        self.unserved.insert(id, Unserved { reason, backlog });
    }

    /// The stream with this identity, if it cannot be served.
    pub fn unserved_mut(&mut self, id: StreamId) -> Option<&mut Unserved> {
        self.unserved.get_mut(&id)
    }

    /// A file of one of them may have failed.
    pub fn note_failure(&mut self) {
        self.may_have_failed = true;
    }

    /// Whether that was noted since this was asked last.
    pub fn may_have_failed(&mut self) -> bool {
        if self.alarm.swap(false, Ordering::Acquire) {
            self.by_id.values_mut().for_each(Held::note_unreadable);
            self.may_have_failed = true;
        }
        std::mem::take(&mut self.may_have_failed)
    }

    /// The last sequence of the stream, if it is there.
    #[must_use]
    pub fn last_seq(&self, id: StreamId) -> Option<u64> {
        self.get(id).map(|held| held.machine.index().last_seq())
    }

    /// Streams that cannot be served.
    pub fn unserved(&self) -> impl Iterator<Item = (StreamId, &Unserved)> {
        self.unserved.iter().map(|(&id, unserved)| (id, unserved))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Held> {
        self.by_name.values().filter_map(|id| self.by_id.get(id))
    }

    /// Those whose names are not before `from`, by name.
    pub fn iter_from(&self, from: Bound<&str>) -> impl Iterator<Item = &Held> {
        let names = self.by_name.range::<str, _>((from, Bound::Unbounded));
        names.filter_map(|(_, id)| self.by_id.get(id))
    }

    /// All of them, by name, from behind the name `last` on and then from the first one on.
    pub fn iter_behind(&self, last: &str) -> impl Iterator<Item = &Held> {
        let behind = self.by_name.range::<str, _>((Bound::Excluded(last), Bound::Unbounded));
        let others = self.by_name.range::<str, _>((Bound::Unbounded, Bound::Included(last)));
        behind.chain(others).filter_map(|(_, id)| self.by_id.get(id))
    }

    /// All of them, by identity, to change them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Held> {
        self.by_id.values_mut()
    }

    /// Those whose identity is not before `from`, by identity, to change them.
    pub fn iter_mut_from(&mut self, from: StreamId) -> impl Iterator<Item = &mut Held> {
        self.by_id.range_mut(from..).map(|(_, held)| held)
    }

    /// Those that listen to something that `filter` covers or is covered by, by name; all for an
    /// empty one.
    pub fn listening_to<'a>(&'a self, filter: &'a str) -> impl Iterator<Item = &'a Held> {
        self.iter().filter(move |held| {
            let subjects = &held.machine.config().subjects;
            let collides =
                |subject: &String| matching::collide(filter.as_bytes(), subject.as_bytes());
            filter.is_empty() || subjects.iter().any(collides)
        })
    }

    /// When something is due in one of them, in nanoseconds since 1970.
    #[must_use]
    pub fn next_deadline(&self) -> Option<i64> {
        let online = self.iter().filter(|held| !held.is_offline());
        online.filter_map(|held| held.machine.next_deadline()).min()
    }

    /// Bytes in streams of one kind of storage.
    #[must_use]
    pub fn bytes_in(&self, storage: Storage) -> u64 {
        let kind = self.by_id.values().filter(|held| held.machine.config().storage == storage);
        kind.map(|held| held.machine.index().bytes()).sum()
    }

    /// Bytes that streams of one kind of storage may grow to.
    #[must_use]
    pub fn reserved_in(&self, storage: Storage) -> u64 {
        let kind = self.by_id.values().filter(|held| held.machine.config().storage == storage);
        kind.filter_map(|held| u64::try_from(held.machine.config().max_bytes).ok()).sum()
    }
}

/// What outlives the streams.
#[derive(Debug, Default)]
pub struct Ledger {
    /// The identity that was given last.
    last_stream: u64,
    /// Deleted streams whose files are there still, and the checkpoints made since.
    graves: Vec<(StreamId, u8)>,
    /// Requests that were answered.
    pub requests: u64,
    /// Requests that were answered with an error.
    pub errors: u64,
}

/// Checkpoints after which nothing names the files of a deleted stream.
const FORGOTTEN_AFTER: u8 = 2;

impl Ledger {
    /// An identity that no stream ever had.
    pub fn new_stream(&mut self) -> StreamId {
        self.last_stream += 1;
        StreamId(self.last_stream)
    }

    /// The log says that a stream has this identity.
    pub fn note_stream(&mut self, id: StreamId) {
        self.last_stream = self.last_stream.max(id.0);
    }

    /// So many identities may have been given to streams that are lost.
    pub fn skip_streams(&mut self, count: u64) {
        self.last_stream = self.last_stream.saturating_add(count);
    }

    /// A stream was deleted: its files go when no checkpoint names them any more.
    pub fn bury(&mut self, id: StreamId) {
        self.graves.push((id, 0));
    }

    /// How many deleted streams have files.
    #[must_use]
    pub fn graves(&self) -> usize {
        self.graves.len()
    }

    /// The streams whose files can go once the next checkpoint is made.
    pub fn ripe(&self) -> impl Iterator<Item = StreamId> {
        let ripe = self.graves.iter().filter(|(_, age)| age.saturating_add(1) >= FORGOTTEN_AFTER);
        ripe.map(|(id, _)| *id)
    }

    /// A checkpoint was made, when there were so many graves.
    pub fn exhume(&mut self, graves: usize) {
        self.graves.iter_mut().take(graves).for_each(|(_, age)| *age = age.saturating_add(1));
        self.graves.retain(|&(_, age)| age < FORGOTTEN_AFTER);
    }

    /// For a checkpoint.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        let mut bytes = self.last_stream.to_le_bytes().to_vec();
        for (id, age) in &self.graves {
            bytes.extend_from_slice(&id.0.to_le_bytes());
            bytes.push(*age);
        }
        bytes
    }

    /// From a checkpoint.
    ///
    /// # Errors
    /// When it is none of [`Self::save`].
    pub fn load(bytes: &[u8]) -> Result<Self, Error> {
        let unreadable = Error::Options("the ledger in the checkpoint cannot be read");
        let (last, graves) = bytes.split_first_chunk::<8>().ok_or(unreadable)?;
        let graves = graves.chunks_exact(9).filter_map(|grave| {
            let (id, age) = grave.split_first_chunk::<8>()?;
            Some((StreamId(u64::from_le_bytes(*id)), *age.first()?))
        });
        let last_stream = u64::from_le_bytes(*last);
        Ok(Self { last_stream, graves: graves.collect(), ..Self::default() })
    }
}

/// Where messages for streams come in.
pub struct Intake {
    /// The server, whose account is listened in.
    pub server: Arc<Server>,
    /// Where messages wait.
    pub inbox: Arc<Inbox>,
}

impl Intake {
    /// The recipient of API requests.
    pub const API: Recipient = Recipient(FIRST_STREAM - 1);
    /// The recipient of chunks of restores and of what acknowledges those of backups.
    pub const TRANSFERS: Recipient = Recipient(u64::MAX);

    /// Listens to the subject.
    #[must_use]
    pub fn listen(&self, subject: &str, to: Recipient, refusal: Vec<u8>) -> Arc<Subscription> {
        let (inbox, refusal, share) = (Arc::clone(&self.inbox), refusal.into(), Arc::default());
        let shortcut = None;
        self.listen_with(subject, Target { inbox, recipient: to, share, refusal, shortcut })
    }

    fn listen_with(&self, subject: &str, target: Target) -> Arc<Subscription> {
        let client = Arc::clone(&self.server.internal);
        let subscription = Subscription::to_target(client, subject.as_bytes(), b"", target);
        let subscription = Arc::new(subscription);
        self.server.account.subscribe(Arc::clone(&subscription));
        subscription
    }

    /// Listens to requests, some of which `shortcut` answers.
    pub fn begin_api<S: Shortcut + 'static>(&self, shortcut: &Arc<S>) {
        let target = || Target {
            inbox: Arc::clone(&self.inbox),
            recipient: Self::API,
            share: Arc::default(),
            refusal: Vec::new().into(),
            shortcut: Some(Arc::clone(shortcut) as Arc<dyn Shortcut>),
        };
        let _ = self.listen_with("$JS.API.>", target());
        if !self.domain().is_empty() {
            let _ = self.listen_with(&format!("$JS.{}.API.>", self.domain()), target());
        }
    }

    /// Whether requests with unknown fields are refused.
    #[must_use]
    pub fn strictness(&self) -> Strictness {
        match &self.server.options.jetstream {
            Some(jetstream) if !jetstream.strict => Strictness::Lenient,
            _ => Strictness::Strict,
        }
    }

    /// The longest window for duplicates that streams may have; zero: any.
    #[must_use]
    pub fn duplicate_window_max(&self) -> Nanos {
        let limits = self.server.options.jetstream.as_ref().map(|jetstream| &jetstream.limits);
        let window = limits.map_or(0, |limits| limits.duplicate_window.as_nanos());
        Nanos(i64::try_from(window).unwrap_or(i64::MAX))
    }

    /// The domain's name; empty: none.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.server.options.jetstream.as_ref().map_or("", |jetstream| &jetstream.domain)
    }

    /// Lets the stream listen to what its configuration says.
    pub fn begin(&self, held: &mut Held) {
        let config = held.machine.config();
        held.ack_start = ack_start(config, self.domain());
        held.subscriptions = self.listen_for(held.id, config);
    }

    /// Listens to what the configuration says.
    #[must_use]
    pub fn listen_for(&self, id: StreamId, config: &StreamConfig) -> Vec<Arc<Subscription>> {
        let refusal: Arc<[u8]> = too_many_requests(&config.name).into();
        let share = Arc::<Share>::default();
        // All subjects of a stream together have one share of the inbox.
        let listen = |subject: &String| {
            let (refusal, share) = (Arc::clone(&refusal), Arc::clone(&share));
            let (inbox, recipient, shortcut) =
                (Arc::clone(&self.inbox), Streams::recipient(id), None);
            self.listen_with(subject, Target { inbox, recipient, share, refusal, shortcut })
        };
        config.subjects.iter().map(listen).collect()
    }

    /// Listens to requests for messages of a consumer, and to what its clients acknowledge.
    #[must_use]
    pub fn listen_for_consumer(
        &self,
        recipient: Recipient,
        stream: &str,
        name: &str,
        config: &ConsumerConfig,
    ) -> Vec<Arc<Subscription>> {
        let mut subjects = Vec::new();
        if config.ack_policy != AckPolicy::None {
            subjects.push(format!("$JS.ACK.{stream}.{name}.>"));
            subjects.push(format!("$JS.ACK.*.*.{stream}.{name}.>"));
        }
        if config.flow_control {
            subjects.push(format!("$JS.FC.{stream}.{name}.*"));
        }
        // Who asks one that sends unasked is told so.
        subjects.push(format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}"));
        if !self.domain().is_empty() {
            let domain = self.domain();
            subjects.push(format!("$JS.{domain}.API.CONSUMER.MSG.NEXT.{stream}.{name}"));
        }
        let listen = |subject: String| self.listen(&subject, recipient, Vec::new());
        subjects.into_iter().map(listen).collect()
    }

    /// No longer listens.
    pub fn leave(&self, subscriptions: &[Arc<Subscription>]) {
        for subscription in subscriptions {
            subscription.close();
        }
        self.server.account.unsubscribe_all(subscriptions);
    }
}

/// What publishers hear of a stream whose shard is behind.
fn too_many_requests(stream: &str) -> Vec<u8> {
    anabranch_jetstream::publish::refusal(stream, &anabranch_jetstream::error::TOO_MANY_REQUESTS)
}

/// `{"stream":"S","seq":`: where every acknowledgement begins.
#[must_use]
fn ack_start(config: &StreamConfig, domain: &str) -> Vec<u8> {
    let quoted = |text: &str| json::to_vec(&text);
    let mut start = [b"{\"stream\":".as_slice(), &quoted(&config.name)].concat();
    if !domain.is_empty() {
        start.extend_from_slice(b",\"domain\":");
        start.extend_from_slice(&quoted(domain));
    }
    start.extend_from_slice(b",\"seq\":");
    start
}

#[cfg(test)]
mod tests {
    use anabranch_jetstream::stream::Stream;

    use super::*;
    use crate::jetstream::held::Store;
    use crate::jetstream::payloads::MemoryPayloads;

    #[test]
    fn who_comes_to_a_full_inbox_is_told() {
        let refusal = String::from_utf8(too_many_requests("S")).unwrap();
        assert!(refusal.contains("\"code\":429,\"err_code\":10167"), "{refusal}");
    }

    #[test]
    fn who_comes_behind_a_name_comes_first_and_nobody_twice() {
        let mut streams = Streams::default();
        for (id, name) in [(1, "C"), (2, "A"), (3, "B")] {
            let config = StreamConfig { name: name.to_owned(), ..StreamConfig::default() };
            let store = Store::Memory(MemoryPayloads::default());
            streams.insert(Held::new(StreamId(id), Stream::new(config, 0, 1), store));
        }
        let order =
            |last: &str| -> Vec<u64> { streams.iter_behind(last).map(|held| held.id.0).collect() };
        assert_eq!(order(""), [2, 3, 1]);
        assert_eq!(order("A"), [3, 1, 2]);
        assert_eq!(order("C"), [2, 3, 1]);
        assert_eq!(order("AB"), [3, 1, 2]);
    }
}
