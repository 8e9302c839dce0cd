//! Answers: `{"type":…}` with what was asked for, or with an error.
//!
//! Fields that Go does not leave out when they are empty are there beside an error too, so each
//! answer says what is.

use serde::Serialize;

use super::Page;
use super::info::{AccountUse, StoredMessage, StreamInfo, StreamState};
use crate::error::ApiError;
use crate::{StreamConfig, json};

/// What an answer holds when the request was carried out.
pub trait Response: Serialize {
    /// Its type, without what all types begin with and end in.
    const NAME: &'static str;
    /// What stands beside an error.
    type Remains: Serialize + Default;
}

/// The answer to a request.
#[must_use]
pub fn encode<T: Response>(outcome: &Result<T, ApiError>) -> Vec<u8> {
    match outcome {
        Ok(body) => json::to_vec(&Envelope { kind: kind(T::NAME), error: None, body }),
        Err(error) => encode_refusal::<T>(error),
    }
}

/// The answer to a request that was refused.
#[must_use]
pub fn encode_refusal<T: Response>(error: &ApiError) -> Vec<u8> {
    let remains = T::Remains::default();
    json::to_vec(&Envelope { kind: kind(T::NAME), error: Some(error), body: &remains })
}

/// The refusal of a call that is never answered otherwise.
pub(super) fn encode_named_refusal(name: &str, error: &ApiError) -> Vec<u8> {
    json::to_vec(&Envelope { kind: kind(name), error: Some(error), body: &NoRemains {} })
}

fn kind(name: &str) -> String {
    format!("io.nats.jetstream.api.v1.{name}_response")
}

#[derive(Serialize)]
struct Envelope<'a, T> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a ApiError>,
    #[serde(flatten)]
    body: &'a T,
}

/// Nothing stands beside an error.
#[derive(Default, Serialize)]
pub struct NoRemains {}

/// The account's use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountInfo(pub AccountUse);

impl Response for AccountInfo {
    const NAME: &'static str = "account_info";
    type Remains = NoRemains;
}

/// A stream that was created, or existed as it was to be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Created {
    /// The stream.
    #[serde(flatten)]
    pub info: StreamInfo,
    /// nats-server says so of streams that existed too, and not of those that were restored.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub did_create: bool,
}

impl Response for Created {
    const NAME: &'static str = "stream_create";
    type Remains = NoRemains;
}

/// A stream that was updated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Updated(pub StreamInfo);

impl Response for Updated {
    const NAME: &'static str = "stream_update";
    type Remains = NoRemains;
}

/// A stream's info, with the page of its subjects.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Described {
    /// Zeros unless subjects were asked for and found.
    #[serde(flatten)]
    pub page: Page,
    /// The stream.
    #[serde(flatten)]
    pub info: StreamInfo,
}

impl Response for Described {
    const NAME: &'static str = "stream_info";
    type Remains = Page;
}

/// Names of streams.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Named {
    /// Where in the list.
    #[serde(flatten)]
    pub page: Page,
    /// The names, ascending.
    #[serde(serialize_with = "null_when_empty")]
    pub streams: Vec<String>,
}

impl Response for Named {
    const NAME: &'static str = "stream_names";
    type Remains = Self;
}

/// Infos of streams.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Listed {
    /// Where in the list.
    #[serde(flatten)]
    pub page: Page,
    /// The streams, by ascending name.
    pub streams: Vec<StreamInfo>,
}

impl Response for Listed {
    const NAME: &'static str = "stream_list";
    type Remains = Self;
}

/// A stream that was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Deleted {
    success: bool,
}

impl Deleted {
    /// It is gone.
    pub const DONE: Self = Self { success: true };
}

impl Response for Deleted {
    const NAME: &'static str = "stream_delete";
    type Remains = NoRemains;
}

/// A stream that was purged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Purged {
    success: bool,
    /// How many messages are gone.
    pub purged: u64,
}

impl Purged {
    /// This many messages are gone.
    #[must_use]
    pub fn of(purged: u64) -> Self {
        Self { success: true, purged }
    }
}

/// `purged` stands beside errors.
#[derive(Default, Serialize)]
pub struct NothingPurged {
    purged: u64,
}

impl Response for Purged {
    const NAME: &'static str = "stream_purge";
    type Remains = NothingPurged;
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MessageGot<'a> {
    /// The message.
    pub message: StoredMessage<'a>,
}

impl Response for MessageGot<'_> {
    const NAME: &'static str = "stream_msg_get";
    type Remains = NoRemains;
}

/// A message that was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MessageDeleted {
    success: bool,
}

impl MessageDeleted {
    /// It is gone.
    pub const DONE: Self = Self { success: true };
}

impl Response for MessageDeleted {
    const NAME: &'static str = "stream_msg_delete";
    type Remains = NoRemains;
}

