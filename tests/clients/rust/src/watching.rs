//! Buckets as those see them who watch, and object stores.

use std::time::Duration;

use async_nats::jetstream::kv::{Config, Entry, Store, Watch};
use async_nats::jetstream::object_store::{
    self, AddLinkError, ObjectInfo, ObjectMetadata, ObjectStore, UpdateMetadata,
};
use async_nats::jetstream::stream::Source;
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use crate::harness::{PATIENCE, QUIET, hash, pattern};
use crate::streams::{Failure, Streams, done, now, said, until};
use crate::{Outcome, Scenario};

pub const SCENARIOS: &[Scenario] = &[
    ("kv-history", || history().boxed()),
    ("kv-watch", || watch().boxed()),
    ("kv-keys", || keys().boxed()),
    ("kv-markers", || markers().boxed()),
    ("kv-mirror", || mirror().boxed()),
    ("object-life", || object_life().boxed()),
    ("object-large", || object_large().boxed()),
    ("object-links", || object_links().boxed()),
    ("object-watch", || object_watch().boxed()),
];

async fn bucket(s: &mut Streams, config: Config) -> Result<Store, Failure> {
    let name = format!("KV_{}", config.bucket);
    let store = s.js.create_key_value(config).await?;
    s.made.push(name);
    Ok(store)
}

async fn filled(s: &mut Streams, name: &str, history: i64) -> Result<Store, Failure> {
    let config = Config { bucket: name.to_owned(), history, ..Config::default() };
    let kv = bucket(s, config).await?;
    for key in ["a.one", "a.two", "b", "a.one", "a.one.deep"] {
        kv.put(key, format!("v {key}").into()).await?;
    }
    kv.delete("b").await?;
    Ok(kv)
}

fn entry(e: &Entry) -> String {
    format!("({} {:?} {} {:?})", e.key, e.value, e.revision, e.operation)
}

/// What a watcher tells until it is quiet.
async fn seen(watch: &mut Watch) -> String {
    let mut out = String::new();
    while let Ok(Some(next)) = timeout(QUIET, watch.next()).await {
        match next {
            Ok(e) => out += &entry(&e),
            Err(error) => out += &format!("[{error}]"),
        }
    }
    out
}

async fn all_of(kv: &Store, key: &str) -> String {
    match kv.history(key).await {
        Err(error) => format!("[{error}]"),
        Ok(found) => match found.try_collect::<Vec<_>>().await {
            Err(error) => format!("[{error}]"),
            Ok(all) => all.iter().map(|e| format!("{}{}", entry(e), e.delta)).collect::<String>(),
        },
    }
}

async fn history() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let kv = filled(&mut s, "HIST", 4).await?;
    let mut out = Vec::new();
    for key in ["a.one", "b", "none", "a.*"] {
        out.push(all_of(&kv, key).await);
    }
    for i in 0..6 {
        kv.put("many", i.to_string().into()).await?;
    }
    out.push(all_of(&kv, "many").await);
    kv.purge("many").await?;
    out.push(all_of(&kv, "many").await);
    s.end(out).await
}

async fn watch() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let kv = filled(&mut s, "WATCH", 40).await?;
    let mut out = Vec::new();
    for round in 0..6 {
        let mut watch = match round {
            0 => kv.watch("a.*").await?,
            1 => kv.watch_all().await?,
            2 => kv.watch_with_history("a.>").await?,
            3 => kv.watch_from_revision("a.*", 4).await?,
            4 => kv.watch_many(["a.one", "z"]).await?,
            _ => kv.watch("none.*").await?,
        };
        kv.put("a.new", "new".into()).await?;
        kv.put("z", "z".into()).await?;
        kv.delete("a.new").await?;
        out.push(seen(&mut watch).await);
    }
    s.end(out).await
}

async fn keys_of(kv: &Store) -> Result<String, Failure> {
    let mut keys: Vec<String> = kv.keys().await?.try_collect().await?;
    keys.sort();
    Ok(format!("{keys:?}"))
}

async fn keys() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let kv = filled(&mut s, "LISTKEYS", 4).await?;
    let config = Config { bucket: "NOKEYS".to_owned(), ..Config::default() };
    let empty = bucket(&mut s, config).await?;
    let out = vec![keys_of(&kv).await?, keys_of(&empty).await?];
    s.end(out).await
}

async fn markers() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let config = Config {
        bucket: "MARKED".to_owned(),
        history: 2,
        max_age: Duration::from_secs(1),
        limit_markers: Some(Duration::from_secs(3600)),
        ..Config::default()
    };
    let kv = bucket(&mut s, config).await?;
    let mut watch = kv.watch_all().await?;
    kv.put("aged", "x".into()).await?;
    kv.create_with_ttl("short", "y".into(), Duration::from_secs(1)).await?;
    let mut got = Vec::new();
    while got.len() < 4 {
        let e = timeout(PATIENCE, watch.next()).await?.ok_or("it ended")??;
        got.push(format!("({} {:?} {:?})", e.key, e.value, e.operation));
    }
    got.sort();
    s.end(got).await
}

async fn mirror() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    filled(&mut s, "ORIGINAL", 4).await?;
    let origin = Source { name: "ORIGINAL".to_owned(), ..Source::default() };
    let config =
        Config { bucket: "COPY".to_owned(), mirror: Some(origin), history: 4, ..Config::default() };
    let kv = bucket(&mut s, config).await?;
    let values = || async { said(kv.status().await, |status| status.values().to_string()) };
    let mut out = vec![until(values, |told| told == "6").await];
    out.push(said(kv.entry("a.one").await, |e| format!("{:?}", e.map(|e| entry(&e)))));
    out.push(said(kv.put("through", "x".into()).await, |revision| revision.to_string()));
    s.end(out).await
}

