//! `/healthz`, `/livez` and `/readyz`.

use serde::Serialize;

use super::answer::Answer;
use super::query::{BadRequest, Query};
use crate::server::Phase;

/// What nats-server says where it accepts no clients. It is that also in lame duck mode, so that
/// load balancers turn away.
const NOT_LISTENING: &str = "failed to be ready for connections after 1ms: server";

/// The server as this sees it.
pub(super) struct Health<'a> {
    pub(super) phase: Phase,
    /// The name of the one account.
    pub(super) account: &'a str,
    /// Where JetStream is on.
    pub(super) streams: Option<&'a dyn Streams>,
}

/// The streams of the one account.
pub(super) trait Streams {
    /// Nothing is stored any more.
    fn failed(&self) -> bool;
    /// There are none.
    fn is_empty(&self) -> bool;
    /// The stream of this name.
    fn find(&self, name: &str) -> Found;
    /// A stream that cannot be written to, and why.
    fn broken(&self) -> Option<(String, String)>;
    /// Streams of which damage took messages, and how many.
    fn lost(&self) -> Vec<(String, u64)>;
}

/// A stream that was looked for.
pub(super) enum Found {
    /// It is there and well.
    Well,
    /// It cannot be written to.
    Broken(String),
    /// It is not there.
    Missing,
}

#[derive(Debug, Serialize)]
struct Document {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<[Detail; 1]>,
    /// What damage took. The server is well, but nobody should overlook it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lost: Vec<Lost>,
}

/// Messages that damage took from a stream.
#[derive(Debug, Serialize)]
struct Lost {
    account: String,
    stream: String,
    messages: u64,
}

#[derive(Debug, Default, Serialize)]
struct Detail {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    account: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    stream: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    consumer: String,
    error: String,
}

/// Something that is not well.
struct Trouble {
    status: u16,
    /// Where no details are asked for.
    summary: &'static str,
    detail: Detail,
}

impl Trouble {
    fn new(status: u16, summary: &'static str, kind: &'static str, error: String) -> Self {
        Self { status, summary, detail: Detail { kind, error, ..Detail::default() } }
    }

    fn of(mut self, account: &str, stream: &str, consumer: &str) -> Self {
        self.detail.account = account.to_owned();
        self.detail.stream = stream.to_owned();
        self.detail.consumer = consumer.to_owned();
        self
    }
}

/// What is asked about.
struct Asked<'a> {
    account: &'a str,
    stream: &'a str,
    consumer: &'a str,
    /// Nothing about JetStream.
    server_only: bool,
    /// Nothing about streams.
    enabled_only: bool,
}

/// Answers `/healthz`.
pub(super) fn healthz(query: &Query, health: &Health<'_>) -> Result<Answer, BadRequest> {
    let enabled = query.flag("js-enabled")?;
    let enabled_only = query.flag("js-enabled-only")? || enabled;
    let server_only = query.flag("js-server-only")?;
    query.flag("js-meta-only")?;
    let details = query.flag("details")?;
    let [account, stream, consumer] = ["account", "stream", "consumer"].map(|n| query.text(n));
    let asked = Asked { account, stream, consumer, server_only, enabled_only };
    Ok(match trouble(&asked, health) {
        None => well(lost(&asked, health)),
        Some(trouble) => failed(trouble, details),
    })
}

fn trouble(asked: &Asked<'_>, health: &Health<'_>) -> Option<Trouble> {
    let Asked { account, stream, consumer, .. } = *asked;
    let lacks =
        |parameter, of| Some(Trouble::new(400, "error", "BAD_REQUEST", missing(parameter, of)));
    if account.is_empty() && !stream.is_empty() {
        return lacks("account", "stream");
    }
    if stream.is_empty() && !consumer.is_empty() {
        return lacks("stream", "consumer");
    }
    if health.phase != Phase::Running {
        return Some(Trouble::new(500, "error", "CONNECTION", NOT_LISTENING.to_owned()));
    }
    let streams = health.streams.filter(|_| !asked.server_only)?;
    if streams.failed() {
        let error = "JetStream has stopped: its storage has failed".to_owned();
        return Some(Trouble::new(503, "unavailable", "JETSTREAM", error));
    }
    if asked.enabled_only { None } else { stream_trouble(asked, health.account, streams) }
}

