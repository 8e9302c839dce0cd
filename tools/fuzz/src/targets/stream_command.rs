//! A logged command of any bytes is refused, or read and written as the same command; a mirror
//! and a stream with sources take any of them without falling over.

use anabranch_jetstream::StreamConfig;
use anabranch_jetstream::config::StreamSource;
use anabranch_jetstream::publish::PublishHeaders;
use anabranch_jetstream::publish::schedule::OnlyUtc;
use anabranch_jetstream::stream::{
    Command, FeedKind, FromOrigin, Origin, Publish, Record, Resident, Stream,
};

use super::Target;

pub(super) const TARGET: Target =
    Target { name: "stream_command", check, corpus: CORPUS, dictionary: WORDS };

const CORPUS: &[&[u8]] = &[
    b"\x06\0\0\0\0\0\0\0\0\x00\x01\x01a\x00body",
    b"\x06\x01\0\0\0\0\0\0\0\x05\x09\x03a.bbody",
    b"\x07\x00\x08abcdefgh\x00\x01\x01a\x00body",
    b"\x07\x00\x08abcdefgh\x00\x01\x01a\x1fNATS/1.0\r\nNats-Msg-Id: 1\r\nX: y\r\n\r\nbody",
    b"\x08\x10\0\0\0\0\0\0\0",
    b"\x05\x01r\x01a\x00body",
    b"\x01{\"name\":\"S\"}",
    b"\x04",
    b"\x09\x01\x02\x03\x04\0\0\0\0\0\0\0",
];

const WORDS: &[&[u8]] = &[
    b"NATS/1.0\r\n",
    b"Nats-Stream-Source: O 1 > > a abcdefgh\r\n",
    b"Nats-Expected-Last-Sequence: 1\r\n",
    b"Nats-Batch-Id: b\r\n",
    b"Nats-Incr: +1\r\n",
    b"Nats-Rollup: sub\r\n",
    b"Nats-TTL: 1s\r\n",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\x00",
    b"\x01",
];

fn check(input: &[u8]) {
    for record in [Record::Publish, Record::Control, Record::Tombstone] {
        let Ok(command) = Command::decode(record, input) else { continue };
        let mut again = Vec::new();
        command.encode(&mut again);
        assert_eq!(command.record(), record);
        assert_eq!(Command::decode(record, &again), Ok(command));
        match command {
            Command::Mirror { time, message } => take(mirror(), "", time, &message),
            Command::Source { identity, message, .. } => {
                let identity = str::from_utf8(identity).unwrap_or_default();
                take(sourcing(), identity, 1, &message);
            }
            Command::Advance(seq) => mirror().advance(seq),
            Command::Limit(limits) => sourcing().limit_batches(limits),
            _ => {}
        }
    }
}

fn origin() -> StreamSource {
    StreamSource { name: "O".to_owned(), ..StreamSource::default() }
}

fn mirror() -> Stream {
    let config = StreamConfig { mirror: Some(origin()), ..StreamConfig::default() };
    Stream::new(config, 0, 1)
}

fn sourcing() -> Stream {
    let config = StreamConfig { sources: vec![origin()], ..StreamConfig::default() };
    Stream::new(config, 0, 1)
}

/// Takes the message twice, and saves and loads the stream.
fn take(mut stream: Stream, identity: &str, now: i64, message: &FromOrigin<'_>) {
    let feed = stream.feeds()[0].clone();
    let shaped = stream.shape(&feed, message, identity);
    let asked = &PublishHeaders::parse(&shaped.headers);
    let origin = match feed.kind() {
        FeedKind::Mirror => Origin::Mirror,
        FeedKind::Source => Origin::Source,
    };
    let publish = Publish {
        subject: &shaped.subject,
        headers: &shaped.headers,
        body: message.body,
        asked,
        id: None,
        now,
        origin,
        resident: Resident::NONE,
        zones: &OnlyUtc,
    };
    let mut removed = Vec::new();
    for _ in 0..2 {
        let _ = match feed.kind() {
            FeedKind::Mirror => stream.take_mirrored(message, &publish, &mut removed),
            FeedKind::Source => {
                stream.take_sourced((&feed, identity), message, &publish, &mut removed)
            }
        };
    }
    assert!(stream.index().messages() <= 1, "a message is taken once");
    let mut saved = Vec::new();
    stream.save(&mut saved);
    let loaded = Stream::load(&saved, 2).expect("it was saved");
    assert_eq!(loaded.taken(&feed), stream.taken(&feed));
}
