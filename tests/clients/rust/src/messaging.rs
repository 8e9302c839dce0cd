//! Publishing, subscribing, requesting.

use async_nats::{Client, ConnectOptions, HeaderMap, Subscriber};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};

use crate::harness::{
    PATIENCE, QUIET, hash, pattern, plain, publish, session, settle, subjects, take,
};
use crate::{Outcome, Scenario};

pub const SCENARIOS: &[Scenario] = &[
    ("connection-info", || connection_info().boxed()),
    ("publish-subscribe", || publish_subscribe().boxed()),
    ("wildcards", || wildcards().boxed()),
    ("queue-group", || queue_group().boxed()),
    ("two-queue-groups", || two_queue_groups().boxed()),
    ("request-reply", || request_reply().boxed()),
    ("request-many", || request_many().boxed()),
    ("no-responders", || no_responders().boxed()),
    ("request-timeout", || request_timeout().boxed()),
    ("headers", || headers().boxed()),
    ("empty-payload", || empty_payload().boxed()),
    ("large-payload", || large_payload().boxed()),
    ("over-max-payload", || over_max_payload().boxed()),
    ("unsubscribe-after", || unsubscribe_after().boxed()),
    ("no-echo", || no_echo().boxed()),
    ("flush-rtt", || flush_rtt().boxed()),
];

async fn connection_info() -> Outcome {
    let nc = plain().await?;
    nc.flush().await?;
    let i = nc.server_info();
    Ok(format!(
        "name={} version={} proto={} max_payload={} headers={} auth={} tls={} lame_duck={} \
         nonce={:?} client={} ip={} urls={:?}",
        i.server_name,
        i.version,
        i.proto,
        i.max_payload,
        i.headers,
        i.auth_required,
        i.tls_required,
        i.lame_duck_mode,
        i.nonce,
        i.client_id > 0,
        i.client_ip,
        i.connect_urls
    ))
}

async fn publish_subscribe() -> Outcome {
    let (nc, peer) = (plain().await?, plain().await?);
    let mut sub = nc.subscribe("news.rs").await?;
    settle(&nc).await?;
    for i in 0..100 {
        peer.publish("news.rs", format!("message {i}\n").into()).await?;
    }
    settle(&peer).await?;
    let got = take(&mut sub, 100).await;
    Ok(format!("count={} hash={}", got.len(), hash(got.iter().map(|m| m.payload.as_ref()))))
}

async fn wildcards() -> Outcome {
    let nc = plain().await?;
    let mut subs = Vec::new();
    for pattern in ["w.a.b", "w.*.b", "w.a.*", "w.>", "*.a.b", "w.*.*.c"] {
        subs.push((pattern, nc.subscribe(pattern).await?));
    }
    publish(&nc, &["w.a.b", "w.x.b", "w.a", "w.a.b.c", "w", "other.a.b"]).await?;
    let mut out = String::new();
    for (pattern, sub) in &mut subs {
        out += &format!("{pattern}={} ", subjects(&take(sub, 1).await));
    }
    Ok(out)
}

async fn counts(members: &mut [Subscriber]) -> Vec<usize> {
    let mut counts = Vec::new();
    for member in members {
        counts.push(take(member, 1).await.len());
    }
    counts
}

async fn queue_group() -> Outcome {
    let nc = plain().await?;
    let mut everything = nc.subscribe("work.*").await?;
    let mut members = Vec::new();
    for pattern in ["work.*", "work.rs", "work.>"] {
        members.push(nc.queue_subscribe(pattern, "crew".to_owned()).await?);
    }
    publish(&nc, &["work.rs"; 300]).await?;
    let seen = take(&mut everything, 300).await.len();
    let counts = counts(&mut members).await;
    let idle = counts.iter().filter(|n| **n == 0).count();
    Ok(format!("plain={seen} members={} idle={idle}", counts.iter().sum::<usize>()))
}

async fn two_queue_groups() -> Outcome {
    let nc = plain().await?;
    let mut red = Vec::new();
    for _ in 0..2 {
        red.push(nc.queue_subscribe("two.rs", "red".to_owned()).await?);
    }
    let mut blue = nc.queue_subscribe("two.*", "blue".to_owned()).await?;
    publish(&nc, &["two.rs"; 50]).await?;
    let red: usize = counts(&mut red).await.iter().sum();
    Ok(format!("red={red} blue={}", take(&mut blue, 50).await.len()))
}

/// Answers every message of `subject` with what `answer` makes of its payload.
async fn serve(
    nc: &Client,
    subject: &'static str,
    answer: impl Fn(&[u8]) -> Bytes + Send + 'static,
) -> Result<(), async_nats::SubscribeError> {
    let mut requests = nc.subscribe(subject).await?;
    let nc = nc.clone();
    tokio::spawn(async move {
        while let Some(request) = requests.next().await {
            if let Some(reply) = request.reply {
                let _ = nc.publish(reply, answer(&request.payload)).await;
            }
        }
    });
    Ok(())
}

