//! Any header block is read; what is added to one is found again, what is removed is gone.

use anabranch_jetstream::StreamConfig;
use anabranch_jetstream::publish::batch::FastBatch;
use anabranch_jetstream::publish::counter::{Integer, parse_sources, value_of};
use anabranch_jetstream::publish::schedule::{Zone, Zones};
use anabranch_jetstream::publish::{PublishHeaders, block, rules};

use super::Target;

pub(super) const TARGET: Target =
    Target { name: "publish_headers", check, corpus: CORPUS, dictionary: WORDS };

const CORPUS: &[&[u8]] = &[
    b"NATS/1.0\r\nNats-Msg-Id: a\r\nNats-Expected-Last-Sequence: 5\r\nNats-Rollup: sub\r\n\r\n",
    b"NATS/1.0\r\nNats-TTL: 1h\r\nNats-Incr: -5\r\nNats-Expected-Stream: S\r\n\r\n",
    b"NATS/1.0\r\nNats-Batch-Id: b\r\nNats-Batch-Sequence: 1\r\nNats-Batch-Commit: eob\r\n\r\n",
    b"NATS/1.0\r\nNats-Schedule: @every 1h\r\nNats-Schedule-Target: s.t\r\n\
      Nats-Schedule-Source: s.u\r\nNats-Schedule-TTL: 5m\r\n\r\n",
    b"NATS/1.0\r\nNats-Schedule-Next: purge\r\nNats-Scheduler: s.x\r\nA:\r\n\r\n",
    b"_INBOX.x.id.10.ok.1.0.$FI",
    b"{\"val\":\"100000000000000000000\"}",
    b"{\"S\":{\"a\":\"1\"}}",
];

const WORDS: &[&[u8]] = &[
    b"\r\n",
    b": ",
    b":",
    b"Nats-",
    b"Nats-TTL: ",
    b"Nats-Incr: 99999999999999999999",
    b"Nats-Schedule-Time-Zone: ",
    b"never",
    b"-",
    b".",
    b".$FI",
    b"\xff",
    b"9",
];

#[derive(Debug)]
struct NoZones;

impl Zones for NoZones {
    fn find(&self, _: &str) -> Option<Box<dyn Zone>> {
        None
    }
}

fn check(input: &[u8]) {
    let headers = PublishHeaders::parse(input);
    rules_end(&headers);
    let _ = headers.atomic_batch();
    if let Some(Ok(batch)) = FastBatch::parse(&String::from_utf8_lossy(input)) {
        assert!(batch.seq > 0 && batch.flow > 0);
    }
    if let Ok(value) = value_of(input) {
        sums(&value);
    }
    let _ = parse_sources(input);
    blocks(input);
}

fn rules_end(headers: &PublishHeaders<'_>) {
    let config = StreamConfig {
        name: "S".to_owned(),
        subjects: vec!["s.>".to_owned()],
        allow_msg_schedules: true,
        allow_msg_ttl: true,
        allow_rollup_hdrs: true,
        ..StreamConfig::default()
    };
    let _ = rules::counter(headers, &config, 0);
    let _ = rules::expected_stream(headers, &config);
    let _ = rules::ended_schedule(headers, b"s.1", &config);
    let _ = rules::rollup(headers, &config);
    if let Ok(Some((schedule, first))) = rules::schedule(headers, b"s.1", &config, 0, &NoZones) {
        assert!(!schedule.repeats() || first >= 0);
    }
}

fn sums(value: &Integer) {
    let text = value.to_string();
    assert_eq!(Integer::parse(text.as_bytes()).as_ref(), Some(value));
    assert_eq!(value.minus(value), Integer::default());
    assert_eq!(value.plus(value).minus(value), *value);
}

fn blocks(input: &[u8]) {
    let without = block::without(input, "A");
    assert_eq!(block::value(&without, "A"), None);
    if block::value(input, "K").is_none() && input.ends_with(b"\r\n\r\n") {
        let head = block::entries(input).count();
        let with = block::with(input, "K", "v");
        // A block that ended early, at an empty line in its middle, hides what is behind it.
        if block::entries(&with).count() > head {
            assert_eq!(block::value(&with, "K"), Some(&b"v"[..]));
        }
    }
}
