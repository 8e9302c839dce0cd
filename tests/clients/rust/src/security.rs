//! Logins, permissions, TLS, limits.

use async_nats::ConnectOptions;
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};

use crate::harness::{
    attempt, cert, hash, pattern, publish, session, settle, subjects, take, variable,
};
use crate::{Outcome, Scenario};

pub const SCENARIOS: &[Scenario] = &[
    ("auth-token", || auth_token().boxed()),
    ("auth-bcrypt-token", || auth_bcrypt_token().boxed()),
    ("auth-user", || auth_user().boxed()),
    ("auth-several-users", || auth_several_users().boxed()),
    ("auth-nkey", || auth_nkey().boxed()),
    ("auth-no-auth-user", || auth_no_auth_user().boxed()),
    ("permission-publish", || permission_publish().boxed()),
    ("permission-subscribe", || permission_subscribe().boxed()),
    ("permission-queue", || permission_queue().boxed()),
    ("permission-deny", || permission_deny().boxed()),
    ("permission-responses", || permission_responses().boxed()),
    ("permission-default", || permission_default().boxed()),
    ("tls", || tls().boxed()),
    ("tls-untrusted", || tls_untrusted().boxed()),
    ("tls-verify", || tls_verify().boxed()),
    ("tls-verify-missing", || tls_verify_missing().boxed()),
    ("tls-verify-unknown", || tls_verify_unknown().boxed()),
    ("tls-map", || tls_map().boxed()),
    ("tls-map-unknown", || tls_map_unknown().boxed()),
    ("tls-first", || tls_first().boxed()),
    ("max-connections", || max_connections().boxed()),
    ("max-subscriptions", || max_subscriptions().boxed()),
    ("small-max-payload", || small_max_payload().boxed()),
];

fn nobody() -> ConnectOptions {
    ConnectOptions::new()
}

fn token(token: &str) -> ConnectOptions {
    ConnectOptions::with_token(token.to_owned())
}

fn user(name: &str, password: &str) -> ConnectOptions {
    ConnectOptions::with_user_and_password(name.to_owned(), password.to_owned())
}

fn admin() -> ConnectOptions {
    user("admin", "admin-pass")
}

fn limited() -> ConnectOptions {
    user("limited", "limited-pass")
}

fn trusting(authority: &str) -> ConnectOptions {
    ConnectOptions::new().require_tls(true).add_root_certificates(cert(authority))
}

fn presenting(client: &str) -> ConnectOptions {
    trusting("ca").add_client_certificate(cert(client), cert(&format!("{client}-key")))
}

async fn tries(fixture: &str, table: Vec<(&str, ConnectOptions)>) -> Outcome {
    let mut out = Vec::new();
    for (what, options) in table {
        out.push(format!("{what} {}", attempt(fixture, options).await));
    }
    Ok(out.join(" "))
}

async fn auth_token() -> Outcome {
    tries(
        "token",
        vec![
            ("right", token("open-sesame")),
            ("missing", nobody()),
            ("wrong", token("open-barley")),
        ],
    )
    .await
}

async fn auth_bcrypt_token() -> Outcome {
    let table = vec![
        ("right", token("hashed-token")),
        ("missing", nobody()),
        ("wrong", token("open-sesame")),
    ];
    tries("hashtoken", table).await
}

async fn auth_user() -> Outcome {
    let table = vec![
        ("right", user("alice", "wonderland")),
        ("missing", nobody()),
        ("wrong password", user("alice", "x")),
        ("wrong user", user("bob", "wonderland")),
    ];
    tries("user", table).await
}

async fn auth_several_users() -> Outcome {
    let table = vec![
        ("plain", admin()),
        ("hashed", user("hashed", "hashed-pass")),
        ("hashed wrong", user("hashed", "admin-pass")),
        ("unknown", user("nobody", "admin-pass")),
    ];
    tries("users", table).await
}

async fn auth_nkey() -> Outcome {
    let key = |name| ConnectOptions::with_nkey(variable(name));
    let table = vec![
        ("right", key("NKEY_SEED")),
        ("other key", key("NKEY_OTHER_SEED")),
        ("missing", nobody()),
    ];
    tries("nkey", table).await
}

async fn auth_no_auth_user() -> Outcome {
    let mut s = session("noauth", nobody()).await?;
    let mut sub = s.nc.subscribe("guest.rs").await?;
    publish(&s.nc, &["guest.rs", "other.rs"]).await?;
    let seen = take(&mut sub, 1).await.len();
    let others = tries("noauth", vec![("admin", admin()), ("wrong", user("admin", "x"))]).await?;
    Ok(format!("own={seen}; {}; {others}", s.error().await))
}

async fn permission_publish() -> Outcome {
    let (mut s, watcher) = (session("users", limited()).await?, session("users", admin()).await?);
    let mut sub = watcher.nc.subscribe("orders.>").await?;
    settle(&watcher.nc).await?;
    publish(&s.nc, &["orders.new", "orders.secret", "orders.new.deep", "orders.last"]).await?;
    Ok(format!(
        "seen {}; {}; {}",
        subjects(&take(&mut sub, 2).await),
        s.error().await,
        s.error().await
    ))
}

async fn permission_subscribe() -> Outcome {
    let mut s = session("users", limited()).await?;
    let _stock = s.nc.subscribe("stock.rs").await?;
    let _hidden = s.nc.subscribe("orders.hidden").await?;
    settle(&s.nc).await?;
    Ok(format!("{}; {}; {}", s.error().await, s.error().await, s.nc.connection_state()))
}

