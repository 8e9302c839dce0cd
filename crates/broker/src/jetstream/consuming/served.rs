//! One consumer as its shard serves it, and all of one stream.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use anabranch_jetstream::consumer::{Begin, Change, Effect, Found, Session, Source};
use anabranch_jetstream::stream::{Consumer, Found as Wanted, Index, Removed, TallyId};
use anabranch_log::format::StreamId;
use anabranch_subject::matching;

use crate::client::Subscription;

/// Which consumer: its stream, and its number there.
pub type Key = (StreamId, u32);

/// A consumer with its session.
pub struct Served {
    /// Decides what it is sent.
    pub session: Session,
    /// What it wants; nothing: all.
    pub filters: Arc<[String]>,
    /// Counts what is to come for it.
    pub tally: TallyId,
    /// Nothing for it is at or behind the first sequence and before the second.
    pub looked: (u64, u64),
    /// What it listens to.
    pub subscriptions: Vec<Arc<Subscription>>,
    /// What it did and is not in the log yet.
    pub unlogged: Vec<Change>,
    /// Who is told once that is durable.
    pub confirms: Vec<Vec<u8>>,
    /// What is to be sent and told, in between.
    pub effects: Vec<Effect>,
    /// When it was sent a message last, and acknowledged one, since the server started.
    pub delivered_at: Option<i64>,
    /// See there.
    pub acknowledged_at: Option<i64>,
    /// It is on the list of those that may have something to send.
    pub is_ready: bool,
    /// It is on the list of those that did something.
    pub is_touched: bool,
    /// When it is to be looked after, as it is listed.
    pub deadline: Option<i64>,
}

impl Served {
    /// Begins with what is durable of it.
    #[must_use]
    pub fn new(
        consumer: &Consumer,
        stream: &str,
        index: &mut Index,
        burst: u64,
        start: Start,
    ) -> Self {
        let first = consumer.state.delivered.stream + 1;
        let skip = consumer.last_of_each(index, first);
        let from = if skip.is_empty() { first } else { consumer.seen + 1 };
        let tally = index.begin_tally(consumer.config.filters(), from);
        let begin = Begin { first, skip, last_seq: index.last_seq(), burst };
        let mut config = consumer.config.clone();
        config.name.clone_from(&consumer.name);
        let state = consumer.state.clone();
        let seed = start.seed ^ u64::from(consumer.number);
        let mut session = Session::new(stream, &config, state, begin, start.now, seed);
        session.resume_at(consumer.seen + 1);
        Self {
            session,
            filters: consumer.config.filters().into(),
            tally,
            looked: (0, 0),
            subscriptions: Vec::new(),
            unlogged: Vec::new(),
            confirms: Vec::new(),
            effects: Vec::new(),
            delivered_at: None,
            acknowledged_at: None,
            is_ready: false,
            is_touched: false,
            deadline: None,
        }
    }

    /// Messages that were never sent.
    #[must_use]
    pub fn pending(&self, index: &Index) -> u64 {
        self.session.num_pending(&mut Counted { index, filters: &self.filters, tally: self.tally })
    }

    /// Counts what is to come anew, if it stands elsewhere than was counted.
    pub fn settle_tally(&mut self, index: &mut Index) {
        let (here, counted) = (self.session.position(), index.tallied_from(self.tally));
        if self.session.is_skipping() || here == counted {
            return;
        }
        if here > counted && index.tallied(self.tally) == 0 {
            // Nothing that it wants was passed over.
            index.advance_tally(self.tally, here, 0);
        } else {
            self.recount(index);
        }
    }

    /// Counts what is to come anew.
    pub fn recount(&mut self, index: &mut Index) {
        let here = self.session.position();
        self.looked = (0, 0);
        self.filters = self.session.config().filters().into();
        index.end_tally(self.tally);
        self.tally = index.begin_tally(self.session.config().filters(), here);
    }
}

/// What is to come for a consumer, and nothing else.
struct Counted<'a> {
    index: &'a Index,
    filters: &'a [String],
    tally: TallyId,
}

impl Source for Counted<'_> {
    fn next(&mut self, _: u64) -> Option<Found> {
        None
    }

    fn get(&mut self, _: u64) -> Option<Found> {
        None
    }

    fn pending(&mut self, seq: u64) -> u64 {
        if self.index.tallied_from(self.tally) == seq {
            return self.index.tallied(self.tally);
        }
        self.index.count_wanted(self.filters, seq)
    }

    fn last_seq(&self) -> u64 {
        self.index.last_seq()
    }

    fn has_interest(&mut self, _: &[u8]) -> bool {
        false
    }
}

