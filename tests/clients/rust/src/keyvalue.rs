//! Buckets of keys and values, without watchers.

use std::error::Error;
use std::time::Duration;

use async_nats::jetstream::kv::{Config, Entry, Store};
use async_nats::jetstream::stream::StorageType;
use futures_util::FutureExt;

use crate::streams::{Failure, Streams, config, counts, done, said, state, until};
use crate::{Outcome, Scenario};

pub const SCENARIOS: &[Scenario] = &[
    ("kv-buckets", || kv_buckets().boxed()),
    ("kv-entries", || kv_entries().boxed()),
    ("kv-revisions", || kv_revisions().boxed()),
    ("kv-limits", || kv_limits().boxed()),
    ("kv-expiry", || kv_expiry().boxed()),
];

async fn make(s: &mut Streams, config: Config) -> Result<Store, Failure> {
    let name = format!("KV_{}", config.bucket);
    let store = s.js.create_key_value(config).await?;
    s.made.push(name);
    Ok(store)
}

fn bucket(name: &str) -> Config {
    Config { bucket: name.to_owned(), history: 1, ..Config::default() }
}

fn entry<E: Error>(result: Result<Option<Entry>, E>) -> String {
    said(result, |found| match found {
        None => "none".to_owned(),
        Some(e) => format!(
            "({} {:?} {} {:?} {} {})",
            e.key,
            e.value,
            e.revision,
            e.operation,
            e.delta,
            e.created.unix_timestamp() > 0
        ),
    })
}

fn revision<E: Error>(result: Result<u64, E>) -> String {
    said(result, |r| r.to_string())
}

async fn status(store: &Store) -> String {
    said(store.status().await, |s| {
        let (ttl, held) = (s.max_age(), state(&s.info));
        format!("{} {} {} {ttl:?} {held}", s.bucket(), s.values(), s.history())
    })
}

async fn kv_buckets() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let given = Config {
        description: "all of it".to_owned(),
        max_value_size: 1000,
        history: 5,
        max_age: Duration::from_secs(3600),
        max_bytes: 1 << 20,
        limit_markers: Some(Duration::from_secs(60)),
        ..bucket("FULL")
    };
    let full = make(&mut s, given.clone()).await?;
    let plain = make(&mut s, Config { storage: StorageType::Memory, ..bucket("PLAIN") }).await?;
    let mut out = Vec::new();
    for store in [&full, &plain] {
        out.push(status(store).await);
        out.push(said(store.status().await, |s| config(&s.info)));
    }
    let fewer = Config { history: 3, ..given.clone() };
    out.push(done(s.js.create_key_value(given).await));
    out.push(done(s.js.create_key_value(fewer.clone()).await));
    let changed = s.js.update_key_value(fewer).await?;
    out.push(status(&changed).await);
    out.push(done(s.js.update_key_value(bucket("NONE")).await));
    out.push(done(s.js.create_key_value(bucket("a.b")).await));
    out.push(done(s.js.create_key_value(Config { history: 65, ..bucket("L") }).await));
    out.push(done(s.js.get_key_value("NONE").await));
    for _ in 0..2 {
        out.push(done(s.js.delete_key_value("FULL").await));
    }
    s.end(out).await
}

async fn kv_entries() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let kv = make(&mut s, Config { history: 4, ..bucket("ENTRIES") }).await?;
    let mut out = vec![
        entry(kv.entry("none").await),
        revision(kv.put("a", "one".into()).await),
        revision(kv.put("b.c/d=e_f-g", "two".into()).await),
        revision(kv.put("a", "".into()).await),
        entry(kv.entry("a").await),
        said(kv.get("a").await, |value| format!("{value:?}")),
    ];
    for number in [1, 2, 9] {
        out.push(entry(kv.entry_for_revision("a", number).await));
    }
    out.extend([done(kv.delete("a").await), entry(kv.entry("a").await), status(&kv).await]);
    out.push(said(kv.get("a").await, |value| format!("{value:?}")));
    out.extend([done(kv.purge("a").await), entry(kv.entry("a").await), status(&kv).await]);
    out.push(entry(kv.entry_for_revision("a", 1).await));
    out.push(entry(kv.entry("b.c/d=e_f-g").await));
    for key in ["", ".a", "a.", "a b", "a*", ">"] {
        out.push(revision(kv.put(key, "".into()).await));
    }
    out.push(done(kv.delete("never").await));
    s.end(out).await
}

async fn kv_revisions() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let kv = make(&mut s, bucket("REVS")).await?;
    let out = vec![
        revision(kv.create("k", "1".into()).await),
        revision(kv.create("k", "2".into()).await),
        revision(kv.update("k", "2".into(), 1).await),
        revision(kv.update("k", "3".into(), 1).await),
        revision(kv.update("new", "".into(), 0).await),
        done(kv.delete_expect_revision("k", Some(1)).await),
        done(kv.delete_expect_revision("k", Some(2)).await),
        revision(kv.create("k", "anew".into()).await),
        entry(kv.entry("k").await),
        done(kv.purge_expect_revision("k", Some(1)).await),
        done(kv.purge("k").await),
        revision(kv.create("k", "again".into()).await),
        status(&kv).await,
    ];
    s.end(out).await
}

async fn kv_limits() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let small = Config { max_value_size: 100, max_bytes: 500, ..bucket("SMALL") };
    let kv = make(&mut s, small).await?;
    let mut out = vec![
        revision(kv.put("a", "x".repeat(60).into()).await),
        revision(kv.put("a", "x".repeat(200).into()).await),
    ];
    for i in 0..6 {
        out.push(revision(kv.put(format!("k{i}"), "x".repeat(50).into()).await));
    }
    out.extend([status(&kv).await, entry(kv.entry("k0").await)]);
    s.end(out).await
}

async fn kv_expiry() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let hour = Some(Duration::from_secs(3600));
    let kv = make(&mut s, Config { limit_markers: hour, ..bucket("EXPIRE") }).await?;
    let plain = make(&mut s, bucket("STAY")).await?;
    let second = Duration::from_secs(1);
    let mut out = vec![
        revision(kv.create_with_ttl("a", "x".into(), second).await),
        revision(plain.create_with_ttl("a", "x".into(), second).await),
        revision(kv.put("b", "x".into()).await),
        done(kv.purge_with_ttl("b", second).await),
    ];
    let stream = s.js.get_stream("KV_EXPIRE").await?;
    for sequence in [1, 3] {
        let look = || async { done(stream.get_raw_message(sequence).await) };
        out.push(until(look, |got| got != "done").await);
    }
    out.extend([entry(kv.entry("a").await), entry(kv.entry("b").await)]);
    out.push(counts(&stream, ">").await);
    s.end(out).await
}
