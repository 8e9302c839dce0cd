//! What a request changes in a stream, for the log.

use anabranch_jetstream::api::{Endpoint, MessageDeleteRequest, PurgeRequest, StreamCall};
use anabranch_jetstream::json::Strictness;
use anabranch_jetstream::stream::Command;
use anabranch_log::format::StreamId;

use crate::jetstream::streams::Streams;
use crate::worker::Inbound;

/// A change that a request asks for.
pub struct Change {
    /// Of which stream.
    pub stream: StreamId,
    what: What,
}

enum What {
    Purge(PurgeRequest),
    Delete(MessageDeleteRequest),
}

impl Change {
    /// It removes messages, of which there may be many.
    #[must_use]
    pub fn is_purge(&self) -> bool {
        matches!(self.what, What::Purge(_))
    }

    /// The command that is logged.
    #[must_use]
    pub fn command(&self) -> Command<'_> {
        match &self.what {
            What::Purge(PurgeRequest { filter, seq, keep }) => {
                Command::Purge { filter: filter.as_bytes(), seq: *seq, keep: *keep }
            }
            What::Delete(MessageDeleteRequest { seq, no_erase }) => {
                Command::Delete { seq: *seq, erase: !no_erase }
            }
        }
    }
}

/// What the request changes; nothing if it is refused anyhow, or only asks.
#[must_use]
pub fn change(
    streams: &Streams,
    message: &Inbound<'_>,
    domain: &str,
    strictness: Strictness,
) -> Option<Change> {
    let endpoint = super::endpoint(message.subject, domain)?;
    let Endpoint::Stream(call, name) = endpoint else { return None };
    if super::is_too_new(message) {
        return None;
    }
    let what = match call {
        StreamCall::Purge => What::Purge(PurgeRequest::parse(message.body, strictness).ok()?),
        StreamCall::MessageDelete => {
            What::Delete(MessageDeleteRequest::parse(message.body, strictness).ok()?)
        }
        _ => return None,
    };
    Some(Change { stream: streams.find(name.as_bytes())?.id, what })
}
