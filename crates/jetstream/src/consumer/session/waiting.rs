//! Requests for messages: which are taken, and which end without one.

use super::super::config::PriorityPolicy;
use super::request::{Asked, Group};
use super::requests::Request;
use super::status;
use super::{Mode, Session, Source};
use crate::config::exceeds_api_level;
use crate::publish::block;
use crate::time::Nanos;

/// A full queue is looked through for requests that nobody waits for at most so often.
const FULL_SCAN_NS: i64 = 1_000_000_000;

/// The class of requests behind all priorities.
const LAST_CLASS: u32 = 10;

impl Session {
    /// A client asks for messages: `body` says how many, sent to `reply`. `headers` is its block
    /// of headers, empty without one.
    pub fn request(
        &mut self,
        reply: &[u8],
        headers: &[u8],
        body: &[u8],
        now: i64,
        source: &mut dyn Source,
    ) {
        if reply.is_empty() {
            return;
        }
        if let Mode::Push(_) = self.mode {
            return self.refuse(reply, 409, "Consumer is push based");
        }
        let level = block::value(headers, "Nats-Required-Api-Level");
        if level.is_some_and(|level| str::from_utf8(level).map_or(true, exceeds_api_level)) {
            return self.refuse(reply, 412, "Required Api Level");
        }
        let asked = match Asked::parse(body) {
            Ok(asked) => asked,
            Err(words) => return self.refuse(reply, 400, &format!("Bad Request - {words}")),
        };
        if let Err((code, words)) = self.check(&asked, now) {
            return self.refuse(reply, code, &words);
        }
        self.scan_if_full(now, source);
        if asked.no_wait && self.refuse_no_wait(&asked, reply, now, source) {
            return;
        }
        self.enqueue(asked, reply, now);
    }

    fn refuse(&mut self, reply: &[u8], code: u16, words: &str) {
        self.send_status(reply, status::plain(code, words));
    }

    fn check(&mut self, asked: &Asked, now: i64) -> Result<(), (u16, String)> {
        let config = &self.config;
        let limit = config.max_request_batch;
        if limit > 0 && asked.batch > limit {
            return Err((409, format!("Exceeded MaxRequestBatch of {limit}")));
        }
        let limit = config.max_request_expires;
        if limit.0 > 0 && asked.expires > limit {
            return Err((409, format!("Exceeded MaxRequestExpires of {limit}")));
        }
        let limit = config.max_request_bytes;
        if limit > 0 && asked.max_bytes > limit {
            return Err((409, format!("Exceeded MaxRequestMaxBytes of {limit}")));
        }
        let Some(group) = &asked.group else {
            return Ok(());
        };
        check_policy(group, config.priority_policy)?;
        if config.priority_policy == PriorityPolicy::None {
            return Ok(());
        }
        if group.name.is_empty() {
            return Err((400, "Bad Request - Priority Group missing".to_owned()));
        }
        if !config.priority_groups.contains(&group.name) {
            return Err((400, "Bad Request - Invalid Priority Group".to_owned()));
        }
        self.check_pin(group, now)
    }

    /// Looks through a full queue for requests that nobody waits for any more.
    fn scan_if_full(&mut self, now: i64, source: &mut dyn Source) {
        let limit = usize::try_from(self.config.max_waiting).unwrap_or(0);
        let Mode::Pull(pull) = &self.mode else {
            return;
        };
        let is_due =
            pull.requests.scanned.is_none_or(|last| now.saturating_sub(last) > FULL_SCAN_NS);
        if pull.requests.len() >= limit && is_due {
            self.scan(now, Messages::More, source);
        }
    }

    /// Answers a request that does not wait, if there is nothing for it. Whether it did.
    fn refuse_no_wait(
        &mut self,
        asked: &Asked,
        reply: &[u8],
        now: i64,
        source: &mut dyn Source,
    ) -> bool {
        let queued = u64::try_from(self.redelivery.queued()).unwrap_or(u64::MAX);
        let pending = self.num_pending(source).saturating_add(queued);
        if pending == 0 {
            if asked.expires.is_zero() {
                self.note_activity(now);
                self.refuse(reply, 404, "No Messages");
            }
            return asked.expires.is_zero();
        }
        let requested = self.scan(now, Messages::More, source);
        let is_taken = u64::try_from(requested).is_ok_and(|requested| pending < requested);
        if is_taken {
            self.note_activity(now);
            self.refuse(reply, 408, "Requests Pending");
        }
        is_taken
    }

