//! Draining, reconnecting, lame duck mode.

use std::time::Duration;

use async_nats::{ConnectOptions, Event};
use futures_util::{FutureExt, StreamExt};

use crate::harness::{attempt, order, plain, publish, session, settle, take};
use crate::{Outcome, Scenario};

pub const SCENARIOS: &[Scenario] = &[
    ("drain-subscription", || drain_subscription().boxed()),
    ("drain-connection", || drain_connection().boxed()),
    ("reconnect", || reconnect().boxed()),
    ("lame-duck", || lame_duck().boxed()),
];

async fn drain_subscription() -> Outcome {
    let (nc, peer) = (plain().await?, plain().await?);
    let mut sub = nc.subscribe("drain.rs").await?;
    settle(&nc).await?;
    publish(&peer, &["drain.rs"; 20]).await?;
    settle(&peer).await?;
    settle(&nc).await?;
    sub.drain().await?;
    settle(&nc).await?;
    publish(&peer, &["drain.rs"]).await?;
    settle(&peer).await?;
    let mut delivered = 0;
    while sub.next().await.is_some() {
        delivered += 1;
    }
    Ok(format!("delivered={delivered} then the end"))
}

async fn drain_connection() -> Outcome {
    let peer = plain().await?;
    let mut answers = peer.subscribe("drained.rs").await?;
    let mut s = session("plain", ConnectOptions::new()).await?;
    let mut work = s.nc.queue_subscribe("drain.conn.rs", "group".to_owned()).await?;
    settle(&s.nc).await?;
    settle(&peer).await?;
    publish(&peer, &["drain.conn.rs"; 20]).await?;
    settle(&peer).await?;
    settle(&s.nc).await?;
    s.nc.drain().await?;
    let mut delivered = 0;
    while work.next().await.is_some() {
        delivered += 1;
        let _ = peer.publish("drained.rs", "".into()).await;
    }
    let closed = s.event(|e| matches!(e, Event::Closed)).await;
    let after = s.nc.publish("x", "".into()).await.err().map(|e| e.to_string());
    Ok(format!(
        "{closed}; delivered={delivered} answers={} then {after:?}",
        take(&mut answers, 20).await.len()
    ))
}

async fn reconnect() -> Outcome {
    let mut s = session("plain", ConnectOptions::new()).await?;
    s.event(|e| matches!(e, Event::Connected)).await;
    let mut all = s.nc.subscribe("again.*").await?;
    let mut crew = s.nc.queue_subscribe("again.rs", "crew".to_owned()).await?;
    let mut limited = s.nc.subscribe("again.rs").await?;
    limited.unsubscribe_after(3).await?;
    publish(&s.nc, &["again.rs"]).await?;
    let before = take(&mut all, 1).await.len();
    order("restart", "plain").await?;
    let lost = s.event(|e| matches!(e, Event::Disconnected)).await;
    let back = s.event(|e| matches!(e, Event::Connected)).await;
    publish(&s.nc, &["again.rs"; 5]).await?;
    Ok(format!(
        "{lost} {back} before={before} after={} queue={} limited={}",
        take(&mut all, 5).await.len(),
        take(&mut crew, 6).await.len(),
        take(&mut limited, 3).await.len()
    ))
}

async fn lame_duck() -> Outcome {
    let mut s = session("ldm", ConnectOptions::new()).await?;
    let mut sub = s.nc.subscribe("duck.rs").await?;
    settle(&s.nc).await?;
    order("ldm", "ldm").await?;
    let told = s.event(|e| matches!(e, Event::LameDuckMode)).await;
    publish(&s.nc, &["duck.rs"]).await?;
    let seen = take(&mut sub, 1).await.len();
    let late =
        attempt("ldm", ConnectOptions::new().connection_timeout(Duration::from_secs(1))).await;
    Ok(format!("{told}; still delivers {seen}; newcomer {late}"))
}
