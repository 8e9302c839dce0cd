//! Which commands the messages and requests of a turn come to, and whether there is room for them.

use anabranch_jetstream::config::Storage;
use anabranch_jetstream::{ApiError, error};
use anabranch_log::format::StreamId;

use super::api;
use super::publishing::Message;
use super::shard::Shard;
use super::streams::Intake;
use crate::worker::Inbound;

impl Shard {
    /// Whether there is room for the message.
    fn admit(&mut self, message: &Inbound<'_>) -> bool {
        let size = message.subject.len() + message.headers.len() + message.body.len();
        self.has_room(StreamId(message.recipient.0), size)
    }

    /// Whether there is room for `size` bytes more in a stream; if not, says so at times.
    pub(super) fn has_room(&mut self, id: StreamId, size: usize) -> bool {
        let Some(held) = self.streams.get(id) else { return true };
        let storage = held.machine.config().storage;
        let streams = &self.streams;
        let admitted = self.room.admit(storage, size, || streams.bytes_in(storage));
        if !admitted && self.room.may_complain(storage) {
            let storage = format!("{storage:?}").to_lowercase();
            log::error!("JetStream {storage} resource limits exceeded for server");
        }
        if !admitted || storage == Storage::Memory || self.space.admit(size) {
            return admitted;
        }
        self.space.complain();
        false
    }

    /// Adds the message's command, if it is one, to the log, unless that has to be done later.
    pub(super) fn log(&mut self, message: &Inbound<'_>, now: i64) -> Result<(), ApiError> {
        let put_off = if self.parked.is_empty() { None } else { self.put_off(message) };
        put_off.unwrap_or_else(|| self.log_command(message, now))
    }

    /// Adds the message's command, if it is one, to the log.
    pub(super) fn log_command(&mut self, message: &Inbound<'_>, now: i64) -> Result<(), ApiError> {
        if message.recipient == Intake::API {
            let strictness = self.intake.strictness();
            let domain = self.intake.domain();
            let Some(change) = api::change(&self.streams, message, domain, strictness) else {
                return Ok(());
            };
            return self.append(change.stream, now, &change.command());
        }
        if !self.admit(message) {
            return Err(error::INSUFFICIENT_RESOURCES);
        }
        self.check_readable(message, now)?;
        self.log_limits(message, now)?;
        let Inbound { subject, headers, body, reply, .. } = *message;
        let command = Message { subject, headers, body, reply }.command();
        self.append(StreamId(message.recipient.0), now, &command)
    }
}