async fn request_reply() -> Outcome {
    let nc = plain().await?;
    serve(&nc, "svc.upper", |body| body.to_ascii_uppercase().into()).await?;
    let answer = nc.request("svc.upper", "hello".into()).await?;
    let own_inbox = async_nats::Request::new().payload("again".into()).inbox(nc.new_inbox());
    let second = nc.send_request("svc.upper", own_inbox).await?;
    Ok(format!("{:?} {:?}", answer.payload, second.payload))
}

async fn request_many() -> Outcome {
    let nc = plain().await?;
    for i in 0..3 {
        serve(&nc, "svc.many", move |_| format!("answer {i}").into()).await?;
    }
    let inbox = nc.new_inbox();
    let mut sub = nc.subscribe(inbox.clone()).await?;
    nc.publish_with_reply("svc.many", inbox, "all".into()).await?;
    let mut got: Vec<Bytes> = take(&mut sub, 3).await.into_iter().map(|m| m.payload).collect();
    got.sort();
    Ok(format!("{got:?}"))
}

async fn no_responders() -> Outcome {
    let nc = plain().await?;
    let error = nc.request("svc.nobody", "x".into()).await.err();
    let mut raw = nc.subscribe("raw.answers.rs").await?;
    nc.publish_with_reply("svc.nobody", "raw.answers.rs", "".into()).await?;
    let got = take(&mut raw, 1).await;
    let parts: Vec<String> = got
        .iter()
        .map(|m| format!("{:?} {:?} {:?} {}", m.status, m.description, m.headers, m.length > 0))
        .collect();
    Ok(format!(
        "{:?} {}; {parts:?}",
        error.as_ref().map(|e| e.kind()),
        error.map(|e| e.to_string()).unwrap_or_default()
    ))
}

async fn request_timeout() -> Outcome {
    let nc = plain().await?;
    let _silent = nc.subscribe("svc.silent").await?;
    let request = async_nats::Request::new().timeout(Some(QUIET));
    match nc.send_request("svc.silent", request).await {
        Ok(_) => Ok("FAIL answered".to_owned()),
        Err(error) => Ok(format!("{:?} {error}", error.kind())),
    }
}

async fn headers() -> Outcome {
    let nc = plain().await?;
    let mut sub = nc.subscribe("headers.rs").await?;
    let mut sent = HeaderMap::new();
    sent.append("Colour", "red");
    sent.append("Colour", "blue");
    sent.append("lower-case", "kept");
    sent.append("Empty", "");
    sent.append("Sentence", "words, commas: and colons");
    nc.publish_with_headers("headers.rs", sent.clone(), "body".into()).await?;
    let got = take(&mut sub, 1).await.remove(0);
    let map = got.headers.ok_or("no headers")?;
    let mut names: Vec<String> = map.iter().map(|(k, v)| format!("{k}={v:?}")).collect();
    names.sort();
    Ok(format!("{names:?} same={} {:?}", map == sent, got.payload))
}

async fn empty_payload() -> Outcome {
    let nc = plain().await?;
    let mut sub = nc.subscribe("empty.rs").await?;
    nc.publish("empty.rs", Bytes::new()).await?;
    nc.publish_with_headers("empty.rs", HeaderMap::new(), Bytes::new()).await?;
    let sizes: Vec<usize> = take(&mut sub, 2).await.iter().map(|m| m.payload.len()).collect();
    Ok(format!("sizes={sizes:?}"))
}

async fn large_payload() -> Outcome {
    let nc = plain().await?;
    let mut sub = nc.subscribe("large.rs").await?;
    let body = pattern(nc.server_info().max_payload);
    nc.publish("large.rs", body.clone()).await?;
    let got = take(&mut sub, 1).await.remove(0).payload;
    Ok(format!("size={} hash={} same={}", got.len(), hash([got.as_ref()]), got == body))
}

async fn over_max_payload() -> Outcome {
    let nc = plain().await?;
    let body = pattern(nc.server_info().max_payload + 1);
    match nc.publish("large.rs", body).await {
        Ok(()) => Ok("FAIL accepted".to_owned()),
        Err(error) => Ok(format!("{:?} {error}", error.kind())),
    }
}

async fn unsubscribe_after() -> Outcome {
    let nc = plain().await?;
    let mut sub = nc.subscribe("auto.rs").await?;
    sub.unsubscribe_after(5).await?;
    publish(&nc, &["auto.rs"; 10]).await?;
    let got = take(&mut sub, 6).await.len();
    Ok(format!("count={got}"))
}

async fn no_echo() -> Outcome {
    let nc = session("plain", ConnectOptions::new().no_echo()).await?.nc;
    let other = plain().await?;
    let (mut own, mut foreign) =
        (nc.subscribe("echo.rs").await?, other.subscribe("echo.rs").await?);
    settle(&other).await?;
    publish(&nc, &["echo.rs"]).await?;
    Ok(format!("other={} own={}", take(&mut foreign, 1).await.len(), take(&mut own, 0).await.len()))
}

async fn flush_rtt() -> Outcome {
    let nc = plain().await?;
    let started = std::time::Instant::now();
    nc.flush().await?;
    Ok(format!("flushed small={}", started.elapsed() < PATIENCE))
}
