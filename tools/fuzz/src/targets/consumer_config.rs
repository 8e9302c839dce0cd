//! A request about a consumer of any text is read or refused; a configuration that was accepted
//! reads back as it was written, and changes nothing when it comes again.

use std::collections::BTreeMap;

use anabranch_jetstream::StreamConfig;
use anabranch_jetstream::api::{CreateSubject, create_request};
use anabranch_jetstream::config::{AccountLimits, ConsumerLimits, Retention};
use anabranch_jetstream::consumer::ConsumerConfig;
use anabranch_jetstream::consumer::config::{
    Action, ConsumerRequest, Creation, Limits, Surroundings, create,
};
use anabranch_jetstream::json::{Strictness, to_vec};
use anabranch_jetstream::{ApiError, Nanos};

use super::Target;

pub(super) const TARGET: Target =
    Target { name: "consumer_config", check, corpus: CORPUS, dictionary: WORDS };

/// The first byte says what the stream is.
const CORPUS: &[&[u8]] = &[
    br#"l{"stream_name":"S","config":{"durable_name":"C","ack_policy":"explicit","backoff":[1,2],
        "filter_subjects":["a.b","a.*.c"],"opt_start_time":"2024-01-01T00:00:00+01:00",
        "deliver_policy":"by_start_time","sample_freq":"10%"},"action":"create"}"#,
    br#"w{"stream_name":"S","config":{"durable_name":"C","ack_policy":"explicit","filter_subject":
        "o.c","max_ack_pending":5,"headers_only":true,"metadata":{"a":"b"}}}"#,
    br#"i{"stream_name":"S","config":{"deliver_subject":"d","deliver_group":"g","flow_control":true,
        "idle_heartbeat":1000000000,"rate_limit_bps":5,"pause_until":"2100-01-01T00:00:00Z"}}"#,
    br#"x{"stream_name":"S","config":{"priority_policy":"pinned_client","priority_groups":["g"],
        "max_expires":5000000,"mem_storage":true,"num_replicas":1,
        "description":"x"},"pedantic":true}"#,
    br#"w{"stream_name":"S","config":{"name":"E","deliver_subject":"d","direct":true,
        "sourcing":true,"ack_policy":"flow_control"}}"#,
];

const WORDS: &[&[u8]] = &[
    b"{",
    b"}",
    b",",
    b"\"\",",
    b"null",
    b"-1",
    b"0",
    b"9223372036854775807",
    b"\">\"",
    b"\"a.*\",",
    b"\"max_deliver\":",
    b"\"max_waiting\":",
    b"\"inactive_threshold\":",
    b"\"deliver_policy\":\"last\",",
    b"\"ack_policy\":\"flow_control\",",
    b"\"ack_policy\":\"all\",",
    b"\"action\":\"update\",",
    b"\"durable_name\":\"D\",",
];

fn check(input: &[u8]) {
    let Some((kind, body)) = input.split_first() else { return };
    let lenient = create_request(&CreateSubject::Unnamed("S"), body, Strictness::Lenient);
    let strict = create_request(&CreateSubject::Durable("S", "C"), body, Strictness::Strict);
    let stream = stream(*kind);
    for request in [lenient, strict].into_iter().flatten() {
        request_comes_to_the_same(&request, &stream);
    }
}

fn request_comes_to_the_same(request: &ConsumerRequest, stream: &StreamConfig) {
    let other = ConsumerConfig { filter_subject: "o.d".to_owned(), ..ConsumerConfig::default() };
    let mut consumers = BTreeMap::from([("O".to_owned(), other)]);
    let decide = |request: &ConsumerRequest, consumers: &_| -> Result<Creation, ApiError> {
        create(
            request,
            "made",
            &Surroundings {
                stream,
                consumers,
                account: Some(AccountLimits::NONE),
                server: Limits { max_ack_pending: 100_000, max_request_batch: 100_000 },
                is_heard: &|_| false,
            },
        )
    };
    let Ok(creation) = decide(request, &consumers) else { return };
    let name = creation.name().to_owned();
    let Creation::New(_, config) = creation else { return };
    assert!(config.max_deliver != 0, "defaults are filled in");
    let read = ConsumerConfig::parse(&to_vec(&config), Strictness::Strict);
    assert_eq!(read.as_ref(), Ok(&*config), "what is written reads back");
    // The second time a pause is put into UTC.
    let is_paused = config.pause_until.is_some_and(|until| until.in_utc() != until);
    if config.serves_origin() || config.name != name || is_paused {
        return;
    }
    consumers.insert(name.clone(), (*config).clone());
    let same = ConsumerRequest {
        stream: "S".to_owned(),
        config: *config,
        action: Action::Create,
        pedantic: false,
    };
    assert_eq!(decide(&same, &consumers), Ok(Creation::Existing(name)));
}

fn stream(kind: u8) -> StreamConfig {
    let retention = match kind {
        b'w' => Retention::WorkQueue,
        b'i' => Retention::Interest,
        _ => Retention::Limits,
    };
    let (inactive_threshold, max_ack_pending) = match kind {
        b'x' => (Nanos(5_000_000_000), 100),
        _ => (Nanos::ZERO, 0),
    };
    StreamConfig {
        name: "S".to_owned(),
        subjects: vec!["o.>".to_owned()],
        retention,
        num_replicas: 1,
        consumer_limits: ConsumerLimits { inactive_threshold, max_ack_pending },
        ..StreamConfig::default()
    }
}
