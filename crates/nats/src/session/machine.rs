//! The session itself.

use std::time::Duration;

use anabranch_subject::grammar;

use super::host::{Attempt, Delivery, Host, Report, Subscribed, Verdict};
use super::reserved;
use crate::close::CloseReason;
use crate::codec::encode;
use crate::codec::{
    LineLimits, Op, ParseError, Publication, Step, name_and_arguments, parse, plain_publication,
};
use crate::connect::ConnectOptions;
use crate::error_text as text;
use crate::keepalive::{Due, Keepalive};

/// Whether operations need a CONNECT with credentials before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// Anyone may begin with any operation.
    Open,
    /// CONNECT with credentials comes first.
    Required,
    /// Whoever begins without CONNECT is the default user.
    DefaultUser,
}

/// What the server demands of every session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Bytes of a line's arguments.
    pub control_line_max: u32,
    /// Bytes of a message.
    pub payload_max: u32,
    /// Subscriptions; 0: unlimited.
    pub subscriptions_max: u32,
    /// Tokens of a subscription's subject; 0: unlimited.
    pub subject_tokens_max: u8,
    /// The server supports headers.
    pub headers: bool,
    /// Whether credentials are needed.
    pub auth: Auth,
    /// Time for CONNECT where credentials are needed.
    pub auth_timeout: Duration,
    /// Time between PINGs.
    pub ping_interval: Duration,
    /// Unanswered PINGs.
    pub ping_out_max: u32,
}

/// What the caller does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Read on. `needed` is the length, counted from the first unconsumed byte, at which the
    /// operation is whole, where that is known.
    Read {
        /// See above.
        needed: Option<usize>,
    },
    /// Write what is staged, then go on with the bytes that are left.
    Flush,
    /// Wait for the verdict on the credentials, then [`Session::resume`]; [`Session::judging`]
    /// when work on it begins.
    AwaitVerdict,
    /// Write what is pending and close.
    Close(CloseReason),
}

/// How far a look at the bytes came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that are done with.
    pub consumed: usize,
    /// What to do then.
    pub next: Next,
}

/// One client's conversation.
#[derive(Debug)]
pub struct Session {
    settings: Settings,
    options: ConnectOptions,
    keepalive: Keepalive,
    accepted_at: Duration,
    auth_deadline: Option<Duration>,
    awaiting_auth: bool,
    connect_received: bool,
    first_pong_sent: bool,
    restricted: bool,
    limits: LineLimits,
}

impl Session {
    /// A session accepted at `now`.
    #[must_use]
    pub fn new(settings: Settings, now: Duration) -> Self {
        let awaiting_auth = settings.auth != Auth::Open;
        Self {
            keepalive: Keepalive::new(settings.ping_interval, settings.ping_out_max, now),
            options: ConnectOptions::default(),
            accepted_at: now,
            auth_deadline: awaiting_auth.then(|| now + settings.auth_timeout),
            awaiting_auth,
            connect_received: false,
            first_pong_sent: false,
            restricted: false,
            limits: LineLimits {
                control_line_max: settings.control_line_max,
                payload_max: settings.payload_max,
                headers: false,
            },
            settings,
        }
    }

    /// What the client asked for.
    #[must_use]
    pub fn options(&self) -> &ConnectOptions {
        &self.options
    }

    /// The client takes INFO at any time.
    #[must_use]
    pub fn takes_async_info(&self) -> bool {
        self.connect_received && self.options.protocol >= 1
    }

    /// Last measured round trip.
    #[must_use]
    pub fn rtt(&self) -> Option<Duration> {
        self.keepalive.rtt()
    }

