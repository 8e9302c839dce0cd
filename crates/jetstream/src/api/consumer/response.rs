//! Answers to requests about consumers.

use serde::Serialize;

use super::ConsumerInfo;
use super::info::pause;
use crate::api::Page;
use crate::api::response::{NoRemains, Response};
use crate::time::{Nanos, Timestamp};

/// A consumer that was created or updated, or existed as it was to be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConsumerCreated(pub ConsumerInfo);

impl Response for ConsumerCreated {
    const NAME: &'static str = "consumer_create";
    type Remains = NoRemains;
}

/// A consumer's info.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConsumerDescribed(pub ConsumerInfo);

impl Response for ConsumerDescribed {
    const NAME: &'static str = "consumer_info";
    type Remains = NoRemains;
}

/// Names of consumers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ConsumerNamed {
    /// Where in the list.
    #[serde(flatten)]
    pub page: Page,
    /// The names, ascending; without those of direct consumers.
    pub consumers: Vec<String>,
}

impl Response for ConsumerNamed {
    const NAME: &'static str = "consumer_names";
    type Remains = Self;
}

/// Infos of consumers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ConsumerListed {
    /// Where in the list.
    #[serde(flatten)]
    pub page: Page,
    /// The consumers, by ascending name; without direct ones. Their configurations are as they
    /// are stored.
    pub consumers: Vec<ConsumerInfo>,
}

impl Response for ConsumerListed {
    const NAME: &'static str = "consumer_list";
    type Remains = Self;
}

/// A consumer that was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ConsumerDeleted {
    success: bool,
}

impl ConsumerDeleted {
    /// It is gone.
    pub const DONE: Self = Self { success: true };
}

impl Response for ConsumerDeleted {
    const NAME: &'static str = "consumer_delete";
    type Remains = NoRemains;
}

/// A consumer that delivers nothing for a while, or goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ConsumerPaused {
    paused: bool,
    pause_until: Timestamp,
    #[serde(skip_serializing_if = "Nanos::is_zero")]
    pause_remaining: Nanos,
}

impl ConsumerPaused {
    /// What was asked for, and what it means at `now`.
    #[must_use]
    pub fn new(until: Timestamp, now: &Timestamp) -> Self {
        let (paused, pause_remaining) = pause(Some(until), now);
        Self { paused, pause_until: until, pause_remaining }
    }
}

impl Default for ConsumerPaused {
    fn default() -> Self {
        Self { paused: false, pause_until: Timestamp::ZERO, pause_remaining: Nanos::ZERO }
    }
}

impl Response for ConsumerPaused {
    const NAME: &'static str = "consumer_pause";
    type Remains = Self;
}

/// A consumer that begins again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConsumerReset {
    /// The consumer.
    #[serde(flatten)]
    pub info: ConsumerInfo,
    /// The sequence of the stream with which it begins.
    pub reset_seq: u64,
}

/// `reset_seq` stands beside errors.
#[derive(Default, Serialize)]
pub struct NothingReset {
    reset_seq: u64,
}

impl Response for ConsumerReset {
    const NAME: &'static str = "consumer_reset";
    type Remains = NothingReset;
}

/// A client that is not the only one of its group any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ConsumerUnpinned {}

impl Response for ConsumerUnpinned {
    const NAME: &'static str = "consumer_unpin";
    type Remains = NoRemains;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ApiError;
    use crate::api::{GroupState, SequenceInfo, encode};
    use crate::consumer::{ConsumerConfig, Position};
    use crate::error;

    fn text<T: Response>(outcome: Result<T, ApiError>) -> String {
        let text = String::from_utf8(encode(&outcome)).unwrap();
        let start = "{\"type\":\"io.nats.jetstream.api.v1.consumer_";
        text.strip_prefix(start).unwrap().to_owned()
    }

    fn refused<T: Response>() -> String {
        text::<T>(Err(error::STREAM_NOT_FOUND))
    }

