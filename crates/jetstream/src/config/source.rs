//! Where a mirror or a sourcing stream takes its messages from.

use serde::Serialize;

use super::SubjectTransform;
use crate::time::Timestamp;

/// The origin of a mirror, or one of several sources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StreamSource {
    /// The origin's name.
    pub name: String,
    /// The first sequence to take; zero for the first there is.
    #[serde(skip_serializing_if = "super::is_zero_u64")]
    pub opt_start_seq: u64,
    /// The time of the first message to take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opt_start_time: Option<Timestamp>,
    /// Which subjects to take; empty for all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub filter_subject: String,
    /// Filters, each with what the subjects become.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subject_transforms: Vec<SubjectTransform>,
    /// How to reach an origin in another account or domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalStream>,
    /// A durable consumer to take the messages from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consumer: Option<SourceConsumer>,
}

/// Prefixes under which another account's or domain's stream is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ExternalStream {
    /// In place of `$JS.API`.
    #[serde(rename = "api")]
    pub api_prefix: String,
    /// In front of delivery subjects; empty for none.
    #[serde(rename = "deliver")]
    pub deliver_prefix: String,
}

/// A consumer that exists already.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SourceConsumer {
    /// Its name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Where it delivers.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub deliver_subject: String,
}
