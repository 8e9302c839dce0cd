//! Publishing into streams, what becomes of it, and reading it back.

use std::time::{Duration, SystemTime};

use async_nats::HeaderMap;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{Config, DiscardPolicy, Republish, StorageType, Stream};
use futures_util::{FutureExt, StreamExt};
use tokio::time::timeout;

use crate::harness::{PATIENCE, QUIET, hash, pattern, take};
use crate::streams::{Failure, Streams, counts, named, now, raw, said, text, transform, until};
use crate::{Outcome, Scenario};

pub const SCENARIOS: &[Scenario] = &[
    ("publish-ack", || publish_ack().boxed()),
    ("publish-async", || publish_async().boxed()),
    ("publish-duplicates", || publish_duplicates().boxed()),
    ("publish-expectations", || publish_expectations().boxed()),
    ("publish-rollup", || publish_rollup().boxed()),
    ("publish-ttl", || publish_ttl().boxed()),
    ("publish-limits", || publish_limits().boxed()),
    ("publish-max-age", || publish_max_age().boxed()),
    ("publish-no-ack", || publish_no_ack().boxed()),
    ("publish-batch", || publish_batch().boxed()),
    ("publish-counter", || publish_counter().boxed()),
    ("publish-schedule", || publish_schedule().boxed()),
    ("subject-transform", || subject_transform().boxed()),
    ("republish", || republish().boxed()),
    ("get-message", || get_message().boxed()),
    ("direct-get", || direct_get().boxed()),
];

async fn publish_ack() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let file = s.make(named("ACK", &["ack.>"])).await?;
    let memory =
        s.make(Config { storage: StorageType::Memory, ..named("ACKMEM", &["mem.>"]) }).await?;
    let mut out = Vec::new();
    for (subject, body) in [("ack.a", "first"), ("ack.b", ""), ("mem.a", "third")] {
        out.push(s.put(subject, text(body)).await);
    }
    let body = pattern(s.nc.server_info().max_payload);
    out.push(s.put("ack.large", PublishMessage::build().payload(body.clone())).await);
    let large = file.get_raw_message(3).await?;
    out.push(format!("same={}", hash([large.payload.as_ref()]) == hash([body.as_ref()])));
    out.push(s.put_with("ack.c", "with", &[("Colour", "red"), ("Colour", "blue")]).await);
    out.push(said(file.get_raw_message(4).await, raw));
    s.nc.publish("ack.plain", "no reply".into()).await?;
    out.extend([s.put("ack.a", text("after")).await, s.put("nobody.listens", text("x")).await]);
    out.extend([now(&file).await, now(&memory).await]);
    s.end(out).await
}

async fn publish_async() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let stream = s.make(named("MANY", &["async.*"])).await?;
    let mut acks = Vec::new();
    for i in 0..2000_u64 {
        let subject = format!("async.{}", i % 7);
        acks.push(s.js.publish(subject, i.to_string().into()).await?);
    }
    let mut in_order = 0;
    for (ack, expected) in acks.into_iter().zip(1..) {
        in_order += u64::from(ack.await?.sequence == expected);
    }
    let mut out = vec![format!("in order {in_order}")];
    for sequence in [1, 2, 999, 2000] {
        out.push(said(stream.get_raw_message(sequence).await, raw));
    }
    out.push(now(&stream).await);
    s.end(out).await
}

async fn publish_duplicates() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let stream = s.make(named("DUP", &["dup.*"])).await?;
    let window = Duration::from_secs(1);
    let short = s.make(Config { duplicate_window: window, ..named("SHORT", &["short"]) }).await?;
    let mut out = Vec::new();
    for (subject, id) in [
        ("dup.a", "a"),
        ("dup.a", "a"),
        ("dup.b", "a"),
        ("dup.a", "b"),
        ("short", "a"),
        ("short", "a"),
    ] {
        out.push(s.put(subject, text(id).message_id(id)).await);
    }
    stream.delete_message(2).await?;
    out.push(s.put("dup.a", text("b").message_id("b")).await);
    stream.purge().await?;
    out.push(s.put("dup.a", text("b").message_id("b")).await);
    let later = || s.put("short", text("a").message_id("a"));
    out.push(until(later, |ack| !ack.contains("true")).await);
    out.extend([now(&stream).await, now(&short).await]);
    s.end(out).await
}