    fn info() -> ConsumerInfo {
        let created = Timestamp::from_unix_nanos(1);
        let config = ConsumerConfig {
            pause_until: Some(Timestamp::from_unix_nanos(9)),
            ..ConsumerConfig::default()
        };
        let mut info = ConsumerInfo {
            stream: "S".to_owned(),
            name: "C".to_owned(),
            created,
            config: Some(config),
            delivered: SequenceInfo::new(Position { consumer: 2, stream: 3 }, Some(created)),
            ack_floor: SequenceInfo::default(),
            num_ack_pending: 4,
            num_redelivered: 5,
            num_waiting: 6,
            num_pending: 7,
            cluster: None,
            push_bound: true,
            paused: false,
            pause_remaining: Nanos::ZERO,
            time: Timestamp::from_unix_nanos(2),
            priority_groups: vec![GroupState {
                group: "g".to_owned(),
                pin_id: "p".to_owned(),
                pinned: Timestamp::ZERO,
            }],
        };
        info.set_pause();
        info
    }

    #[test]
    fn errors_stand_beside_what_is_never_left_out() {
        let why = r#""error":{"code":404,"err_code":10059,"description":"stream not found"}"#;
        let page = r#""total":0,"offset":0,"limit":0,"consumers":[]"#;
        assert_eq!(refused::<ConsumerCreated>(), format!("create_response\",{why}}}"));
        assert_eq!(refused::<ConsumerDescribed>(), format!("info_response\",{why}}}"));
        assert_eq!(refused::<ConsumerDeleted>(), format!("delete_response\",{why}}}"));
        assert_eq!(refused::<ConsumerUnpinned>(), format!("unpin_response\",{why}}}"));
        assert_eq!(refused::<ConsumerNamed>(), format!("names_response\",{why},{page}}}"));
        assert_eq!(refused::<ConsumerListed>(), format!("list_response\",{why},{page}}}"));
        let reset = format!("reset_response\",{why},\"reset_seq\":0}}");
        assert_eq!(refused::<ConsumerReset>(), reset);
        let zero = r#""paused":false,"pause_until":"0001-01-01T00:00:00Z""#;
        assert_eq!(refused::<ConsumerPaused>(), format!("pause_response\",{why},{zero}}}"));
    }

    #[test]
    fn answers_have_the_fields_of_nats_server_in_their_order() {
        assert_eq!(
            text(Ok(ConsumerReset { info: info(), reset_seq: 8 })),
            concat!(
                r#"reset_response","stream_name":"S","name":"C","#,
                r#""created":"1970-01-01T00:00:00.000000001Z","config":{"deliver_policy":"all","#,
                r#""ack_policy":"none","replay_policy":"instant","num_replicas":0,"#,
                r#""pause_until":"1970-01-01T00:00:00.000000009Z"},"delivered":{"consumer_seq":2,"#,
                r#""stream_seq":3,"last_active":"1970-01-01T00:00:00.000000001Z"},"#,
                r#""ack_floor":{"consumer_seq":0,"stream_seq":0},"num_ack_pending":4,"#,
                r#""num_redelivered":5,"num_waiting":6,"num_pending":7,"push_bound":true,"#,
                r#""paused":true,"pause_remaining":7,"ts":"1970-01-01T00:00:00.000000002Z","#,
                r#""priority_groups":[{"group":"g","pinned_client_id":"p","#,
                r#""pinned_ts":"0001-01-01T00:00:00Z"}],"reset_seq":8}"#
            )
        );
        assert_eq!(text(Ok(ConsumerDeleted::DONE)), r#"delete_response","success":true}"#);
        assert_eq!(text(Ok(ConsumerUnpinned {})), r#"unpin_response"}"#);
        let names = ConsumerNamed { consumers: vec!["C".to_owned()], ..ConsumerNamed::default() };
        let expected = r#"names_response","total":0,"offset":0,"limit":0,"consumers":["C"]}"#;
        assert_eq!(text(Ok(names)), expected);
    }

    #[test]
    fn a_pause_that_is_over_has_nothing_left() {
        let (until, now) = (Timestamp::from_unix_nanos(5), Timestamp::from_unix_nanos(5));
        let over =
            r#"pause_response","paused":false,"pause_until":"1970-01-01T00:00:00.000000005Z"}"#;
        assert_eq!(text(Ok(ConsumerPaused::new(until, &now))), over);
        let paused = text(Ok(ConsumerPaused::new(until, &Timestamp::from_unix_nanos(1))));
        assert!(paused.ends_with(r#","pause_remaining":4}"#), "{paused}");
    }
}
