//! What every scenario needs: connections, waiting, and the driver's ear.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event, Message, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio::time::timeout;

pub const PATIENCE: Duration = Duration::from_secs(5);
pub const QUIET: Duration = Duration::from_millis(250);

pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

pub fn url(fixture: &str) -> String {
    variable(&format!("URL_{}", fixture.to_uppercase()))
}

pub fn cert(name: &str) -> PathBuf {
    PathBuf::from(format!("{}/{name}.pem", variable("CERTS")))
}

/// A connection and the events that its callback was given.
pub struct Session {
    pub nc: Client,
    pub events: mpsc::UnboundedReceiver<Event>,
}

impl Session {
    /// The next event that says something of an error, as text.
    pub async fn error(&mut self) -> String {
        self.event(|e| matches!(e, Event::ServerError(_) | Event::ClientError(_))).await
    }

    /// The next event that `wanted` picks.
    pub async fn event(&mut self, wanted: fn(&Event) -> bool) -> String {
        let search = async {
            while let Some(event) = self.events.recv().await {
                if wanted(&event) {
                    return event.to_string();
                }
            }
            "events ended".to_owned()
        };
        timeout(PATIENCE, search).await.unwrap_or_else(|_| "nothing".to_owned())
    }
}

pub async fn session(
    fixture: &str,
    options: ConnectOptions,
) -> Result<Session, async_nats::ConnectError> {
    let (sender, events) = mpsc::unbounded_channel();
    let options = options
        .connection_timeout(PATIENCE)
        .reconnect_delay_callback(|_| Duration::from_millis(50))
        .event_callback(move |event| {
            let sender = sender.clone();
            async move {
                let _ = sender.send(event);
            }
        });
    let nc = options.connect(url(fixture)).await?;
    Ok(Session { nc, events })
}

pub async fn plain() -> Result<Client, async_nats::ConnectError> {
    Ok(session("plain", ConnectOptions::new()).await?.nc)
}

/// Connects, flushes and tells how that went.
pub async fn attempt(fixture: &str, options: ConnectOptions) -> String {
    match session(fixture, options).await {
        Err(error) => format!("[{:?}: {error}]", error.kind()),
        Ok(session) => match timeout(PATIENCE, session.nc.flush()).await {
            Ok(Ok(())) => "[connected]".to_owned(),
            Ok(Err(error)) => format!("[flush {error}]"),
            Err(_) => "[flush timed out]".to_owned(),
        },
    }
}

/// Up to `want` messages, and then a look whether more follow.
pub async fn take(sub: &mut Subscriber, want: usize) -> Vec<Message> {
    let mut got = Vec::new();
    loop {
        let wait = if got.len() < want { PATIENCE } else { QUIET };
        match timeout(wait, sub.next()).await {
            Ok(Some(message)) => got.push(message),
            _ => return got,
        }
    }
}

pub fn subjects(messages: &[Message]) -> String {
    let names: Vec<&str> = messages.iter().map(|m| m.subject.as_str()).collect();
    format!("[{}]", names.join(" "))
}

pub async fn publish(
    nc: &Client,
    names: &[&str],
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    for name in names {
        nc.publish(name.to_string(), Bytes::copy_from_slice(name.as_bytes())).await?;
    }
    Ok(nc.flush().await?)
}

/// Returns when the server has done all that the connection asked before.
///
/// `flush` is no such barrier: it ends when the bytes have left.
pub async fn settle(nc: &Client) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let subject = format!("_INBOX.settle.{}", nc.server_info().client_id);
    let mut sub = nc.subscribe(subject.clone()).await?;
    nc.publish(subject, Bytes::new()).await?;
    timeout(PATIENCE, sub.next()).await?;
    Ok(sub.unsubscribe().await?)
}

pub fn hash<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut digest = Sha256::new();
    for chunk in chunks {
        digest.update(chunk);
    }
    digest.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect()
}

pub fn pattern(size: usize) -> Bytes {
    (0..size).map(|i| ((i * 7 + i / 251) & 255) as u8).collect()
}

/// Asks the driver to do something to a server; returns when it is done.
pub async fn order(verb: &str, fixture: &str) -> std::io::Result<()> {
    println!("@{verb} {fixture}");
    std::io::stdout().flush()?;
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    });
    let answer = read.await??;
    assert_eq!(answer.trim(), "@done", "the driver answered something else");
    Ok(())
}
