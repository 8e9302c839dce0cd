//! Streams: their lives, configurations and errors, purges and deletes.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::future::Future;
use std::time::{Duration, Instant};

use async_nats::jetstream::context::PublishError;
use async_nats::jetstream::message::{PublishMessage, StreamMessage};
use async_nats::jetstream::publish::PublishAck;
use async_nats::jetstream::stream::{
    Compression, Config, ConsumerLimits, DiscardPolicy, Info, PersistenceMode, Placement,
    Republish, Source, StorageType, Stream, SubjectTransform,
};
use async_nats::jetstream::{self, Context};
use async_nats::{Client, ConnectOptions, HeaderMap};
use futures_util::{FutureExt, TryStreamExt};

use crate::harness::{PATIENCE, order, session};
use crate::{Outcome, Scenario};

pub const SCENARIOS: &[Scenario] = &[
    ("jetstream-disabled", || jetstream_disabled().boxed()),
    ("jetstream-account", || jetstream_account().boxed()),
    ("stream-life", || stream_life().boxed()),
    ("stream-fields", || stream_fields().boxed()),
    ("stream-errors", || stream_errors().boxed()),
    ("stream-update", || stream_update().boxed()),
    ("stream-list", || stream_list().boxed()),
    ("stream-subjects", || stream_subjects().boxed()),
    ("stream-restart", || stream_restart().boxed()),
    ("stream-purge", || stream_purge().boxed()),
    ("stream-delete-message", || stream_delete_message().boxed()),
    ("stream-sealed", || stream_sealed().boxed()),
    ("stream-mirror", || stream_mirror().boxed()),
];

pub type Failure = Box<dyn Error + Send + Sync>;

/// An error with what is behind it.
pub fn told(error: &dyn Error) -> String {
    let mut out = error.to_string();
    let mut behind = error.source();
    while let Some(cause) = behind {
        out += &format!(" because {cause}");
        behind = cause.source();
    }
    format!("[{out}]")
}

/// What a call came to: shown by `show`, or its error.
pub fn said<T, E: Error>(result: Result<T, E>, show: impl FnOnce(T) -> String) -> String {
    result.map_or_else(|error| told(&error), show)
}

/// The same of an answer that says nothing.
pub fn done<T, E: Error>(result: Result<T, E>) -> String {
    said(result, |_| "done".to_owned())
}

pub fn acked(ack: PublishAck) -> String {
    let PublishAck { stream, sequence, domain, duplicate, value, batch_id, batch_size } = ack;
    format!("{stream}:{sequence} {domain} {duplicate} {value:?} {batch_id:?} {batch_size:?}")
}

pub fn raw(message: StreamMessage) -> String {
    let named: BTreeMap<String, Vec<String>> = message
        .headers
        .iter()
        .filter(|(name, _)| name.to_string() != "Nats-Time-Stamp")
        .map(|(name, values)| (name.to_string(), values.iter().map(|v| v.to_string()).collect()))
        .collect();
    let timed = message.time.unix_timestamp() > 0;
    format!("({} {} {:?} {named:?} {timed})", message.sequence, message.subject, message.payload)
}

/// A configuration, its keys in order.
pub fn config(info: &Info) -> String {
    serde_json::to_value(&info.config).map(|v| v.to_string()).unwrap_or_else(|e| e.to_string())
}

pub fn state(info: &Info) -> String {
    let s = &info.state;
    format!(
        "messages={} bytes={} first={} last={} consumers={} subjects={} deleted={:?} {:?} {} {}",
        s.messages,
        s.bytes,
        s.first_sequence,
        s.last_sequence,
        s.consumer_count,
        s.subjects_count,
        s.deleted_count,
        s.deleted,
        s.first_timestamp.unix_timestamp() > 0,
        s.last_timestamp.unix_timestamp() > 0
    )
}

