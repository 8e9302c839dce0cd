//! Messages that it takes to decide about others, looked at before anything is logged: what cannot
//! be read then costs one request, or one schedule, and not the stream.

use anabranch_jetstream::publish::PublishHeaders;
use anabranch_jetstream::{ApiError, error};
use anabranch_log::format::StreamId;

use super::held::Held;
use super::passing::SCHEDULES_MAX;
use super::shard::Shard;
use crate::worker::Inbound;

impl Shard {
    /// Whether everything can be read that it takes to decide about a message, as its stream
    /// stands now.
    ///
    /// # Errors
    /// 10172, which the client is told.
    pub(super) fn check_readable(
        &mut self,
        message: &Inbound<'_>,
        now: i64,
    ) -> Result<(), ApiError> {
        let held = self.streams.get_mut(StreamId(message.recipient.0));
        let held = held.filter(|held| held.machine.config().allow_msg_counter && held.is_logged());
        let Some(held) = held else { return Ok(()) };
        let asked = &PublishHeaders::parse(message.headers);
        let needed = held.machine.needs(message.subject, asked, now);
        let is_readable = needed.into_iter().all(|seq| held.load(seq).is_some());
        if is_readable { Ok(()) } else { Err(error::COUNTER_BROKEN) }
    }
}

/// Schedules that are due at `now` and cannot be carried out, since they or what they publish
/// cannot be read.
pub fn lost_schedules(held: &mut Held, now: i64) -> Vec<u64> {
    let due = held.machine.due_schedules(now, SCHEDULES_MAX);
    due.into_iter().filter(|&seq| !can_fire(held, seq)).collect()
}

fn can_fire(held: &mut Held, seq: u64) -> bool {
    let Some(own) = held.load(seq) else { return false };
    let source = held.machine.source_of_schedule(&own.headers);
    source.is_none_or(|source| held.load(source).is_some())
}
