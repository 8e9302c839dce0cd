//! The volatile half of a consumer: who waits, what is sent next, what is sent again and when.
//!
//! Not here: what is kept (`state`). No clock, no I/O: messages and interest come from a
//! [`Source`], times are nanoseconds since 1970 in arguments, and randomness comes from a seed.
//!
//! Whoever drives it hands in requests, acknowledgements and interest, calls [`Session::next`]
//! until it says to wait, and then takes the changes for the log and the effects. Some of those
//! that stand there when it gave a delivery come before it: [`Session::drain_leading_effects`].

mod ack_subject;
mod acknowledging;
mod activity;
mod choosing;
mod delivering;
mod flow;
mod pace;
mod pins;
mod random;
mod redelivery;
mod request;
mod requests;
mod status;
mod timers;
mod types;
mod updating;
mod waiting;

use std::collections::VecDeque;

pub use ack_subject::AckSubject;
pub use types::{Begin, Delivery, Effect, End, Found, Next, Source};

use self::activity::Activity;
use self::flow::Push;
use self::pace::Pace;
use self::pins::Pin;
use self::random::Random;
use self::redelivery::Redelivery;
use self::requests::Requests;
use super::change::Change;
use super::config::{AckPolicy, ConsumerConfig};
use super::report::Report;
use super::state::{Position, State};

/// The session of one consumer.
pub struct Session {
    config: Box<ConsumerConfig>,
    stream: Box<str>,
    /// What changes are expected to make of the durable state.
    state: State,
    /// The next sequence that was never delivered.
    position: u64,
    /// Messages to begin with, when only the last of each subject count.
    skip: Option<Box<SkipList>>,
    redelivery: Redelivery,
    mode: Mode,
    pace: Option<Box<Pace>>,
    activity: Activity,
    random: Random,
    /// The end of a pause that is not over yet.
    paused_until: Option<i64>,
    /// A turn ended although there was more to do.
    is_unfinished: bool,
    changes: Vec<Change>,
    effects: Vec<Effect>,
    /// What comes behind the delivery that is made now.
    trailing: Vec<Effect>,
}

enum Mode {
    Pull(Box<Pull>),
    Push(Box<Push>),
}

/// What only those have that are asked for messages.
#[derive(Default)]
struct Pull {
    requests: Requests,
    pin: Option<Pin>,
}

struct SkipList {
    /// Ascending.
    seqs: VecDeque<u64>,
    /// Behind them, all messages count from here.
    resume: u64,
}

impl Session {
    /// The session of a consumer of `stream` that is in `state`.
    #[must_use]
    pub fn new(
        stream: &str,
        config: &ConsumerConfig,
        state: State,
        begin: Begin,
        now: i64,
        seed: u64,
    ) -> Self {
        let mode = if config.is_push() {
            Mode::Push(Box::new(Push::new(config)))
        } else {
            Mode::Pull(Box::default())
        };
        let mut random = Random::new(seed);
        let resume = begin.last_seq.saturating_add(1);
        let skip = (!begin.skip.is_empty()).then(|| {
            let mut seqs = VecDeque::from(begin.skip);
            seqs.make_contiguous().sort_unstable();
            Box::new(SkipList { seqs, resume })
        });
        let mut session = Self {
            stream: stream.into(),
            position: begin.first.max(1),
            skip,
            redelivery: Redelivery::default(),
            pace: Pace::new(config, begin.last_seq, begin.burst),
            activity: Activity::new(config, now, &mut random),
            paused_until: pause_end(config, now),
            is_unfinished: false,
            changes: Vec::new(),
            effects: Vec::new(),
            trailing: Vec::new(),
            config: Box::new(config.clone()),
            state,
            mode,
            random,
        };
        session.time_all();
        session
    }

    /// The last messages of each subject were listed when this was the next sequence: behind them
    /// all messages count from here.
    pub fn resume_at(&mut self, seq: u64) {
        if let Some(skip) = &mut self.skip {
            skip.resume = seq;
        }
    }

    /// Its configuration.
    #[must_use]
    pub fn config(&self) -> &ConsumerConfig {
        &self.config
    }