/// Asks again until the answer will do, or patience ends.
pub async fn until<F>(mut look: impl FnMut() -> F, ready: impl Fn(&str) -> bool) -> String
where
    F: Future<Output = String>,
{
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = look().await;
        if ready(&answer) || Instant::now() > deadline {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Streams on a connection of their own, and those to be deleted at the end.
pub struct Streams {
    pub nc: Client,
    pub js: Context,
    pub made: Vec<String>,
}

impl Streams {
    pub async fn open(fixture: &str) -> Result<Self, Failure> {
        let nc = session(fixture, ConnectOptions::new()).await?.nc;
        let mut js = jetstream::new(nc.clone());
        js.set_timeout(PATIENCE);
        Ok(Self { nc, js, made: Vec::new() })
    }

    /// Deletes what was made.
    pub async fn end(self, outcome: Vec<String>) -> Outcome {
        for name in &self.made {
            let _ = self.js.delete_stream(name).await;
        }
        Ok(outcome.join("; "))
    }

    pub async fn make(&mut self, config: Config) -> Result<Stream, Failure> {
        let name = config.name.clone();
        let stream = self.js.create_stream(config).await?;
        self.made.push(name);
        Ok(stream)
    }

    pub async fn put(&self, subject: &str, message: PublishMessage) -> String {
        let ack = async {
            Ok::<_, PublishError>(self.js.send_publish(subject.to_owned(), message).await?.await?)
        };
        said(ack.await, acked)
    }

    /// Publishes with headers by name.
    pub async fn put_with(&self, subject: &str, body: &str, named: &[(&str, &str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in named {
            headers.append(*name, *value);
        }
        self.put(subject, text(body).headers(headers)).await
    }

    pub async fn fill(&self, subjects: &[&str]) -> Result<(), Failure> {
        for (i, subject) in subjects.iter().enumerate() {
            self.js.publish(subject.to_string(), (i + 1).to_string().into()).await?.await?;
        }
        Ok(())
    }
}

pub fn text(body: &str) -> PublishMessage {
    PublishMessage::build().payload(body.to_owned().into())
}

pub fn named(name: &str, subjects: &[&str]) -> Config {
    Config {
        name: name.to_owned(),
        subjects: subjects.iter().map(ToString::to_string).collect(),
        ..Config::default()
    }
}

/// State with the counts of subjects under a filter.
pub async fn counts(stream: &Stream, filter: &str) -> String {
    let fetched = stream.info_builder().with_deleted(true).subjects(filter).fetch().await;
    match fetched {
        Err(error) => told(&error),
        Ok(answer) => {
            let state = state(&answer.info);
            let subjects: Result<BTreeMap<_, _>, _> = answer.try_collect().await;
            format!("{state} {}", said(subjects, |s| format!("{s:?}")))
        }
    }
}

pub async fn now(stream: &Stream) -> String {
    said(stream.get_info().await, |info| state(&info))
}

async fn jetstream_disabled() -> Outcome {
    let s = Streams::open("plain").await?;
    let out = vec![
        said(s.js.query_account().await, |a| format!("{a:?}")),
        done(s.js.get_stream("S").await),
        done(s.js.create_stream(named("S", &["s"])).await),
        s.put("s", text("x")).await,
        done(s.js.get_key_value("B").await),
        done(s.js.delete_stream("S").await),
        done(s.js.stream_names().try_collect::<Vec<_>>().await),
    ];
    s.end(out).await
}

async fn jetstream_account() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let before = s.js.query_account().await?;
    s.make(named("FILE", &["file"])).await?;
    let memory = StorageType::Memory;
    s.make(Config { storage: memory, max_bytes: 1 << 20, ..named("MEM", &["mem"]) }).await?;
    s.fill(&["file", "file", "mem"]).await?;
    let refused = done(s.js.get_stream("NONE").await);
    let after = s.js.query_account().await?;
    let calls = (
        after.requests.total - before.requests.total,
        after.requests.errors - before.requests.errors,
    );
    let shown = [before, after].map(|a| {
        format!(
            "{} {} {} {} {} {} {:?} {:?} {:?}",
            a.memory,
            a.storage,
            a.reserved_memory,
            a.reserved_storage,
            a.streams,
            a.consumers,
            a.domain,
            a.limits,
            a.tiers
        )
    });
    s.end(vec![shown.join("; "), refused, format!("{calls:?}")]).await
}

async fn stream_life() -> Outcome {
    let s = Streams::open("jetstream").await?;
    let first = s.js.create_stream(named("LIFE", &["life.>"])).await?;
    let again = s.js.create_stream(named("LIFE", &["life.>"])).await?;
    s.fill(&["life.a", "life.b", "life.a"]).await?;
    let description = Some("shorter".to_owned());
    let changed = Config { max_messages: 2, description, ..named("LIFE", &["life.>"]) };
    let updated = s.js.update_stream(changed.clone()).await?;
    let born = first.cached_info().created;
    let mut out = vec![
        config(first.cached_info()),
        config(&updated),
        format!("{} {}", again.cached_info().created == born, updated.created == born),
        now(&first).await,
    ];
    for _ in 0..2 {
        out.push(said(s.js.delete_stream("LIFE").await, |d| d.success.to_string()));
    }
    out.push(done(s.js.get_stream("LIFE").await));
    out.push(done(s.js.update_stream(changed).await));
    out.push(done(first.purge().await));
    out.push(s.put("life.a", text("x")).await);
    s.end(out).await
}

/// A configuration that sets whatever fits together.
fn every_field() -> Config {
    Config {
        description: Some("all of them".to_owned()),
        max_consumers: 7,
        max_messages: 1000,
        max_bytes: 1 << 20,
        discard: DiscardPolicy::New,
        discard_new_per_subject: true,
        max_age: Duration::from_secs(3600),
        max_messages_per_subject: 10,
        max_message_size: 4096,
        num_replicas: 1,
        duplicate_window: Duration::from_secs(90),
        deny_delete: true,
        allow_rollup: true,
        first_sequence: Some(1000),
        republish: Some(Republish {
            source: ">".to_owned(),
            destination: "again.>".to_owned(),
            headers_only: true,
        }),
        subject_transform: transform("f.*", "h.{{wildcard(1)}}"),
        allow_direct: true,
        compression: Some(Compression::S2),
        metadata: HashMap::from([("owner".to_owned(), "rust".to_owned())]),
        consumer_limits: Some(ConsumerLimits {
            inactive_threshold: Duration::from_secs(60),
            max_ack_pending: 50,
        }),
        allow_message_ttl: true,
        subject_delete_marker_ttl: Some(Duration::from_secs(60)),
        allow_atomic_publish: true,
        allow_batch_publish: true,
        ..named("FIELDS", &["f.*", "g.>"])
    }
}

pub fn transform(source: &str, destination: &str) -> Option<SubjectTransform> {
    Some(SubjectTransform { source: source.to_owned(), destination: destination.to_owned() })
}

async fn stream_fields() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let mut out = Vec::new();
    for given in [
        every_field(),
        Config { storage: StorageType::Memory, ..named("SIMPLE", &[]) },
        Config { allow_message_counter: true, ..named("COUNT", &["c"]) },
        Config { allow_message_schedules: true, ..named("PLAN", &["p"]) },
    ] {
        out.push(config(s.make(given).await?.cached_info()));
    }
    out.push(s.put("f.a", text("x")).await);
    s.end(out).await
}

fn wrong() -> Vec<Config> {
    let x = || named("X", &["x"]);
    let second = Duration::from_secs(1);
    let short = Duration::from_millis(1);
    let again = |source: &str, destination: &str| {
        let (source, destination) = (source.to_owned(), destination.to_owned());
        Some(Republish { source, destination, headers_only: false })
    };
    let east = Placement { cluster: Some("east".to_owned()), tags: Vec::new() };
    vec![
        named("TAKEN", &["other"]),
        named("X", &["taken.one"]),
        named("X", &[">"]),
        named("X", &["x.*", "x.a"]),
        named("X", &["$JS.API.>"]),
        named("X", &["x..y"]),
        named("a.b", &["x"]),
        named("", &["x"]),
        Config { name: "n".repeat(300), ..x() },
        Config { num_replicas: 3, ..x() },
        Config { max_age: short, ..x() },
        Config { max_age: second, duplicate_window: second * 60, ..x() },
        Config { discard_new_per_subject: true, ..x() },
        Config { deny_purge: true, allow_rollup: true, ..x() },
        Config { sealed: true, ..x() },
        Config { subject_delete_marker_ttl: Some(short), ..x() },
        Config { allow_message_counter: true, discard: DiscardPolicy::New, ..x() },
        Config { republish: again(">", "x"), ..x() },
        Config { subject_transform: transform("*", "y.{{wildcard(2)}}"), ..x() },
        Config { storage: StorageType::Memory, persist_mode: Some(PersistenceMode::Async), ..x() },
        Config { placement: Some(east), ..x() },
        Config { max_messages: -7, max_bytes: -7, ..x() },
    ]
}

async fn stream_errors() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    s.make(named("TAKEN", &["taken.*"])).await?;
    let mut out = Vec::new();
    for given in wrong() {
        let made = s.js.create_stream(given).await;
        if made.is_ok() {
            s.js.delete_stream("X").await?;
        }
        out.push(done(made));
    }
    for name in ["NONE", "a.b", "", "a*", "a b"] {
        out.push(done(s.js.get_stream(name).await));
    }
    out.push(said(s.js.stream_by_subject("nowhere").await, |name| name));
    s.end(out).await
}

async fn stream_update() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let up = || Config { max_consumers: 5, ..named("UP", &["up.a"]) };
    let stream = s.make(up()).await?;
    s.fill(&["up.a", "up.a", "up.a"]).await?;
    let mut out = Vec::new();
    for changed in [
        Config { storage: StorageType::Memory, ..up() },
        Config { max_consumers: 6, ..up() },
        Config { num_replicas: 3, ..up() },
        Config { first_sequence: Some(9), ..up() },
        Config { allow_message_counter: true, ..up() },
        Config { max_consumers: 5, ..named("UP", &["up.a", "up.b"]) },
        Config { max_messages: 2, max_age: Duration::from_secs(3600), ..up() },
        Config { metadata: HashMap::from([("a".to_owned(), "b".to_owned())]), ..up() },
        Config { deny_delete: true, ..up() },
        Config { allow_message_ttl: true, ..up() },
    ] {
        out.push(said(s.js.update_stream(changed).await, |info| config(&info)));
    }
    out.push(now(&stream).await);
    s.end(out).await
}