async fn permission_queue() -> Outcome {
    let (mut s, sender) = (session("users", limited()).await?, session("users", admin()).await?);
    let mut member = s.nc.queue_subscribe("jobs", "workers".to_owned()).await?;
    let _thief = s.nc.queue_subscribe("jobs", "thieves".to_owned()).await?;
    let _lone = s.nc.subscribe("jobs").await?;
    settle(&s.nc).await?;
    publish(&sender.nc, &["jobs", "jobs"]).await?;
    Ok(format!(
        "{}; {}; member={}",
        s.error().await,
        s.error().await,
        take(&mut member, 2).await.len()
    ))
}

async fn permission_deny() -> Outcome {
    let (s, sender) = (session("users", limited()).await?, session("users", admin()).await?);
    let mut sub = s.nc.subscribe("orders.*").await?;
    settle(&s.nc).await?;
    publish(&sender.nc, &["orders.open", "orders.hidden", "orders.closed"]).await?;
    Ok(format!("seen {}", subjects(&take(&mut sub, 2).await)))
}

async fn permission_responses() -> Outcome {
    let mut s = session("users", user("service", "service-pass")).await?;
    let client = session("users", admin()).await?;
    let mut requests = s.nc.subscribe("svc.echo").await?;
    settle(&s.nc).await?;
    let mut answers = client.nc.subscribe("_INBOX.responses.rs").await?;
    client.nc.publish_with_reply("svc.echo", "_INBOX.responses.rs", "hi".into()).await?;
    let reply = requests.next().await.and_then(|m| m.reply).ok_or("no reply subject")?;
    for i in 0..3 {
        s.nc.publish(reply.clone(), format!("{i}").into()).await?;
    }
    s.nc.publish("svc.own", Bytes::new()).await?;
    Ok(format!(
        "answers={}; {}; {}",
        take(&mut answers, 2).await.len(),
        s.error().await,
        s.error().await
    ))
}

async fn permission_default() -> Outcome {
    let mut s = session("users", user("hashed", "hashed-pass")).await?;
    let mut sub = s.nc.subscribe("public.>").await?;
    publish(&s.nc, &["public.rs", "private.rs"]).await?;
    let _refused = s.nc.subscribe("private.rs").await?;
    settle(&s.nc).await?;
    Ok(format!("own={}; {}; {}", take(&mut sub, 1).await.len(), s.error().await, s.error().await))
}

async fn tls() -> Outcome {
    let s = session("tls", trusting("ca")).await?;
    let mut sub = s.nc.subscribe("tls.rs").await?;
    s.nc.publish("tls.rs", pattern(200_000)).await?;
    let got = take(&mut sub, 1).await.remove(0).payload;
    let required = s.nc.server_info().tls_required;
    let by_server = attempt("tls", ConnectOptions::new().add_root_certificates(cert("ca"))).await;
    Ok(format!(
        "required={required} hash={}; asked for by the server alone {by_server}",
        hash([got.as_ref()])
    ))
}

async fn tls_untrusted() -> Outcome {
    Ok(attempt("tls", trusting("other-ca")).await)
}

async fn tls_verify() -> Outcome {
    Ok(attempt("tlsverify", presenting("client")).await)
}

/// Which of two races was lost depends on when the server's alert arrives.
fn refused(outcome: String) -> String {
    if outcome == "[connected]" { outcome } else { "refused".to_owned() }
}

async fn tls_verify_missing() -> Outcome {
    Ok(refused(attempt("tlsverify", trusting("ca")).await))
}

async fn tls_verify_unknown() -> Outcome {
    Ok(refused(attempt("tlsverify", presenting("foreign")).await))
}

async fn tls_map() -> Outcome {
    let mut s = session("tlsmap", presenting("client")).await?;
    let mut sub = s.nc.subscribe("app.>").await?;
    publish(&s.nc, &["app.rs", "other.rs"]).await?;
    Ok(format!("own={}; {}", take(&mut sub, 1).await.len(), s.error().await))
}

async fn tls_map_unknown() -> Outcome {
    Ok(attempt("tlsmap", presenting("stranger")).await)
}

async fn tls_first() -> Outcome {
    Ok(attempt("tlsfirst", trusting("ca").tls_first()).await)
}

async fn max_connections() -> Outcome {
    let _held = (session("crowded", nobody()).await?, session("crowded", nobody()).await?);
    Ok(refused(attempt("crowded", nobody()).await))
}

async fn max_subscriptions() -> Outcome {
    let mut s = session("limits", nobody()).await?;
    let mut subs = Vec::new();
    for _ in 0..3 {
        subs.push(s.nc.subscribe("limit.rs").await?);
    }
    s.nc.flush().await?;
    let told = s.error().await;
    publish(&s.nc, &["limit.rs"]).await?;
    let mut counts = Vec::new();
    for (sub, want) in subs.iter_mut().zip([1, 1, 0]) {
        counts.push(take(sub, want).await.len());
    }
    Ok(format!("{told}; {counts:?}"))
}

async fn small_max_payload() -> Outcome {
    let nc = session("limits", nobody()).await?.nc;
    nc.publish("limit.rs", pattern(1024)).await?;
    let over = nc.publish("limit.rs", pattern(1025)).await.err().map(|e| e.to_string());
    nc.flush().await?;
    Ok(format!("max={} over {over:?}", nc.server_info().max_payload))
}
