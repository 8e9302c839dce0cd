//! Which request gets a message.

use super::super::config::PriorityPolicy;
use super::requests::{Place, Request};
use super::status;
use super::{Mode, Session, Source, pins};

/// The message for which a request is looked for.
#[derive(Clone, Copy)]
pub(super) struct Offer {
    /// Bytes of its subject, reply, headers and body.
    pub(super) size: usize,
    /// Messages behind it that were never delivered.
    pub(super) pending: u64,
}

/// The request that gets a message, as it is afterwards.
pub(super) struct Chosen {
    pub(super) reply: Vec<u8>,
    /// The pin of its client, with that policy; empty for none.
    pub(super) pin: Option<String>,
    /// Bytes that it did not use up, when this was its last message.
    pub(super) bytes_left: Option<(i64, i64)>,
}

enum Verdict {
    Take,
    /// Others first.
    Pass,
    /// It is over, and its client hears why.
    End(Vec<u8>),
    /// It is over, and nobody is there to hear it.
    Drop,
}

impl Session {
    /// Takes a message off the first request that may have it. Those that cannot go on end.
    pub(super) fn choose(
        &mut self,
        offer: Offer,
        now: i64,
        source: &mut dyn Source,
    ) -> Option<Chosen> {
        let mut place = self.place_behind(None);
        while let Some(at) = place {
            let Mode::Pull(pull) = &self.mode else {
                return None;
            };
            let request = pull.requests.get(at)?;
            let verdict = self.judge(request, offer, now, source);
            place = self.place_behind(Some(at));
            match verdict {
                Verdict::Take => return self.take(at, offer, now),
                Verdict::Pass => {}
                Verdict::End(headers) => {
                    if let Some(request) = self.remove(at) {
                        self.send_status(&request.reply, headers);
                    }
                }
                Verdict::Drop => {
                    self.remove(at);
                }
            }
        }
        None
    }

    /// The next request to look at: while a client is pinned only of those that show a pin, and
    /// when none is, the oldest one.
    fn place_behind(&self, behind: Option<Place>) -> Option<Place> {
        let Mode::Pull(pull) = &self.mode else {
            return None;
        };
        let requests = &pull.requests;
        if self.config.priority_policy == PriorityPolicy::PinnedClient {
            let others = if self.pin_id().is_some() { pins::PINNED } else { pins::OTHERS };
            return requests.oldest([pins::PINNED, others], behind);
        }
        behind.map_or_else(|| requests.first(), |place| requests.behind(place))
    }

    fn remove(&mut self, at: Place) -> Option<Request> {
        match &mut self.mode {
            Mode::Pull(pull) => pull.requests.remove(at),
            Mode::Push(_) => None,
        }
    }

    fn judge(&self, request: &Request, offer: Offer, now: i64, source: &mut dyn Source) -> Verdict {
        let rest = (request.messages, request.bytes);
        if request.is_expired(now) {
            return Verdict::End(status::with_rest(408, "Request Timeout", rest));
        }
        let pin = request.pin();
        if !pin.is_empty() && self.pin_id() != Some(pin) {
            return Verdict::End(status::with_rest(423, "Nats-Wrong-Pin-Id", rest));
        }
        // One that waited before the policy was set may stand among those that show a pin.
        let is_pinned_policy = self.config.priority_policy == PriorityPolicy::PinnedClient;
        if is_pinned_policy && pin.is_empty() && self.pin_id().is_some() {
            return Verdict::Pass;
        }
        if self.config.priority_policy == PriorityPolicy::Overflow
            && !self.overflows(request, offer.pending)
        {
            return Verdict::Pass;
        }
        let size = i64::try_from(offer.size).unwrap_or(i64::MAX);
        if request.bytes > 0 && size > request.bytes {
            return Verdict::End(status::with_rest(409, "Message Size Exceeds MaxBytes", rest));
        }
        if source.has_interest(&request.reply) { Verdict::Take } else { Verdict::Drop }
    }

    /// As much waits as the request says, or it says nothing.
    fn overflows(&self, request: &Request, pending: u64) -> bool {
        let Some(group) = &request.group else {
            return true;
        };
        if group.min_pending <= 0 && group.min_ack_pending <= 0 {
            return true;
        }
        let reaches = |minimum: i64, number: u64| {
            minimum > 0 && u64::try_from(minimum).is_ok_and(|minimum| minimum <= number)
        };
        let unacked = u64::try_from(self.state.unacked.len()).unwrap_or(u64::MAX);
        // nats-server counts the message itself, even when it is delivered again.
        reaches(group.min_pending, pending.saturating_add(1))
            || reaches(group.min_ack_pending, unacked)
    }

    /// Counts a message against a request, and puts it behind the others if it goes on.
    fn take(&mut self, at: Place, offer: Offer, now: i64) -> Option<Chosen> {
        let mut request = self.remove(at)?;
        let mut class = at.0;
        let mut pin = None;
        if self.config.priority_policy == PriorityPolicy::PinnedClient {
            if self.pin_id().is_none() && self.pin(&mut request, now) {
                class = pins::PINNED;
            }
            pin = Some(self.pin_id().unwrap_or_default().to_owned());
        }
        if request.bytes > 0 {
            request.bytes -= i64::try_from(offer.size).unwrap_or(i64::MAX);
            if request.bytes == 0 {
                request.messages = 1;
            }
        }
        request.messages = request.messages.saturating_sub(1);
        request.is_served = true;
        let reply = request.reply.to_vec();
        let is_done = request.messages <= 0;
        let bytes_left =
            (is_done && request.bytes > 0).then_some((request.messages, request.bytes));
        if !is_done && let Mode::Pull(pull) = &mut self.mode {
            if request.heartbeat > 0 {
                request.heartbeat_at = Some(now.saturating_add(request.heartbeat));
            }
            pull.requests.add(class, request);
        }
        Some(Chosen { reply, pin, bytes_left })
    }
}