    fn enqueue(&mut self, asked: Asked, reply: &[u8], now: i64) {
        let limit = usize::try_from(self.config.max_waiting).unwrap_or(0);
        let policy = self.config.priority_policy;
        let Mode::Pull(pull) = &mut self.mode else {
            return;
        };
        if pull.requests.len() >= limit {
            // A client that listens for heartbeats finds out by their absence; told at once, it
            // would ask again at once.
            if asked.heartbeat.is_zero() {
                self.refuse(reply, 409, "Exceeded MaxWaiting");
            }
            return;
        }
        let after = |time: Nanos| now.saturating_add(time.0);
        let class = class_of(asked.group.as_ref(), policy);
        let request = Request {
            reply: reply.into(),
            messages: asked.batch,
            bytes: asked.max_bytes,
            is_served: false,
            no_wait: asked.no_wait,
            expires: (!asked.expires.is_zero()).then(|| after(asked.expires)),
            heartbeat: asked.heartbeat.0,
            heartbeat_at: (asked.heartbeat.0 > 0).then(|| after(asked.heartbeat)),
            group: asked.group.filter(|group| *group != Group::default()).map(Box::new),
        };
        pull.requests.add(class, request);
        self.note_activity(now);
    }

    /// Looks through all requests: ends those whose time is over, that nobody waits for, or that
    /// end with the messages, and sends heartbeats. Messages that the others ask for.
    pub(super) fn scan(&mut self, now: i64, messages: Messages, source: &mut dyn Source) -> i64 {
        let heartbeat = || {
            let delivered = self.state.delivered.consumer;
            status::heartbeat(delivered, self.position.saturating_sub(1), None)
        };
        let mut statuses = Vec::new();
        let Mode::Pull(pull) = &mut self.mode else {
            return 0;
        };
        pull.requests.scanned = Some(now);
        pull.requests.retain(|request| {
            let (kept, status) = review(request, now, messages, source);
            match status {
                Some(Status::Heartbeat) => statuses.push((request.reply.clone(), heartbeat())),
                Some(Status::Ended(headers)) => statuses.push((request.reply.clone(), headers)),
                None => {}
            }
            kept
        });
        let requested = pull.requests.messages();
        for (reply, headers) in statuses {
            self.send_status(&reply, headers);
        }
        requested
    }

    /// Ends requests that nobody waits for any more, before the number of those that wait is
    /// shown.
    pub fn refresh(&mut self, now: i64, source: &mut dyn Source) {
        self.scan(now, Messages::More, source);
    }
}

/// What is known of further messages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Messages {
    /// There are none now.
    End,
    /// There may be some.
    More,
}

enum Status {
    Heartbeat,
    Ended(Vec<u8>),
}

/// Whether a request goes on waiting, and what is sent to its client.
fn review(
    request: &mut Request,
    now: i64,
    messages: Messages,
    source: &mut dyn Source,
) -> (bool, Option<Status>) {
    if request.is_expired(now) {
        let rest = (request.messages, request.bytes);
        return (false, Some(Status::Ended(status::with_rest(408, "Request Timeout", rest))));
    }
    if messages == Messages::End && request.ends_with_messages() {
        return (false, Some(Status::Ended(status::plain(404, "No Messages"))));
    }
    if !source.has_interest(&request.reply) {
        return (false, None);
    }
    if request.heartbeat_at.is_some_and(|due| now >= due) {
        request.heartbeat_at = Some(now.saturating_add(request.heartbeat));
        return (true, Some(Status::Heartbeat));
    }
    (true, None)
}

fn check_policy(group: &Group, policy: PriorityPolicy) -> Result<(), (u16, String)> {
    let has_minimum = group.min_pending != 0 || group.min_ack_pending != 0;
    let words = if has_minimum && policy != PriorityPolicy::Overflow {
        "Not a Overflow Priority consumer"
    } else if !group.id.is_empty() && policy != PriorityPolicy::PinnedClient {
        "Not a Pinned Client Priority consumer"
    } else if !(0..=9).contains(&group.priority) {
        "Priority must be between 0 and 9"
    } else {
        return Ok(());
    };
    Err((400, format!("Bad Request - {words}")))
}

/// The class of a request: its priority, or whether it shows a pin.
fn class_of(group: Option<&Group>, policy: PriorityPolicy) -> u32 {
    match (policy, group) {
        (PriorityPolicy::Prioritized, Some(group)) => {
            u32::try_from(group.priority).unwrap_or(LAST_CLASS)
        }
        (PriorityPolicy::Prioritized, None) => LAST_CLASS,
        (PriorityPolicy::PinnedClient, Some(group)) if !group.id.is_empty() => super::pins::PINNED,
        (PriorityPolicy::PinnedClient, _) => super::pins::OTHERS,
        _ => 0,
    }
}