    /// When [`Self::on_timer`] must be called.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        let ping = self.keepalive.deadline();
        self.auth_deadline.map_or(ping, |auth| auth.min(ping))
    }

    /// Does what is due at `now`.
    pub fn on_timer(&mut self, now: Duration, host: &mut impl Host) -> Option<CloseReason> {
        if self.auth_deadline.is_some_and(|deadline| deadline <= now) {
            host.report(Report::AuthenticationTimeout);
            host.write(&encode::error_line(text::AUTHENTICATION_TIMEOUT));
            return Some(CloseReason::AuthenticationTimeout);
        }
        match self.keepalive.on_timer(now) {
            Due::Nothing => None,
            Due::Ping => {
                host.write(encode::PING);
                None
            }
            Due::Stale => {
                host.report(Report::Stale);
                host.write(&encode::error_line(text::STALE_CONNECTION));
                Some(CloseReason::StaleConnection)
            }
        }
    }

    /// The credentials that [`Next::AwaitVerdict`] is about are being judged: from now on that
    /// may take as long as it takes.
    pub fn judging(&mut self) {
        self.auth_deadline = None;
    }

    /// Credentials are needed, and neither CONNECT came nor was the client taken for the default
    /// user.
    #[must_use]
    pub fn expects_connect(&self) -> bool {
        self.settings.auth != Auth::Open && !self.connect_received
    }

    /// Takes every whole operation at the start of `bytes`.
    pub fn input(&mut self, bytes: &[u8], now: Duration, host: &mut impl Host) -> Progress {
        let tracing = host.tracing();
        let mut consumed = 0;
        loop {
            let rest = &bytes[consumed..];
            if self.awaiting_auth
                && let Some(next) = self.gate(rest, host)
            {
                return Progress { consumed, next };
            }
            // Apart from the other operations: an `Op` made here and taken apart there costs as
            // much as the rest of a message that nobody receives (docs/adr/0008).
            if let Some((message, taken)) = plain_publication(rest, self.limits) {
                consumed += taken;
                if tracing {
                    host.trace(&Op::Publish(message));
                }
                self.keepalive.on_activity(now);
                self.publish(&message, host);
                if host.saturated() {
                    return Progress { consumed, next: Next::Flush };
                }
                continue;
            }
            match parse(rest, self.limits) {
                Step::Op { op, consumed: taken } => {
                    consumed += taken;
                    if tracing {
                        host.trace(&op);
                    }
                    if let Some(next) = self.operation(&op, now, host) {
                        return Progress { consumed, next };
                    }
                    if host.saturated() {
                        return Progress { consumed, next: Next::Flush };
                    }
                }
                Step::Incomplete { needed } => {
                    return Progress { consumed, next: Next::Read { needed } };
                }
                Step::Failed(error) => {
                    let reason = self.fail(error, rest, host);
                    return Progress { consumed, next: Next::Close(reason) };
                }
            }
        }
    }

    /// The verdict on credentials that was pending.
    pub fn resume(&mut self, verdict: Verdict, host: &mut impl Host) -> Option<CloseReason> {
        self.judged(verdict, host).and_then(|next| match next {
            Next::Close(reason) => Some(reason),
            Next::Read { .. } | Next::Flush | Next::AwaitVerdict => None,
        })
    }

    /// Before credentials are accepted, only CONNECT may come: judged by the first byte.
    fn gate(&mut self, rest: &[u8], host: &mut impl Host) -> Option<Next> {
        let first = rest.first()?;
        if first.eq_ignore_ascii_case(&b'C') {
            return None;
        }
        if self.settings.auth == Auth::DefaultUser {
            self.connect_received = true;
            self.auth_deadline = None;
            let verdict = host.authenticate(&self.options, Attempt::WithoutConnect);
            if let Verdict::Accepted { restricted } = verdict {
                self.awaiting_auth = false;
                self.restricted = restricted;
                return None;
            }
        }
        Some(self.refuse(host))
    }

    #[inline(always)]
    fn operation(&mut self, op: &Op<'_>, now: Duration, host: &mut impl Host) -> Option<Next> {
        match op {
            Op::Publish(message) => {
                self.keepalive.on_activity(now);
                self.publish(message, host);
                None
            }
            Op::Ping => {
                self.ping(now, host);
                None
            }
            Op::Pong => {
                self.keepalive.on_pong(now);
                None
            }
            Op::Subscribe { subject, queue, sid } => {
                self.keepalive.on_activity(now);
                self.subscribe(subject, *queue, sid, host);
                None
            }
            Op::Unsubscribe { sid, max } => {
                self.keepalive.on_activity(now);
                host.unsubscribe(sid, *max);
                self.ok(host);
                None
            }
            Op::Connect(json) => self.connect(json, now, host),
            Op::Ok => None,
            // A client's INFO has no effect, but one that is no JSON ends the connection.
            Op::Info(json) => serde_json::from_slice::<serde::de::IgnoredAny>(json)
                .err()
                .map(|_| Next::Close(CloseReason::ProtocolViolation)),
            Op::Err(said) => {
                host.report(Report::ClientError(said));
                Some(Next::Close(CloseReason::ParseError))
            }
        }
    }

    fn ok(&self, host: &mut impl Host) {
        if self.options.verbose {
            host.write(encode::OK);
        }
    }

    fn error(&self, text: &str, host: &mut impl Host) {
        host.write(&encode::error_line(text));
    }

    fn refuse(&mut self, host: &mut impl Host) -> Next {
        host.report(Report::AuthorizationViolation);
        self.error(text::AUTHORIZATION_VIOLATION, host);
        Next::Close(CloseReason::AuthenticationViolation)
    }

    fn fail(&mut self, error: ParseError, at: &[u8], host: &mut impl Host) -> CloseReason {
        match error {
            ParseError::UnknownOperation => {
                self.error(text::UNKNOWN_OPERATION, host);
                host.report(Report::ParseError(&at[..at.len().min(32)]));
                CloseReason::ProtocolViolation
            }
            // nats-server says nothing to the client in these two cases.
            ParseError::BadArguments(what) => {
                let (name, arguments) = name_and_arguments(at, self.limits);
                host.report(Report::BadArguments { what, name, arguments });
                CloseReason::ProtocolViolation
            }
            ParseError::HeadersNotSupported => {
                let (name, arguments) = name_and_arguments(at, self.limits);
                host.report(Report::HeadersNotSupported(name, arguments));
                CloseReason::ProtocolViolation
            }
            ParseError::ControlLineTooLong => {
                host.report(Report::ControlLineViolation);
                self.error(text::MAXIMUM_CONTROL_LINE, host);
                CloseReason::MaxControlLineExceeded
            }
            ParseError::PayloadTooLarge(size) => {
                host.report(Report::PayloadViolation(size, self.limits.payload_max));
                self.error(text::MAXIMUM_PAYLOAD_VIOLATION, host);
                CloseReason::MaxPayloadExceeded
            }
        }
    }

    fn connect(&mut self, json: &[u8], now: Duration, host: &mut impl Host) -> Option<Next> {
        let jitter = u8::try_from(now.subsec_nanos() & 0xff).unwrap_or(0);
        let waited = now.saturating_sub(self.accepted_at);
        self.keepalive.on_connect(now, waited, jitter);
        if self.options.merge(json).is_err() {
            host.report(Report::BadConnect);
            return Some(Next::Close(CloseReason::ProtocolViolation));
        }
        self.limits.headers = self.settings.headers && self.options.headers;
        let attempt = if self.connect_received { Attempt::Again } else { Attempt::First };
        self.connect_received = true;
        if attempt == Attempt::Again {
            host.unsubscribe_all();
        }
        let verdict = host.authenticate(&self.options, attempt);
        self.judged(verdict, host)
    }

    fn judged(&mut self, verdict: Verdict, host: &mut impl Host) -> Option<Next> {
        match verdict {
            // The time for CONNECT runs on until `judging`: it bounds the wait for a turn.
            Verdict::Pending => return Some(Next::AwaitVerdict),
            Verdict::Refused => return Some(self.refuse(host)),
            Verdict::Accepted { restricted } => self.restricted = restricted,
        }
        self.auth_deadline = None;
        if self.options.new_account || !self.options.account.is_empty() {
            return Some(self.refuse(host));
        }
        self.awaiting_auth = false;
        host.connected(&self.options);
        if !(0..=1).contains(&self.options.protocol) {
            self.error(text::INVALID_CLIENT_PROTOCOL, host);
            return Some(Next::Close(CloseReason::BadClientProtocolVersion));
        }
        if self.options.no_responders && !self.limits.headers {
            self.error(text::NO_RESPONDERS_REQUIRES_HEADERS, host);
            return Some(Next::Close(CloseReason::NoRespondersRequiresHeaders));
        }
        self.ok(host);
        None
    }

    fn ping(&mut self, now: Duration, host: &mut impl Host) {
        host.write(encode::PONG);
        self.keepalive.on_activity(now);
        if self.connect_received && !self.first_pong_sent {
            self.first_pong_sent = true;
            if self.options.protocol >= 1 {
                host.write_connect_info();
            }
        }
    }

    #[inline(always)]
    fn publish(&mut self, message: &Publication<'_>, host: &mut impl Host) {
        let Publication { subject, reply, .. } = *message;
        host.count(message);
        if self.options.pedantic && !grammar::is_valid_literal(subject) {
            self.error(text::INVALID_PUBLISH_SUBJECT, host);
        }
        let denied = reserved::is_reserved_subject(subject)
            || (self.restricted && !host.may_publish(subject))
            || reserved::is_internal_subject(subject);
        if denied {
            self.error(&text::publish_violation(subject), host);
            host.report(Report::PublishViolation(subject));
            return;
        }
        if !reply.is_empty() && reserved::is_reserved_reply(reply) {
            self.error(&text::reply_violation(reply), host);
            host.report(Report::ReplyViolation(reply));
            return;
        }
        self.ok(host);
        if host.publish(message) == Delivery::NoReceiver
            && !reply.is_empty()
            && self.options.no_responders
        {
            self.no_responders(message, host);
        }
    }

    fn no_responders(&mut self, message: &Publication<'_>, host: &mut impl Host) {
        let mut sid = Vec::new();
        if host.sid_receiving(message.reply, &mut sid) {
            let mut status = Vec::new();
            encode::no_responders(&mut status, message.reply, &sid, message.subject);
            host.write(&status);
        }
    }

    fn subscribe(
        &mut self,
        subject: &[u8],
        queue: Option<&[u8]>,
        sid: &[u8],
        host: &mut impl Host,
    ) {
        // The reference keeps this queue name for its own subscriptions.
        let allowed =
            queue != Some(b"_sys_") && (!self.restricted || host.may_subscribe(subject, queue));
        if !allowed {
            self.error(&text::subscription_violation(subject, queue), host);
            host.report(Report::SubscriptionViolation(subject, queue, sid));
            return;
        }
        let tokens_max = usize::from(self.settings.subject_tokens_max);
        if tokens_max > 0 && subject.split(|&b| b == b'.').count() > tokens_max {
            self.error(&text::too_many_tokens(subject), host);
            host.report(Report::TooManyTokens(subject, sid));
            return;
        }
        let max = usize::try_from(self.settings.subscriptions_max).unwrap_or(usize::MAX);
        if max > 0 && host.subscription_count() >= max {
            self.error(text::MAXIMUM_SUBSCRIPTIONS, host);
            host.report(Report::TooManySubscriptions);
            return;
        }
        match host.subscribe(subject, queue, sid) {
            Subscribed::InvalidSubject => self.error(text::INVALID_SUBJECT, host),
            Subscribed::Added | Subscribed::Duplicate => self.ok(host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connect_is_expected_only_where_credentials_are_needed() {
        let session = |auth| {
            let settings = Settings {
                control_line_max: 4096,
                payload_max: 1024,
                subscriptions_max: 0,
                subject_tokens_max: 0,
                headers: true,
                auth,
                auth_timeout: Duration::from_secs(2),
                ping_interval: Duration::from_secs(120),
                ping_out_max: 2,
            };
            Session::new(settings, Duration::ZERO)
        };
        assert!(!session(Auth::Open).expects_connect());
        assert!(session(Auth::Required).expects_connect());
        assert!(session(Auth::DefaultUser).expects_connect());
    }
}
