//! Consumers: their lives, what they deliver, and what is left of them.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use async_nats::jetstream::consumer::{
    AckPolicy, Consumer, DeliverPolicy, Info, PriorityPolicy, ReplayPolicy, pull, push,
};
use async_nats::jetstream::stream::{RetentionPolicy, Stream};
use async_nats::jetstream::{self, AckKind, Message};
use futures_util::{FutureExt, StreamExt, TryStreamExt};

use crate::harness::{PATIENCE, order, take};
use crate::streams::{Failure, Streams, done, named, now, said, until};
use crate::{Outcome, Scenario};

pub const SCENARIOS: &[Scenario] = &[
    ("consumer-life", || life().boxed()),
    ("consumer-list", || list().boxed()),
    ("consumer-pull", || pull().boxed()),
    ("consumer-acks", || acks().boxed()),
    ("consumer-redelivery", || redelivery().boxed()),
    ("consumer-push", || push().boxed()),
    ("consumer-ordered", || ordered().boxed()),
    ("consumer-starts", || starts().boxed()),
    ("consumer-restart", || restart().boxed()),
    ("consumer-pause", || pause().boxed()),
    ("consumer-groups", || groups().boxed()),
    ("work-queue", || work_queue().boxed()),
    ("interest", || interest().boxed()),
];

const MOMENT: Duration = Duration::from_millis(300);

type Pull = Consumer<pull::Config>;

/// The stream `name` with messages on each of its subjects in turn.
async fn orders(
    s: &mut Streams,
    name: &str,
    rounds: usize,
    subjects: &[&str],
) -> Result<Stream, Failure> {
    let stream = s.make(named(name, &[&format!("{name}.>")])).await?;
    fill(s, name, rounds, subjects).await?;
    Ok(stream)
}

async fn fill(s: &Streams, name: &str, rounds: usize, subjects: &[&str]) -> Result<(), Failure> {
    for _ in 0..rounds {
        for subject in subjects {
            s.fill(&[&format!("{name}.{subject}")]).await?;
        }
    }
    Ok(())
}

fn durable(name: &str) -> pull::Config {
    pull::Config { durable_name: Some(name.to_owned()), ..pull::Config::default() }
}

fn told(i: &Info) -> String {
    format!(
        "<{} {},{} floor {},{} unacked={} again={} pending={} paused={}>",
        i.name,
        i.delivered.consumer_sequence,
        i.delivered.stream_sequence,
        i.ack_floor.consumer_sequence,
        i.ack_floor.stream_sequence,
        i.num_ack_pending,
        i.num_redelivered,
        i.num_pending,
        i.paused
    )
}

async fn counts(c: &Pull) -> String {
    said(c.get_info().await, |i| told(&i))
}

fn delivered(m: &Message) -> String {
    let headers: BTreeMap<String, String> = m
        .headers
        .iter()
        .flat_map(|headers| headers.iter())
        .map(|(name, values)| (name.to_string(), format!("{values:?}")))
        .collect();
    match m.info() {
        Err(error) => format!("[{error}]"),
        Ok(i) => format!(
            "({} {:?} {}/{} x{} left={} {headers:?})",
            m.subject, m.payload, i.stream_sequence, i.consumer_sequence, i.delivered, i.pending
        ),
    }
}

fn shown(messages: &[Message]) -> String {
    messages.iter().map(delivered).collect()
}

/// A batch that is there or comes within a moment.
async fn batch(c: &Pull, count: usize) -> Result<Vec<Message>, Failure> {
    let wait = c.batch().max_messages(count).expires(PATIENCE);
    let mut messages = wait.messages().await?;
    let mut got = Vec::new();
    while got.len() < count {
        match messages.next().await {
            Some(message) => got.push(message?),
            None => break,
        }
    }
    Ok(got)
}

/// What is there already.
async fn fetch(c: &Pull, count: usize) -> String {
    match c.fetch().max_messages(count).messages().await {
        Err(error) => format!("[{error}]"),
        Ok(messages) => match messages.try_collect::<Vec<_>>().await {
            Ok(got) => format!("{{{}}}", shown(&got)),
            Err(error) => format!("[{error}]"),
        },
    }
}