    /// The state that the changes made so far lead to.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The next sequence to look at for what was never delivered.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// What was delivered, as information shows it: before the first delivery, with all messages
    /// that were passed over.
    #[must_use]
    pub fn delivered(&self) -> Position {
        let delivered = self.state.delivered;
        if delivered.consumer > 0 {
            return delivered;
        }
        Position { consumer: 0, stream: self.position.saturating_sub(1) }
    }

    /// It goes through a list of messages before it looks at the others.
    #[must_use]
    pub fn is_skipping(&self) -> bool {
        self.skip.is_some()
    }

    /// It has something to do with messages that may leave the stream.
    #[must_use]
    pub fn awaits_any(&self) -> bool {
        !self.state.unacked.is_empty() || !self.state.exhausted.is_empty() || self.is_skipping()
    }

    /// It has something to do with this message, which leaves the stream.
    #[must_use]
    pub fn awaits(&self, seq: u64) -> bool {
        self.state.unacked.contains_key(&seq)
            || self.state.exhausted.contains_key(&seq)
            || self.skip.as_ref().is_some_and(|skip| skip.seqs.binary_search(&seq).is_ok())
    }

    /// Requests that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        match &self.mode {
            Mode::Pull(pull) => pull.requests.len(),
            Mode::Push(_) => 0,
        }
    }

    /// Somebody listens to what is sent; always false when messages are asked for.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        matches!(&self.mode, Mode::Push(push) if push.is_active)
    }

    /// Nothing is delivered at `now`.
    #[must_use]
    pub fn is_paused(&self, now: i64) -> bool {
        self.paused_until.is_some_and(|end| now < end)
    }

    /// Messages that were delivered more than once and are not acknowledged, as information shows
    /// them: none when a message is delivered only once anyway.
    #[must_use]
    pub fn num_redelivered(&self) -> usize {
        if self.config.max_deliver == 1 { 0 } else { self.state.num_redelivered() }
    }

    /// Messages that were never delivered.
    pub fn num_pending(&self, source: &mut dyn Source) -> u64 {
        match &self.skip {
            None => source.pending(self.position),
            Some(skip) => {
                let listed = u64::try_from(skip.seqs.len()).unwrap_or(u64::MAX);
                listed.saturating_add(source.pending(skip.resume))
            }
        }
    }

    /// It would deliver a message if one came now.
    #[must_use]
    pub fn wants(&self) -> bool {
        let has_receiver = match &self.mode {
            Mode::Pull(pull) => !pull.requests.is_empty(),
            Mode::Push(push) => push.is_open(),
        };
        has_receiver && self.paused_until.is_none() && !self.is_full()
    }

    /// Takes what is to be logged, in its order. `into` is appended to.
    pub fn drain_changes(&mut self, into: &mut Vec<Change>) {
        into.append(&mut self.changes);
    }

    /// Takes what is to be sent and told, in its order. `into` is appended to.
    pub fn drain_effects(&mut self, into: &mut Vec<Effect>) {
        into.append(&mut self.effects);
        into.append(&mut self.trailing);
    }

    /// Takes those effects that come before the delivery that was made last. `into` is appended
    /// to.
    pub fn drain_leading_effects(&mut self, into: &mut Vec<Effect>) {
        into.append(&mut self.effects);
    }

    /// Takes what is to be logged, in its order.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// Takes what is to be sent and told, in its order.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        let mut effects = std::mem::take(&mut self.effects);
        effects.append(&mut self.trailing);
        effects
    }

    /// No more messages may wait for their acknowledgement.
    fn is_full(&self) -> bool {
        let limit = usize::try_from(self.config.max_ack_pending).unwrap_or(0);
        let counts = self.config.ack_policy != AckPolicy::None && limit > 0;
        counts && self.state.unacked.len() >= limit
    }

    fn change(&mut self, change: Change) {
        self.state.apply(&change, self.config.ack_policy);
        self.changes.push(change);
    }

    fn report(&mut self, report: Report) {
        self.effects.push(Effect::Report(report));
    }

    fn send_status(&mut self, to: &[u8], headers: Vec<u8>) {
        self.effects.push(Effect::Send { to: to.to_vec(), reply: Vec::new(), headers });
    }
}

/// The end of a pause, if it lies ahead.
fn pause_end(config: &ConsumerConfig, now: i64) -> Option<i64> {
    let end = config.pause_until.as_ref()?.unix_nanos_saturating();
    (end > now).then_some(end)
}
