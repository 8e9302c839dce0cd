//! A stream configuration of any text is read or refused; one that was accepted reads back as it
//! was written, and is accepted again as it is.

use std::collections::BTreeMap;

use anabranch_jetstream::Nanos;
use anabranch_jetstream::StreamConfig;
use anabranch_jetstream::config::{
    AccountLimits, Creation, Mode, ServerStorage, StreamConfigRequest, Surroundings, Topology,
    check as check_rules, create, update,
};
use anabranch_jetstream::json::{Strictness, to_vec};

use super::Target;

pub(super) const TARGET: Target =
    Target { name: "stream_config", check, corpus: CORPUS, dictionary: WORDS };

const CORPUS: &[&[u8]] = &[
    br#"{"name":"S","subjects":["a.*","b"],"max_msgs":5,"max_age":1000000000,"discard":"new"}"#,
    br#"{"name":"S","mirror":{"name":"O","opt_start_time":"2024-01-01T00:00:00.5+01:00"}}"#,
    br#"{"name":"S","sources":[{"name":"O","filter_subject":"o.x"},{"name":"P","external":{"api":
        "$JS.d.API","deliver":"d"}}],"metadata":{"a":"b"}} {"Max_Bytes":9}"#,
    br#"{"name":"S","subjects":["a.*"],
        "subject_transform":{"src":"a.*","dest":"b.{{partition(3,1)}}"},
        "republish":{"src":"","dest":"r.>"},"placement":{"tags":["x"]},"pedantic":false}"#,
    br#"{"name":"S","allow_msg_ttl":true,"subject_delete_marker_ttl":1000000000,"sealed":true,
        "compression":"s2","storage":"memory","persist_mode":"async","consumer_limits":{}}"#,
];

const WORDS: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"\\u00e9",
    b"\\ud800",
    b"null",
    b"true",
    b"-1",
    b"0",
    b"9223372036854775808",
    b"\"a.>\"",
    b"\">\"",
    b"{{split(1,-)}}",
    b"{{left(1,2)}}",
    b"$1",
    b"\"name\":",
    b"\"subjects\":",
    b"\"mirror\":",
    b"\"sources\":",
    b"\"subject_transforms\":[{\"src\":\"a.*\",\"dest\":\"b.$1\"}]",
    b"\"external\":{\"api\":\"x\"}",
    b"\"allow_msg_schedules\":true,",
    b"\"allow_msg_counter\":true,",
    b"{},",
    b"\"\",",
    b"\"*.a\",",
    b"\xff",
];

fn check(input: &[u8]) {
    let strict = StreamConfigRequest::parse(input, Strictness::Strict);
    let lenient = StreamConfigRequest::parse(input, Strictness::Lenient);
    let Ok(request) = strict.or(lenient) else {
        return;
    };
    let mut streams = BTreeMap::from([("O".to_owned(), origin())]);
    let account = Account { streams: &streams };
    if let Ok(config) = check_rules(&request.config, Mode::Normal, &account.surroundings()) {
        if is_stable(&config) {
            let again = check_rules(&config, Mode::Normal, &account.surroundings());
            assert_eq!(again.as_ref(), Ok(&config), "a checked configuration stays as it is");
        }
        let read = StreamConfig::parse(&to_vec(&config), Strictness::Strict);
        assert_eq!(read.as_ref(), Ok(&config), "what is written reads back");
    }
    let name = request.config.name.clone();
    let Ok(Creation::New(config)) = create(&request, &name, &account.surroundings()) else {
        return;
    };
    let stable = is_stable(&config);
    streams.insert(name.clone(), *config);
    let account = Account { streams: &streams };
    assert_eq!(create(&request, &name, &account.surroundings()), Ok(Creation::Existing));
    if stable {
        let same = update(&request, &name, &account.surroundings());
        assert_eq!(same.as_ref().ok(), streams.get(&name), "an update to the same changes nothing");
    }
}

/// Delete markers bring times to live, which a counter may not have; as in nats-server that is
/// noticed only when such a configuration comes back.
fn is_stable(config: &StreamConfig) -> bool {
    !(config.allow_msg_counter && config.allow_msg_ttl)
}

fn origin() -> StreamConfig {
    StreamConfig {
        name: "O".to_owned(),
        subjects: vec!["o.>".to_owned()],
        allow_direct: true,
        ..StreamConfig::default()
    }
}

struct Account<'a> {
    streams: &'a BTreeMap<String, StreamConfig>,
}

impl Account<'_> {
    fn surroundings(&self) -> Surroundings<'_> {
        let server = ServerStorage {
            max_memory: i64::MAX,
            max_storage: i64::MAX,
            reserved_memory: 0,
            reserved_storage: 0,
        };
        Surroundings {
            streams: self.streams,
            account: Some(AccountLimits::NONE),
            server,
            duplicate_window_max: Nanos::ZERO,
            topology: Topology::Single,
        }
    }
}