async fn publish_expectations() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let stream = s.make(named("EXP", &["e.>"])).await?;
    let x = || text("x");
    let mut out = Vec::new();
    for (subject, message) in [
        ("e.a", x().expected_stream("EXP")),
        ("e.a", x().expected_stream("OTHER")),
        ("e.a", x().expected_last_sequence(1)),
        ("e.a", x().expected_last_sequence(1)),
        ("e.a", x().expected_last_sequence(0)),
        ("e.b", x().expected_last_subject_sequence(0)),
        ("e.b", x().expected_last_subject_sequence(3)),
        ("e.b", x().expected_last_subject_sequence(3)),
        ("e.a", x().expected_last_message_id("none")),
        ("e.a", x().message_id("one")),
        ("e.a", x().expected_last_message_id("one").message_id("two")),
        ("e.a", x().expected_last_message_id("one").message_id("three")),
    ] {
        out.push(s.put(subject, message).await);
    }
    let by_subject = "Nats-Expected-Last-Subject-Sequence";
    let filter = "Nats-Expected-Last-Subject-Sequence-Subject";
    for named in [
        &[(by_subject, "4"), (filter, "e.b")][..],
        &[(by_subject, "1"), (filter, "e.*")],
        &[(filter, "e.b")],
        &[(by_subject, "many")],
    ] {
        out.push(s.put_with("e.c", "x", named).await);
    }
    out.push(now(&stream).await);
    s.end(out).await
}

async fn publish_rollup() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let stream = s.make(Config { allow_rollup: true, ..named("ROLL", &["r.*"]) }).await?;
    s.make(named("NOROLL", &["n"])).await?;
    s.fill(&["r.a", "r.b", "r.a", "r.c"]).await?;
    let mut out = Vec::new();
    for (subject, how) in [("r.a", "sub"), ("r.d", "all"), ("r.a", "some"), ("n", "sub")] {
        out.push(s.put_with(subject, how, &[("Nats-Rollup", how)]).await);
        out.push(counts(&stream, ">").await);
    }
    s.end(out).await
}

async fn publish_ttl() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let marked = |name: &str, subject: &str| Config {
        allow_message_ttl: true,
        allow_rollup: true,
        subject_delete_marker_ttl: Some(Duration::from_secs(3600)),
        ..named(name, &[subject])
    };
    let stream = s.make(Config { max_messages_per_subject: 1, ..marked("TTL", "t.*") }).await?;
    let raised = s.make(marked("RAISED", "raised")).await?;
    s.make(named("NOTTL", &["n"])).await?;
    let mut out = Vec::new();
    for (subject, seconds) in [("t.a", 1), ("t.b", 3600), ("raised", 1), ("n", 1)] {
        out.push(s.put(subject, text("x").ttl(Duration::from_secs(seconds))).await);
    }
    for value in ["never", "soon", "0", "-1s", "1ms", "60"] {
        out.push(s.put_with("t.c", value, &[("Nats-TTL", value)]).await);
    }
    let first = || async { said(stream.get_raw_message(1).await, raw) };
    out.push(until(first, |got| got.starts_with('[')).await);
    out.push(said(stream.get_last_raw_message_by_subject("t.a").await, raw));
    out.push(said(stream.get_raw_message(2).await, raw));
    out.push(said(raised.get_raw_message(1).await, raw));
    out.push(counts(&stream, ">").await);
    s.end(out).await
}