/// When, and what protects tables.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// Nanoseconds since 1970.
    pub now: i64,
    /// Reaches no output that matters.
    pub seed: u64,
}

/// Why messages left the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// They were purged: nobody is told.
    Purge,
    /// They were deleted, or are over the limits.
    Removal,
}

/// The consumers of a stream.
#[derive(Default)]
pub struct ServedAll {
    by_number: BTreeMap<u32, Option<Box<Served>>>,
    by_tally: HashMap<TallyId, u32>,
    /// Those that have something to do with messages that may leave.
    awaiting: BTreeSet<u32>,
    /// Those from which messages were taken.
    robbed: BTreeSet<u32>,
}

impl ServedAll {
    /// Adds one.
    pub fn insert(&mut self, number: u32, served: Served) {
        self.put(number, Box::new(served));
    }

    /// Takes one out for a while, to be [put back](Self::put).
    pub fn take(&mut self, number: u32) -> Option<Box<Served>> {
        let served = self.by_number.get_mut(&number)?.take()?;
        self.by_tally.remove(&served.tally);
        Some(served)
    }

    /// Puts back what was taken out.
    pub fn put(&mut self, number: u32, served: Box<Served>) {
        self.by_tally.insert(served.tally, number);
        if served.session.awaits_any() {
            self.awaiting.insert(number);
        } else {
            self.awaiting.remove(&number);
        }
        self.by_number.insert(number, Some(served));
    }

    /// Takes one out for good.
    pub fn remove(&mut self, number: u32) -> Option<Box<Served>> {
        let served = self.take(number);
        self.by_number.remove(&number);
        self.awaiting.remove(&number);
        served
    }

    /// Looks at one.
    #[must_use]
    pub fn get(&self, number: u32) -> Option<&Served> {
        self.by_number.get(&number)?.as_deref()
    }

    /// Changes one.
    pub fn get_mut(&mut self, number: u32) -> Option<&mut Served> {
        self.by_number.get_mut(&number)?.as_deref_mut()
    }

    /// Their numbers.
    #[must_use]
    pub fn numbers(&self) -> Vec<u32> {
        self.by_number.keys().copied().collect()
    }

    /// There are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_number.is_empty()
    }

    /// Whose count it is.
    #[must_use]
    pub fn by_tally(&self, tally: TallyId) -> Option<u32> {
        self.by_tally.get(&tally).copied()
    }

    /// Messages left the stream, which some may still wait for.
    pub fn lose(&mut self, removed: &[Removed], why: Loss) {
        if removed.is_empty() {
            return;
        }
        for &number in &self.awaiting {
            let served = self.by_number.get_mut(&number).and_then(Option::as_deref_mut);
            let Some(served) = served else { continue };
            let mut is_robbed = false;
            for gone in removed {
                if served.session.awaits(gone.seq) {
                    match why {
                        Loss::Purge => served.session.withdrawn(gone.seq),
                        Loss::Removal => served.session.removed(gone.seq),
                    }
                    is_robbed = true;
                }
            }
            if is_robbed {
                self.robbed.insert(number);
            }
        }
    }

    /// A purge of `subjects` is over, all for an empty one: those who read some of them go on where
    /// there is something again, those who read others too behind what the stream lost.
    pub fn purge(&mut self, subjects: &str, index: &Index) {
        let wanted = [subjects.to_owned()];
        let filters = if subjects.is_empty() { &[][..] } else { &wanted };
        let next = match index.next_wanted(filters, 0) {
            Wanted::At(seq) | Wanted::NotBefore(seq) => seq,
            Wanted::Nothing => index.last_seq() + 1,
        };
        for (&number, served) in &mut self.by_number {
            let Some(served) = served else { continue };
            let own = served.session.config().filters();
            let within =
                |filter: &String| matching::is_subset(filter.as_bytes(), subjects.as_bytes());
            let beside =
                |filter: &String| matching::collide(filter.as_bytes(), subjects.as_bytes());
            let is_within = !own.is_empty() && own.iter().all(within);
            let first = if subjects.is_empty() || is_within {
                next
            } else if own.is_empty() || own.iter().any(beside) {
                index.first_seq()
            } else {
                continue;
            };
            served.session.purged(first);
            self.robbed.insert(number);
        }
    }

    /// All messages before `first` left the stream.
    pub fn lose_before(&mut self, first: u64) {
        for (&number, served) in &mut self.by_number {
            if let Some(served) = served {
                served.session.purged(first);
                self.robbed.insert(number);
            }
        }
    }

    /// Those from which messages were taken since this was asked last.
    pub fn take_robbed(&mut self) -> BTreeSet<u32> {
        std::mem::take(&mut self.robbed)
    }
}
