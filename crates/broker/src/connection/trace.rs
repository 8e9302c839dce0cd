//! Log lines about one connection: what it did wrong, and, when asked for, every operation.

use anabranch_auth::Identity;
use anabranch_config::Options;
use anabranch_nats::codec::{Op, ParseError};
use anabranch_nats::error_text::quoted;
use anabranch_nats::session::Report;

use super::redact;
use crate::client::Client;
use crate::worker::trace::payload;

/// Says what a session found, in nats-server's words.
pub(super) fn report(client: &Client, what: &Report<'_>, identity: Option<&Identity>) {
    let label = client.label();
    match what {
        Report::AuthorizationViolation => match identity {
            Some(who) => log::error!("{label} - authentication error - {}", who.principal),
            None => log::error!("{label} - authentication error"),
        },
        Report::AuthenticationTimeout => log::debug!("{label} - Authentication Timeout"),
        Report::PublishViolation(subject) => {
            log::error!("{label} - Publish Violation - Subject {}", quoted(subject));
        }
        Report::ReplyViolation(reply) => {
            log::error!("{label} - Publish Violation - Reply {}", quoted(reply));
        }
        Report::SubscriptionViolation(subject, queue, sid) => {
            let queue = queue.map_or_else(String::new, |q| format!(", Queue: {}", quoted(q)));
            log::error!(
                "{label} - Subscription Violation - Subject {}{queue}, SID {}",
                quoted(subject),
                sid.escape_ascii()
            );
        }
        Report::TooManyTokens(subject, sid) => log::error!(
            "{label} - Subscription Violation Too Many Tokens - Subject {}, SID {}",
            quoted(subject),
            sid.escape_ascii()
        ),
        Report::TooManySubscriptions => log::error!("{label} - maximum subscriptions exceeded"),
        Report::PayloadViolation(size, max) => {
            log::error!("{label} - maximum payload exceeded: {size} vs {max}");
        }
        Report::ControlLineViolation => log::error!("{label} - maximum control line exceeded"),
        Report::ParseError(at) => {
            log::error!("{label} - client parser ERROR, proto='{}...'", quoted(at));
        }
        Report::BadArguments { what, arguments, .. } => {
            log::error!("{label} - {what}: {}", quoted(arguments));
        }
        Report::HeadersNotSupported(..) => {
            log::error!("{label} - {}", ParseError::HeadersNotSupported);
        }
        Report::ClientError(text) => {
            log::error!("{label} - Client Error {}", text.escape_ascii());
        }
        Report::BadConnect => log::error!("{label} - CONNECT is not what the protocol says"),
        Report::Stale => log::debug!("{label} - Stale Client Connection - Closing"),
    }
}

/// Traces an operation of the client: `<<- [PUB foo 5]`.
pub(super) fn incoming(client: &Client, op: &Op<'_>, options: &Options) {
    let label = client.label();
    let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let line = match op {
        Op::Connect(json) => format!("CONNECT {}", redact::connect(json)),
        Op::Publish(p) => {
            let mut words = vec![if p.by_hpub { "HPUB" } else { "PUB" }.to_owned()];
            words.push(show(p.subject));
            if !p.reply.is_empty() {
                words.push(show(p.reply));
            }
            if p.by_hpub {
                words.push(p.header_len.to_string());
            }
            words.push(p.payload.len().to_string());
            words.join(" ")
        }
        Op::Subscribe { subject, queue, sid } => {
            let queue = queue.map_or_else(|| " ".to_owned(), |q| format!(" {} ", show(q)));
            format!("SUB {}{queue}{}", show(subject), show(sid))
        }
        Op::Unsubscribe { sid, max } => {
            let max = max.map_or_else(String::new, |m| format!(" {m}"));
            format!("UNSUB {}{max}", show(sid))
        }
        Op::Ping => "PING".to_owned(),
        Op::Pong => "PONG".to_owned(),
        Op::Info(_) => "INFO".to_owned(),
        Op::Ok => "+OK".to_owned(),
        Op::Err(text) => format!("-ERR {}", show(text)),
    };
    log::trace!("{label} - <<- [{line}]");
    if let Op::Publish(p) = op {
        payload(client, "<<-", p.payload, p.header_len, options);
    }
}

/// Traces an operation that is refused for its arguments, as it came.
pub(super) fn refused(client: &Client, what: &Report<'_>) {
    if let Report::BadArguments { name, arguments, .. }
    | Report::HeadersNotSupported(name, arguments) = what
    {
        let name = String::from_utf8_lossy(name).to_ascii_uppercase();
        let arguments = String::from_utf8_lossy(arguments);
        log::trace!("{} - <<- [{name} {arguments}]", client.label());
    }
}

/// Traces what the server says to the client, messages apart: `->> [PONG]`.
pub(super) fn outgoing(client: &Client, bytes: &[u8]) {
    let line = String::from_utf8_lossy(bytes.trim_ascii_end()).into_owned();
    let line = line.strip_prefix('+').unwrap_or(&line).replacen("-ERR '", "-ERR ", 1);
    log::trace!("{} - ->> [{}]", client.label(), line.trim_end_matches('\''));
}