async fn life() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let stream = orders(&mut s, "LIVES", 2, &["a", "b"]).await?;
    let every = pull::Config {
        description: Some("every field".to_owned()),
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: 2 },
        ack_policy: AckPolicy::Explicit,
        ack_wait: Duration::from_secs(60),
        max_deliver: 5,
        backoff: vec![Duration::from_secs(1), Duration::from_secs(60)],
        filter_subject: "LIVES.a".to_owned(),
        replay_policy: ReplayPolicy::Original,
        sample_frequency: 50,
        max_waiting: 7,
        max_ack_pending: 9,
        headers_only: true,
        max_batch: 10,
        max_expires: Duration::from_secs(60),
        max_bytes: 1000,
        inactive_threshold: Duration::from_secs(3600),
        num_replicas: 1,
        memory_storage: true,
        metadata: HashMap::from([("a".to_owned(), "b".to_owned())]),
        ..durable("ALL")
    };
    let made = stream.create_consumer_strict(every.clone()).await?;
    let shown = serde_json::to_value(&made.cached_info().config)?.to_string();
    let fewer = pull::Config { max_ack_pending: 8, ..every.clone() };
    let overlap = ["LIVES.a", "LIVES.>"].map(str::to_owned).to_vec();
    let mut out = vec![
        shown,
        counts(&made).await,
        done(stream.create_consumer_strict(every.clone()).await),
        done(stream.create_consumer_strict(fewer.clone()).await),
        done(stream.update_consumer(fewer).await),
        counts(&made).await,
        done(stream.update_consumer(durable("NONE")).await),
        done(stream.create_consumer(durable("ALL")).await),
        done(stream.consumer_info("NONE").await),
        done(stream.create_consumer(durable("a.b")).await),
        done(
            stream.create_consumer(pull::Config { filter_subjects: overlap, ..durable("F") }).await,
        ),
        done(
            stream
                .create_consumer(pull::Config {
                    deliver_policy: DeliverPolicy::LastPerSubject,
                    ..durable("T")
                })
                .await,
        ),
    ];
    for _ in 0..2 {
        out.push(done(stream.delete_consumer("ALL").await));
    }
    let unnamed = stream.create_consumer(pull::Config::default()).await?;
    out.push(format!("{:?}", unnamed.cached_info().config.inactive_threshold));
    s.end(out).await
}

async fn list() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let stream = orders(&mut s, "LISTED", 0, &[]).await?;
    for i in 0..260 {
        stream.create_consumer(durable(&format!("C{i:03}"))).await?;
    }
    let mut names: Vec<String> = stream.consumer_names().try_collect().await?;
    let infos: Vec<Info> = stream.consumers().try_collect().await?;
    names.sort();
    let out = format!("{} {:?} {:?} {}", names.len(), names.first(), names.last(), infos.len());
    s.end(vec![out]).await
}

async fn pull() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let stream = orders(&mut s, "PULLED", 6, &["a", "b"]).await?;
    let c: Pull = stream.create_consumer(durable("C")).await?;
    let mut out = vec![shown(&batch(&c, 1).await?), shown(&batch(&c, 3).await?)];
    out.push(fetch(&c, 2).await);
    let bytes = c.batch().max_messages(9).max_bytes(150).expires(MOMENT).messages().await?;
    out.push(said(
        bytes.try_collect::<Vec<_>>().await.map_err(|e| std::io::Error::other(e.to_string())),
        |got| shown(&got),
    ));
    out.extend([fetch(&c, 20).await, fetch(&c, 1).await, counts(&c).await]);
    let none = pull::Config { ack_policy: AckPolicy::None, max_batch: 2, ..durable("BOUNDED") };
    let bounded: Pull = stream.create_consumer(none).await?;
    out.extend([fetch(&bounded, 3).await, fetch(&bounded, 2).await]);
    let endless: Pull = stream.create_consumer(durable("ENDLESS")).await?;
    let some: Vec<_> =
        endless.stream().max_messages_per_batch(5).messages().await?.take(12).collect().await;
    for message in some {
        out.push(delivered(&message?));
    }
    s.end(out).await
}