/// What damage took from the streams that are asked about.
fn lost(asked: &Asked<'_>, health: &Health<'_>) -> Vec<Lost> {
    if asked.server_only || asked.enabled_only {
        return Vec::new();
    }
    let all = health.streams.map(Streams::lost).unwrap_or_default().into_iter();
    let asked = all.filter(|(stream, _)| asked.stream.is_empty() || asked.stream == stream);
    let account = || health.account.to_owned();
    asked.map(|(stream, messages)| Lost { account: account(), stream, messages }).collect()
}

fn stream_trouble(asked: &Asked<'_>, own: &str, streams: &dyn Streams) -> Option<Trouble> {
    let Asked { account, stream, consumer, .. } = *asked;
    let broken = |stream: &str, why: &str| {
        let error = format!("JetStream stream '{own} > {stream}' write error: {why}");
        Some(Trouble::new(503, "unavailable", "STREAM", error).of(own, stream, ""))
    };
    let missing = |kind, error| Trouble::new(404, "unavailable", kind, error);
    // nats-server has no directory for an account before its first stream.
    if !account.is_empty() && (account != own || streams.is_empty()) {
        let error = format!("JetStream account {account:?} not found");
        return Some(missing("ACCOUNT", error).of(account, "", ""));
    }
    if stream.is_empty() {
        return streams.broken().and_then(|(stream, why)| broken(&stream, &why));
    }
    match streams.find(stream) {
        Found::Broken(why) => broken(stream, &why),
        Found::Missing => {
            let error = format!("JetStream stream {stream:?} not found on account {account:?}");
            Some(missing("STREAM", error).of(account, stream, ""))
        }
        Found::Well if !consumer.is_empty() => {
            let error = format!(
                "JetStream consumer {consumer:?} not found for stream {stream:?} on account \
                 {account:?}"
            );
            Some(missing("CONSUMER", error).of(account, stream, consumer))
        }
        Found::Well => None,
    }
}

/// Answers `/livez`: whoever reads this, the process lives.
#[must_use]
pub(super) fn livez() -> Answer {
    well(Vec::new())
}

/// Answers `/readyz`: clients may come. `read`: bytes of the log that are read at the start, and
/// of how many at most.
#[must_use]
pub(super) fn readyz(phase: Phase, read: (u64, u64)) -> Answer {
    let why = match phase {
        Phase::Starting if read.1 > 0 => {
            let (done, max) = (read.0 >> 20, read.1.div_ceil(1 << 20));
            return unready(&format!("starting: {done} of at most {max} MiB of the log are read"));
        }
        Phase::Running => return well(Vec::new()),
        Phase::Starting => "starting: streams are being read",
        Phase::LameDuck => "lame duck mode",
        Phase::Stopping => "shutting down",
    };
    unready(why)
}

fn unready(why: &str) -> Answer {
    let error = Some(why.to_owned());
    let document = Document { status: "unavailable", error, errors: None, lost: Vec::new() };
    Answer::line(503, &document)
}

fn well(lost: Vec<Lost>) -> Answer {
    Answer::line(200, &Document { status: "ok", error: None, errors: None, lost })
}

fn missing(parameter: &str, of: &str) -> String {
    format!("{parameter:?} must not be empty when checking {of} health")
}