fn limits() -> Vec<Config> {
    let mut all = Vec::new();
    for discard in [DiscardPolicy::Old, DiscardPolicy::New] {
        all.push(Config { discard, max_messages: 2, ..Config::default() });
        all.push(Config { discard, max_bytes: 400, ..Config::default() });
        all.push(Config { discard, max_messages_per_subject: 1, ..Config::default() });
    }
    all.push(Config {
        discard: DiscardPolicy::New,
        discard_new_per_subject: true,
        max_messages_per_subject: 1,
        max_messages: 3,
        ..Config::default()
    });
    all.push(Config { max_message_size: 100, ..Config::default() });
    all.push(Config { max_message_size: 99, ..Config::default() });
    all.push(Config { max_bytes: 400, storage: StorageType::Memory, ..Config::default() });
    all
}

async fn publish_limits() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let mut out = Vec::new();
    for (i, limit) in limits().into_iter().enumerate() {
        // nats-server may find what a stream deleted a moment ago under the same name held.
        let name = format!("LIMIT{i}");
        let subjects = vec!["l.*".to_owned()];
        let stream = s.make(Config { name: name.clone(), subjects, ..limit }).await?;
        for subject in ["l.a", "l.b", "l.a", "l.a"] {
            out.push(s.put(subject, text(&"x".repeat(100))).await);
        }
        out.push(counts(&stream, ">").await);
        s.js.delete_stream(name).await?;
    }
    s.end(out).await
}

async fn publish_max_age() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let aged = |name: &str, subject: &str| Config {
        max_age: Duration::from_millis(500),
        duplicate_window: Duration::from_millis(100),
        ..named(name, &[subject])
    };
    let file = s.make(aged("AGE", "age.*")).await?;
    let memory = s.make(Config { storage: StorageType::Memory, ..aged("AGEMEM", "mem") }).await?;
    s.fill(&["age.a", "age.b", "mem", "age.a"]).await?;
    let mut out = Vec::new();
    for stream in [&file, &memory] {
        out.push(until(|| now(stream), |state| state.starts_with("messages=0")).await);
    }
    out.push(said(file.get_raw_message(1).await, raw));
    out.push(s.put("age.a", text("x")).await);
    s.end(out).await
}

async fn publish_no_ack() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let stream = s.make(Config { no_ack: true, ..named("NOACK", &["quiet"]) }).await?;
    let ack = timeout(QUIET, s.put("quiet", text("x"))).await;
    let heard = ack.unwrap_or_else(|_| "nothing".to_owned());
    let out = vec![heard, now(&stream).await];
    s.end(out).await
}

/// By its headers: this client has no call for batches.
async fn publish_batch() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let stream = s.make(Config { allow_atomic_publish: true, ..named("BATCH", &["b.*"]) }).await?;
    s.make(named("NOBATCH", &["n"])).await?;
    let long = "x".repeat(65);
    let commit = ("Nats-Batch-Commit", "1");
    let mut out = Vec::new();
    for (id, sequence, subject, more) in [
        ("one", "1", "b.a", &[][..]),
        ("one", "2", "b.b", &[]),
        ("one", "3", "b.a", &[commit]),
        ("alone", "1", "b.a", &[commit]),
        ("gap", "1", "b.a", &[]),
        ("gap", "3", "b.a", &[]),
        ("late", "2", "b.a", &[]),
        ("n", "1", "n", &[commit]),
        (&long, "1", "b.a", &[commit]),
        ("exp", "1", "b.a", &[("Nats-Expected-Last-Sequence", "77"), commit]),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Batch-Id", id);
        headers.insert("Nats-Batch-Sequence", sequence);
        for (name, value) in more {
            headers.insert(*name, *value);
        }
        let body = format!("{id}{sequence}").into();
        let answer = s.nc.request_with_headers(subject, headers, body).await?;
        out.push(String::from_utf8_lossy(&answer.payload).into_owned());
    }
    out.extend([now(&stream).await, said(stream.get_raw_message(3).await, raw)]);
    s.end(out).await
}