/// Acknowledges and waits for the answer.
async fn confirm(m: &Message, kind: AckKind) -> Result<(), Failure> {
    m.double_ack_with(kind).await
}

async fn acks() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let stream = orders(&mut s, "ACKED", 8, &["a"]).await?;
    let c: Pull = stream.create_consumer(durable("C")).await?;
    let got = batch(&c, 6).await?;
    let mut out = Vec::new();
    for (at, kind) in [
        (1, AckKind::Ack),
        (0, AckKind::Ack),
        (0, AckKind::Ack),
        (2, AckKind::Progress),
        (2, AckKind::Nak(None)),
        (3, AckKind::Term),
        (4, AckKind::Nak(Some(MOMENT))),
        (5, AckKind::Ack),
    ] {
        confirm(&got[at], kind).await?;
        out.push(counts(&c).await);
    }
    out.extend([shown(&batch(&c, 3).await?), shown(&batch(&c, 1).await?), counts(&c).await]);
    let every = pull::Config { ack_policy: AckPolicy::All, ..durable("ALL") };
    let all: Pull = stream.create_consumer(every).await?;
    let got = batch(&all, 8).await?;
    confirm(&got[4], AckKind::Ack).await?;
    out.push(counts(&all).await);
    s.end(out).await
}

async fn redelivery() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let stream = orders(&mut s, "AGAIN", 2, &["a"]).await?;
    let advisories = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.AGAIN.C";
    let mut advised = s.nc.subscribe(advisories).await?;
    let backoff = vec![Duration::from_millis(200), MOMENT];
    let c: Pull =
        stream.create_consumer(pull::Config { max_deliver: 3, backoff, ..durable("C") }).await?;
    let mut seen: BTreeMap<u64, Vec<i64>> = BTreeMap::new();
    for _ in 0..6 {
        for message in batch(&c, 1).await? {
            let info = message.info()?;
            seen.entry(info.stream_sequence).or_default().push(info.delivered);
        }
    }
    let mut late = c.batch().max_messages(1).expires(Duration::from_secs(1)).messages().await?;
    let late = late.next().await.is_none();
    let told = take(&mut advised, 2).await.len();
    let out = vec![format!("{seen:?} {late} {told}"), counts(&c).await];
    s.end(out).await
}

async fn push() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let stream = orders(&mut s, "PUSHED", 3, &["a"]).await?;
    let config = push::Config {
        durable_name: Some("P".to_owned()),
        deliver_subject: "pushed.to".to_owned(),
        flow_control: true,
        idle_heartbeat: Duration::from_millis(500),
        ..push::Config::default()
    };
    let c = stream.create_consumer(config.clone()).await?;
    let mut messages = c.messages().await?;
    let mut out = Vec::new();
    for _ in 0..3 {
        let message = messages.next().await.ok_or("it ended")??;
        confirm(&message, AckKind::Ack).await?;
        out.push(delivered(&message));
    }
    out.push(said(c.get_info().await, |i| format!("{} {}", told(&i), i.push_bound)));
    let grouped = push::Config {
        durable_name: Some("Q".to_owned()),
        deliver_subject: "pushed.group".to_owned(),
        deliver_group: Some("g".to_owned()),
        ..push::Config::default()
    };
    stream.create_consumer(grouped).await?;
    let mut members = [
        s.nc.queue_subscribe("pushed.group", "g".to_owned()).await?,
        s.nc.queue_subscribe("pushed.group", "g".to_owned()).await?,
    ];
    let mut all = 0;
    for member in &mut members {
        all += take(member, 0).await.len();
    }
    out.push(all.to_string());
    s.end(out).await
}