fn failed(trouble: Trouble, details: bool) -> Answer {
    let Trouble { status, summary, detail } = trouble;
    let document = if details {
        log::warn!("Healthcheck failed: 1 errors");
        Document { status: "error", error: None, errors: Some([detail]), lost: Vec::new() }
    } else {
        log::warn!("Healthcheck failed: {:?}", detail.error);
        Document { status: summary, error: Some(detail.error), errors: None, lost: Vec::new() }
    };
    Answer::line(status, &document)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream S that is well, and B that is not.
    struct Two;

    impl Streams for Two {
        fn failed(&self) -> bool {
            false
        }

        fn is_empty(&self) -> bool {
            false
        }

        fn find(&self, name: &str) -> Found {
            match name {
                "S" => Found::Well,
                "B" => Found::Broken("no space".to_owned()),
                _ => Found::Missing,
            }
        }

        fn lost(&self) -> Vec<(String, u64)> {
            vec![("S".to_owned(), 7)]
        }

        fn broken(&self) -> Option<(String, String)> {
            Some(("B".to_owned(), "no space".to_owned()))
        }
    }

    fn asked(query: &str, phase: Phase) -> (u16, String) {
        asked_of(query, &Health { phase, account: "$G", streams: None })
    }

    fn asked_of(query: &str, health: &Health<'_>) -> (u16, String) {
        let answer = Answer::from(healthz(&Query::parse(query), health));
        (answer.status, String::from_utf8(answer.body.to_vec()).unwrap())
    }

    #[test]
    fn is_well_while_it_serves() {
        for query in ["", "details=1", "js-enabled-only=true", "account=a&stream=s&consumer=c"] {
            let expected = (200, r#"{"status":"ok"}"#.to_owned());
            assert_eq!(asked(query, Phase::Running), expected, "{query}");
        }
    }

    #[test]
    fn turns_clients_away_in_lame_duck_mode() {
        let (status, body) = asked("", Phase::LameDuck);
        assert_eq!(status, 500);
        assert_eq!(body, format!(r#"{{"status":"error","error":"{NOT_LISTENING}"}}"#));
        assert_eq!(readyz(Phase::LameDuck, (0, 0)).status, 503);
        assert_eq!(readyz(Phase::Running, (5, 5)).status, 200);
    }

    #[test]
    fn tells_how_far_a_start_has_got() {
        for (read, why) in [
            ((0, 0), "starting: streams are being read"),
            ((3 << 20, 10 << 20), "starting: 3 of at most 10 MiB of the log are read"),
        ] {
            let answer = readyz(Phase::Starting, read);
            let body = String::from_utf8(answer.body.to_vec()).unwrap();
            assert_eq!(answer.status, 503);
            assert_eq!(body, format!(r#"{{"status":"unavailable","error":"{why}"}}"#));
        }
    }

    #[test]
    fn refuses_parameters_that_lack_others() {
        let (status, body) = asked("details=1&stream=s", Phase::Running);
        assert_eq!(status, 400);
        assert_eq!(
            body,
            [
                r#"{"status":"error","errors":[{"type":"BAD_REQUEST","error":"#,
                r#""\"account\" must not be empty when checking stream health"}]}"#,
            ]
            .concat()
        );
        assert_eq!(asked("consumer=c", Phase::Running).0, 400);
        assert_eq!(asked("js-enabled=x", Phase::Running).0, 400);
    }

    #[test]
    fn streams_are_looked_for() {
        let health = Health { phase: Phase::Running, account: "$G", streams: Some(&Two) };
        let asked = |query| asked_of(query, &health);
        let lost = r#"{"status":"ok","lost":[{"account":"$G","stream":"S","messages":7}]}"#;
        assert_eq!(asked("account=$G&stream=S"), (200, lost.to_owned()));
        assert_eq!(asked("js-enabled-only=1").0, 200);
        assert_eq!(asked("js-server-only=1").0, 200);
        for (query, error) in [
            ("account=X", r#"JetStream account \"X\" not found"#),
            ("account=$G&stream=N", r#"JetStream stream \"N\" not found on account \"$G\""#),
            (
                "account=$G&stream=S&consumer=c",
                r#"JetStream consumer \"c\" not found for stream \"S\" on account \"$G\""#,
            ),
        ] {
            let expected = format!(r#"{{"status":"unavailable","error":"{error}"}}"#);
            assert_eq!(asked(query), (404, expected), "{query}");
        }
        let (status, body) = asked("details=1");
        assert_eq!(status, 503);
        assert!(body.contains(r#""type":"STREAM","account":"$G","stream":"B","error":"JetS"#));
    }
}
