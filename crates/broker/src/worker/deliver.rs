//! Routing one message to its receivers' stages.

use std::sync::Arc;

use anabranch_config::Options;
use anabranch_nats::codec::Publication;
use anabranch_nats::session::Delivery;
use anabranch_router::Account;
use anabranch_subject::Matches;
use bytes::Bytes;

use super::pool::{Worker, next_random};
use super::shortcut::{Errand, Order, Taken};
use super::stages::{Refused, Stages};
use super::trace;
use crate::client::{Client, Count, Subscription};

/// Who publishes, and with what effect on others.
pub struct Publisher<'a> {
    /// The publishing client.
    pub client: &'a Arc<Client>,
    /// Its account.
    pub account: &'a Arc<Account<Arc<Subscription>>>,
    /// Receivers close to their pending limit are skipped (`no_fast_producer_stall`).
    pub skip_stalled: bool,
    /// How to trace deliveries, where that is wanted.
    pub trace: Option<&'a Options>,
}

/// Stages `message` for everyone who receives it. Subscriptions that got their last message are
/// added to `ended`.
#[inline]
pub fn publish(
    worker: &mut Worker,
    publisher: &Publisher<'_>,
    message: &Publication<'_>,
    ended: &mut Vec<Arc<Subscription>>,
) -> Delivery {
    publish_to(worker, publisher, message.subject, message, ended)
}

/// The same for everyone who listens to `route`, whatever subject the message shows.
#[inline]
pub fn publish_to(
    worker: &mut Worker,
    publisher: &Publisher<'_>,
    route: &[u8],
    message: &Publication<'_>,
    ended: &mut Vec<Arc<Subscription>>,
) -> Delivery {
    let (cache, stages, random) = worker.split();
    let matches = cache.lookup(publisher.account, route);
    let receivers = matches.plain.len() + matches.queues.len();
    if receivers == 0 {
        return Delivery::NoReceiver;
    }
    let shared = Stages::shareable(message, receivers);
    let (shared, short) = (shared.as_ref(), None);
    let mut fan_out = FanOut { stages, publisher, route, message, shared, short, ended };
    let delivery = fan_out.all(matches, random);
    if let Some(subscription) = fan_out.short {
        take_short(worker, publisher, message, &subscription, ended);
    }
    delivery
}

/// Has the message answered at once, or staged for the thread that it is for.
fn take_short(
    worker: &mut Worker,
    publisher: &Publisher<'_>,
    message: &Publication<'_>,
    subscription: &Arc<Subscription>,
    ended: &mut Vec<Arc<Subscription>>,
) {
    let Some(target) = subscription.target() else { return };
    let mut errand = Errand { publisher, message, subscription, ended };
    let taken = target.shortcut.as_ref().map(|short| short.try_take(worker, &mut errand));
    let order = match taken {
        Some(Taken::Here) => return,
        Some(Taken::Apart) => Order::Free,
        Some(Taken::NotHere) | None => Order::Kept,
    };
    worker.stages.put(target, publisher.client.id, message, order);
}

/// Answers those whose messages found an inbox full. What it stages must be flushed.
/// Subscriptions that got their last message are added to `ended`.
#[cold]
pub fn answer_refused(
    worker: &mut Worker,
    publisher: &Publisher<'_>,
    refused: &[Refused],
    ended: &mut Vec<Arc<Subscription>>,
) {
    for Refused { reply, answer } in refused {
        let message = Publication {
            subject: reply,
            reply: b"",
            header_len: 0,
            payload: answer,
            verbatim: b"",
            by_hpub: false,
        };
        publish(worker, publisher, &message, ended);
    }
}

/// One message on its way.
struct FanOut<'a> {
    stages: &'a mut Stages,
    publisher: &'a Publisher<'a>,
    /// The subject by which receivers are found.
    route: &'a [u8],
    message: &'a Publication<'a>,
    shared: Option<&'a Bytes>,
    /// A subscription whose message may be answered at once, when all others have theirs.
    short: Option<Arc<Subscription>>,
    ended: &'a mut Vec<Arc<Subscription>>,
}

impl FanOut<'_> {
    #[inline]
    fn all(&mut self, matches: &Matches<Arc<Subscription>>, random: &mut u64) -> Delivery {
        let mut delivered = false;
        for subscription in &matches.plain {
            delivered |= self.one(subscription);
        }
        for group in &matches.queues {
            // A member that cannot take the message leaves it to the next.
            let mut order = group.probe_order(next_random(random));
            delivered |= order.any(|member| self.one(member));
        }
        if delivered { Delivery::Delivered } else { Delivery::NoReceiver }
    }

    #[inline]
    fn one(&mut self, subscription: &Arc<Subscription>) -> bool {
        if let Some(target) = subscription.target() {
            if subscription.is_closed() {
                return false;
            }
            if target.shortcut.is_some() && self.short.is_none() {
                self.short = Some(Arc::clone(subscription));
                return true;
            }
            let message = Publication { subject: self.route, ..*self.message };
            self.stages.put(target, self.publisher.client.id, &message, Order::Kept);
            return true;
        }
        let client = subscription.client();
        if client.id == self.publisher.client.id && !client.wants_echo() {
            return false;
        }
        // A member of a queue group that is on its way out must not swallow the message.
        if client.output.has_ended() || !subscription.lets_through(self.route) {
            return false;
        }
        if self.publisher.skip_stalled && client.output.stall().is_some() {
            return false;
        }
        if subscription.is_closed() {
            return false;
        }
        let count = subscription.count();
        // Once more after the count: who removes a subscription then either finds no delivery
        // counted, or waits for the batch that made it. One that ended at its maximum is closed
        // by whoever counted the last message, while those before may still be under way.
        if count == Count::Over || (subscription.is_closed() && subscription.max() == 0) {
            return false;
        }
        if count == Count::Last {
            self.end(subscription);
        }
        client.requested(self.message.reply);
        if let Some(options) = self.publisher.trace {
            trace::delivered(subscription, self.message, options);
        }
        match self.shared {
            Some(payload) => {
                self.stages.deliver_shared(client, self.message, subscription.sid(), payload);
            }
            None => self.stages.deliver(client, self.message, subscription.sid()),
        }
        true
    }

    /// This message is the subscription's last.
    #[cold]
    fn end(&mut self, subscription: &Arc<Subscription>) {
        log::debug!(
            "{} - Auto-unsubscribe limit of {} reached for sid '{}'",
            subscription.client().label(),
            subscription.max(),
            subscription.sid().escape_ascii()
        );
        self.ended.push(Arc::clone(subscription));
    }
}