async fn ordered() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let stream = orders(&mut s, "ORDERED", 5, &["a", "b"]).await?;
    stream.delete_message(3).await?;
    let config = pull::OrderedConfig {
        filter_subject: "ORDERED.a".to_owned(),
        ..pull::OrderedConfig::default()
    };
    let c = stream.create_consumer(config).await?;
    let mut messages = c.messages().await?;
    let mut out = Vec::new();
    for _ in 0..4 {
        out.push(delivered(&messages.next().await.ok_or("it ended")??));
    }
    s.fill(&["ORDERED.b", "ORDERED.a"]).await?;
    let message = messages.next().await.ok_or("it ended")??;
    out.push(message.info()?.stream_sequence.to_string());
    let pushed = push::OrderedConfig {
        filter_subject: "ORDERED.b".to_owned(),
        deliver_subject: s.nc.new_inbox(),
        ..push::OrderedConfig::default()
    };
    let mut messages = stream.create_consumer(pushed).await?.messages().await?;
    for _ in 0..6 {
        out.push(delivered(&messages.next().await.ok_or("it ended")??));
    }
    s.end(out).await
}

async fn starts() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let stream = orders(&mut s, "STARTS", 3, &["a", "b", "c.d"]).await?;
    let third = stream.get_raw_message(5).await?.time;
    let policy = |deliver_policy| pull::Config { deliver_policy, ..durable("C") };
    let filter = |filter: &str| pull::Config { filter_subject: filter.to_owned(), ..durable("C") };
    let by_sequence = |start_sequence| DeliverPolicy::ByStartSequence { start_sequence };
    let several = ["STARTS.c.>", "STARTS.a"].map(str::to_owned).to_vec();
    let last = DeliverPolicy::LastPerSubject;
    let configs = [
        policy(DeliverPolicy::All),
        policy(DeliverPolicy::Last),
        policy(DeliverPolicy::New),
        pull::Config { deliver_policy: last, ..filter("STARTS.>") },
        policy(by_sequence(7)),
        policy(by_sequence(70)),
        policy(DeliverPolicy::ByStartTime { start_time: third }),
        filter("STARTS.*"),
        pull::Config { filter_subjects: several, ..durable("C") },
        filter("STARTS.none"),
        filter("OTHER"),
    ];
    let mut out = Vec::new();
    for (i, config) in configs.into_iter().enumerate() {
        let config = pull::Config { durable_name: Some(format!("C{i}")), ..config };
        match stream.create_consumer(config).await {
            Err(error) => out.push(crate::streams::told(&error)),
            Ok(c) => {
                out.extend([told(c.cached_info()), fetch(&c, 20).await, counts(&c).await]);
            }
        }
    }
    s.end(out).await
}

async fn restart() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let stream = orders(&mut s, "STAYING", 6, &["a"]).await?;
    let c: Pull = stream.create_consumer(durable("C")).await?;
    let memory = pull::Config { memory_storage: true, ..durable("MEM") };
    let memory: Pull = stream.create_consumer(memory).await?;
    let got = batch(&c, 4).await?;
    confirm(&got[0], AckKind::Ack).await?;
    confirm(&got[2], AckKind::Ack).await?;
    order("restart", "jetstream").await?;
    let there = until(|| counts(&c), |told| told.starts_with('<')).await;
    let out = vec![there, counts(&memory).await, shown(&batch(&c, 2).await?), counts(&c).await];
    s.end(out).await
}

async fn pause() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let stream = orders(&mut s, "PAUSED", 2, &["a"]).await?;
    let c: Pull = stream.create_consumer(durable("C")).await?;
    let later = stream.get_raw_message(1).await?.time + Duration::from_secs(3600);
    let paused = stream.pause_consumer("C", later).await;
    let mut out = vec![said(paused, |p| p.paused.to_string()), counts(&c).await];
    out.push(fetch(&c, 1).await);
    out.push(said(stream.resume_consumer("C").await, |p| p.paused.to_string()));
    out.push(shown(&batch(&c, 2).await?));
    out.push(done(stream.pause_consumer("NONE", later).await));
    s.end(out).await
}