async fn store(s: &mut Streams, config: object_store::Config) -> Result<ObjectStore, Failure> {
    let name = format!("OBJ_{}", config.bucket);
    let store = s.js.create_object_store(config).await?;
    s.made.push(name);
    Ok(store)
}

fn called(name: &str) -> object_store::Config {
    object_store::Config { bucket: name.to_owned(), ..object_store::Config::default() }
}

fn object(i: &ObjectInfo) -> String {
    let link = i.options.as_ref().and_then(|options| options.link.as_ref());
    format!(
        "({}/{} {:?} {:?} {} {} {:?} {} {:?})",
        i.bucket, i.name, i.description, i.headers, i.size, i.chunks, i.digest, i.deleted, link
    )
}

async fn content(store: &ObjectStore, name: &str) -> String {
    match store.get(name).await {
        Err(error) => format!("[{error}]"),
        Ok(mut found) => {
            let mut into = Vec::new();
            match found.read_to_end(&mut into).await {
                Ok(_) => format!("{} {}", object(found.info()), String::from_utf8_lossy(&into)),
                Err(error) => format!("[{error}]"),
            }
        }
    }
}

async fn put(store: &ObjectStore, name: &str, body: &str) -> String {
    said(store.put(name, &mut body.as_bytes()).await, |info| object(&info))
}

async fn object_life() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let config = object_store::Config {
        description: Some("files".to_owned()),
        max_age: Duration::from_secs(3600),
        max_bytes: 1 << 20,
        ..called("FILES")
    };
    let mut store = store(&mut s, config).await?;
    let meta = ObjectMetadata {
        name: "a file/with *".to_owned(),
        description: Some("described".to_owned()),
        chunk_size: Some(10),
        ..ObjectMetadata::default()
    };
    let renamed = UpdateMetadata { name: "renamed".to_owned(), ..UpdateMetadata::default() };
    let text = "0123456789abcdefghijklmno";
    let mut out = vec![
        done(s.js.get_object_store("NONE").await),
        done(s.js.create_object_store(called("a.b")).await),
        said(store.put(meta, &mut text.as_bytes()).await, |info| object(&info)),
        put(&store, "small", "x").await,
        put(&store, "empty", "").await,
        content(&store, "a file/with *").await,
        said(store.info("small").await, |info| object(&info)),
        content(&store, "none").await,
        put(&store, "small", "replaced").await,
        said(store.update_metadata("small", renamed).await, |info| object(&info)),
        done(store.delete("empty").await),
        done(store.delete("none").await),
        said(store.info("empty").await, |info| object(&info)),
    ];
    let mut listed: Vec<ObjectInfo> = store.list().await?.try_collect().await?;
    listed.sort_by(|one, other| one.name.cmp(&other.name));
    out.extend(listed.iter().map(object));
    out.push(done(store.seal().await));
    out.push(put(&store, "late", "x").await);
    for _ in 0..2 {
        out.push(done(s.js.delete_object_store("FILES").await));
    }
    s.end(out).await
}

async fn object_large() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let store = store(&mut s, called("LARGE")).await?;
    let body = pattern(4 << 20);
    let mut out = vec![said(store.put("large", &mut &body[..]).await, |info| object(&info))];
    let mut into = Vec::new();
    store.get("large").await?.read_to_end(&mut into).await?;
    out.push(format!("{} {}", into.len(), hash([&into[..]])));
    let stream = s.js.get_stream("OBJ_LARGE").await?;
    // Consumers that the client made for itself may still be there.
    let held = |state: String| state.split(" consumers").next().unwrap_or_default().to_owned();
    out.push(held(now(&stream).await));
    store.delete("large").await?;
    out.push(held(now(&stream).await));
    s.end(out).await
}

async fn object_links() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let here = store(&mut s, called("LINKS")).await?;
    let other = store(&mut s, called("OTHERS")).await?;
    here.put("target", &mut &b"content"[..]).await?;
    let target = here.info("target").await?;
    let shown = |made: Result<ObjectInfo, AddLinkError>| said(made, |info| object(&info));
    let mut out = vec![
        shown(here.add_link("link", &target).await),
        shown(other.add_link("far", &target).await),
        said(here.add_bucket_link("whole", "OTHERS").await, |info| object(&info)),
        shown(here.add_link("twice", &here.info("link").await?).await),
        shown(here.add_link("target", &target).await),
        content(&here, "link").await,
        content(&here, "whole").await,
        content(&other, "far").await,
    ];
    here.delete("target").await?;
    out.push(content(&other, "far").await);
    s.end(out).await
}

async fn object_watch() -> Outcome {
    let mut s = Streams::open("jetstream").await?;
    let store = store(&mut s, called("WATCHED")).await?;
    store.put("before", &mut &b"1"[..]).await?;
    let mut out = Vec::new();
    for mut watch in [store.watch().await?, store.watch_with_history().await?] {
        store.put("after", &mut &b"2"[..]).await?;
        store.delete("before").await?;
        while let Ok(Some(next)) = timeout(QUIET, watch.next()).await {
            out.push(said(next, |info| object(&info)));
        }
        store.put("before", &mut &b"3"[..]).await?;
    }
    s.end(out).await
}
