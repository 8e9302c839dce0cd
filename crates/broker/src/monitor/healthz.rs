//! `/healthz`, `/livez` and `/readyz`.

use serde::Serialize;

use super::answer::Answer;
use super::query::{BadRequest, Query};
use crate::server::Phase;

/// What nats-server says where it accepts no clients. It is that also in lame duck mode, so that
/// load balancers turn away.
const NOT_LISTENING: &str = "failed to be ready for connections after 1ms: server";

#[derive(Debug, Serialize)]
struct Health {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<[Detail; 1]>,
}

#[derive(Debug, Serialize)]
struct Detail {
    #[serde(rename = "type")]
    kind: &'static str,
    error: String,
}

/// Answers `/healthz`. Without JetStream, its parameters are only checked.
pub(super) fn healthz(query: &Query, phase: Phase) -> Result<Answer, BadRequest> {
    for name in ["js-enabled", "js-enabled-only", "js-server-only", "js-meta-only"] {
        query.flag(name)?;
    }
    let details = query.flag("details")?;
    let [account, stream, consumer] = ["account", "stream", "consumer"].map(|n| query.text(n));
    if account.is_empty() && !stream.is_empty() {
        return Ok(failed(400, "BAD_REQUEST", missing("account", "stream"), details));
    }
    if stream.is_empty() && !consumer.is_empty() {
        return Ok(failed(400, "BAD_REQUEST", missing("stream", "consumer"), details));
    }
    if phase != Phase::Running {
        return Ok(failed(500, "CONNECTION", NOT_LISTENING.to_owned(), details));
    }
    Ok(well())
}

/// Answers `/livez`: whoever reads this, the process lives.
#[must_use]
pub(super) fn livez() -> Answer {
    well()
}

/// Answers `/readyz`: clients may come.
#[must_use]
pub(super) fn readyz(phase: Phase) -> Answer {
    let why = match phase {
        Phase::Running => return well(),
        Phase::LameDuck => "lame duck mode",
        Phase::Stopping => "shutting down",
    };
    let health = Health { status: "unavailable", error: Some(why.to_owned()), errors: None };
    Answer::line(503, &health)
}

fn well() -> Answer {
    Answer::line(200, &Health { status: "ok", error: None, errors: None })
}

fn missing(parameter: &str, of: &str) -> String {
    format!("{parameter:?} must not be empty when checking {of} health")
}

fn failed(status: u16, kind: &'static str, error: String, details: bool) -> Answer {
    let health = if details {
        Health { status: "error", error: None, errors: Some([Detail { kind, error }]) }
    } else {
        Health { status: "error", error: Some(error), errors: None }
    };
    Answer::line(status, &health)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str, phase: Phase) -> (u16, String) {
        let answer = Answer::from(healthz(&Query::parse(query), phase));
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
        assert_eq!(readyz(Phase::LameDuck).status, 503);
        assert_eq!(readyz(Phase::Running).status, 200);
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
}