async fn groups() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let stream = orders(&mut s, "GROUPED", 4, &["a"]).await?;
    let group = |name: &str, priority_policy| pull::Config {
        priority_policy,
        priority_groups: vec!["g".to_owned()],
        ..durable(name)
    };
    let over: Pull = stream.create_consumer(group("OVER", PriorityPolicy::Overflow)).await?;
    let mut out = vec![fetch(&over, 1).await];
    for (name, pending) in [("h", 1), ("g", 9), ("g", 2)] {
        let asked = over.batch().max_messages(1).expires(MOMENT).group(name).min_pending(pending);
        out.push(first(asked.messages().await).await);
    }
    let pinned = group("PINNED", PriorityPolicy::PinnedClient);
    let pinned: Pull = stream.create_consumer(pinned).await?;
    let mut messages = pinned.stream().group("g").messages().await?;
    let message = messages.next().await.ok_or("it ended")??;
    let id = message.headers.as_ref().and_then(|headers| headers.get("Nats-Pin-Id"));
    out.push(format!("{:?}", id.map(|id| id.as_str().len())));
    drop(messages);
    for name in ["g", "h"] {
        out.push(done(stream.unpin_consumer("PINNED", name).await));
    }
    let ahead = group("FIRST", PriorityPolicy::Prioritized);
    let ahead: Pull = stream.create_consumer(ahead).await?;
    let asked = ahead.fetch().max_messages(1).group("g").priority(2);
    out.push(first(asked.messages().await).await);
    s.end(out).await
}

/// The first message of a batch, or why there is none.
async fn first(batch: Result<pull::Batch, pull::BatchError>) -> String {
    match batch {
        Err(error) => format!("[{error}]"),
        Ok(mut messages) => match messages.next().await {
            None => "none".to_owned(),
            Some(Err(error)) => format!("[{error}]"),
            Some(Ok(message)) => delivered(&message),
        },
    }
}

async fn work_queue() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let retention = RetentionPolicy::WorkQueue;
    let config = jetstream::stream::Config { retention, ..named("JOBS", &["JOBS.>"]) };
    let stream = s.make(config).await?;
    fill(&s, "JOBS", 2, &["a", "b"]).await?;
    let of = |name: &str, filter: &str| pull::Config {
        filter_subject: filter.to_owned(),
        ..durable(name)
    };
    let a: Pull = stream.create_consumer(of("A", "JOBS.a")).await?;
    let none = pull::Config { ack_policy: AckPolicy::None, ..of("NONE", "JOBS.b") };
    let new = pull::Config { deliver_policy: DeliverPolicy::New, ..of("NEW", "JOBS.b") };
    let mut out = Vec::new();
    for config in [of("SAME", "JOBS.a"), durable("ALL"), none, new, of("B", "JOBS.b")] {
        out.push(done(stream.create_consumer(config).await));
    }
    let got = batch(&a, 2).await?;
    for at in [1, 0] {
        confirm(&got[at], AckKind::Ack).await?;
        out.extend([now(&stream).await, counts(&a).await]);
    }
    s.end(out).await
}

async fn interest() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let retention = RetentionPolicy::Interest;
    let config = jetstream::stream::Config { retention, ..named("WANTED", &["WANTED.>"]) };
    let stream = s.make(config).await?;
    s.fill(&["WANTED.a"]).await?;
    let mut out = vec![now(&stream).await];
    let all: Pull = stream.create_consumer(durable("ALL")).await?;
    let filter_subject = "WANTED.a".to_owned();
    let some: Pull =
        stream.create_consumer(pull::Config { filter_subject, ..durable("SOME") }).await?;
    s.fill(&["WANTED.a", "WANTED.b", "WANTED.a"]).await?;
    out.push(now(&stream).await);
    for message in batch(&all, 3).await? {
        confirm(&message, AckKind::Ack).await?;
    }
    out.push(settled(&stream, 2).await);
    for message in batch(&some, 1).await? {
        confirm(&message, AckKind::Ack).await?;
    }
    out.push(settled(&stream, 1).await);
    stream.delete_consumer("SOME").await?;
    out.push(settled(&stream, 0).await);
    s.end(out).await
}

async fn settled(stream: &Stream, messages: u64) -> String {
    let wanted = format!("messages={messages} ");
    until(|| now(stream), |state| state.starts_with(&wanted)).await
}
