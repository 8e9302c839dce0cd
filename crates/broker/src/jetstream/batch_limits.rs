//! The limits of batches that the configuration has. Those of one stream are logged for it when
//! they are others than it knows, and decide when messages are applied. The bound on batches of
//! all streams together is no matter of one stream: a message that would begin one too many is
//! refused before it is logged, when everything before it is applied.

use anabranch_config::options::BatchLimits as Configured;
use anabranch_jetstream::stream::{BatchLimits, BatchSort, Command};
use anabranch_jetstream::{ApiError, error};
use anabranch_log::format::StreamId;

use super::held::Held;
use super::shard::Shard;
use super::streams::Streams;
use crate::worker::Inbound;

/// Batches of all streams together, as nats-server bounds them.
const ATOMIC_MAX: u64 = 1000;
const FAST_MAX: u64 = 50_000;
/// How often one turn applies what it gathered so as to know how many batches are under way.
const COUNTS_MAX: usize = 4;

/// The limits in force.
#[derive(Debug)]
pub struct Batches {
    of_stream: BatchLimits,
    atomic: Bound,
    fast: Bound,
}

/// The batches of one sort.
#[derive(Debug)]
struct Bound {
    max: u64,
    /// No more than so many can be under way: those that were when they were counted, and the
    /// messages since.
    ceiling: u64,
}

impl Batches {
    /// Those of the configuration.
    #[must_use]
    pub fn new(configured: &Configured) -> Self {
        let positive = |limit: i64| u64::try_from(limit).ok().filter(|&limit| limit > 0);
        let each = positive(configured.inflight_per_stream);
        let total = positive(configured.inflight_total);
        let standard = BatchLimits::default();
        let patience = i64::try_from(configured.timeout.as_nanos()).unwrap_or(i64::MAX);
        let of_stream = BatchLimits {
            atomic: each.unwrap_or(standard.atomic),
            fast: each.unwrap_or(standard.fast),
            messages: positive(configured.messages).unwrap_or(standard.messages),
            patience_ns: if patience > 0 { patience } else { standard.patience_ns },
        };
        // Nobody counted yet.
        let bound = |max| Bound { max, ceiling: u64::MAX };
        let (atomic, fast) = (total.unwrap_or(ATOMIC_MAX), total.unwrap_or(FAST_MAX));
        Self { of_stream, atomic: bound(atomic), fast: bound(fast) }
    }

    fn bound(&mut self, sort: BatchSort) -> &mut Bound {
        match sort {
            BatchSort::Atomic => &mut self.atomic,
            BatchSort::Fast => &mut self.fast,
        }
    }

    /// The message may be one too many: it begins a batch, and perhaps as many as may are under
    /// way.
    fn is_in_doubt(&mut self, held: &Held, message: &Inbound<'_>) -> bool {
        let Inbound { reply, headers, body, .. } = *message;
        let sort = BatchSort::of(reply);
        let Bound { max, ceiling } = *self.bound(sort);
        ceiling >= max && held.machine.begins_batch(sort, reply, headers, body)
    }

    /// Counts the batches. Each message that waits for a busy stream may begin one.
    fn count(&mut self, sort: BatchSort, streams: &Streams) {
        let batches = |held: &Held| {
            let waiting = held.parked.as_ref().map_or(0, |parked| parked.len());
            held.machine.batches(sort) + waiting
        };
        let takers = streams.iter().filter(|held| held.machine.takes_batches(sort));
        let count = takers.map(batches).sum::<usize>();
        self.bound(sort).ceiling = u64::try_from(count).unwrap_or(u64::MAX);
    }

    /// Notes a message that may begin a batch; false if that would be one too many.
    fn admit(&mut self, held: &Held, message: &Inbound<'_>) -> bool {
        let sort = BatchSort::of(message.reply);
        if !held.machine.takes_batches(sort) {
            return true;
        }
        if self.is_in_doubt(held, message) {
            return false;
        }
        let bound = self.bound(sort);
        bound.ceiling = bound.ceiling.saturating_add(1);
        true
    }

    /// A message for the stream may belong to a batch, and its limits are others there.
    fn differ(&self, held: &Held, message: &Inbound<'_>) -> bool {
        let may_belong =
            !message.headers.is_empty() || BatchSort::of(message.reply) == BatchSort::Fast;
        may_belong && held.machine.batch_limits() != self.of_stream
    }

    /// A message that was logged comes: its stream has the limits that were logged before it.
    pub fn limit(&self, held: &mut Held, message: &Inbound<'_>) {
        if self.differ(held, message) {
            held.machine.limit_batches(self.of_stream);
        }
    }
}

impl Shard {
    /// It takes an exact count to know whether the message begins a batch too many: everything
    /// before it is to be applied, and then [`Self::count_batches`] called. `counts` says how often
    /// that was so in this turn.
    pub(super) fn must_count_batches(&mut self, message: &Inbound<'_>, counts: usize) -> bool {
        let Self { batches, streams, .. } = self;
        let held = streams.get(StreamId(message.recipient.0));
        counts < COUNTS_MAX && held.is_some_and(|held| batches.is_in_doubt(held, message))
    }

    /// Counts the batches under way of the message's sort.
    pub(super) fn count_batches(&mut self, message: &Inbound<'_>) {
        self.batches.count(BatchSort::of(message.reply), &self.streams);
    }

    /// Logs what batches a message's stream has to know limits of, if it belongs to one.
    ///
    /// # Errors
    /// What the client is told: it is one too many, or it cannot be logged.
    pub(super) fn log_limits(&mut self, message: &Inbound<'_>, now: i64) -> Result<(), ApiError> {
        let id = StreamId(message.recipient.0);
        let Self { batches, streams, .. } = self;
        let Some(held) = streams.get(id) else { return Ok(()) };
        if !batches.admit(held, message) {
            return Err(match BatchSort::of(message.reply) {
                BatchSort::Atomic => error::ATOMIC_TOO_MANY,
                BatchSort::Fast => error::BATCH_TOO_MANY,
            });
        }
        if !batches.differ(held, message) {
            return Ok(());
        }
        let limits = batches.of_stream;
        self.append(id, now, &Command::Limit(limits))
    }
}