async fn publish_counter() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let counter =
        Config { allow_message_counter: true, allow_direct: true, ..named("SUMS", &["c.*"]) };
    let stream = s.make(counter).await?;
    s.make(named("NOSUMS", &["n"])).await?;
    let mut out = Vec::new();
    for by in ["1", "+41", "-50", "0", "99999999999999999999999", "many"] {
        out.push(s.put_with("c.a", "", &[("Nats-Incr", by)]).await);
    }
    out.push(s.put("c.a", text("plain")).await);
    out.push(s.put_with("c.b", "body", &[("Nats-Incr", "5")]).await);
    out.push(s.put_with("n", "", &[("Nats-Incr", "5")]).await);
    out.push(said(stream.direct_get_last_for_subject("c.a").await, raw));
    s.end(out).await
}

/// A moment in a second, as schedules write it.
fn soon() -> Result<String, Failure> {
    let at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs() + 2;
    let (days, second) = (at / 86_400, at % 86_400);
    let (mut year, mut day) = (1970, days);
    let length =
        |year: u64| if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) { 366 } else { 365 };
    while day >= length(year) {
        day -= length(year);
        year += 1;
    }
    let mut months = [31, length(year) - 337, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].into_iter();
    let mut month = 1;
    for days in months.by_ref() {
        if day < days {
            break;
        }
        day -= days;
        month += 1;
    }
    let (hour, minute) = (second / 3600, second / 60 % 60);
    Ok(format!("@at {year}-{month:02}-{:02}T{hour:02}:{minute:02}:{:02}Z", day + 1, second % 60))
}

async fn publish_schedule() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let plan = Config {
        allow_message_schedules: true,
        allow_message_ttl: true,
        ..named("SCHED", &["at.*", "to.*"])
    };
    let stream = s.make(plan).await?;
    let mut out = Vec::new();
    for (subject, schedule, target) in [
        ("at.a", soon()?.as_str(), "to.a"),
        ("at.b", "@at 2120-01-01T00:00:00Z", "at.b"),
        ("at.b", "@every 1h", "elsewhere"),
        ("at.b", "@every 1h", "to.b"),
        ("at.c", "@hourly", "to.c"),
        ("at.c", "whenever", "to.c"),
    ] {
        let named = [("Nats-Schedule", schedule), ("Nats-Schedule-Target", target)];
        out.push(s.put_with(subject, "later", &named).await);
    }
    let last = || async { said(stream.get_last_raw_message_by_subject("to.a").await, raw) };
    out.push(until(last, |got| got.starts_with('(')).await);
    out.push(counts(&stream, ">").await);
    s.end(out).await
}

async fn subject_transform() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let turned = transform("in.*.*", "out.{{wildcard(2)}}.{{wildcard(1)}}");
    let config = Config { subject_transform: turned, ..named("TRANS", &["in.*.*", "other"]) };
    let stream = s.make(config).await?;
    s.fill(&["in.a.b", "other", "in.x.y"]).await?;
    let mut out = Vec::new();
    for sequence in 1..=3 {
        out.push(said(stream.get_raw_message(sequence).await, raw));
    }
    out.push(counts(&stream, ">").await);
    s.end(out).await
}