/// A backup that begins.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snapshot {
    /// The configuration as it is stored.
    pub config: StreamConfig,
    /// What the backup will hold.
    pub state: StreamState,
}

impl Response for Snapshot {
    const NAME: &'static str = "stream_snapshot";
    type Remains = NoRemains;
}

/// A restore that begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Restoring {
    /// Where the chunks go.
    pub deliver_subject: String,
}

impl Response for Restoring {
    const NAME: &'static str = "stream_restore";
    type Remains = Self;
}

/// Go's empty list of names is `null`.
fn null_when_empty<S: serde::Serializer>(
    names: &[String],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    if names.is_empty() { serializer.serialize_none() } else { names.serialize(serializer) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error;
    use crate::time::Timestamp;

    fn text<T: Response>(outcome: Result<T, ApiError>) -> String {
        let text = String::from_utf8(encode(&outcome)).unwrap();
        let start = "{\"type\":\"io.nats.jetstream.api.v1.";
        text.strip_prefix(start).unwrap().to_owned()
    }

    fn refused<T: Response>() -> String {
        text::<T>(Err(error::BAD_REQUEST))
    }

    #[test]
    fn errors_stand_beside_what_is_never_left_out() {
        let bad = r#""error":{"code":400,"err_code":10003,"description":"bad request"}"#;
        let zeros = r#""total":0,"offset":0,"limit":0"#;
        assert_eq!(refused::<Created>(), format!("stream_create_response\",{bad}}}"));
        assert_eq!(refused::<Deleted>(), format!("stream_delete_response\",{bad}}}"));
        assert_eq!(refused::<Described>(), format!("stream_info_response\",{bad},{zeros}}}"));
        let names = format!("stream_names_response\",{bad},{zeros},\"streams\":null}}");
        assert_eq!(refused::<Named>(), names);
        let list = format!("stream_list_response\",{bad},{zeros},\"streams\":[]}}");
        assert_eq!(refused::<Listed>(), list);
        assert_eq!(refused::<Purged>(), format!("stream_purge_response\",{bad},\"purged\":0}}"));
        let restore = format!("stream_restore_response\",{bad},\"deliver_subject\":\"\"}}");
        assert_eq!(refused::<Restoring>(), restore);
    }

    #[test]
    fn answers_have_the_fields_of_nats_server_in_their_order() {
        let page = Page { total: 1, offset: 0, limit: 1024 };
        assert_eq!(
            text(Ok(Named { page, streams: vec!["T".to_owned()] })),
            r#"stream_names_response","total":1,"offset":0,"limit":1024,"streams":["T"]}"#
        );
        let message = StoredMessage {
            subject: "t.0",
            seq: 1,
            headers: b"",
            data: b"x",
            time: Timestamp::from_unix_nanos(5),
        };
        assert_eq!(
            text(Ok(MessageGot { message })),
            concat!(
                r#"stream_msg_get_response","message":{"subject":"t.0","seq":1,"data":"eA==","#,
                r#""time":"1970-01-01T00:00:00.000000005Z"}}"#
            )
        );
        assert_eq!(text(Ok(Purged::of(2))), r#"stream_purge_response","success":true,"purged":2}"#);
        let info = StreamInfo {
            config: StreamConfig::default(),
            created: Timestamp::ZERO,
            state: StreamState::default(),
            domain: String::new(),
            cluster: None,
            mirror: None,
            sources: Vec::new(),
            time: Timestamp::ZERO,
        };
        let created = text(Ok(Created { info: info.clone(), did_create: true }));
        assert!(created.starts_with(r#"stream_create_response","config":{"name":"","#));
        assert!(created.ends_with(concat!(
            r#""state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","#,
            r#""last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"#,
            r#""ts":"0001-01-01T00:00:00Z","did_create":true}"#
        )));
        let described = text(Ok(Described { page: Page::default(), info }));
        assert!(described.starts_with(
            r#"stream_info_response","total":0,"offset":0,"limit":0,"config":{"name":"","#
        ));
    }

    #[test]
    fn an_account_without_limits_shows_them_as_minus_one() {
        let shown = text(Ok(AccountInfo(AccountUse::default())));
        assert_eq!(
            shown,
            concat!(
                r#"account_info_response","memory":0,"storage":0,"reserved_memory":0,"#,
                r#""reserved_storage":0,"streams":0,"consumers":0,"limits":{"max_memory":-1,"#,
                r#""max_storage":-1,"max_streams":-1,"max_consumers":-1,"max_ack_pending":-1,"#,
                r#""memory_max_stream_bytes":-1,"storage_max_stream_bytes":-1,"#,
                r#""max_bytes_required":false},"api":{"level":0,"total":0,"errors":0}}"#
            )
        );
    }
}
