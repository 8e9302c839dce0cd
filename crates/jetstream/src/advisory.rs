//! Advisories: what happened to streams, consumers and the API, published for whoever listens.
//!
//! Identifiers and times come from outside.

mod consumer;
mod document;

use serde::Serialize;

use crate::api::info::StreamState;
use crate::consumer::Report;
use crate::json;
use crate::time::{Nanos, Timestamp};

const PREFIX: &str = "$JS.EVENT.ADVISORY";

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Advisory<'a> {
    /// A stream was created, updated or deleted.
    Stream(&'a str, StreamAction),
    /// Something happened to a consumer.
    Consumer {
        /// The account.
        account: &'a str,
        /// The stream.
        stream: &'a str,
        /// The consumer.
        consumer: &'a str,
        /// What happened.
        event: ConsumerEvent<'a>,
    },
    /// A backup begins.
    SnapshotCreate {
        /// The stream.
        stream: &'a str,
        /// What the backup will hold.
        state: &'a StreamState,
        /// Who asked.
        client: &'a Client,
    },
    /// A backup is over.
    SnapshotComplete {
        /// The stream.
        stream: &'a str,
        /// When it began.
        start: Timestamp,
        /// When it ended.
        end: Timestamp,
        /// Who asked.
        client: &'a Client,
        /// Why it failed; empty when it did not.
        error: &'a str,
    },
    /// A restore begins.
    RestoreCreate {
        /// The stream.
        stream: &'a str,
        /// Who asked.
        client: &'a Client,
    },
    /// A restore is over.
    RestoreComplete {
        /// The stream.
        stream: &'a str,
        /// When it began.
        start: Timestamp,
        /// When it ended.
        end: Timestamp,
        /// How many bytes came.
        bytes: u64,
        /// Who asked.
        client: &'a Client,
    },
    /// A batch will never become visible.
    BatchAbandoned {
        /// The account, told to the system account alone; empty otherwise.
        account: &'a str,
        /// The stream.
        stream: &'a str,
        /// The batch's identifier.
        batch: &'a str,
        /// Why.
        reason: BatchAbandoned,
    },
    /// There is no room for more messages.
    OutOfStorage {
        /// The server's name.
        server: &'a str,
        /// The server's identifier.
        server_id: &'a str,
        /// The stream; empty when it is all of them.
        stream: &'a str,
        /// The cluster's name.
        cluster: &'a str,
    },
    /// Requests were dropped because too many waited.
    ApiLimitReached {
        /// The server's name.
        server: &'a str,
        /// How many.
        dropped: u64,
    },
    /// A request to the API was answered.
    Api {
        /// The server's name.
        server: &'a str,
        /// Who asked.
        client: &'a Client,
        /// The subject of the request.
        subject: &'a str,
        /// The request's body.
        request: &'a str,
        /// The answer's body.
        response: &'a str,
    },
}

/// What happened to a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsumerEvent<'a> {
    /// It was created.
    Created,
    /// It was deleted.
    Deleted,
    /// Its pause was set, changed or taken back, or is over; until when it lasts or lasted.
    Paused(Option<Timestamp>),
    /// It has something to tell.
    Report(&'a Report),
}

/// What happened to a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StreamAction {
    /// It was created.
    Create,
    /// It was updated.
    Modify,
    /// It was deleted.
    Delete,
}

/// Why a batch was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BatchAbandoned {
    /// No message came for too long.
    Timeout,
    /// It has too many messages.
    Large,
    /// A message is missing.
    Incomplete,
    /// It needs a higher API level.
    Unsupported,
}

/// Who asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Client {
    /// When the connection was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// Its address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// Its identifier on the server.
    #[serde(skip_serializing_if = "is_zero")]
    pub id: u64,
    /// Its account.
    #[serde(rename = "acc", skip_serializing_if = "String::is_empty")]
    pub account: String,
    /// Its user.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// The name that it gave itself.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The language of its library.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub lang: String,
    /// The version of its library.
    #[serde(rename = "ver", skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// The last round-trip time.
    #[serde(skip_serializing_if = "Nanos::is_zero")]
    pub rtt: Nanos,
    /// The server's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub server: String,
    /// `Client`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// `nats`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub client_type: String,
}

/// What every advisory has.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// Unique.
    pub id: &'a str,
    /// When it happened.
    pub time: Timestamp,
    /// The server's domain; empty for none.
    pub domain: &'a str,
}