async fn stream_list() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    for name in ["C", "A", "B"] {
        s.make(named(name, &[&format!("list.{name}")])).await?;
    }
    s.fill(&["list.A", "list.A"]).await?;
    let names: Vec<String> = s.js.stream_names().try_collect().await?;
    let infos: Vec<Info> = s.js.streams().try_collect().await?;
    let infos: Vec<String> =
        infos.iter().map(|i| format!("{}={}", i.config.name, i.state.messages)).collect();
    let found = said(s.js.stream_by_subject("list.C").await, |name| name);
    s.end(vec![format!("{names:?} {infos:?} {found}")]).await
}

async fn stream_subjects() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let stream = s.make(named("SUBJ", &["s.>"])).await?;
    s.fill(&["s.a", "s.b", "s.a", "s.c.d", "s.b", "s.a"]).await?;
    for sequence in [2, 4] {
        stream.delete_message(sequence).await?;
    }
    let mut out = Vec::new();
    for filter in [">", "s.*", "s.a", "s.none", "other"] {
        out.push(counts(&stream, filter).await);
    }
    s.end(out).await
}

async fn stream_restart() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let kept = s.make(named("KEPT", &["kept.>"])).await?;
    let lost = s.make(Config { storage: StorageType::Memory, ..named("LOST", &["lost"]) }).await?;
    s.fill(&["kept.a", "kept.b", "kept.a", "lost", "kept.c"]).await?;
    let mut out = vec![s.put("kept.a", text("once").message_id("id-1")).await];
    kept.delete_message(2).await?;
    order("restart", "jetstream").await?;
    until(|| async { done(s.js.query_account().await) }, |got| got == "done").await;
    let (before, after) = (kept.cached_info(), kept.get_info().await?);
    let same = config(before) == config(&after);
    out.push(format!("{same} {}", before.created == after.created));
    out.extend([counts(&kept, ">").await, now(&lost).await]);
    out.push(s.put("kept.a", text("once").message_id("id-1")).await);
    out.push(s.put("kept.a", text("more").message_id("id-2")).await);
    for sequence in [1, 2, 5, 6] {
        out.push(said(kept.get_raw_message(sequence).await, raw));
    }
    s.end(out).await
}