async fn republish() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let again = |source: &str, destination: &str, headers_only| {
        let (source, destination) = (source.to_owned(), destination.to_owned());
        Some(Republish { source, destination, headers_only })
    };
    let whole = again("a.*", "again.{{wildcard(1)}}", false);
    s.make(Config { republish: whole, ..named("AGAIN", &["a.*", "h.*"]) }).await?;
    let heads = again(">", "top.>", true);
    s.make(Config { republish: heads, ..named("HEADS", &["heads.*"]) }).await?;
    let mut subs = [s.nc.subscribe("again.>").await?, s.nc.subscribe("top.>").await?];
    s.fill(&["a.x", "h.x", "a.y", "a.x", "heads.x"]).await?;
    let mut out = vec![s.put_with("a.x", "headed", &[("Colour", "red")]).await];
    for (sub, want) in subs.iter_mut().zip([4, 1]) {
        for m in take(sub, want).await {
            let mut named: Vec<_> = m
                .headers
                .iter()
                .flat_map(HeaderMap::iter)
                .filter(|(name, _)| name.to_string() != "Nats-Time-Stamp")
                .map(|(name, values)| format!("{name}={values:?}"))
                .collect();
            named.sort();
            out.push(format!("{} {:?} {named:?}", m.subject, m.payload));
        }
    }
    s.end(out).await
}

async fn readable(s: &mut Streams, name: &str, allow_direct: bool) -> Result<Stream, Failure> {
    let stream = s.make(Config { allow_direct, ..named(name, &["g.*"]) }).await?;
    s.fill(&["g.a", "g.b", "g.c", "g.a"]).await?;
    s.put_with("g.h", "headed", &[("Colour", "red"), ("Colour", "blue")]).await;
    s.fill(&["g.b", "g.e"]).await?;
    stream.delete_message(4).await?;
    Ok(stream)
}

const NEXT: &[(&str, u64)] = &[("g.a", 2), ("g.*", 1), ("g.b", 6), ("g.b", 7)];

async fn get_message() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let stream = readable(&mut s, "GET", false).await?;
    let mut out = Vec::new();
    for sequence in [1, 3, 4, 5, 9, 0] {
        out.push(said(stream.get_raw_message(sequence).await, raw));
    }
    for subject in ["g.a", "g.none", "g.*", ">"] {
        out.push(said(stream.get_last_raw_message_by_subject(subject).await, raw));
        out.push(said(stream.get_next_raw_message_by_subject(subject).await, raw));
    }
    for (subject, sequence) in NEXT {
        out.push(said(stream.get_first_raw_message_by_subject(subject, *sequence).await, raw));
    }
    out.push(said(stream.direct_get(1).await, raw));
    s.end(out).await
}

async fn direct_get() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let stream = readable(&mut s, "DIRECT", true).await?;
    let mut out = Vec::new();
    for sequence in [1, 3, 4, 5, 9, 0] {
        out.push(said(stream.direct_get(sequence).await, raw));
    }
    for subject in ["g.a", "g.none", "g.*", ">"] {
        out.push(said(stream.direct_get_last_for_subject(subject).await, raw));
        out.push(said(stream.direct_get_first_for_subject(subject).await, raw));
    }
    for (subject, sequence) in NEXT {
        out.push(said(stream.direct_get_next_for_subject(*subject, Some(*sequence)).await, raw));
    }
    for request in [r#"{"seq":1,"batch":3}"#, r#"{"multi_last":["g.a","g.b"]}"#, r#"{"batch":2}"#] {
        out.push(batch(&s, request).await?);
    }
    s.end(out).await
}

/// A direct get of several messages, by a request of its own.
async fn batch(s: &Streams, request: &'static str) -> Result<String, Failure> {
    let inbox = s.nc.new_inbox();
    let mut sub = s.nc.subscribe(inbox.clone()).await?;
    s.nc.publish_with_reply("$JS.API.DIRECT.GET.DIRECT", inbox, request.into()).await?;
    let mut out = String::new();
    while let Some(m) = timeout(PATIENCE, sub.next()).await? {
        let header =
            |name: &str| m.headers.as_ref().and_then(|h| h.get(name)).map(ToString::to_string);
        let pending = header("Nats-Num-Pending");
        if let Some(status) = m.status {
            return Ok(out + &format!("{status} {:?} {pending:?}", m.description));
        }
        out += &format!("{:?} {pending:?} {:?} ", header("Nats-Sequence"), m.payload);
    }
    Ok(out)
}