impl Advisory<'_> {
    /// Where it is published.
    #[must_use]
    pub fn subject(&self) -> String {
        let (kind, stream) = match self {
            Self::Stream(stream, StreamAction::Create) => ("STREAM.CREATED", *stream),
            Self::Stream(stream, StreamAction::Modify) => ("STREAM.UPDATED", *stream),
            Self::Stream(stream, StreamAction::Delete) => ("STREAM.DELETED", *stream),
            Self::SnapshotCreate { stream, .. } => ("STREAM.SNAPSHOT_CREATE", *stream),
            Self::SnapshotComplete { stream, .. } => ("STREAM.SNAPSHOT_COMPLETE", *stream),
            Self::RestoreCreate { stream, .. } => ("STREAM.RESTORE_CREATE", *stream),
            Self::RestoreComplete { stream, .. } => ("STREAM.RESTORE_COMPLETE", *stream),
            Self::BatchAbandoned { stream, .. } => ("STREAM.BATCH_ABANDONED", *stream),
            Self::OutOfStorage { .. } => return format!("{PREFIX}.SERVER.OUT_OF_STORAGE"),
            Self::ApiLimitReached { .. } => return format!("{PREFIX}.API.LIMIT_REACHED"),
            Self::Api { .. } => return format!("{PREFIX}.API"),
            Self::Consumer { stream, consumer, event, .. } => {
                return format!("{}.{stream}.{consumer}", event.subject());
            }
        };
        format!("{PREFIX}.{kind}.{stream}")
    }

    /// The payload.
    #[must_use]
    pub fn encode(&self, envelope: &Envelope<'_>) -> Vec<u8> {
        json::to_vec(&document::Document::of(self, envelope))
    }
}

fn is_zero(value: &u64) -> bool {
    *value == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENVELOPE: Envelope<'_> = Envelope { id: "I", time: Timestamp::ZERO, domain: "" };

    fn text(advisory: &Advisory<'_>) -> String {
        let text = String::from_utf8(advisory.encode(&ENVELOPE)).unwrap();
        let head = "{\"type\":\"io.nats.jetstream.advisory.v1.";
        text.strip_prefix(head).unwrap().to_owned()
    }

    const STAMP: &str = r#"","id":"I","timestamp":"0001-01-01T00:00:00Z","#;

    #[test]
    fn streams_are_told_of_by_name_and_action() {
        let advisory = Advisory::Stream("AD", StreamAction::Modify);
        assert_eq!(advisory.subject(), "$JS.EVENT.ADVISORY.STREAM.UPDATED.AD");
        let expected = format!(r#"stream_action{STAMP}"stream":"AD","action":"modify"}}"#);
        assert_eq!(text(&advisory), expected);
        let domain = Envelope { domain: "hub", ..ENVELOPE };
        assert!(advisory.encode(&domain).ends_with(br#""action":"modify","domain":"hub"}"#));
    }

    #[test]
    fn backups_tell_who_asked() {
        let client = Client { host: "h".to_owned(), id: 7, ..Client::default() };
        let state = StreamState::default();
        let advisory = Advisory::SnapshotCreate { stream: "S", state: &state, client: &client };
        assert!(text(&advisory).starts_with(&format!(
            r#"snapshot_create{STAMP}"stream":"S","state":{{"messages":0,"#
        )));
        assert!(text(&advisory).ends_with(r#""client":{"host":"h","id":7}}"#));
        let (start, end) = (Timestamp::ZERO, Timestamp::ZERO);
        let advisory =
            Advisory::RestoreComplete { stream: "S", start, end, bytes: 9, client: &client };
        assert_eq!(advisory.subject(), "$JS.EVENT.ADVISORY.STREAM.RESTORE_COMPLETE.S");
        assert!(text(&advisory).ends_with(r#""bytes":9,"client":{"host":"h","id":7}}"#));
    }

    #[test]
    fn the_api_is_audited() {
        let client = Client::default();
        let advisory = Advisory::Api {
            server: "n1",
            client: &client,
            subject: "$JS.API.INFO",
            request: "",
            response: "{\"a\":\">\"}",
        };
        assert_eq!(advisory.subject(), "$JS.EVENT.ADVISORY.API");
        assert_eq!(
            text(&advisory),
            format!(
                "api_audit{STAMP}{}",
                concat!(
                    r#""server":"n1","client":{},"subject":"$JS.API.INFO","#,
                    r#""response":"{\"a\":\"\u003e\"}"}"#
                )
            )
        );
        let advisory = Advisory::ApiLimitReached { server: "n1", dropped: 3 };
        let expected = format!(r#"api_limit_reached{STAMP}"server":"n1","dropped":3}}"#);
        assert_eq!(text(&advisory), expected);
    }

    #[test]
    fn abandoned_batches_say_why() {
        let advisory = Advisory::BatchAbandoned {
            account: "",
            stream: "S",
            batch: "b",
            reason: BatchAbandoned::Unsupported,
        };
        let rest = r#""stream":"S","batch":"b","reason":"unsupported"}"#;
        assert_eq!(text(&advisory), format!("stream_batch_abandoned{STAMP}{rest}"));
    }
}