async fn stream_purge() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let stream = s.make(named("PURGE", &["p.*"])).await?;
    let mut out = Vec::new();
    for round in 0..8 {
        if [0, 3, 5].contains(&round) {
            s.fill(&["p.a", "p.b", "p.a", "p.c", "p.a", "p.b"]).await?;
        }
        let purged = match round {
            0 => stream.purge().filter("p.a").keep(1).await,
            1 => stream.purge().filter("p.b").await,
            2 => stream.purge().sequence(5).await,
            3 => stream.purge().keep(2).await,
            4 => stream.purge().filter("p.none").await,
            5 => stream.purge().filter("p.a").sequence(10).await,
            6 => stream.purge().filter("*.*").keep(1).await,
            _ => stream.purge().await,
        };
        out.push(said(purged, |p| p.purged.to_string()));
        out.push(now(&stream).await);
    }
    s.end(out).await
}

async fn stream_delete_message() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let stream = s.make(named("DEL", &["d"])).await?;
    s.fill(&["d", "d", "d", "d", "d"]).await?;
    let mut out = Vec::new();
    for sequence in [2, 2, 0, 99, 3, 1, 5] {
        out.push(said(stream.delete_message(sequence).await, |d| d.to_string()));
        out.push(counts(&stream, ">").await);
    }
    // This client has no call that leaves the bytes: the request is written by hand.
    let quick = r#"{"seq":4,"no_erase":true}"#;
    let answer = plain_request(&s, "$JS.API.STREAM.MSG.DELETE.DEL", quick).await?;
    out.extend([answer, said(stream.get_raw_message(3).await, raw)]);
    out.extend([s.put("d", text("6")).await, now(&stream).await]);
    s.end(out).await
}

