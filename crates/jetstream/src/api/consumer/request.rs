//! Bodies of requests, and whether they agree with their subjects.

use super::CreateSubject;
use crate::api::request::{decode, decode_if_any, offset};
use crate::consumer::ConsumerConfig;
use crate::consumer::config::{ConsumerRequest, group_name};
use crate::error::{self, ApiError};
use crate::json::{self, Document, Field, Strictness};
use crate::time::Timestamp;

/// Reads a request to create or update a consumer, and holds it against its subject. The
/// configuration gets its name from there.
///
/// # Errors
/// 10025, and the first thing in which both differ.
pub fn create_request(
    subject: &CreateSubject<'_>,
    body: &[u8],
    strictness: Strictness,
) -> Result<ConsumerRequest, ApiError> {
    let mut request: ConsumerRequest = decode(body, strictness)?;
    if subject.stream() != request.stream {
        return Err(error::STREAM_NAME_MISMATCH);
    }
    let config = &mut request.config;
    let name = match *subject {
        CreateSubject::Unnamed(_) => config.name.clone(),
        CreateSubject::Named(_, name, _) | CreateSubject::Durable(_, name) => name.to_owned(),
    };
    if name.contains(['\\', '/']) {
        return Err(error::CONSUMER_NAME_WITH_SEPARATORS);
    }
    match subject {
        CreateSubject::Unnamed(_) if config.is_durable() => {
            return Err(error::CONSUMER_DURABLE_IN_EPHEMERAL_REQUEST);
        }
        CreateSubject::Durable(..) if !config.is_durable() => {
            return Err(error::CONSUMER_DURABLE_NOT_SET);
        }
        _ if config.is_durable() && config.durable != name => {
            return Err(error::CONSUMER_DURABLE_DIFFERS_FROM_SUBJECT);
        }
        _ => config.name = name,
    }
    if let CreateSubject::Named(_, _, Some(filter)) = *subject {
        if !config.filter_subjects.is_empty() {
            return Err(error::CONSUMER_FILTERS_IN_SUBJECT);
        }
        if config.filter_subject != filter {
            return Err(error::CONSUMER_FILTER_DIFFERS_FROM_SUBJECT);
        }
    }
    if config.num_replicas > 1 {
        return Err(error::REPLICAS_NOT_SUPPORTED);
    }
    Ok(request)
}

/// Whether the stream is the one that the client means, which its identity (of the header
/// `Nats-Stream-Identity`; empty for any) says. Only consumers for mirrors and sources are asked.
///
/// # Errors
/// 10225.
pub fn require_stream_identity(
    request: &ConsumerRequest,
    asked: &str,
    identity: &str,
) -> Result<(), ApiError> {
    if request.config.serves_origin() && !asked.is_empty() && asked != identity {
        return Err(error::consumer_stream_identity_mismatch(identity));
    }
    Ok(())
}

/// Asks for names or infos of consumers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsumersRequest {
    offset: i64,
}

impl ConsumersRequest {
    /// Reads a body that need not be there.
    ///
    /// # Errors
    /// 10025.
    pub fn parse(body: &[u8], strictness: Strictness) -> Result<Self, ApiError> {
        decode_if_any(body, strictness)
    }

    /// How many to leave out.
    #[must_use]
    pub fn offset(&self) -> u64 {
        offset(self.offset)
    }
}

impl Document for ConsumersRequest {
    const GO_TYPE: &'static str = "JSApiConsumersRequest";
    const FIELDS: &'static [Field<Self>] = &[("offset", |r, j| j.integer(&mut r.offset, "int"))];
}

/// Asks for a consumer to deliver nothing for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PauseRequest {
    /// Until then, in UTC; [`Timestamp::ZERO`] to go on.
    pub until: Timestamp,
}

impl Default for PauseRequest {
    fn default() -> Self {
        Self { until: Timestamp::ZERO }
    }
}

impl PauseRequest {
    /// Reads a body that need not be there.
    ///
    /// # Errors
    /// 10025.
    pub fn parse(body: &[u8], strictness: Strictness) -> Result<Self, ApiError> {
        let request: Self = decode_if_any(body, strictness)?;
        Ok(Self { until: request.until.in_utc() })
    }
}

impl Document for PauseRequest {
    const GO_TYPE: &'static str = "JSApiConsumerPauseRequest";
    const FIELDS: &'static [Field<Self>] = &[("pause_until", |r, j| j.set_time(&mut r.until))];
}

/// Asks for a consumer to begin again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResetRequest {
    /// The sequence of the stream to begin with; zero for the first that is not acknowledged.
    pub seq: u64,
}

impl ResetRequest {
    /// Reads a body that need not be there; unknown fields are passed over always.
    ///
    /// # Errors
    /// 10025.
    pub fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let mut request = Self::default();
        if !body.is_empty() {
            json::decode_one(body, Strictness::Lenient, &mut request)
                .map_err(error::invalid_json)?;
        }
        Ok(request)
    }
}

impl Document for ResetRequest {
    const GO_TYPE: &'static str = "JSApiConsumerResetRequest";
    const FIELDS: &'static [Field<Self>] = &[("seq", |r, j| j.integer(&mut r.seq, "uint64"))];
}

/// Asks for a client not to be the only one of its group any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnpinRequest {
    /// The group; well formed.
    pub group: String,
}

impl UnpinRequest {
    /// Reads a body; unknown fields are passed over always.
    ///
    /// # Errors
    /// 10025, 10162.
    pub fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let mut request = Self::default();
        json::decode_one(body, Strictness::Lenient, &mut request).map_err(error::invalid_json)?;
        if request.group.is_empty() {
            return Err(error::invalid_json("consumer group not specified"));
        }
        group_name(&request.group)?;
        Ok(request)
    }

    /// Whether the consumer has the group.
    ///
    /// # Errors
    /// 10160.
    pub fn require_group(&self, config: &ConsumerConfig) -> Result<(), ApiError> {
        let is_known = config.priority_groups.contains(&self.group);
        if is_known { Ok(()) } else { Err(error::CONSUMER_PRIORITY_GROUP_UNKNOWN) }
    }
}

impl Document for UnpinRequest {
    const GO_TYPE: &'static str = "JSApiConsumerUnpinRequest";
    const FIELDS: &'static [Field<Self>] = &[("group", |r, j| j.string(&mut r.group))];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_consumers_for_origins_are_asked_for_the_stream_they_mean() {
        let mut request = ConsumerRequest::default();
        assert_eq!(require_stream_identity(&request, "other", "this"), Ok(()));
        request.config.sourcing = true;
        assert_eq!(require_stream_identity(&request, "", "this"), Ok(()));
        assert_eq!(require_stream_identity(&request, "this", "this"), Ok(()));
        let refused = require_stream_identity(&request, "other", "this");
        assert_eq!(refused, Err(error::consumer_stream_identity_mismatch("this")));
    }
}