async fn plain_request(s: &Streams, subject: &str, body: &str) -> Result<String, Failure> {
    let answer = s.nc.request(subject.to_owned(), body.to_owned().into()).await?;
    Ok(String::from_utf8_lossy(&answer.payload).into_owned())
}

async fn stream_sealed() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let stream = s.make(named("SEAL", &["seal"])).await?;
    s.fill(&["seal", "seal"]).await?;
    let mut out = Vec::new();
    for sealed in [false, true, false] {
        let denied =
            Config { deny_delete: true, deny_purge: true, sealed, ..named("SEAL", &["seal"]) };
        out.push(said(s.js.update_stream(denied).await, |info| config(&info)));
        out.push(done(stream.delete_message(1).await));
        out.push(done(stream.purge().await));
        out.push(s.put("seal", text("x")).await);
    }
    out.push(now(&stream).await);
    s.end(out).await
}

fn origin() -> Source {
    Source { name: "ORIGIN".to_owned(), ..Source::default() }
}

async fn stream_mirror() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    s.make(named("ORIGIN", &["o.*"])).await?;
    s.fill(&["o.a", "o.b", "o.a"]).await?;
    let mirror = s.make(Config { mirror: Some(origin()), ..named("MIRROR", &[]) }).await?;
    let turned = transform("o.a", "from.a").into_iter().collect();
    let sources = Some(vec![Source { subject_transforms: turned, ..origin() }]);
    let sourced = s.make(Config { sources, ..named("SOURCED", &["own"]) }).await?;
    let mut out = Vec::new();
    for (stream, want) in [(&mirror, "messages=3"), (&sourced, "messages=2")] {
        until(|| now(stream), |state| state.starts_with(want)).await;
        out.push(config(stream.cached_info()));
        out.push(counts(stream, ">").await);
        out.push(said(stream.get_raw_message(2).await, raw));
    }
    out.push(s.put("own", text("x")).await);
    out.push(done(s.js.update_stream(named("MIRROR", &["promoted"])).await));
    out.push(s.put("promoted", text("x")).await);
    let own = Source { name: "X".to_owned(), ..Source::default() };
    let wrong = Source { filter_subject: Some("a..b".to_owned()), ..origin() };
    for refused in [
        Config { mirror: Some(origin()), ..named("X", &["x"]) },
        Config { mirror: Some(own), ..named("X", &[]) },
        Config { mirror: Some(wrong), ..named("X", &[]) },
        Config { mirror: Some(origin()), sources: Some(vec![origin()]), ..named("X", &[]) },
        Config { sources: Some(vec![origin(), origin()]), ..named("X", &[]) },
    ] {
        out.push(done(s.js.create_stream(refused).await));
    }
    s.end(out).await
}
